"""The outbox on disk: there after a crash, readable by its user alone, and never lost with a broken file."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from desktop.cache.outbox_file import FILE_NAME, SqliteOutboxFile
from desktop.core.ports import LocalFile, OutboxEntry
from protocol.shapes import Attachment, ForwardedFrom, ReplyTo

T = TypeVar("T")
BIG = "long text " * 400


def entry(number: int, text: str = "text") -> OutboxEntry:
    attachment = Attachment(attachment_id=1, file_url="/api/files/a/b", file_name="b", file_type="c/d", file_size=3)
    return OutboxEntry(
        uid=f"uid-{number}",
        conversation_id=7,
        place=number,
        text=text,
        paths=("/one", "/two"),
        local=(LocalFile(3, 4, 5), LocalFile(6)),
        uploaded=(attachment,),
        created_ms=number * 1000,
        reply_to_uid="other",
    )


def with_file(folder: Path, work: Callable[[SqliteOutboxFile], Coroutine[Any, Any, T]]) -> T:
    """Do something with the file, then close it."""

    async def whole() -> T:
        file = SqliteOutboxFile(folder)
        try:
            return await work(file)
        finally:
            await file.close()

    return asyncio.run(whole())


def loaded(folder: Path) -> list[OutboxEntry]:
    return with_file(folder, lambda file: file.load())


async def put_all(file: SqliteOutboxFile, *entries: OutboxEntry) -> None:
    for one in entries:
        await file.put(one)


def test_entries_come_back_as_they_were_by_place(tmp_path: Path) -> None:
    entries = [entry(3), entry(1, "ä\n𝄞 \u202e"), entry(2)]
    with_file(tmp_path, lambda file: put_all(file, *entries))
    assert loaded(tmp_path) == sorted(entries, key=lambda one: one.place)


def test_what_changes_a_message_comes_back_as_it_was(tmp_path: Path) -> None:
    quote = ReplyTo(uid="other", message_id=0, sender_id=1, sender_name="", type="text", content="before")
    first = ForwardedFrom(sender_id=2, sender_name="Ben", created_at="2026-11-20T12:00:00.000Z")
    entries = [
        replace(entry(1), kind="edit", target_uid="uid-0", target_id=4, mentions=(3,), reply_to=quote),
        replace(entry(2), kind="react", target_uid="uid-0", emoji="👍", on=False),
        replace(entry(3), kind="forward", target_uid="uid-0", forwarded_from=first),
        replace(entry(4), kind="delete", target_uid="uid-0", text=""),
    ]
    with_file(tmp_path, lambda file: put_all(file, *entries))
    assert loaded(tmp_path) == entries


def test_a_file_from_before_there_were_changes_is_read(tmp_path: Path) -> None:
    old = {"uid": "uid-1", "conversation_id": 7, "place": 1, "text": "from then", "created_ms": 5, "kind": "send"}
    with sqlite3.connect(tmp_path / FILE_NAME) as file:
        file.execute(
            "CREATE TABLE outbox (uid TEXT PRIMARY KEY, conversation_id INTEGER NOT NULL, place INTEGER NOT NULL, "
            "body BLOB NOT NULL)"
        )
        file.execute("INSERT INTO outbox VALUES ('uid-1', 7, 1, ?)", (msgspec.json.encode(old),))
        file.execute("PRAGMA user_version=1")
    file.close()
    assert loaded(tmp_path) == [OutboxEntry(uid="uid-1", conversation_id=7, place=1, text="from then", created_ms=5)]
    with_file(tmp_path, lambda file: put_all(file, replace(entry(2), kind="delete", target_uid="uid-1")))
    assert [one.kind for one in loaded(tmp_path)] == ["send", "delete"]


def test_what_was_sent_stands_in_the_file_no_longer(tmp_path: Path) -> None:
    async def work(file: SqliteOutboxFile) -> None:
        await put_all(file, entry(1, "a word that is sent"))
        await file.remove("uid-1")

    with_file(tmp_path, work)
    assert b"a word that is sent" not in (tmp_path / FILE_NAME).read_bytes()


def test_an_entry_is_replaced_and_removed_by_its_uid(tmp_path: Path) -> None:
    async def work(file: SqliteOutboxFile) -> list[OutboxEntry]:
        await put_all(file, entry(1), entry(2), entry(1, "other"))
        await file.remove("uid-2")
        await file.remove("uid-2")
        return await file.load()

    assert with_file(tmp_path, work) == [entry(1, "other")]


def test_a_kept_file_outlives_the_app_while_an_entry_names_it(tmp_path: Path) -> None:
    async def keep(file: SqliteOutboxFile) -> list[Path]:
        needed, dropped = await file.keep("Pasted picture.png", b"one"), await file.keep("Pasted picture.png", b"two")
        await file.put(replace(entry(1), paths=(str(needed),)))
        return [needed, dropped]

    needed, dropped = with_file(tmp_path / "account", keep)
    assert (needed.read_bytes(), dropped.read_bytes()) == (b"one", b"two")
    assert loaded(tmp_path / "account")[0].paths == (str(needed),)
    assert needed.read_bytes() == b"one"
    assert not dropped.parent.exists()

    async def done(file: SqliteOutboxFile) -> None:
        await file.remove("uid-1")

    with_file(tmp_path / "account", done)
    assert loaded(tmp_path / "account") == []
    assert not needed.exists()


def test_only_its_user_can_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "account"
    previous = os.umask(0)
    try:
        with_file(folder, lambda file: file.put(entry(1)))
    finally:
        os.umask(previous)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / FILE_NAME).stat().st_mode) == 0o600


def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    async def work(file: SqliteOutboxFile) -> tuple[int, str]:
        return await file._database.run(  # noqa: SLF001 - what durability hangs on is asked of the real connection
            lambda connection: (
                connection.execute("PRAGMA synchronous").fetchone()[0],
                connection.execute("PRAGMA journal_mode").fetchone()[0],
            )
        )

    assert with_file(tmp_path, work) == (2, "wal")


WRITER = """
import asyncio, sys
from pathlib import Path
from desktop.cache.outbox_file import SqliteOutboxFile
from desktop.core.ports import OutboxEntry

