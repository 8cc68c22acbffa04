"""Asking a site: bounded in bytes, time and redirects, whatever it answers; nothing of us is told."""

from __future__ import annotations

import gzip
import socket
import ssl
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from server.fetch import web
from server.fetch.web import Failed, Web
from tests.server.certificates import make_certificate
from tests.server.fetch.site import Site, opened

PAGES = ("text/html",)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


@pytest.fixture(scope="module")
def shared() -> Iterator[Site]:
    """One site for all."""
    with opened() as made:
        yield made


@pytest.fixture
def site(shared: Site) -> Site:
    """The site, with nothing on it yet."""
    shared.answers.clear()
    shared.asked.clear()
    return shared


def asking(site: Site, seconds: float = 5.0) -> Web:
    """Something that may ask this site."""
    return Web(time.monotonic() + seconds, site.places)


def failure(site: Site, url: str, seconds: float = 5.0, most: int = 1000) -> str:
    """Why a link came to nothing."""
    with pytest.raises(Failed) as caught:
        asking(site, seconds).get(url, PAGES, most)
    return str(caught.value)


def test_a_page_is_asked_for_without_telling_anything_of_us(site: Site) -> None:
    found = asking(site).get(site.says("/a", b"<p>hello"), PAGES, 1000)
    assert (found.body, found.kind, found.charset, found.whole) == (b"<p>hello", "text/html", "utf-8", True)
    lines = site.asked[0].rstrip().split("\r\n")
    assert lines[0] == "GET /a HTTP/1.1"
    names = sorted(line.split(":")[0].lower() for line in lines[1:])
    assert names == ["accept", "accept-encoding", "connection", "host", "user-agent"]


def test_a_link_cannot_write_its_own_request(site: Site) -> None:
    site.says("/%20HTTP/1.1%0D%0AX-Evil:%201", b"x")
    asking(site).get(site.url("/%20HTTP/1.1%0D%0AX-Evil:%201?ä=\u202e b"), PAGES, 10)
    assert "X-Evil" not in [line.split(":")[0] for line in site.asked[0].split("\r\n")]
    assert site.asked[0].isascii()
    with pytest.raises(Failed):
        asking(site).get(site.url("/raw\r\nX-Evil: 1"), PAGES, 10)
    assert "\r\nX-Evil" not in site.asked[-1]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://1.1.1.1/", "file:///etc/passwd", "gopher://1.1.1.1/", "javascript:alert(1)", "http://", "http:///x", "",
        "http://user@1.1.1.1/", "http://user:word@1.1.1.1/", "http://127.0.0.1/", "http://[::1]/", "http://[::ffff:10.0.0.1]/",
        "http://localhost/", "https://169.254.169.254/latest/meta-data/", "http://1.1.1.1:22/", "http://0/", "http://[",
        "http://1.1.1.1:99999/", "http://a..b/", "http://1.1.1.1/" + "x" * 3000,
    ],
)  # fmt: skip
def test_what_is_no_link_of_the_public_web_is_not_asked(site: Site, url: str) -> None:
    assert failure(site, url)
    assert site.asked == []
    site.moves("/on", url)
    assert failure(site, site.url("/on"))
    # An address without a host is one of the same host (RFC 3986, 5.2.2).
    assert {line.split(" ")[1] for line in site.asked} <= {"/on", "/x"}


def test_three_redirects_are_followed_and_not_a_fourth(site: Site) -> None:
    site.says("/end", b"there")
    for number in range(4):
        site.moves(f"/{number}", f"/{number - 1}" if number else "end")
    found = asking(site).get(site.url("/2"), PAGES, 100)
    assert (found.body, found.url) == (b"there", site.url("/end"))
    assert failure(site, site.url("/3")) == "too many redirects"
    assert "redirects" in failure(site, site.moves("/round", "/round"))


def test_a_name_is_asked_once_and_its_address_is_where_we_go(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers otherwise the second time is not asked a second time."""
    real, asked = socket.getaddrinfo, []

    def answer(host: str, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1" if host == "rebinding.example" else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    site.says("/a", b"x")
    asking(site).get(f"http://rebinding.example:{site.port}/a", PAGES, 10)
    assert asked.count("rebinding.example") == 1
    assert f"Host: rebinding.example:{site.port}" in site.asked[0]


def test_no_more_is_taken_than_asked_for(site: Site) -> None:
    found = asking(site).get(site.says("/big", b"x" * 5000), PAGES, 1000)
    assert (len(found.body), found.whole) == (1000, False)
    site.answers["/endless"] = [HEAD + b"\r\n", b"x" * 10_000]
    assert len(asking(site).get(site.url("/endless"), PAGES, 1000).body) == 1000


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_bomb_goes_off_no_further_than_asked_for(site: Site, pack: Any) -> None:
    encoding = "Content-Encoding: gzip" if pack is gzip.compress else "Content-Encoding: deflate"
    found = asking(site).get(site.says("/bomb", pack(b"x" * 50_000_000), "text/html", encoding), PAGES, 100_000)
    assert (len(found.body), found.whole) == (100_000, False)
    small = asking(site).get(site.says("/small", pack(b"x" * 100), "text/html", encoding), PAGES, 1000)
    assert (small.body, small.whole) == (b"x" * 100, True)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n<p>no type",
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\nx",
        b"HTTP/1.1 500 Oh\r\nContent-Type: text/html\r\n\r\nx",
        b"HTTP/1.1 302 Found\r\n\r\n",
        HEAD + b"Content-Encoding: br\r\n\r\nx",
        HEAD + b"Content-Encoding: gzip\r\n\r\nnot gzip",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"X: y\r\n" * 200 + b"\r\n",
        HEAD + b"X: " + b"y" * 70_000 + b"\r\n\r\n",
    ],
)
def test_an_answer_that_is_none_comes_to_nothing(site: Site, answer: bytes) -> None:
    site.answers["/bad"] = answer
    assert failure(site, site.url("/bad"), 1.0)


@pytest.mark.parametrize("part", [b"X: y\r\n", b"x"])
def test_a_head_or_a_body_without_end_ends(site: Site, part: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "_HEAD_BYTES_MAX", 4096)
    site.answers["/drip"] = [HEAD if part != b"x" else HEAD + b"\r\n", part]
    site.answers["/again"] = [b"HTTP/1.1 100 Continue\r\n\r\n"]
    assert failure(site, site.url("/again"), 2.0)
    if part == b"x":
        assert len(asking(site).get(site.url("/drip"), PAGES, 50).body) == 50
    else:
        assert failure(site, site.url("/drip"), 2.0)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)

    def serve(listening: socket.socket) -> None:
        line, _ = listening.accept()
        with line, pytest.raises(ssl.SSLError):
            context.wrap_socket(line, server_side=True)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with ThreadPoolExecutor(1) as pool:
            served = pool.submit(serve, listening)
            web_ = Web(time.monotonic() + 5, frozenset({("127.0.0.1", port)}))
            with pytest.raises(Failed, match="SSLCertVerificationError"):
                web_.get(f"https://127.0.0.1:{port}/", PAGES, 10)
            served.result(10)


def test_time_is_over_for_a_site_that_says_little_by_little(site: Site) -> None:
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        web_ = Web(time.monotonic() + 0.2, frozenset({("127.0.0.1", port)}))
        with pytest.raises(Failed, match="Timeout"):
            web_.get(f"http://127.0.0.1:{port}/", PAGES, 10)
    assert time.monotonic() - began < 60
    with pytest.raises(Failed, match="no time left"):
        asking(site, -1.0).get(site.url(), PAGES, 10)
