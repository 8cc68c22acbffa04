"""What a timeline shows is derived: groups, days, holes, the divider, ticks."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from desktop.core.bubble import Bubble, DayLine, Hole, Row, Tick, UnreadLine
from desktop.core.listops import Facet
from desktop.core.outbox import Waiting
from desktop.core.ports import Clock, LocalFile, OutboxEntry
from desktop.core.rows import Divider, RowDeriver, facets_between
from desktop.core.store import Store
from desktop.core.updates import Cursor, Update
from protocol.ids import new_uid
from protocol.shapes import Attachment, Message, User
from protocol.times import from_wire, to_wire

ME = User(user_id=1, username="anna", display_name="Anna")
BEN = User(user_id=2, username="ben", display_name="Ben")
NOON = from_wire("2026-11-20T12:00:00.000Z")
MINUTE = 60_000


def message(position: int, at_ms: int, sender: User = BEN, **fields: Any) -> Message:
    return Message(
        message_id=position,
        uid=new_uid(),
        conversation_id=1,
        position=position,
        version=position,
        sender_id=sender.user_id,
        sender=sender,
        content=f"text {position}",
        created_at=to_wire(at_ms),
        **fields,
    )


class Shown:
    """A deriver over a store with these messages; `zone_s` east of Greenwich."""

    def __init__(self, *messages: Message, zone_s: int = 0) -> None:
        self.store = Store()
        self.store.merge(Update(messages=messages, users=(ME,)))
        clock = Clock(now_ms=lambda: NOON, local_offset_s=lambda _at_ms: zone_s)
        self.deriver = RowDeriver(self.store, ME.user_id, clock)

    def rows(self, *entries: Waiting, divider: Divider | None = None) -> list[Row]:
        return self.deriver.derive(self.store.of(1), 1, None, entries, divider)

    def groups(self) -> list[tuple[bool, bool]]:
        return [(row.first_in_group, row.last_in_group) for row in self.rows() if isinstance(row, Bubble)]


ALONE, FIRST, MIDDLE, LAST = (True, True), (True, False), (False, False), (False, True)


def test_one_senders_messages_within_five_minutes_are_a_group() -> None:
    steps = [0, 1, 6, 11.1]
    shown = Shown(*(message(n + 1, NOON + round(minutes * MINUTE)) for n, minutes in enumerate(steps)))
    assert shown.groups() == [FIRST, MIDDLE, LAST, ALONE]


def test_another_sender_ends_a_group_and_a_system_line_stands_alone() -> None:
    shown = Shown(message(1, NOON), message(2, NOON, ME), message(3, NOON, ME), message(4, NOON, ME, type="system"))
    assert shown.groups() == [ALONE, FIRST, LAST, ALONE]


def test_a_new_day_has_its_line_at_local_midnight_and_ends_groups() -> None:
    before, after = NOON + 9 * 60 * MINUTE + 58 * MINUTE, NOON + 10 * 60 * MINUTE + MINUTE
    shown = Shown(message(1, before), message(2, after), zone_s=2 * 3600)
    rows = shown.rows()
    assert [type(row) for row in rows] == [DayLine, Bubble, DayLine, Bubble]
    lines = [row for row in rows if isinstance(row, DayLine)]
    assert [line.key for line in lines] == ["day:2026-11-20", "day:2026-11-21"]
    assert [to_wire(line.at_ms) for line in lines] == ["2026-11-19T22:00:00.000Z", "2026-11-20T22:00:00.000Z"]
    assert shown.groups() == [ALONE, ALONE]


def test_a_day_that_comes_again_keeps_the_keys_apart() -> None:
    day = 24 * 60 * MINUTE
    rows = Shown(message(1, NOON), message(2, NOON + day), message(3, NOON)).rows()
    assert len({row.key for row in rows}) == len(rows)


def test_what_is_not_held_is_a_hole_and_no_neighbourhood() -> None:
    shown = Shown(message(1, NOON), message(2, NOON), message(7, NOON))
    assert [row for row in shown.rows() if isinstance(row, Hole)] == [Hole("hole:2", 2, 7)]
    assert shown.groups() == [FIRST, LAST, ALONE]


def test_the_divider_stands_before_the_first_unread_message() -> None:
    shown = Shown(*(message(n, NOON) for n in (1, 2, 3)))
    rows = shown.rows(divider=Divider(2, 2))
    assert rows[2] == UnreadLine("unread", 2)
    assert [row.key for row in shown.rows(divider=Divider(9, 2)) if isinstance(row, UnreadLine)] == []


def test_ticks_follow_the_furthest_other_reader() -> None:
    shown = Shown(message(1, NOON, ME), message(2, NOON, ME), message(3, NOON))
    assert [row.tick for row in shown.rows() if isinstance(row, Bubble)] == [Tick.SENT, Tick.SENT, Tick.NONE]
    shown.store.merge(Update(cursors=(Cursor(1, 2, 1), Cursor(1, ME.user_id, 3))))
    assert [row.tick for row in shown.rows() if isinstance(row, Bubble)] == [Tick.READ, Tick.SENT, Tick.NONE]


def test_the_outbox_stands_last_with_its_local_files() -> None:
    entry = OutboxEntry(
        "u", 1, 1, "caption", paths=("C:\\my\\photo.jpg",), local=(LocalFile(5, 40, 30),), created_ms=NOON
    )
    row = Shown(message(1, NOON)).rows(Waiting(entry, progress=0.25))[-1]
    assert isinstance(row, Bubble)
    assert (row.type, row.tick, row.position, row.sender_name) == ("image", Tick.WAITING, None, "Anna")
    file = row.files[0]
    assert (file.name, file.size, file.width, file.height, file.progress) == ("photo.jpg", 5, 40, 30, 0.25)


def test_an_attachment_is_shown_by_its_type() -> None:
    types = ["image/webp", "video/mp4", "image/svg+xml", "text/html"]
    attachments = [
        Attachment(attachment_id=n, file_url=f"/api/files/{n}/x", file_name="x", file_type=kind, file_size=1)
        for n, kind in enumerate(types)
    ]
    row = Shown(message(1, NOON, attachments=attachments)).rows()[-1]
    assert isinstance(row, Bubble)
    assert [file.kind for file in row.files] == ["image", "video", "file", "file"]


def test_what_is_missing_above_everything_held_is_a_hole_too() -> None:
    shown = Shown(message(4, NOON), message(5, NOON))
    assert shown.rows()[0] == Hole("hole:0", 0, 4)
    shown.store.merge(Update(messages=tuple(message(n, NOON) for n in (1, 2, 3))))
    assert not any(isinstance(row, Hole) for row in shown.rows())


def test_what_does_not_change_stays_the_same_object() -> None:
    shown = Shown(*(message(n, NOON + n * MINUTE, ME) for n in range(1, 6)))
    before = [row for row in shown.rows() if isinstance(row, Bubble)]
    shown.store.merge(Update(cursors=(Cursor(1, 2, 1),)))
    after = [row for row in shown.rows() if isinstance(row, Bubble)]
    assert [was is now for was, now in zip(before, after, strict=True)] == [False, True, True, True, True]


@pytest.mark.parametrize(
    ("change", "facets"),
    [
        ({"content": "other", "edited_at": "2026-11-20T12:00:00.000Z"}, {Facet.LAYOUT}),
        ({"is_read": True}, {Facet.TICK}),
        ({}, set()),
    ],
)
def test_facets_say_what_must_be_painted_and_what_laid_out(change: dict[str, Any], facets: set[Facet]) -> None:
    shown = Shown(message(1, NOON, ME))
    before = shown.rows()[-1]
    shown.store.merge(Update(messages=(structs.replace(shown.store.of(1).messages[1], version=9, **change),)))
    assert facets_between(before, shown.rows()[-1]) == frozenset(facets)


def test_a_failure_needs_another_layout_and_progress_only_paint() -> None:
    entry = OutboxEntry("u", 1, 1, "", paths=("a.bin",), created_ms=NOON)
    failed = OutboxEntry("u", 1, 1, "", paths=("a.bin",), created_ms=NOON, state="failed", failure="No.")
    shown = Shown()
    rows = [
        shown.rows(waiting)[-1]
        for waiting in (Waiting(entry), Waiting(entry, 0.1), Waiting(entry, 0.2), Waiting(failed))
    ]
    assert facets_between(rows[1], rows[2]) == frozenset({Facet.PROGRESS})
    assert Facet.LAYOUT in facets_between(rows[0], rows[1])
    assert facets_between(rows[2], rows[3]) >= frozenset({Facet.LAYOUT, Facet.TICK})