async def main():
    file = SqliteOutboxFile(Path(sys.argv[1]))
    number = 0
    while True:
        number += 1
        await file.put(OutboxEntry(uid=f"uid-{number}", conversation_id=1, place=number, text="text"))
        print(number, flush=True)

asyncio.run(main())
"""


def test_a_killed_process_has_lost_nothing_that_it_was_told_is_written(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    ) as writer:
        assert writer.stdout is not None
        told = 0
        while told < 20:
            told = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        told = max([told, *(int(line) for line in writer.stdout.read().split("\n")[:-1])])
    found = loaded(tmp_path)
    assert [one.uid for one in found[:told]] == [f"uid-{number}" for number in range(1, told + 1)]
    assert len(found) - told <= 1


def test_a_broken_file_is_set_aside_and_what_can_be_read_is_saved(
    tmp_path: Path, expected_logs: Callable[[str], None]
) -> None:
    expected_logs("was broken")
    with_file(tmp_path, lambda file: put_all(file, *(entry(number, BIG) for number in range(1, 41))))
    path = tmp_path / FILE_NAME
    data = bytearray(path.read_bytes())
    damaged_at = len(data) * 3 // 4
    data[damaged_at : damaged_at + 8192] = bytes(range(256)) * 32
    path.write_bytes(bytes(data))
    found = loaded(tmp_path)
    assert 10 <= len(found) < 41
    assert all(one in [entry(number, BIG) for number in range(1, 41)] for one in found)
    assert loaded(tmp_path) == found
    aside = [other for other in tmp_path.iterdir() if ".broken-" in other.name and other.name[-1].isdigit()]
    assert [other.read_bytes() for other in aside] == [bytes(data)]


def test_a_file_that_is_none_is_set_aside(tmp_path: Path, expected_logs: Callable[[str], None]) -> None:
    expected_logs("0 rows were saved")
    (tmp_path / FILE_NAME).write_bytes(b"this is no database, and long enough to be taken for one" * 20)
    assert loaded(tmp_path) == []
    with_file(tmp_path, lambda file: file.put(entry(1)))
    assert loaded(tmp_path) == [entry(1)]


def test_a_file_of_a_newer_program_is_set_aside_with_its_entries_saved(
    tmp_path: Path, expected_logs: Callable[[str], None]
) -> None:
    expected_logs("has form 9")
    with_file(tmp_path, lambda file: file.put(entry(1)))
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("PRAGMA user_version=9")
    connection.close()
    assert loaded(tmp_path) == [entry(1)]


def test_an_entry_that_cannot_be_understood_does_not_hide_the_others(
    tmp_path: Path, expected_logs: Callable[[str], None]
) -> None:
    expected_logs("uid-1 of the outbox cannot be read")
    with_file(tmp_path, lambda file: put_all(file, entry(1), entry(2)))
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("UPDATE outbox SET body='{}' WHERE uid='uid-1'")
    connection.commit()
    connection.close()
    assert loaded(tmp_path) == [entry(2)]


def test_a_write_that_fails_has_written_nothing(tmp_path: Path) -> None:
    async def work(file: SqliteOutboxFile) -> list[OutboxEntry]:
        await file.put(entry(1))
        other = sqlite3.connect(tmp_path / FILE_NAME)
        other.execute("CREATE TRIGGER full BEFORE INSERT ON outbox BEGIN SELECT RAISE(FAIL, 'disk full'); END")
        other.close()
        with pytest.raises(sqlite3.Error, match="disk full"):
            await file.put(entry(2))
        return await file.load()

    assert with_file(tmp_path, work) == [entry(1)]
