"""Signed requests as coroutines: what every part of the REST line is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
import requests
from msgspec import Struct

from desktop.net.rest import Rest
from desktop.net.tokens import AccessTokens
from protocol.errors import ErrorCode, Refused

T = TypeVar("T")

_ASK_AGAIN = {ErrorCode.UNAUTHENTICATED, ErrorCode.TOKEN_EXPIRED}
"""After these the access token is refreshed and the request repeated, once."""


class Asking:
    """Owns how a request is signed. Every coroutine raises Refused or Unreachable; 401 is refreshed and repeated."""

    def __init__(self, rest: Rest, tokens: AccessTokens) -> None:
        self._rest = rest
        self._tokens = tokens

    async def _read(self, kind: type[T], method: str, path: str, *, body: Struct | None = None) -> T:
        """The answer's body as a struct."""
        answer = await self._ask(method, path, body=body)
        return msgspec.json.decode(answer.content, type=kind)

    async def _ask(
        self, method: str, path: str, *, query: Mapping[str, str | int] | None = None, body: Struct | None = None
    ) -> requests.Response:
        """One small request in a worker thread."""
        return await self._rest.work(lambda: self._send(method, path, query=query, body=body))

    def _send(self, method: str, path: str, **parts: Any) -> requests.Response:  # noqa: ANN401 - Rest.send's own
        """A signed request from a worker thread."""
        return self._signed(lambda token: self._rest.send(method, path, token=token, **parts))

    def _signed(self, job: Callable[[str], T]) -> T:
        """What `job` gives with the token of the moment; once more with a new one where the server asks for it."""
        token = self._tokens.fresh()
        try:
            return job(token)
        except Refused as refusal:
            if refusal.code not in _ASK_AGAIN:
                raise
        return job(self._tokens.fresh(stale=token))
