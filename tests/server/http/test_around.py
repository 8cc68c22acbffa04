"""Around every request: versions, request ids, headers, origins, limits, and a log that tells no secrets."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from server.app import create_app
from server.config import Config
from server.http.binding import EXTENSION
from tests.conftest import ExpectLog
from tests.running import PASSWORD, RunningServer
from tests.server.certificates import make_certificate
from tests.server.conftest import ServerFactory
from tests.server.files import media
from tests.server.http.scene import Scene, set_scene


def _code(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ("0", 426, "client_too_old"),
        ("2", 426, "server_too_old"),
        ("9" * 400, 426, "server_too_old"),
        ("x", 400, "invalid_request"),
        ("-1", 400, "invalid_request"),
        ("", 400, "invalid_request"),
    ],
)
def test_other_protocol_versions_are_told_who_must_update(
    server: RunningServer, said: str, status: int, code: str
) -> None:
    for path in ("/api/server", "/api/me", "/nothing"):
        answer = server.request("GET", path, headers={"X-Hearth-Protocol": said})
        assert _code(answer) == (status, code)


def test_our_version_and_none_at_all_are_served(server: RunningServer) -> None:
    for headers in ({}, {"X-Hearth-Protocol": "1"}):
        info = server.request("GET", "/api/server", headers=headers).json()
        assert info["protocol"] == {"min": 1, "max": 1}
        assert info["registration"] == "open"


def test_every_answer_has_a_number_that_the_log_has_too(server: RunningServer) -> None:
    answers = [server.request("GET", path) for path in ("/api/server", "/api/me", "/nothing", "/api/docs")]
    numbers = [answer.headers["X-Request-Id"] for answer in answers]
    assert len(set(numbers)) == 4
    lines = [json.loads(line) for line in server.log.splitlines()]
    logged = {line["request_id"]: line for line in lines if line["message"] == "request"}
    assert [logged[number]["status"] for number in numbers] == [200, 401, 404, 200]
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"


class Broken:
    """Stands for any defect of ours."""

    def __getattr__(self, name: str) -> object:
        raise ZeroDivisionError("a defect")


def test_a_failure_of_ours_is_told_with_its_number(
    make_client: Callable[..., FlaskClient], expected_logs: ExpectLog
) -> None:
    """A house whose accounts fall over: the answer has no traceback, the log has."""
    expected_logs(r"a request failed: login")
    client = make_client()
    extensions = client.application.extensions
    extensions[EXTENSION] = dataclasses.replace(extensions[EXTENSION], accounts=Broken())
    answer = client.post("/api/auth/login", json={"username": "x", "password": "y"})
    assert answer.status_code == 500
    error = answer.get_json()["error"]
    assert (error["code"], error["retryable"]) == ("server_error", True)
    assert answer.headers["X-Request-Id"] in error["message"]
    assert "ZeroDivision" not in answer.get_data(as_text=True)


def test_the_log_tells_no_secrets(start_server: ServerFactory) -> None:
    """Canaries in every place a client can write to, then a search of everything that was logged (reliability T11)."""
    server = start_server(env={"HEARTH_LOG_LEVEL": "debug"})
    scene = set_scene(server)
    secrets = [PASSWORD, scene.ada_token, scene.ada_token.split(".")[1], scene.login()["refresh_token"]]
    path = f"/api/messages/{scene.conversation_id}"
    server.request("POST", path, scene.ada_token, json={"content": "canary-content"})
    server.request("POST", path, scene.ada_token, json={"content": 1, "uid": "canary-uid"})
    server.request("GET", "/api/users?query=canary-query", scene.ada_token)
    server.request("GET", "/canary-path?canary-query=1", scene.ada_token, headers={"User-Agent": "canary-agent"})
    server.request("POST", "/api/upload", scene.ada_token, files={"file": ("canary-name.png", media.picture())})
    server.request("POST", "/api/upload", scene.ada_token, data=b"canary-body", headers={"Content-Type": "multipart/x"})
    server.request("POST", "/api/auth/login", json={"username": "canary-user", "password": "canary-password"})
    server.request("POST", "/api/auth/register", json={"username": "x", "password": "canary-password"})
    server.request("GET", scene.file["file_url"], scene.ada_token)
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        line.sendall(b"canary-nonsense\r\n\r\n")
        line.recv(1000)
    server.stop()
    assert server.log.count('"request"') > 10
    assert "canary" not in server.log
    assert scene.file["file_url"].split("/")[-2] not in server.log
    for secret in secrets:
        assert secret not in server.log


def test_no_page_of_another_origin_reads_answers(server: RunningServer) -> None:
    answer = server.request("GET", "/api/server", headers={"Origin": "https://page.example"})
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


def test_named_origins_may(start_server: ServerFactory) -> None:
    server = start_server(env={"HEARTH_CORS_ORIGINS": "https://page.example, http://localhost:3000"})
    for origin, allowed in (
        ("https://page.example", True),
        ("http://localhost:3000", True),
        ("https://x.example", False),
    ):
        asked = {"Origin": origin, "Access-Control-Request-Method": "PATCH"}
        for method in ("OPTIONS", "GET"):
            answer = server.request(method, "/api/me", headers=asked)
            assert (answer.headers.get("Access-Control-Allow-Origin") == origin) is allowed
            assert "Origin" in answer.headers["Vary"]
        preflight = server.request("OPTIONS", "/api/me", headers=asked)
        assert ("PATCH" in preflight.headers.get("Access-Control-Allow-Methods", "")) is allowed
        polling = server.request("GET", "/socket.io/?EIO=4&transport=polling", headers={"Origin": origin})
        assert polling.ok is allowed


@pytest.fixture
def make_client(tmp_path: Path) -> Iterator[Callable[..., FlaskClient]]:
    """A function that makes a client of an application in this process, with these settings."""
    with ExitStack() as stack:
        count = iter(range(10))

        def make(**settings: Any) -> FlaskClient:
            app = create_app(Config(data_dir=tmp_path / str(next(count)), **settings))
            stack.callback(app.close)
            stack.callback(app.sockets.stop)
            return app.flask.test_client()

        yield make


def test_metrics_are_for_this_machine(make_client: Callable[..., FlaskClient]) -> None:
    """Behind one trusted proxy the address is the client's as the proxy saw it, not as the client wrote it."""
    outside = {"X-Forwarded-For": "127.0.0.1, 203.0.113.9"}
    behind = make_client(trusted_proxies=1)
    assert behind.get("/metrics", headers=outside).status_code == 403
    assert "hearth_requests_total" in behind.get("/metrics").get_data(as_text=True)
    assert make_client(trusted_proxies=1, metrics_open=True).get("/metrics", headers=outside).status_code == 200
    assert make_client().get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 403


