"""One HTTP request: built, sent with `requests` from a worker thread, its answer judged. Owns the sessions."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Any, Protocol, TypeVar

import msgspec
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from desktop.core.ports import Unreachable
from desktop.net.addresses import Address, is_loopback
from desktop.net.busy import never_connected
from desktop.net.certificates import explain, tls_context
from protocol import codec
from protocol.errors import ErrorBody, ErrorCode, Refused, refused_from
from protocol.limits import PROTOCOL_HEADER, PROTOCOL_MAX

T = TypeVar("T")

APP = f"Hearth/{version('hearth')}"
CONNECT_S, READ_S = 10.0, 30.0
"""Seconds to wait for a connection, and between two pieces of an answer."""
WORKERS = 4
"""Of small requests and of transfers each: more make Qt's loop lag on Windows (reliability Q4)."""
_SERVER_FAULTS = 500


class Upload(Protocol):
    """A request's body that is read piece by piece; its length is known."""

    def __len__(self) -> int:
        """The whole body's bytes."""

    def read(self, size: int = -1) -> bytes:
        """The next piece; empty at the end."""


class _Failure(msgspec.Struct):
    """The contract's `{"error": …}`."""

    error: ErrorBody


class _Bearer(AuthBase):
    """Puts the token on a request; as `auth`, so that nobody's .netrc takes its place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign the request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _TrustingAdapter(HTTPAdapter):
    """Connections that verify against our own TLS context (desktop/net/certificates.py)."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - urllib3's options, passed on
        """Make the pool with our context."""
        super().init_poolmanager(*args, **options, ssl_context=tls_context())


class Rest:
    """Requests to one server. `send` is for worker threads; `work` and `transfer` run something there for the loop."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="rest")
        self._carriers = ThreadPoolExecutor(WORKERS, thread_name_prefix="transfer")
        self._of_thread = threading.local()
        self._sessions: list[requests.Session] = []
        self.closed = False
        """Whether nothing more may begin: long transfers look, between their requests."""

    async def work(self, job: Callable[[], T]) -> T:
        """The result of a short blocking job, made in a worker thread. Raises Unreachable after `close`."""
        return await _made_in(self._workers, job)

    async def transfer(self, job: Callable[[], T]) -> T:
        """The same for a long one, so that files never hold up small requests."""
        return await _made_in(self._carriers, job)

    def close(self) -> None:
        """Begin nothing more, and drop the connections."""
        self.closed = True
        for pool in (self._workers, self._carriers):
            pool.shutdown(wait=False, cancel_futures=True)
        for session in self._sessions:
            session.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        query: Mapping[str, str | int] | None = None,
        body: msgspec.Struct | Mapping[str, Any] | None = None,
        upload: Upload | None = None,
        further: Mapping[str, str] | None = None,
        stream: bool = False,
    ) -> requests.Response:
        """The good answer to one request, with `further` headers (the `upload`'s type among them); blocks.

        Raises Refused, or Unreachable where there is no answer.
        """
        data = codec.dumps(body) if body is not None else upload
        headers = {PROTOCOL_HEADER: str(PROTOCOL_MAX), "User-Agent": APP}
        if body is not None:
            headers["Content-Type"] = "application/json"
        headers.update(further or {})
        if stream:
            # A proxy that compresses would make the length told another than the file's.
            headers["Accept-Encoding"] = "identity"
        try:
            answer = self._session().request(
                method,
                self.address.url + path,
                params=query,
                data=data,
                headers=headers,
                auth=_Bearer(token) if token else None,
                timeout=(CONNECT_S, READ_S),
                allow_redirects=False,
                stream=stream,
            )
        except requests.RequestException as error:
            raise self.unreachable(error) from error
        return self._judged(answer)

    def unreachable(self, error: Exception) -> Unreachable:
        """The words for a request that got no answer."""
        words = explain(error, self.address.host)
        if words is None:
            slow = isinstance(error, requests.Timeout)
            words = f"{self.address.netloc} {'takes too long to answer' if slow else 'cannot be reached'}."
        return Unreachable(words, may_have_arrived=not never_connected(error))

    def _session(self) -> requests.Session:
        """This thread's session: requests' sessions are not made to be shared."""
        session: requests.Session | None = getattr(self._of_thread, "session", None)
        if session is None:
            session = self._of_thread.session = requests.Session()
            session.trust_env = not is_loopback(self.address.host)
            if self.address.scheme == "https":
                session.mount("https://", _TrustingAdapter())
            self._sessions.append(session)
        return session

    def _judged(self, answer: requests.Response) -> requests.Response:
        """The answer if it is a good one. Raises Refused in the server's words, or Unreachable for a proxy's page."""
        if answer.ok and not answer.is_redirect:
            return answer
        with answer:
            if answer.is_redirect:
                target = answer.headers.get("Location", "elsewhere")
                message = f"{self.address.netloc} sends you on to {target[:200]}. Use that address if you trust it."
                raise Refused(ErrorCode.INVALID_REQUEST, message)
            try:
                failure = codec.read(_Failure, answer.content)
            except (msgspec.MsgspecError, requests.RequestException) as error:
                raise self._strange(answer) from error
        raise refused_from(failure.error)

    def _strange(self, answer: requests.Response) -> Exception:
        """The error for a bad answer that is not in the contract's form: no Hearth server spoke, or not all of it."""
        if answer.status_code >= _SERVER_FAULTS:
            return Unreachable(f"{self.address.netloc} is not well just now ({answer.status_code}).")
        message = f"There is no Hearth server at {self.address.url} ({answer.status_code}). Check the address."
        return Refused(ErrorCode.NOT_FOUND, message)


async def _made_in(pool: ThreadPoolExecutor, job: Callable[[], T]) -> T:
    """The result of a job in one of the pool's threads."""
    try:
        making = pool.submit(job)
    except RuntimeError as error:
        raise Unreachable("The line was closed.") from error
    return await asyncio.wrap_future(making)
