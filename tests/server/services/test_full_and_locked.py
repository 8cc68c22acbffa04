"""A file that another process holds, a disk without room: refused, nothing by half, and then it goes on."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from protocol.commands import Page
from protocol.errors import ErrorCode, Refused
from server.services.ports import Actor
from server.storage import sqlite
from server.storage.locks import FileLock
from tests.conftest import ExpectLog
from tests.server.services.setting import Setting


def _refusals(setting: Setting, actor: Actor, room: int, count: int) -> list[Refused]:
    """The refusals of sends at the same time, each of which must be refused."""

    def send(number: int) -> Refused:
        with pytest.raises(Refused) as caught:
            setting.say(actor, room, f"{number % 10}" * 16_000)
        return caught.value

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(send, range(count)))


def _stored(setting: Setting, actor: Actor, room: int) -> tuple[list[int], int]:
    """What a member reads: the positions and the head."""
    page = setting.messages.page(actor, room, Page())
    return [message.position for message in page.messages], page.head


@pytest.mark.parametrize("how", ["database", "turn"])
def test_while_another_process_holds_the_file(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch, expected_logs: ExpectLog
) -> None:
    expected_logs("the database refused a transaction: (database is locked|another process has been writing)")
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 400)
    setting = Setting(tmp_path)
    ada, ben = setting.person("ada"), setting.person("ben")
    room = setting.direct(ada, ben)
    setting.say(ada, room)
    stranger = sqlite3.connect(tmp_path / "hearth.db", isolation_level=None, timeout=0)
    turn = FileLock(tmp_path / "hearth.db.writing")
    if how == "database":
        stranger.execute("BEGIN EXCLUSIVE")
    else:
        assert turn.take(wait=False)
    refusals = _refusals(setting, ada, room, 20)
    batches = {id(refusal) for refusal in refusals}
    assert len(batches) < 10, "all of a batch are refused together, not each after a wait of its own"
    assert {(one.code, one.retryable, one.retry_after_s) for one in refusals} == {(ErrorCode.UNAVAILABLE, True, 1.0)}
    assert _stored(setting, ben, room) == ([1], 4), "others keep reading"
    stranger.close()
    turn.close()
    assert setting.say(ada, room).position == 2
    assert len(setting.told("new_message", ben)) == 2
    setting.close()


def test_without_room_on_the_disk(
    setting: Setting, ada: Actor, ben: Actor, direct: int, expected_logs: ExpectLog
) -> None:
    """The size allowed stands for the disk: SQLite answers both alike."""
    expected_logs("the database refused a transaction: .*full")
    setting.say(ada, direct)
    writing = setting.database._backend.writing  # noqa: SLF001 - the limit is each writing connection's own
    room_for = [setting.database.write(lambda unit: unit.connection.exec_driver_sql("PRAGMA page_count").scalar_one())]

    def limit(connection: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {room_for[0]}").close()

    event.listen(writing, "connect", lambda connection, _: limit(connection))
    setting.database.write(lambda unit: limit(unit.connection.connection))
    refusals = _refusals(setting, ada, direct, 20)
    assert {(one.code, one.status) for one in refusals} == {(ErrorCode.STORAGE_FULL, 507)}
    assert _stored(setting, ben, direct) == ([1], 4)
    with setting.database.read() as snapshot:
        assert snapshot.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    room_for[0] = 100_000
    setting.database.write(lambda unit: limit(unit.connection.connection))
    assert setting.say(ada, direct).position == 2
    assert len(setting.told("new_message", ben)) == 2
