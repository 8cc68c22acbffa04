"""The sweep goes on while the database does not, and says so once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import SimpleNamespace

import gevent
import gevent.event
import pytest

from protocol.errors import ErrorCode, Refused
from server.socket.connections import Connections
from server.socket.sweeper import SESSIONS_S, Sweeper
from server.socket.transport import Lines
from tests.conftest import ExpectLog

AWAY = Refused(ErrorCode.UNAVAILABLE, "The database is away.")


def sweeper(check_sessions: Callable[[], None], each_second: Callable[[], None] = lambda: None) -> Sweeper:
    """A sweeper of no lines."""
    ignore: Callable[..., None] = lambda *_: None  # noqa: E731 - a name for what nobody calls
    lines = Lines(max_bytes=1, ping_interval_s=1, ping_timeout_s=1, receive=ignore, offend=ignore)
    return Sweeper(
        SimpleNamespace(sockets={}),
        Connections(),
        lines,
        authenticate_within_s=1,
        eject=ignore,
        lose=ignore,
        each_second=each_second,
        check_sessions=check_sessions,
    )


def sweep_often(swept: Sweeper, times: int) -> None:
    """As in so many times five seconds."""
    for turn in range(1, times + 1):
        swept.sweep(swept._sessions_at + turn * SESSIONS_S + 1)  # noqa: SLF001 - instead of waiting
        gevent.sleep(0)


def test_an_outage_is_two_lines(caplog: pytest.LogCaptureFixture, expected_logs: ExpectLog) -> None:
    expected_logs("checking sessions failed, until further notice: The database is away.")
    answers: list[Refused | None] = [None, AWAY, AWAY, AWAY, None, None, AWAY, None]

    def check() -> None:
        answer = answers.pop(0)
        if answer is not None:
            raise answer

    with caplog.at_level(logging.INFO, logger="server.socket.sweeper"):
        sweep_often(sweeper(check), 8)
    assert not answers
    said = [(record.levelname, record.message.split(",")[0], record.exc_info) for record in caplog.records]
    assert said == [("WARNING", "checking sessions failed", None), ("INFO", "sessions are checked again", None)] * 2


def test_a_database_that_stands_still_stops_no_sweep() -> None:
    checks: list[None] = []
    sweeps: list[None] = []
    go = gevent.event.Event()

    def check() -> None:
        checks.append(None)
        go.wait()

    swept = sweeper(check, lambda: sweeps.append(None))
    sweep_often(swept, 3)
    assert (len(sweeps), len(checks)) == (3, 1), "it is waited for, and not asked again meanwhile"
    go.set()
    gevent.sleep(0)
    sweep_often(swept, 1)
    assert len(checks) == 2
