"""The cache's file through kills, rot, newer programs and full disks: behind or empty, never wrong or in the way."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from desktop.cache import message_cache
from desktop.cache.message_cache import FILE_NAME, MessageCache, forget_cache
from desktop.core.ports import CachedPage, CachedState, Reached
from desktop.core.quotes import quote_of
from desktop.core.updates import Cursor, Update
from protocol.times import to_wire
from tests.desktop.cache.messages import ANNA, BEN, ME, NOON_MS, TALK, message, saved

Story = Callable[[], Coroutine[Any, Any, None]]

WRITER = """
import asyncio, sys
from pathlib import Path
from desktop.cache import message_cache
from tests.desktop.cache.messages import message, saved

message_cache.WRITE_AFTER_S = 0.001

async def main():
    cache = message_cache.MessageCache(Path(sys.argv[1]), 1)
    await cache.load()
    for version in range(1, 10**6):
        cache.save(*saved(message(version)))
        if version % 7 == 0:
            await asyncio.sleep(0.001)
        if version == 300:
            print("writing", flush=True)

asyncio.run(main())
"""


def run(story: Story) -> None:
    asyncio.run(asyncio.wait_for(story(), 30))


async def left_in(folder: Path) -> tuple[CachedState, CachedPage]:
    """What another start finds."""
    cache = MessageCache(folder, ME)
    state = await cache.load()
    page = await cache.page(TALK, "newest", 0, 10_000)
    await cache.close()
    return state, page


def positions(page: CachedPage) -> list[int]:
    return [one.position for one in page.messages]


def followed(state: CachedState) -> dict[int, int]:
    return {step.conversation_id: step.version for step in state.rows.followed}


def test_what_was_saved_is_there_again(tmp_path: Path) -> None:
    async def story() -> None:
        cache = MessageCache(tmp_path, ME)
        assert (await cache.load()).epoch is None
        assert await cache.begin_epoch("first", 0) == []
        cache.save(*saved(message(1), message(2, text="Grüße 👋\x00")))
        page = await cache.page(TALK, "newest", 0, 10)
        assert page.messages[0] == message(1)
        await cache.close()
        state, page = await left_in(tmp_path)
        assert (state.epoch, followed(state), positions(page)) == ("first", {TALK: 2}, [1, 2])
        assert state.rows.users == (BEN,)

    run(story)
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    assert not (tmp_path / f"{FILE_NAME}-wal").exists()


def test_after_a_kill_no_progress_is_without_its_rows(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    for round_number in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=root
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "writing\n"
            time.sleep(round_number * 0.05)  # Each time at another moment of its work.
            child.kill()

        async def story() -> None:
            state, page = await left_in(tmp_path)
            reached = followed(state).get(TALK, 0)
            assert reached > 0
            assert set(range(1, reached + 1)) <= set(positions(page))

        run(story)


def test_a_broken_file_is_set_aside_and_begun_anew(tmp_path: Path, expected_logs: Callable[[str], None]) -> None:
    expected_logs("cache.sqlite3 was broken")
    (tmp_path / FILE_NAME).write_bytes(b"no database at all" * 1000)

    async def story() -> None:
        cache = MessageCache(tmp_path, ME)
        assert followed(await cache.load()) == {}
        cache.save(*saved(message(1)))
        await cache.close()

    async def next_start() -> None:
        state, page = await left_in(tmp_path)
        assert (followed(state), positions(page)) == ({TALK: 1}, [1])

    run(story)
    assert list(tmp_path.glob(f"{FILE_NAME}.broken-*"))
    run(next_start)
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
    forget_cache(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_rows_that_make_no_sense_are_set_aside_too(tmp_path: Path, expected_logs: Callable[[str], None]) -> None:
    expected_logs("cache.sqlite3 was broken")

    async def story() -> None:
        cache = MessageCache(tmp_path, ME)
        cache.save(*saved(message(1)))
        await cache.close()
        with sqlite3.connect(tmp_path / FILE_NAME) as file:
            file.execute("UPDATE users SET body=x'00'")
        cache = MessageCache(tmp_path, ME)
        assert await cache.load() == CachedState(Update())
        cache.save(*saved(message(2)))
        await cache.close()
        state, page = await left_in(tmp_path)
        assert (followed(state), positions(page)) == ({TALK: 2}, [2])

    run(story)


def test_a_page_that_cannot_be_read_ends_the_cache_for_this_run(
    tmp_path: Path, expected_logs: Callable[[str], None]
) -> None:
    expected_logs("cache.sqlite3 was broken")

    async def story() -> None:
        cache = MessageCache(tmp_path, ME)
        await cache.begin_epoch("first", 0)
        cache.save(*saved(message(1), message(2)))
        await cache.close()
        with sqlite3.connect(tmp_path / FILE_NAME) as file:
            file.execute("UPDATE messages SET body=x'00' WHERE position=2")
        cache = MessageCache(tmp_path, ME)
        assert await cache.page(TALK, "newest", 0, 10) == CachedPage()
        # What was followed before is not in a new file: nothing may be written into one.
        cache.save(*saved(message(3)))
        assert await cache.page(TALK, "newest", 0, 10) == CachedPage()
        await cache.close()
        state, page = await left_in(tmp_path)
        assert (followed(state), positions(page)) == ({}, [])

    run(story)


def test_the_file_of_a_newer_hearth_is_set_aside(tmp_path: Path, expected_logs: Callable[[str], None]) -> None:
    expected_logs("the file has form 99, this program knows 3")

    async def story() -> None:
        cache = MessageCache(tmp_path, ME)
        cache.save(*saved(message(1)))
        await cache.close()
        with sqlite3.connect(tmp_path / FILE_NAME) as file:
            file.execute("PRAGMA user_version=99")
        state, page = await left_in(tmp_path)
        assert (followed(state), positions(page)) == ({}, [])

    run(story)


def test_a_full_disk_is_told_once_and_made_good_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected_logs: Callable[[str], None]
) -> None:
    expected_logs("Hearth goes on without it: database or disk is full")
    monkeypatch.setattr(message_cache, "RETRY_AFTER_S", 0.01)

    async def story() -> None:
        cache = MessageCache(tmp_path, ME)
        cache.save(*saved(message(1)))
        assert positions(await cache.page(TALK, "newest", 0, 10)) == [1]
        await _limit_pages(cache, 1)
        for number in range(2, 30):
            cache.save(*saved(message(number, text="x" * 5000)))
            await asyncio.sleep(0.005)
        assert await cache.page(TALK, "newest", 0, 10) == CachedPage()
        await _limit_pages(cache, 2**30)
        await asyncio.sleep(0.1)
        assert positions(await cache.page(TALK, "newest", 0, 50)) == list(range(1, 30))
        await cache.close()
        state, page = await left_in(tmp_path)
        assert (followed(state), positions(page)) == ({TALK: 29}, list(range(1, 30)))

    run(story)


def test_a_disk_that_stays_full_costs_no_memory_and_no_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected_logs: Callable[[str], None]
) -> None:
    expected_logs("Hearth goes on without it")
    monkeypatch.setattr(message_cache, "WAITING_MOST", 10)

    async def story() -> None:
        cache = MessageCache(tmp_path, ME)
        cache.save(*saved(message(1)))
        await cache.page(TALK, "newest", 0, 10)
        await _limit_pages(cache, 1)
        for number in range(2, 40):
            cache.save(*saved(message(number, text="x" * 5000)))
            await cache.page(TALK, "newest", 0, 10)
        await _limit_pages(cache, 2**30)
        cache.save(*saved(message(40)))
        await cache.close()
        state, page = await left_in(tmp_path)
        assert (followed(state), positions(page)) == ({TALK: 1}, [1])

    run(story)


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path, expected_logs: Callable[[str], None]) -> None:
    expected_logs("Hearth goes on without it")

    async def story() -> None:
        (tmp_path / "account").write_text("no folder")
        cache = MessageCache(tmp_path / "account", ME)
        assert await cache.load() == CachedState(Update())
        cache.save(*saved(message(1)))
        assert await cache.begin_epoch("first", 0) == []
        assert await cache.page(TALK, "newest", 0, 10) == CachedPage()
        await cache.close()

    run(story)


def test_deleted_words_are_nowhere_in_the_files(tmp_path: Path) -> None:
    secret = "the secret that was taken back"

    async def story() -> None:
        cache = MessageCache(tmp_path, ME)
        cache.save(*saved(message(1, text=secret), message(2)))
        await cache.page(TALK, "newest", 0, 10)
        assert secret.encode() in _bytes_in(tmp_path)
        gone = message(1, version=3, deleted_at=to_wire(NOON_MS))
        cache.save(Update(messages=(structs.replace(gone, content=None),)), Reached({TALK: 3}))
        await cache.page(TALK, "newest", 0, 10)
        assert secret.encode() not in _bytes_in(tmp_path)
        cache.save(Update(gone=(TALK,)), Reached())
        await cache.page(TALK, "newest", 0, 10)
        assert b"text 2" not in _bytes_in(tmp_path)
        await cache.close()

    run(story)


@pytest.mark.parametrize("form", [1, 2])
def test_deleted_words_are_quoted_nowhere_in_the_files(tmp_path: Path, form: int) -> None:
    secret = "the secret that was taken back"

    async def story() -> None:
        cache = MessageCache(tmp_path, ME)
        told = message(1, text=secret)
        cache.save(*saved(told, message(2, reply_to=quote_of(told)), message(3)))
        await cache.page(TALK, "newest", 0, 10)
        await cache.close()
        if form == 1:
            _make_form_1(tmp_path)
        cache = MessageCache(tmp_path, ME)
        gone = structs.replace(told, content=None, version=4, deleted_at=to_wire(NOON_MS))
        cache.save(Update(messages=(gone,)), Reached({TALK: 4}))
        (_, answer, _) = (await cache.page(TALK, "newest", 0, 10)).messages
        assert (answer.version, answer.reply_to) == (2, quote_of(gone))
        assert secret.encode() not in _bytes_in(tmp_path)
        # The answer as it was told before comes late, from a page that was on its way.
        late = message(5, version=3, reply_to=quote_of(told))
        cache.save(Update(messages=(late,)), Reached())
        assert (await cache.page(TALK, "newest", 0, 1)).messages[0].reply_to == quote_of(gone)
        await cache.close()
        assert secret.encode() not in _bytes_in(tmp_path)

    run(story)


def _make_form_1(folder: Path) -> None:
    """The file as it was before answers could be found by what they answer."""
    with sqlite3.connect(folder / FILE_NAME) as file:
        for trigger in ("enter", "leave", "change"):
            file.execute(f"DROP TRIGGER messages_{trigger}")
        file.execute("DROP TABLE search")
        file.execute("DROP INDEX messages_answers")
        file.execute("ALTER TABLE messages DROP COLUMN reply_uid")
        file.execute("PRAGMA user_version=1")
    file.close()


def test_another_history_leaves_only_ones_own_words_of_the_last_days(tmp_path: Path) -> None:
    async def story() -> None:
        cache = MessageCache(tmp_path, ME)
        await cache.begin_epoch("first", 0)
        mine = [message(number, sender=ANNA) for number in (1, 3, 5)]
        cache.save(*saved(mine[0], message(2), mine[1], message(4), mine[2]))
        cache.save(Update(cursors=(Cursor(TALK, ME, 4),)), Reached())
        assert await cache.begin_epoch("first", 0) == []
        entries = await cache.begin_epoch("second", NOON_MS + 2)
        assert [(entry.uid, entry.text) for entry in entries] == [("uid-3", "text 3"), ("uid-5", "text 5")]
        await cache.close()
        state, page = await left_in(tmp_path)
        assert (state.epoch, followed(state), positions(page)) == ("second", {}, [])
        assert {entry.uid for entry in state.unverified} == {"uid-3", "uid-5"}
        cache = MessageCache(tmp_path, ME)
        cache.verified(["uid-3"])
        await cache.close()
        state, _ = await left_in(tmp_path)
        assert [entry.uid for entry in state.unverified] == ["uid-5"]

    run(story)


def test_a_place_is_one_messages_for_life(tmp_path: Path) -> None:
    """An answer of a restored server that is faster than its greeting must not overwrite one's own words."""

    async def story() -> None:
        cache = MessageCache(tmp_path, ME)
        await cache.begin_epoch("first", 0)
        cache.save(*saved(message(1, sender=ANNA)))
        cache.save(*saved(structs.replace(message(1, version=9, text="of another history", sender=ANNA), uid="other")))
        entries = await cache.begin_epoch("second", NOON_MS)
        assert [(entry.uid, entry.text) for entry in entries] == [("uid-1", "text 1")]
        await cache.close()

    run(story)


async def _limit_pages(cache: MessageCache, pages: int) -> None:
    """Let the file grow to so many pages: SQLite's own way to refuse as a full disk does."""

    def limit(connection: sqlite3.Connection) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    await cache._database.run(limit)  # noqa: SLF001 - there is no full disk at hand


def _bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())
