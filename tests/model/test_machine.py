"""The protocol's stories end well, and would not if the promises were broken: each break planted here is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase
from msgspec import structs

from desktop.cache import cache_form, message_cache
from desktop.cache.outbox_file import SqliteOutboxFile
from desktop.core import carrier
from desktop.core.outbox import Outbox, Waiting
from desktop.core.ports import OutboxEntry
from desktop.core.progress import Progress
from desktop.core.store import Held
from desktop.core.sync import SyncLoop
from desktop.core.updates import Cursor, Update
from protocol.commands import SendMessage
from protocol.ids import new_uid
from tests.model.machine import Stories
from tests.model.stories import model_server, tell_stories

Plant = Callable[[pytest.MonkeyPatch], None]


# One that ends badly is told again and again until it is short, which is what makes it worth reading.
@pytest.mark.timeout(600)
def test_three_hundred_stories_end_well() -> None:
    tell_stories(300)


def a_retry_has_a_uid_of_its_own(patch: pytest.MonkeyPatch) -> None:
    as_it_is = carrier._send  # noqa: SLF001 - the one place where a message becomes a command

    def send(entry: OutboxEntry) -> SendMessage:
        return structs.replace(as_it_is(entry), uid=new_uid())

    patch.setattr(carrier, "_send", send)


def gaps_are_skipped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Progress, "note", Progress.reach)


def nobody_compares(patch: pytest.MonkeyPatch) -> None:
    async def forget(_loop: SyncLoop) -> None:
        """Ask nothing."""

    patch.setattr(SyncLoop, "_compare", forget)


def the_outbox_is_not_written(patch: pytest.MonkeyPatch) -> None:
    async def lose(_file: SqliteOutboxFile, _entry: object) -> None:
        """Write nothing."""

    patch.setattr(SqliteOutboxFile, "put", lose)


def the_newest_goes_first(patch: pytest.MonkeyPatch) -> None:
    def last(outbox: Outbox, conversation_id: int) -> Waiting | None:
        waiting = [w for w in outbox.all() if w.entry.conversation_id == conversation_id]
        return next((w for w in reversed(waiting) if w.entry.state == "queued"), None)

    patch.setattr(Outbox, "next_due", last)


def the_cache_forgets_rows_but_not_how_far(patch: pytest.MonkeyPatch) -> None:
    put = cache_form.put

    def half(connection: Any, update: Update, reached: Any) -> None:
        put(connection, Update(conversations=update.conversations, followed=update.followed), reached)

    patch.setattr(message_cache, "put", half)


PLANTED: list[Plant] = [
    a_retry_has_a_uid_of_its_own,
    gaps_are_skipped,
    nobody_compares,
    the_outbox_is_not_written,
    the_newest_goes_first,
    the_cache_forgets_rows_but_not_how_far,
]


@pytest.mark.allow_logs(".")
@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_broken_promise_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        tell_stories(100, phases=[Phase.generate], derandomize=True)


def test_a_tick_that_goes_back_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def take(held: Held, cursor: Cursor) -> bool:
        held.cursors[cursor.user_id] = cursor
        return True

    monkeypatch.setattr(Held, "merge_cursor", take)
    with model_server() as server:
        story = type("Story", (Stories,), {"server": server})()
        try:
            with pytest.raises(AssertionError, match="a tick went back"):
                story.shuffle(0, 0, [(True, "read"), (True, "read")], ["last"] * 6)
        finally:
            story.world.close()
