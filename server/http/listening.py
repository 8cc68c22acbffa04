"""gevent's HTTP server as we want it: prompt, patient for a time only, and calm about what is no HTTP.

A request that becomes a WebSocket takes its connection along: the handler ends, and with it the greenlet, its buffers
and the request's environment, which would be most of what an idle line costs (decision 0016).
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from typing import Any

import gevent
import gevent.monkey
from gevent.pywsgi import WSGIHandler, WSGIServer

from protocol.codec import dumps
from protocol.errors import ErrorBody, ErrorCode
from server.http.heads import Head

IDLE_S = 75.0
"""A connection that says nothing for so long while it should is closed; a slow sender would hold it for ever."""

_JOINED_BYTES = 256 * 1024
"""Answers up to this leave in one piece with their head: a second send takes 15 µs, and as long again to be read."""

_Plain: type[socket.socket] = gevent.monkey.get_original("socket", "socket")
"""Sockets that know nothing of greenlets."""

_log = logging.getLogger(__name__)


def _answer(status: str, code: ErrorCode, message: str) -> bytes:
    """A whole HTTP answer with the contract's error, for requests that never become one."""
    body = dumps({"error": ErrorBody(code=code, message=message, retryable=False)})
    head = [
        f"HTTP/1.1 {status}",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*head, "", ""]).encode("ascii") + body


_TOO_LONG = _answer(
    "414 URI Too Long", ErrorCode.INVALID_REQUEST, "The address is too long. Put what it says into the body."
)
_NO_HTTP = _answer("400 Bad Request", ErrorCode.INVALID_REQUEST, "This is no HTTP request. Send HTTP/1.1.")


class Handler(WSGIHandler):  # type: ignore[misc] # gevent has no types
    """One connection. What strangers send that is no HTTP is answered, and logged without a word of theirs."""

    socket: Any
    rfile: Any
    headers: Head
    taken = False
    """Whether the connection lives on without its handler."""

    def MessageClass(self, *_given: object) -> Head:  # noqa: N802 - gevent's name
        """The head of the next request. Raises ValueError, OSError."""
        return Head(self.rfile)

    def _headers(self) -> list[tuple[str, str]]:
        """The fields as WSGI names them."""
        return self.headers.told

    def get_environ(self) -> dict[str, Any]:
        """What the application is told; with it, how a request takes its connection along."""
        environ: dict[str, Any] = super().get_environ()
        environ["hearth.take"] = self.take
        return environ

    def take(self) -> Any:  # noqa: ANN401 - a plain socket, or gevent's TLS socket; they share no base
        """Give the connection away, never to block: whoever takes it closes it."""
        line: Any = self.socket
        self.socket, self.taken = None, True
        if isinstance(line, ssl.SSLSocket):
            # Python closes a socket only after all files made of it; this one was the request's.
            self.rfile.close()
            line.settimeout(0)
        else:
            line = _Plain(fileno=line.detach())
            line.setblocking(False)
        return line

    def handle_one_request(self) -> Any:  # noqa: ANN401 - None, True, or status and answer, as gevent has it
        """Serve the next request; gevent's own bare answers become the contract's."""
        result = super().handle_one_request()
        if isinstance(result, tuple):
            return result[0], _TOO_LONG if result[0] == "414" else _NO_HTTP
        return result

    def handle_one_response(self) -> None:
        """Answer one request; counted, so that going down can wait for it."""
        self.server.answering += 1
        try:
            super().handle_one_response()
        finally:
            self.server.answering -= 1

    def _write_with_headers(self, data: bytes) -> None:
        """Begin to answer, with the whole of a short answer."""
        if len(data) > _JOINED_BYTES:
            super()._write_with_headers(data)
            return
        self.headers_sent = True
        self.finalize_headers()
        head = [b"HTTP/1.1 " + self.status, *(name + b": " + value for name, value in self.response_headers), b""]
        if self.response_use_chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
        self._sendall(b"\r\n".join([*head, data]))

    def log_request(self) -> None:
        """Nothing: `tracing` logs requests, and gevent would format a line to throw it away."""

    def _handle_client_error(self, error: Exception) -> tuple[str, bytes]:
        """A request that cannot be read; gevent would print a traceback with it."""
        _log.debug("no HTTP: %s", type(error).__name__)
        return "400", _NO_HTTP

    def log_error(self, message: str, *_values: object) -> None:
        """Gevent's complaints, which hold what was sent."""
        _log.debug("no HTTP: %s", message.partition("%")[0])


class Listener(WSGIServer):  # type: ignore[misc] # gevent has no types
    """Accepts connections: small packets go at once, idle senders are dropped, broken handshakes are no error."""

    handler_class = Handler
    backlog = 4096
    """Connections that wait to be accepted. Beyond gevent's 128, those of a herd came back a second later each (TCP
    tries again after 1 s): 500 desktops took 1.5 s to be back instead of 0.7 s."""
    answering = 0
    """Requests under way; idle connections are none."""

    def drain(self, patience_s: float) -> None:
        """Take no new connections, and wait for the requests under way, but not longer than this."""
        self.stop_accepting()
        until = time.monotonic() + patience_s
        while self.answering and time.monotonic() < until:
            gevent.sleep(0.02)

    def handle(self, client: socket.socket, address: tuple[Any, ...]) -> bool:
        """Serve one connection; whether somebody has taken it."""
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.settimeout(IDLE_S)
        handler = self.handler_class(client, address, self)
        handler.handle()
        return handler.taken

    def wrap_socket_and_handle(self, client: socket.socket, address: tuple[Any, ...]) -> None:
        """Serve one TLS connection; a port scanner's broken handshake is no error of ours, and has its time too."""
        secured = None
        client.settimeout(IDLE_S)
        try:
            secured = self.wrap_socket(client, **self.ssl_args)
            if self.handle(secured, address):
                secured = None
        except (ssl.SSLError, OSError) as error:
            _log.info("a TLS handshake failed: %s", type(error).__name__)
        finally:
            (secured or client).close()
