"""Connections before they are anything: small packets go at once, and who says nothing for too long is let go."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import gevent
import gevent.socket
import gevent.ssl
import pytest

from server.http import listening
from server.http.listening import Listener
from tests.server.certificates import make_certificate

Open = Callable[..., Any]
HELLO = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answers whether its connection holds small packets back."""
    line = environ["hearth.take"]()
    start_response("200 OK", [])
    prompt = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    line.send(b"prompt" if prompt else b"holds back")
    line.close()
    return ()


def secret_of(folder: Path) -> Any:
    """What a listener needs for TLS, in gevent's own kind: the tests' process is not patched."""
    context = gevent.ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*make_certificate(folder))
    return context


def is_let_go(line: Any) -> bool:
    """Wait for the end of a connection; whatever is said before it."""
    try:
        while line.recv(1000):
            pass
    except ConnectionResetError:
        pass
    return True


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """A function that connects to a listener with a fifth of a second's patience, plain or (`tls`) before TLS."""
    monkeypatch.setattr(listening, "IDLE_S", 0.2)
    listeners: list[Listener] = []

    def connect(*, tls: bool = False) -> Any:
        secured = {"ssl_context": secret_of(tmp_path)} if tls else {}
        listener = Listener(("127.0.0.1", 0), app, log=None, **secured)
        listeners.append(listener)
        listener.start()
        return gevent.socket.create_connection(("127.0.0.1", listener.server_port))

    with gevent.Timeout(20):
        yield connect
    for listener in listeners:
        listener.stop()


def test_small_packets_go_at_once(opened: Open) -> None:
    with closing(opened()) as line:
        line.sendall(HELLO)
        assert line.recv(100) == b"prompt"


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_who_does_not_finish_a_request_is_let_go(opened: Open, said: bytes) -> None:
    with closing(opened()) as line:
        line.sendall(said)
        assert is_let_go(line)


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01"])
def test_who_does_not_finish_a_tls_handshake_is_let_go(opened: Open, said: bytes) -> None:
    with closing(opened(tls=True)) as line:
        line.sendall(said)
        assert is_let_go(line)


def test_after_the_handshake_patience_is_the_same(opened: Open) -> None:
    context = gevent.ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with closing(context.wrap_socket(opened(tls=True))) as line:
        line.sendall(b"GET / HT")
        assert is_let_go(line)


def test_a_herd_need_not_knock_twice(opened: Open) -> None:
    """Nothing is accepted while this thread does not yield: whoever finds no place in the line gets no answer."""
    with ExitStack() as herd:
        address = herd.enter_context(closing(opened())).getpeername()
        for _ in range(600):
            herd.enter_context(socket.create_connection(address, timeout=0.9))
