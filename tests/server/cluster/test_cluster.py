"""Two workers serve one team: real PostgreSQL, Redis and nginx, and what people see when one of them goes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import socketio

from tests.running import PASSWORD
from tests.server.cluster.team import SOCKETS_PER_USER, Cluster, Two, say, settles, worker_of
from tests.server.socket.lines import Line
from tests.server.socket.people import leave, play

COMPAT = Path(__file__).parents[2] / "compat"


@pytest.fixture
def two(cluster: Cluster) -> Two:
    """Ada and Ben, new for this test."""
    return cluster.pair()


@pytest.fixture
def lines(cluster: Cluster, two: Two) -> Iterator[tuple[Line, Line]]:
    """Ada's socket in worker 1 and Ben's in worker 2."""
    with cluster.doors[1].line(two.ada_token) as ada, cluster.doors[2].line(two.ben_token) as ben:
        assert (worker_of(ada), worker_of(ben)) == ("w1", "w2")
        assert ada.next("presence")["user_id"] == two.ben_id
        yield ada, ben


def _texts(cluster: Cluster, two: Two) -> list[str]:
    """What is stored, as another worker reads it."""
    listed = cluster.request(2, "GET", f"/api/messages/{two.conversation_id}", two.ben_token).json()
    return [message["content"] for message in listed]


def _synced(line: Line, two: Two, version: int) -> list[str]:
    """What `sync` brings to somebody who had come as far as this."""
    answer = line.call("sync", {"epoch": "", "user_version": 0, "versions": {str(two.conversation_id): version}})
    return [message["content"] for one in answer["synced"]["conversations"] for message in one["messages"]]


def _hears_status(line: Line, user_id: int, status: str) -> None:
    """Wait until somebody is told to be so."""
    while (told := line.next("presence"))["status"] != status:
        assert told["user_id"] == user_id


def test_everything_of_a_chat_crosses_the_processes(lines: tuple[Line, Line], two: Two) -> None:
    ada, ben = lines
    message = say(ada, two, "hello")["message"]
    assert ben.next("new_message") == message
    named = {"message_id": message["message_id"]}
    for event, more in (("edit_message", {"content": "hello!"}), ("react", {"emoji": "👍", "on": True})):
        changed = ada.call(event, {**named, **more})["message"]
        assert ben.next("message_updated") == changed
    ben.call("mark_read", {"conversation_id": two.conversation_id, "position": 1})
    assert ada.next("messages_read")["read_position"] == 1
    for is_typing in (True, False):
        ada.call("typing", {"conversation_id": two.conversation_id, "is_typing": is_typing})
        assert ben.next("user_typing")["is_typing"] is is_typing
    assert ada.call("join_conversation", two.conversation_id)["activeUsers"] == [two.ada_id]
    assert ben.next("user_joined")["activeUsers"] == [two.ada_id]
    assert ben.call("join_conversation", two.conversation_id)["activeUsers"] == sorted([two.ada_id, two.ben_id])
    # Ben has come after her: that she is there may have been told him already.
    ada.call("set_presence", {"status": "busy"})
    _hears_status(ben, two.ada_id, "busy")
    ada.call("set_presence", {"status": "invisible"})
    _hears_status(ben, two.ada_id, "offline")
    assert ben.next("user_left")["activeUsers"] == [two.ben_id]
    ada.call("set_presence", {"status": "active"})
    _hears_status(ben, two.ada_id, "active")


def test_groups_cross_too_and_whoever_is_removed_looks_no_more(
    cluster: Cluster, lines: tuple[Line, Line], two: Two
) -> None:
    ada, ben = lines
    body = {"kind": "group", "title": "Tea", "member_ids": [two.ben_id]}
    group = cluster.request(1, "POST", "/api/conversations", two.ada_token, json=body).json()
    assert ben.next("conversation_updated")["title"] == "Tea"
    assert ben.next("new_message")["happening"]["kind"] == "created"
    assert ben.call("join_conversation", group["conversation_id"])["activeUsers"] == [two.ben_id]
    assert ada.next("user_joined")["activeUsers"] == [two.ben_id]
    path = f"/api/conversations/{group['conversation_id']}"
    assert cluster.request(1, "DELETE", f"{path}/members/{two.ben_id}", two.ada_token).json()["left_at"]
    assert ben.next("conversation_removed") == {"conversation_id": group["conversation_id"]}
    assert ada.next("user_left")["activeUsers"] == []
    assert cluster.request(2, "PATCH", f"{path}/own", two.ada_token, json={"pinned": True}).json()["pinned"] is True
    while not ada.next("own_updated")["own"]["pinned"]:
        pass
    say(ada, two, "the needle")
    found = cluster.request(2, "GET", "/api/search?q=needl", two.ben_token).json()
    assert [message["content"] for message in found["messages"]] == ["the needle"]


def test_both_spellings_cross_too(lines: tuple[Line, Line], two: Two) -> None:
    ada, ben = lines
    ben.call("join_user_room", {"userId": two.ben_id})
    message = say(ada, two, "hello")["message"]
    heard = ben.next("new_message")
    assert heard["conversationId"] == heard["conversation_id"] == two.conversation_id
    assert (heard["id"], heard["createdAt"]) == (message["message_id"], message["created_at"])


def test_the_allowance_of_messages_is_one_for_all_processes(cluster: Cluster, two: Two) -> None:
    began = time.monotonic()
    with cluster.doors[1].line(two.ada_token) as here:
        assert all(say(here, two, f"{number}")["ok"] for number in range(15))
    time.sleep(0.5)
    with cluster.doors[2].line(two.ada_token) as elsewhere:
        taken = 0
        while say(elsewhere, two, "more")["ok"]:
            taken += 1
    # Of 20 at once five are left, and one a second comes back.
    assert 5 <= taken <= 6 + (time.monotonic() - began)


def test_sockets_and_log_ins_are_counted_in_all_processes(cluster: Cluster, two: Two) -> None:
    with ExitStack() as stack:
        for number in range(SOCKETS_PER_USER):
            stack.enter_context(cluster.doors[1 + number % 2].line(two.ada_token))
        time.sleep(0.5)
        refused = Line.refusal(stack.enter_context(cluster.doors[1].line(None)), {"token": two.ada_token})
        assert refused["data"]["code"] == "too_many_sockets"
    body = {"username": two.ada_name, "password": "not the right one"}
    statuses = [cluster.request(1 + n % 2, "POST", "/api/auth/login", json=body).status_code for n in range(4)]
    time.sleep(0.5)
    statuses += [cluster.request(2, "POST", "/api/auth/login", json=body).status_code for n in range(2)]
    assert statuses == [401] * 5 + [429]


def test_a_session_that_ends_in_one_process_ends_at_once_in_the_other(cluster: Cluster, two: Two) -> None:
    for _ in range(2):
        token = cluster.server.login(two.ada_name)["access_token"]
        with cluster.doors[2].line(token) as line:
            assert cluster.request(1, "POST", "/api/auth/logout", token).status_code in (200, 204)
            assert line.next("session_revoked", timeout=1.5)
            line.ends_within(5)


@pytest.mark.parametrize("transports", [["polling", "websocket"], ["polling"], ["websocket"]], ids="-".join)
def test_stock_clients_chat_through_nginx(cluster: Cluster, two: Two, transports: list[str]) -> None:
    """Each polls the worker that its session is in; who is in which is nginx' affair."""
    texts = [f"{number}" for number in range(5)]

    async def chat() -> None:
        heard: asyncio.Queue[str] = asyncio.Queue()
        ada, ben = (socketio.AsyncClient(reconnection=False) for _ in range(2))
        ben.on("new_message", lambda message: heard.put_nowait(message["content"]))
        for client, token in ((ada, two.ada_token), (ben, two.ben_token)):
            await client.connect(cluster.nginx.url, auth={"token": token}, transports=transports, wait_timeout=20)
        assert {client.eio.sid.partition("-")[0] for client in (ada, ben)} <= {"w1", "w2"}
        for text in texts:
            command = {"conversation_id": two.conversation_id, "content": text}
            assert (await ada.call("send_message", command, timeout=20))["ok"]
        assert [await asyncio.wait_for(heard.get(), 20) for _ in texts] == texts
        for client in (ada, ben):
            await leave(client)

    play(chat)