def test_a_forwarded_address_is_not_believed_without_a_proxy(server: RunningServer) -> None:
    assert server.request("GET", "/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).ok


def test_sending_and_logging_in_are_limited(start_server: ServerFactory) -> None:
    server = start_server(env={"HEARTH_RATE_LIMITS": "on", "HEARTH_LIMITS_MESSAGE_BURST": "3"})
    ada, token = server.create_user("ada")
    bob, _ = server.create_user("bob")
    path = f"/api/messages/{server.open_direct(token, ada['user_id'], bob['user_id'])['conversation_id']}"
    answers = [server.request("POST", path, token, json={"content": "x"}) for _ in range(8)]
    assert [answer.status_code for answer in answers[:3]] == [201] * 3
    refused = next(answer for answer in answers if not answer.ok)
    assert _code(refused) == (429, "rate_limited")
    error = refused.json()["error"]
    assert error["retryable"] is True
    assert 0 < error["retry_after_s"] <= int(refused.headers["Retry-After"])
    form = {"conversationId": path.rsplit("/", 1)[1], "content": "x"}
    of_a = [server.request("POST", "/api/messages", token, data=form).json().get("error") for _ in range(3)]
    told = next(error for error in of_a if error)
    assert told["retryAfterS"] == told["retry_after_s"], "paths of document A spell their errors both ways too"
    sent = f"/api/messages/{answers[0].json()['message_id']}"
    for method, where in (("PATCH", sent), ("PUT", f"{sent}/reactions/👍"), ("DELETE", sent)):
        tried = [server.request(method, where, token, json={"content": "y"}).status_code for _ in range(3)]
        assert 429 in tried, "whatever others are told of counts"
    wrong = {"username": "ada", "password": "wrong password"}
    answers = [server.request("POST", "/api/auth/login", json=wrong) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) >= 1


def test_readiness_names_what_is_wrong(server: RunningServer, make_client: Callable[..., FlaskClient]) -> None:
    well = server.request("GET", "/readyz").json()
    assert well == {"status": "ready", "checks": {"database": "ok", "migrations": "ok", "storage": "ok"}}
    full = make_client(free_bytes_min=10**18, registration="open")
    answer = full.get("/readyz")
    assert answer.status_code == 503
    assert "disk" in answer.get_json()["checks"]["storage"]
    assert full.get("/healthz").status_code == 200
    new = {"username": "ada", "password": PASSWORD, "display_name": "Ada"}
    token = full.post("/api/auth/register", json=new).get_json()["access_token"]
    file = {"file": (io.BytesIO(media.picture()), "a.png")}
    refused = full.post("/api/upload", data=file, headers={"Authorization": f"Bearer {token}"})
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (507, "storage_full")


@pytest.mark.timeout(300)
def test_it_goes_down_in_order_and_comes_back_with_everything(start_server: ServerFactory) -> None:
    server = start_server()
    scene = set_scene(server)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 20
    assert not list(server.data_dir.glob("hearth.db-wal")), "everything is in the database's one file"
    server.start()
    [message] = server.request("GET", f"/api/messages/{scene.conversation_id}", scene.ada_token).json()
    assert message == {**scene.message, "is_read": False}
    process = server.process
    assert process is not None
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0, "a terminal's interrupt ends it as well"
    server.stop()
    server.start()
    assert server.request("GET", scene.file["file_url"], scene.ada_token).content == media.picture(size=(16, 16))


def test_a_request_under_way_is_answered_before_it_goes_down(start_server: ServerFactory) -> None:
    server = start_server()
    _, token = server.create_user("ada")
    body = json.dumps({"status_text": "still here"}).encode()
    head = f"PATCH /api/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        line.sendall(head.encode() + body[:5])
        time.sleep(0.5)
        process = server.process
        assert process is not None
        process.send_signal(signal.SIGTERM)
        while '"stopping"' not in server.log:
            time.sleep(0.05)
        line.sendall(body[5:])
        assert b" 200 " in line.recv(1000)
    assert process.wait(timeout=30) == 0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of our own for 127.0.0.1, and its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


def test_tls_from_its_own_files(start_server: ServerFactory, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    server = start_server(arguments=["--tls-cert", str(cert), "--tls-key", str(key)])
    assert server.url.startswith("https:")
    with pytest.raises(requests.exceptions.SSLError):
        server.request("GET", "/api/server")
    assert server.request("GET", "/api/server", verify=str(cert)).ok
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line, suppress(ConnectionError):
        line.sendall(b"GET / HTTP/1.1\r\n\r\n")
        while line.recv(1000):
            pass
    context = ssl.create_default_context(cafile=str(cert))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", server.port)) as line,
        context.wrap_socket(line, server_hostname="127.0.0.1") as secure,
    ):
        assert secure.version() == "TLSv1.2"
    assert server.request("GET", "/healthz", verify=str(cert)).ok


def test_links_and_heads_are_ascii(scene: Scene) -> None:
    """Header values are made of numbers and our own words only, never of what people wrote."""
    answer = scene.server.request("GET", f"/api/messages/{scene.conversation_id}?limit=1", scene.ada_token)
    for name in ("X-Conversation-Head", "X-Conversation-Last-Position"):
        assert re.fullmatch(r"\d+", answer.headers[name])


def test_two_servers_do_not_share_a_data_directory(server: RunningServer) -> None:
    second = server.command("serve", "--port", "0")
    assert second.returncode == 1
    assert "Another hearth-server" in second.stderr
    assert "Traceback" not in second.stderr
