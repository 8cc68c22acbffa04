"""The session's keys: an access token that is always fresh, refreshed by one thread at a time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from desktop.net.rest import Rest
from protocol import accounts, codec

log = logging.getLogger(__name__)

_SPARE_S = 30.0
"""A token with less life left than this is refreshed before it is used: the request takes time too."""


class AccessTokens(Protocol):
    """Where requests and the socket get the token of the moment."""

    def fresh(self, stale: str | None = None) -> str:
        """A token other than `stale`; blocks, for worker threads. Raises Refused (log in again) or Unreachable."""


class LongLivedToken:
    """A token made by `hearth-server token create`: it is what it is until it is revoked."""

    def __init__(self, token: str) -> None:
        self._token = token

    def fresh(self, stale: str | None = None) -> str:  # noqa: ARG002 - there is no other one
        """The token, always."""
        return self._token


class TokenKeeper:
    """Holds a session's token pair and trades the refresh token in time. `save` keeps the next one across restarts.

    A new refresh token is saved before its access token is used: after a crash between the two, the saved one is
    still good, because the server ends the old one only when the new one is first used (contract, auth).
    """

    def __init__(
        self, rest: Rest, refresh_token: str, save: Callable[[str], None], tokens: accounts.Tokens | None = None
    ) -> None:
        """Begin with a stored refresh token, or with the `tokens` that a log-in has just given."""
        self._rest = rest
        self._save = save
        self._lock = threading.Lock()
        self._refresh_token = refresh_token
        self._access_token = ""
        self._ends = 0.0
        if tokens is not None:
            self._hold(tokens)

    def fresh(self, stale: str | None = None) -> str:
        """A token other than `stale` with life left; whoever waits for another thread's refresh gets its result."""
        with self._lock:
            if not self._access_token or self._access_token == stale or time.monotonic() > self._ends:
                self._refresh()
            return self._access_token

    def _refresh(self) -> None:
        """Trade, save, and only then use. Raises Refused or Unreachable."""
        request = accounts.Refresh(refresh_token=self._refresh_token)
        answer = self._rest.send("POST", "/api/auth/refresh", body=request)
        tokens = codec.read(accounts.Tokens, answer.content)
        try:
            self._save(tokens.refresh_token)
        except OSError as error:
            log.warning("the next refresh token cannot be saved; the next start asks to log in: %s", error)
        self._hold(tokens)

    def _hold(self, tokens: accounts.Tokens) -> None:
        """Use these from now on."""
        self._refresh_token = tokens.refresh_token
        self._access_token = tokens.access_token
        self._ends = time.monotonic() + tokens.expires_in - _SPARE_S
