"""What is told of a server that cannot do its work."""

from __future__ import annotations

import pytest

from protocol.errors import ErrorCode, Refused
from server.services import readiness
from server.services.house import House

MESSAGE = "The database is away. Try again shortly."


def test_a_database_that_is_away_is_named(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assert readiness.is_ready(readiness.checks(house))

    def refuse(*_job: object) -> None:
        raise Refused(ErrorCode.UNAVAILABLE, MESSAGE)

    monkeypatch.setattr(house.database, "write", refuse)
    monkeypatch.setattr(house.database, "read", refuse)
    parts = readiness.checks(house)
    assert parts == {"database": MESSAGE, "migrations": MESSAGE, "storage": "ok"}
    assert not readiness.is_ready(parts)
