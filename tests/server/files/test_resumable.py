"""Files in pieces over HTTP, against a running server: what is told to be stored is stored, whatever breaks."""

from __future__ import annotations

import hashlib
import random
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from protocol import tus
from server.app import create_app
from server.config import Config
from tests.running import RunningServer, Unique
from tests.server.conftest import ServerFactory
from tests.server.files import media

_SPEAKS = {tus.VERSION_HEADER: tus.VERSION}


@dataclass
class Sender:
    """Somebody who uploads in pieces, byte by byte as tus has it."""

    server: RunningServer
    token: str

    def ask(self, method: str, url: str, headers: dict[str, str] | None = None, **options: Any) -> requests.Response:
        """One request that speaks tus."""
        return self.server.request(method, url, self.token, headers={**_SPEAKS, **(headers or {})}, **options)

    def begin(self, size: int, **facts: str) -> requests.Response:
        """Open an upload."""
        told = {tus.METADATA_HEADER: tus.metadata(facts)} if facts else {}
        return self.ask("POST", tus.PATH, {tus.LENGTH_HEADER: str(size), **told})

    def begun(self, size: int, **facts: str) -> str:
        """The address of an upload that is open now."""
        answer = self.begin(size, **facts)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    def append(self, url: str, offset: int, data: Any, check: str | None = None) -> requests.Response:
        """Send a piece."""
        headers = {tus.OFFSET_HEADER: str(offset), "Content-Type": tus.PIECE_TYPE}
        return self.ask("PATCH", url, headers | ({tus.CHECKSUM_HEADER: check} if check else {}), data=data)

    def offset(self, url: str) -> int:
        """How far it has come, as HEAD tells it."""
        answer = self.ask("HEAD", url)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        return int(answer.headers[tus.OFFSET_HEADER])

    def file(self, answer: requests.Response) -> dict[str, Any]:
        """The attachment that an upload has become."""
        body: dict[str, Any] = self.ask("GET", f"/api/uploads/{answer.headers[tus.ATTACHMENT_HEADER]}").json()
        return body

    def content(self, answer: requests.Response) -> bytes:
        """Its bytes."""
        return self.ask("GET", self.file(answer)["file_url"]).content

    def break_off(self, url: str, offset: int, said: int, data: bytes, check: str | None = None) -> socket.socket:
        """Begin a PATCH of `said` bytes and send only `data`."""
        line = socket.create_connection(("127.0.0.1", self.server.port))
        head = [
            f"PATCH {url} HTTP/1.1",
            "Host: x",
            f"Authorization: Bearer {self.token}",
            f"Tus-Resumable: 1.0.0\r\nContent-Type: {tus.PIECE_TYPE}",
            f"Upload-Offset: {offset}\r\nContent-Length: {said}",
            *([f"Upload-Checksum: {check}"] if check else []),
        ]
        line.sendall("\r\n".join([*head, "", ""]).encode() + data)
        return line


def sender(server: RunningServer, name: str) -> Sender:
    """Somebody new."""
    return Sender(server, server.create_user(name)[1])


@pytest.fixture
def ada(server: RunningServer, unique: Unique) -> Sender:
    """Somebody on the module's server."""
    return sender(server, unique("ada"))


def sha256(data: bytes) -> str:
    """The checksum of a piece."""
    return tus.checksum("sha256", hashlib.sha256(data).digest())


def some(size: int) -> bytes:
    """Bytes that nothing else is made of."""
    return random.Random(size).randbytes(size)  # noqa: S311 - test data


def error_of(answer: requests.Response) -> tuple[int, str]:
    """Status and code of a refusal, which must say what to do."""
    error = answer.json()["error"]
    assert error["message"].endswith(".")
    return answer.status_code, error["code"]


def left_of(server: RunningServer) -> set[Path]:
    """Every file on its way in."""
    blobs = server.data_dir / "blobs"
    return {path for name in ("tmp", "partial") for path in (blobs / name).iterdir() if path.suffix != ".lock"}


