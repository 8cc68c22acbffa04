"""Drafts and choices on disk: there after any end, and never in the way where the disk refuses."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

from desktop.cache.outbox_file import SqliteOutboxFile
from desktop.cache.own_file import FILE_NAME, SqliteOwnFile
from desktop.core.own_ports import KeptDraft, OwnKept
from protocol.commands import PatchOwn
from protocol.shapes import Draft
from tests.conftest import ExpectLog
from tests.desktop.core.talk import Talk
from tests.desktop.doubles import until

T = TypeVar("T")

DRAFT = KeptDraft(1, "Hello", "uid", 5, known=True, offered=Draft(content="Hi", written_at="x"), offered_until_ms=9)


def with_file(folder: Path, work: Callable[[SqliteOwnFile], Coroutine[None, None, T]]) -> T:
    """What `work` gives on the file in a folder."""

    async def whole() -> T:
        file = SqliteOwnFile(folder)
        try:
            return await work(file)
        finally:
            await file.close()

    return asyncio.run(whole())


def test_what_is_kept_is_there_again_and_what_is_answered_is_not(tmp_path: Path) -> None:
    async def keep(file: SqliteOwnFile) -> None:
        assert not (await file.load()).drafts
        await file.keep_draft(KeptDraft(1, "Hell", None, 4))
        await file.keep_draft(DRAFT)
        await file.keep_draft(KeptDraft(2, "", None, 6))
        await file.forget_draft(2)
        await file.keep_choice(1, PatchOwn(pinned=True, muted_until=None))
        await file.keep_choice(2, PatchOwn(archived=True))
        await file.keep_choice(2, None)

    async def load(file: SqliteOwnFile) -> OwnKept:
        return await file.load()

    with_file(tmp_path, keep)
    assert with_file(tmp_path, load) == OwnKept([DRAFT], {1: PatchOwn(pinned=True, muted_until=None)})


def test_a_row_that_makes_no_sense_spoils_no_other(tmp_path: Path, expected_logs: ExpectLog) -> None:
    async def load(file: SqliteOwnFile) -> OwnKept:
        await file.keep_draft(DRAFT)
        return await file.load()

    with_file(tmp_path, load)
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("INSERT INTO drafts VALUES (7, '{')")
    connection.close()
    expected_logs("conversation 7 in drafts cannot be read")
    assert with_file(tmp_path, load).drafts == [DRAFT]


def test_a_disk_that_refuses_is_told_in_the_log_alone(tmp_path: Path, expected_logs: ExpectLog) -> None:
    (tmp_path / FILE_NAME).mkdir()

    async def work(file: SqliteOwnFile) -> OwnKept:
        await file.keep_draft(DRAFT)
        return await file.load()

    expected_logs("drafts and choices cannot be kept")
    assert with_file(tmp_path, work) == OwnKept()


async def type_and_die(folder: Path) -> None:
    """Type, choose, and be killed once both are on disk, with nobody on the line."""
    talk = Talk()
    talk.server.cut()
    session = talk.server.session(talk.anna, SqliteOutboxFile(folder))
    await session.start()
    session.drafts.keep(talk.identity, "Half a sen")
    await session.choices.set(talk.identity, PatchOwn(pinned=True))
    saved = asyncio.Event()
    keep = SqliteOwnFile.keep_draft

    async def keep_and_tell(file: SqliteOwnFile, draft: KeptDraft) -> None:
        await keep(file, draft)
        saved.set()

    with patch.object(SqliteOwnFile, "keep_draft", keep_and_tell):
        await saved.wait()
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_was_typed_a_second_ago_survives_a_kill(tmp_path: Path) -> None:
    code = f"import asyncio, pathlib, {__name__} as it; asyncio.run(it.type_and_die(pathlib.Path({str(tmp_path)!r})))"
    path = os.pathsep.join(filter(None, sys.path))
    killed = subprocess.run(
        [sys.executable, "-c", code], check=False, timeout=60, env={**os.environ, "PYTHONPATH": path}
    )
    assert killed.returncode == -signal.SIGKILL

    async def story() -> None:
        talk = Talk()
        session = talk.server.session(talk.anna, SqliteOutboxFile(tmp_path))
        await session.start()
        draft = session.drafts.get(talk.identity)
        assert draft is not None
        assert draft.content == "Half a sen"
        await until(lambda: talk.server.conversations[talk.identity].own_of(1).draft is not None)
        await until(lambda: talk.server.conversations[talk.identity].own_of(1).pinned)
        await session.close()

    asyncio.run(story())