def test_a_client_of_document_a_works_through_nginx(cluster: Cluster, two: Two) -> None:
    """The official JavaScript client, polling first, REST calls to whichever worker."""
    people = [{"userId": two.ada_id, "token": two.ada_token}, {"userId": two.ben_id, "token": two.ben_token}]
    environment = {**os.environ, "SOCKET_URL": cluster.nginx.url, "PEOPLE": json.dumps(people)}
    done = subprocess.run(
        ["node", "a.mjs"], cwd=COMPAT, env=environment, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_nginx_takes_bodies_up_to_the_limit_and_keeps_metrics_to_itself(cluster: Cluster, two: Two) -> None:
    url = cluster.nginx.url
    headers = {"Authorization": f"Bearer {two.ada_token}"}
    files = {"file": ("a.bin", b"x" * 3_000_000)}
    stored = cluster.http.post(f"{url}/api/upload", headers=headers, files=files, timeout=30)
    assert stored.status_code == 201, stored.text
    address = stored.json()["file_url"]
    assert cluster.http.get(url + address, headers=headers, timeout=30).content == b"x" * 3_000_000
    assert cluster.http.get(f"{url}/metrics", timeout=30).status_code == 403
    # What a client says of its own address is not believed.
    agent = {**headers, "X-Forwarded-For": "192.0.2.7"}
    request_id = cluster.http.get(f"{url}/api/me", headers=agent, timeout=30).headers["X-Request-Id"]
    assert next(line for line in cluster.server.log.splitlines() if request_id in line).count("127.0.0.1") == 1
    assert cluster.measure(1, "hearth_bus_up") == 1
    assert cluster.request(2, "GET", "/readyz").json()["checks"]["redis"] == "ok"


@pytest.mark.timeout(180)
def test_redis_killed_delays_nothing_and_what_was_lost_comes_by_sync(
    cluster: Cluster, lines: tuple[Line, Line], two: Two
) -> None:
    ada, ben = lines
    version = say(ada, two, "before")["message"]["version"]
    assert ben.next("new_message")["content"] == "before"
    revoked = cluster.server.login(two.ben_name)["access_token"]
    with cluster.doors[2].line(revoked) as other:
        cluster.redis.kill()
        texts = [f"during {number}" for number in range(10)]
        for text in texts:
            assert say(ada, two, text)["ok"]
        ready = cluster.request(1, "GET", "/readyz")
        assert ready.status_code == 200
        assert ready.json()["checks"]["redis"].startswith("degraded: Redis is away")
        assert cluster.measure(1, "hearth_bus_up") == 0
        # Nobody tells worker 2: it looks by itself, every five seconds.
        assert cluster.request(1, "POST", "/api/auth/logout", revoked).ok
        assert other.next("session_revoked", timeout=7)
    cluster.redis.start()
    for line in (ada, ben):
        assert line.next("resync") == {"spread_ms": 500}
    assert _synced(ben, two, version)[-10:] == texts == _texts(cluster, two)[-10:]
    assert settles(lambda: cluster.measure(1, "hearth_bus_up") == cluster.measure(2, "hearth_bus_up") == 1)
    after = say(ada, two, "after")["message"]
    while ben.next("new_message") != after:
        # What waited while Redis was away comes late, in its order.
        pass


@pytest.mark.timeout(180)
def test_redis_frozen_delays_no_acknowledgement(cluster: Cluster, lines: tuple[Line, Line], two: Two) -> None:
    ada, ben = lines
    cluster.redis.freeze()
    try:
        frozen = time.monotonic()
        texts = [f"{number}" for number in range(10)]
        for text in texts:
            assert say(ada, two, text)["ok"]
            time.sleep(0.2)
        assert _texts(cluster, two) == texts
        time.sleep(max(0.0, 5 - (time.monotonic() - frozen)))
    finally:
        cluster.redis.thaw()
    assert [ben.next("new_message")["content"] for _ in texts] == texts
    assert settles(lambda: cluster.request(1, "GET", "/readyz").json()["checks"]["redis"] == "ok")


@pytest.mark.timeout(180)
def test_a_worker_killed_loses_nobody_anything(cluster: Cluster, two: Two) -> None:
    with cluster.doors[1].line(two.ada_token) as ada:
        ben = cluster.doors[2].line(two.ben_token)
        assert ada.next("presence")["status"] == "active"
        first = say(ben, two, "before")["message"]
        assert ada.next("new_message") == first
        killed = cluster.server.worker_pid(2)
        os.kill(killed, signal.SIGKILL)
        ben.ends_within(5)
        assert say(ada, two, "while he was away")["ok"]
        # Back through nginx, which asks the worker that is there; within the grace nobody sees him go.
        with cluster.front.line(two.ben_token) as again:
            assert worker_of(again) == "w1"
            assert "while he was away" in _synced(again, two, first["version"])
            assert say(again, two, "back")["ok"]
            assert ada.next("new_message")["content"] == "while he was away"
            assert ada.next("new_message")["content"] == "back"
            assert settles(lambda: cluster.server.worker_pid(2) != killed and cluster.answers(2), 60)
            assert settles(lambda: cluster.measure(1, "hearth_bus_peers") == 1)
            assert settles(lambda: cluster.measure(2, "hearth_users_there") == 2)
            assert "presence" not in ada.hears(0.1)
        with cluster.doors[2].line(two.ben_token) as home:
            assert say(home, two, "at home")["ok"]
            assert ada.next("new_message")["content"] == "at home"
            assert "presence" not in ada.hears(0.1)


def test_a_password_is_right_in_every_process(cluster: Cluster, two: Two) -> None:
    """One key signs for all: a token of one worker is good in the other."""
    body = {"username": two.ben_name, "password": PASSWORD}
    tokens = cluster.request(1, "POST", "/api/auth/login", json=body).json()
    assert cluster.request(2, "GET", "/api/me", tokens["access_token"]).json() == tokens["user"]


def test_the_workers_end_when_their_supervisor_was_killed(cluster: Cluster) -> None:
    """The last test of this cluster, for nobody starts it again."""
    assert cluster.server.process is not None
    cluster.server.process.kill()
    assert settles(lambda: not cluster.answers(1) and not cluster.answers(2))
    assert cluster.server.log.count('"stopped"') == len(cluster.doors)