def until(what: Any) -> None:
    """Wait for it; AssertionError when it does not come."""
    patience = time.monotonic() + 20
    while not what():
        assert time.monotonic() < patience
        time.sleep(0.02)


def test_a_picture_in_pieces_is_an_attachment_as_any_other(ada: Sender) -> None:
    before = left_of(ada.server)
    data = media.picture("PNG", (900, 300))
    facts = {"filename": "отчёт harbour.png", "filetype": "text/html", "sha256": hashlib.sha256(data).hexdigest()}
    url = ada.begun(len(data), **facts)
    half = len(data) // 2
    first = ada.append(url, 0, data[:half], sha256(data[:half]))
    assert (first.status_code, first.content) == (204, b"")
    assert first.headers[tus.OFFSET_HEADER] == str(half)
    assert tus.ATTACHMENT_HEADER not in first.headers
    assert ada.offset(url) == half
    sha1 = tus.checksum("sha1", hashlib.sha1(data[half:]).digest())  # noqa: S324 - what tus asks for
    last = ada.append(url, half, data[half:], sha1)
    assert last.status_code == 204
    file = ada.file(last)
    assert (file["file_type"], file["file_size"], file["width"]) == ("image/png", len(data), 900)
    assert file["file_name"] == "отчёт harbour.png"
    assert file["thumbnail_url"]
    assert ada.content(last) == data
    again = ada.ask("HEAD", url)
    assert again.headers[tus.ATTACHMENT_HEADER] == last.headers[tus.ATTACHMENT_HEADER]
    assert again.headers[tus.OFFSET_HEADER] == again.headers[tus.LENGTH_HEADER] == str(len(data))
    assert tus.parse_metadata(again.headers[tus.METADATA_HEADER]) == facts
    assert ada.ask("GET", url).json()["attachment"]["attachment_id"] == file["attachment_id"]
    assert left_of(ada.server) == before


def test_every_answer_says_what_is_spoken(ada: Sender) -> None:
    url = ada.begun(3)
    for path in (tus.PATH, url):
        told = ada.server.request("OPTIONS", path).headers
        assert told["Tus-Version"] == told[tus.VERSION_HEADER] == "1.0.0"
        assert told["Tus-Extension"] == "creation,expiration,checksum,termination"
        assert told["Tus-Checksum-Algorithm"] == "sha1,sha256"
        assert told["Tus-Max-Size"] == "100000000"
    for version in ({}, {tus.VERSION_HEADER: "0.2.2"}):
        refused = ada.server.request("PATCH", url, ada.token, headers=version, data=b"abc")
        assert error_of(refused) == (412, "tus_version")
        assert refused.headers["Tus-Version"] == "1.0.0"
    assert ada.offset(url) == 0
    headers = {"X-HTTP-Method-Override": "PATCH", tus.OFFSET_HEADER: "0", "Content-Type": tus.PIECE_TYPE}
    done = ada.ask("POST", url, headers, data=b"abc")
    assert done.status_code == 204
    assert done.headers["Upload-Expires"].endswith("GMT")
    assert ada.content(done) == b"abc"


def test_a_page_elsewhere_may_read_what_it_needs(tmp_path: Path) -> None:
    app = create_app(Config(data_dir=tmp_path, cors_origins=["https://chat.example"]))
    try:
        headers = {"Origin": "https://chat.example"}
        asked = app.flask.test_client().options(tus.PATH, headers=headers).headers
    finally:
        app.sockets.stop()
        app.close()
    assert set(tus.ASKED_HEADERS) <= set(asked["Access-Control-Allow-Headers"].split(", "))
    assert {"Location", *tus.TOLD_HEADERS} <= set(asked["Access-Control-Expose-Headers"].split(", "))
    assert "PATCH" in asked["Access-Control-Allow-Methods"]


