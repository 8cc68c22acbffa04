"""Sixty messages a minute with bursts of twenty, for each user over both doors together."""

from __future__ import annotations

import pytest

from protocol.errors import Refused
from protocol.limits import Limits
from server.services.limits import Allowance, SendingLimit
from tests.running import RunningServer


class Clock:
    """Time as the test says."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_then_one_a_second() -> None:
    clock = Clock()
    limit = SendingLimit(Limits(), clock=clock)
    for _ in range(20):
        limit.take(1)
    with pytest.raises(Refused) as refused:
        limit.take(1)
    assert (refused.value.code, refused.value.status, refused.value.retryable) == ("rate_limited", 429, True)
    limit.take(2)
    assert refused.value.retry_after_s is not None
    clock.now += refused.value.retry_after_s
    limit.take(1)
    with pytest.raises(Refused):
        limit.take(1)
    clock.now += 3600
    for _ in range(20):
        limit.take(1)


def test_off_means_off() -> None:
    limit = SendingLimit(Limits(), enabled=False)
    for _ in range(1000):
        limit.take(1)


def test_what_is_full_again_is_forgotten() -> None:
    clock = Clock()
    allowance = Allowance(1.0, 2, clock=clock)
    for key in range(10_000):
        allowance.take(key)
    clock.now += 10
    allowance.take("one more")
    assert len(allowance) == 1


def test_rest_and_socket_share_one_allowance(tmp_path_factory: pytest.TempPathFactory) -> None:
    from tests.server.socket.people import make_pair  # noqa: PLC0415 - the only test here with people on sockets

    with RunningServer(tmp_path_factory.mktemp("server"), env={"HEARTH_RATE_LIMITS": "on"}) as server:
        pair = make_pair(server)
        message = {"conversation_id": pair.conversation_id, "content": "quick"}
        with pair.ada.line() as line:
            answers = [line.call("send_message", message) for _ in range(12)]
            posts = [pair.ada.request("POST", f"/api/messages/{pair.conversation_id}", json=message) for _ in range(12)]
            refused = line.call("send_message", message)
    assert all(answer["ok"] for answer in answers)
    assert {post.status_code for post in posts} == {201, 429}
    assert refused["error"]["code"] == "rate_limited"
    assert float(posts[-1].headers["Retry-After"]) > 0
