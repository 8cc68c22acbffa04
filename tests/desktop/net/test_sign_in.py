"""Getting in, against a real server: what it offers, versions, wrong passwords, invites."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from desktop.core.ports import Unreachable
from desktop.core.sign_in import Unusable
from desktop.net.addresses import parse_address
from desktop.net.sign_in import HearthSignIn, SignedIn, check_versions
from protocol.accounts import ProtocolRange, ServerInfo
from protocol.errors import ErrorCode, Refused
from protocol.limits import PROTOCOL_MAX, Limits
from tests.desktop.loop import QLoop
from tests.running import PASSWORD, RunningServer, free_port


class Door(HearthSignIn):
    """A sign-in that keeps who entered."""

    def __init__(self) -> None:
        self.inside: list[SignedIn] = []
        super().__init__(self._keep, "kept nowhere")

    async def _keep(self, session: SignedIn) -> None:
        self.inside.append(session)


@contextmanager
def strange_server(status: int, headers: dict[str, str], body: bytes) -> Iterator[str]:
    """A web server that is no Hearth."""

    class Page(BaseHTTPRequestHandler):
        """Always the same answer."""

        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *said: object) -> None:
            """Keep the test's output clean."""

    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_registering_and_logging_in(qloop: QLoop, server: RunningServer) -> None:
    async def scene() -> None:
        door = Door()
        offer = await door.look_up(server.url.removeprefix("http://"))
        assert (offer.url, offer.info.registration, offer.invite) == (server.url, "open", None)
        await door.register(offer, "newcomer", PASSWORD, "New Comer", invite=None, stay=True)
        await door.log_in(offer, "newcomer", PASSWORD, stay=False)
        assert [(one.tokens.user.username, one.stay) for one in door.inside] == [
            ("newcomer", True),
            ("newcomer", False),
        ]
        with pytest.raises(Refused) as refused:
            await door.log_in(offer, "newcomer", "a wrong password", stay=True)
        assert refused.value.code == ErrorCode.BAD_CREDENTIALS
        with pytest.raises(Refused) as refused:
            await door.register(offer, "newcomer", PASSWORD, "Again", invite=None, stay=True)
        assert refused.value.code == ErrorCode.USERNAME_TAKEN

    qloop(scene())


def test_an_invite_link_opens_an_account(qloop: QLoop, tmp_path_factory: pytest.TempPathFactory) -> None:
    async def scene(server: RunningServer, code: str) -> None:
        door = Door()
        offer = await door.look_up(f"hearth://127.0.0.1:{server.port}/invite/{code}")
        assert (offer.info.registration, offer.invite) == ("invite", code)
        await door.register(offer, "guest", PASSWORD, "Guest", invite=offer.invite, stay=True)
        assert door.inside[0].tokens.user.display_name == "Guest"

    with RunningServer(tmp_path_factory.mktemp("inviting"), env={"HEARTH_REGISTRATION": "invite"}) as server:
        code = server.command("invite").stdout.strip()
        qloop(scene(server, code))


@pytest.mark.parametrize(
    ("low", "high", "code", "words"),
    [
        (PROTOCOL_MAX + 1, PROTOCOL_MAX + 2, ErrorCode.CLIENT_TOO_OLD, "Install a newer Hearth"),
        (0, 0, ErrorCode.SERVER_TOO_OLD, "Ask whoever runs it to update"),
    ],
)
def test_versions_that_share_nothing_say_which_side_is_old(low: int, high: int, code: ErrorCode, words: str) -> None:
    info = ServerInfo(
        name="x",
        version="9.9",
        protocol=ProtocolRange(min=low, max=high),
        registration="open",
        limits=Limits(),
        sign_in=["password"],
        time="2026-01-01T00:00:00.000Z",
    )
    with pytest.raises(Refused, match=words) as refused:
        check_versions(info, parse_address("chat.example.org"))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        (200, {"Content-Type": "text/html"}, b"<h1>It works</h1>", "no Hearth server"),
        (404, {}, b"nothing", "no Hearth server"),
        (302, {"Location": "https://elsewhere.example/"}, b"", "elsewhere.example"),
    ],
)
def test_another_web_server_is_told_apart(
    qloop: QLoop, status: int, headers: dict[str, str], body: bytes, words: str
) -> None:
    with strange_server(status, headers, body) as address, pytest.raises(Unusable, match=words) as found:
        qloop(Door().look_up(address))
    assert found.value.problem == "not_hearth"


def test_a_proxy_without_its_server_is_unreachable(qloop: QLoop) -> None:
    with strange_server(502, {}, b"bad gateway") as address, pytest.raises(Unreachable, match="502"):
        qloop(Door().look_up(address))


def test_nobody_answers(qloop: QLoop) -> None:
    with pytest.raises(Unreachable, match="cannot be reached"):
        qloop(Door().look_up(f"127.0.0.1:{free_port()}"))