def test_a_piece_elsewhere_or_damaged_or_beyond_the_end_counts_nothing(ada: Sender) -> None:
    url = ada.begun(10)
    assert ada.append(url, 0, b"01234").status_code == 204
    for offset in (0, 3, 6, 10):
        refused = ada.append(url, offset, b"5")
        assert error_of(refused) == (409, "offset_mismatch")
        assert refused.json()["error"]["details"]["offset"] == 5
    assert error_of(ada.append(url, 5, b"56789", sha256(b"56780"))) == (460, "checksum_mismatch")
    for check in ("md5 abc", "sha256", "sha256 !", "nonsense"):
        assert error_of(ada.append(url, 5, b"56789", check))[0] in (400, 460)
    assert error_of(ada.append(url, 5, b"567890")) == (413, "payload_too_large")
    assert error_of(ada.append(url, 5, iter([b"56789", b"0"]))) == (413, "payload_too_large")
    assert error_of(ada.ask("PATCH", url, {tus.OFFSET_HEADER: "5"}, data=b"56789")) == (415, "unsupported_media_type")
    for odd in ("", "-1", "x", "\xb2", "1" * 30):
        headers = {tus.OFFSET_HEADER: odd, "Content-Type": tus.PIECE_TYPE}
        assert error_of(ada.ask("PATCH", url, headers)) == (400, "invalid_request")
    assert ada.offset(url) == 5
    done = ada.append(url, 5, iter([b"567", b"89"]))
    assert ada.content(done) == b"0123456789"
    assert ada.append(url, 10, b"").headers[tus.ATTACHMENT_HEADER] == done.headers[tus.ATTACHMENT_HEADER]


@pytest.mark.parametrize(
    ("length", "told"),
    [
        *[("", ""), ("-1", ""), ("x", ""), ("5", "filename"), ("5", "filename ???"), ("5", "a YQ==,a YQ==")],
        *[("5", "a /w=="), ("5", "sha256 eA=="), ("5", "a " + "YWFh" * 2000)],
    ],
)
def test_an_upload_that_is_none_is_not_begun(ada: Sender, length: str, told: str) -> None:
    before = left_of(ada.server)
    answer = ada.ask("POST", tus.PATH, {tus.LENGTH_HEADER: length, tus.METADATA_HEADER: told})
    if told == "filename":
        assert answer.status_code == 201, "an empty value may be left out"
        ada.ask("DELETE", answer.headers["Location"])
    else:
        assert error_of(answer) == (400, "invalid_request")
    assert left_of(ada.server) == before


def test_an_empty_file_is_whole_at_once(ada: Sender) -> None:
    answer = ada.begin(0, filename="empty.txt")
    assert ada.content(answer) == b""
    assert ada.file(answer)["file_name"] == "empty.txt"


def test_what_came_before_the_line_was_cut_need_not_come_again(ada: Sender) -> None:
    data = some(9_000_000)
    url = ada.begun(len(data))
    before = left_of(ada.server)
    ada.break_off(url, 0, len(data), data[:5_000_000]).close()
    until(lambda: ada.offset(url) > 4_900_000)
    offset = ada.offset(url)
    rest = data[offset:]
    line = ada.break_off(url, offset, len(rest), rest[:1_000_000], sha256(rest))
    until(lambda: left_of(ada.server) != before)
    line.close()
    until(lambda: left_of(ada.server) == before)
    assert ada.offset(url) == offset <= 5_000_000
    assert ada.content(ada.append(url, offset, rest)) == data


def test_of_two_at_once_one_wins(ada: Sender) -> None:
    data = some(1_000_000)
    url = ada.begun(2 * len(data))
    together = threading.Barrier(4)

    def send(_number: int) -> int:
        lane = Sender(RunningServer(ada.server.data_dir.parent), ada.token)
        lane.server.port = ada.server.port
        together.wait()
        return lane.append(url, 0, data, sha256(data)).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(send, range(4)))
    assert answers[0] == 204
    assert set(answers[1:]) <= {409, 423}
    assert ada.offset(url) == len(data)
    assert ada.content(ada.append(url, len(data), data)) == data * 2


