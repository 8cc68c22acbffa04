"""TLS against real servers with bad certificates: each is refused, and the words say what is wrong."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from desktop.core.ports import Unreachable
from desktop.core.sign_in import Unusable
from desktop.net.addresses import parse_address
from desktop.net.live import SocketLive
from desktop.net.live_connection import LiveConnection
from desktop.net.rest import Rest
from desktop.net.sign_in import HearthSignIn, SignedIn
from desktop.net.tokens import LongLivedToken
from tests.running import PASSWORD, RunningServer

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


class Quiet(BaseHTTPRequestHandler):
    """Answers nothing of interest: the handshake decides."""

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *said: object) -> None:
        """Keep the test's output clean."""


def issue(folder: Path, *, ends: dt.datetime = NOW + DAY, ip: str = "127.0.0.1", signed_by_other: bool = False) -> Path:
    """A certificate and its key in one PEM file."""
    key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hearth.test")])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Some Authority")]) if signed_by_other else name
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 3 * DAY)
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(ip))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(other if signed_by_other else key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@contextmanager
def serving(certificate: Path) -> Iterator[str]:
    """A TLS server on a free port; gives its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = HTTPServer(("127.0.0.1", 0), Quiet)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def never(_session: SignedIn) -> None:
    raise AssertionError("nobody entered")


def look_up(url: str) -> Unusable:
    with pytest.raises(Unusable) as found:
        asyncio.run(HearthSignIn(never, "").look_up(url))
    return found.value


def test_a_self_signed_certificate_is_refused(tmp_path: Path) -> None:
    with serving(issue(tmp_path)) as url:
        found = look_up(url)
    assert (found.problem, "self-signed" in found.message) == ("certificate", True)


def test_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    with serving(issue(tmp_path, signed_by_other=True)) as url:
        found = look_up(url)
    assert (found.problem, "authority" in found.message) == ("certificate", True)


@pytest.mark.parametrize(
    ("facts", "words"), [({"ends": NOW - DAY}, "has expired"), ({"ip": "127.0.0.9"}, "belongs to another server")]
)
def test_expired_and_foreign_certificates_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, facts: dict, words: str
) -> None:
    certificate = issue(tmp_path, **facts)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(certificate) as url:
        found = look_up(url)
    assert (found.problem, words in found.message) == ("certificate", True)


def test_an_authority_of_the_system_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = issue(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(certificate) as url:
        found = look_up(url)
    assert found.problem == "not_hearth"


def test_the_socket_says_the_same(tmp_path: Path) -> None:
    async def dial(url: str) -> None:
        rest = Rest(parse_address(url))
        try:
            await SocketLive(parse_address(url), LongLivedToken("x"), rest).open()
        finally:
            rest.close()

    with serving(issue(tmp_path)) as url, pytest.raises(Unreachable, match="self-signed"):
        asyncio.run(dial(url))


def test_a_port_without_tls_is_explained() -> None:
    server = HTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        found = look_up(f"https://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert "does not speak TLS" in found.message


def test_a_trusted_server_is_used_over_tls_alone(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = issue(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    arguments = ["--tls-cert", str(certificate), "--tls-key", str(certificate)]

    inside: list[SignedIn] = []

    async def scene(server: RunningServer) -> None:

        async def keep(session: SignedIn) -> None:
            inside.append(session)

        door = HearthSignIn(keep, "")
        offer = await door.look_up(server.url)
        await door.register(offer, "ada", PASSWORD, "Ada", invite=None, stay=False)
        await come_and_go(server)

    async def come_and_go(server: RunningServer) -> None:
        connection = LiveConnection(server.url, inside[0].tokens.access_token)
        await connection.init()
        assert connection.user_id == inside[0].tokens.user.user_id
        await connection.disconnect()

    with RunningServer(tmp_path_factory.mktemp("tls"), arguments=arguments) as server:
        assert server.url.startswith("https://")
        asyncio.run(scene(server))
        for _ in range(15):
            # The loop ends right after disconnect(): what it left open would be a ResourceWarning here.
            asyncio.run(come_and_go(server))
            gc.collect()