def test_a_kill_in_the_middle_leaves_what_was_told(start_server: ServerFactory) -> None:
    server = start_server()
    ada = sender(server, "ada")
    data = some(3_000_000)
    url = ada.begun(len(data), sha256=hashlib.sha256(data).hexdigest())
    assert ada.append(url, 0, data[:1_000_000]).status_code == 204
    line = ada.break_off(url, 1_000_000, 2_000_000, data[1_000_000:1_500_000])
    until(lambda: len(left_of(server)) == 2)
    server.kill()
    line.close()
    # As if the kill had hit between the bytes and the table.
    with (server.data_dir / "blobs" / "partial" / url.split("/")[-1]).open("ab") as partial:
        partial.write(b"what nobody was told of")
    server.start()
    assert ada.offset(url) == 1_000_000
    assert ada.content(ada.append(url, 1_000_000, data[1_000_000:])) == data


def test_a_whole_that_is_not_what_was_announced_ends_the_upload(ada: Sender) -> None:
    before = left_of(ada.server)
    url = ada.begun(3, sha256="0" * 64)
    refused = ada.append(url, 0, b"abc", sha256(b"abc"))
    assert error_of(refused) == (460, "checksum_mismatch")
    assert refused.json()["error"]["details"]["of"] == "file"
    assert ada.ask("HEAD", url).status_code == 404
    bomb = media.bomb(60_000, 60_000)
    url = ada.begun(len(bomb), filename="bomb.png")
    assert error_of(ada.append(url, 0, bomb)) == (413, "image_too_large")
    assert error_of(ada.ask("GET", url)) == (404, "not_found")
    assert left_of(ada.server) == before


def test_an_upload_can_be_ended_whole_or_not(ada: Sender) -> None:
    before = left_of(ada.server)
    coming, whole = ada.begun(5), ada.begun(5)
    ada.append(coming, 0, b"01")
    done = ada.append(whole, 0, b"01234")
    file = ada.file(done)
    for url in (coming, whole):
        assert ada.ask("DELETE", url).status_code == 204
        assert ada.ask("HEAD", url).status_code == 404
        assert error_of(ada.append(url, 2, b"234")) == (404, "not_found")
        assert error_of(ada.ask("DELETE", url)) == (404, "not_found")
    assert ada.ask("GET", file["file_url"]).status_code == 404
    assert left_of(ada.server) == before


@pytest.fixture
def strict(start_server: ServerFactory) -> RunningServer:
    """A server with small limits."""
    limits = {"HEARTH_LIMITS_FILE_BYTES": "200000", "HEARTH_LIMITS_OPEN_UPLOADS_PER_USER": "2"}
    return start_server(env=limits)


def test_limits_are_told_before_any_byte_is_taken(strict: RunningServer) -> None:
    ada = sender(strict, "ada")
    refused = ada.begin(200_001)
    assert error_of(refused) == (413, "file_too_large")
    assert refused.json()["error"]["details"]["limit_bytes"] == 200_000
    whole = ada.begun(200_000)
    data = some(200_000)
    assert ada.append(whole, 0, data).status_code == 204
    coming = ada.begun(10)
    refused = ada.begin(10)
    assert error_of(refused) == (429, "too_many_uploads")
    assert int(refused.headers["Retry-After"]) > 0
    form = ada.ask("POST", "/api/upload", files={"file": ("x", b"x")})
    assert error_of(form) == (429, "too_many_uploads")
    assert ada.append(coming, 0, b"0123456789").status_code == 204, "what was begun may become whole"
    assert ada.ask("DELETE", coming).status_code == 204
    assert ada.begin(10).status_code == 201
