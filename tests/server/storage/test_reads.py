"""When messages were first read: asked for a range of places, the answer is that of asking for each message."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import insert

from server.storage import members
from server.storage.messages import newest
from server.storage.tables import conversations, marks, messages, users
from server.storage.tables import members as seats
from server.storage.unit import Database, Unit

_PEOPLE = 5
_PLACES = 120


def _store(unit: Unit) -> None:
    """One group in which people have read at times of their own, some never, some far behind."""
    on = unit.connection
    for who in range(1, _PEOPLE + 1):
        name = f"person-{who}"
        names = {"username": name, "username_key": name, "display_name": name, "search_key": name}
        on.execute(insert(users).values(user_id=who, role="member", created_at=1, **names))
    group = {"kind": "group", "created_at": 1, "updated_at": 1, "member_count": _PEOPLE}
    on.execute(insert(conversations).values(conversation_id=1, **group))
    for who in range(1, _PEOPLE + 1):
        places = list(range(who, _PLACES + 1, (200, 90, 31, 3, 2)[who - 1]))[who == 1 :]
        seat = {"conversation_id": 1, "user_id": who, "role": "member", "joined_at": 1, "version": who}
        on.execute(insert(seats).values(read_position=places[-1] if places else 0, **seat))
        for turn, place in enumerate(places):
            on.execute(insert(marks).values(conversation_id=1, user_id=who, position=place, read_at=1000 * turn + who))
    for place in range(1, _PLACES + 1):
        said = {"uid": f"uid-{place}", "type": "text", "content": "hello", "content_hash": "", "created_at": 1}
        by = {"sender_id": place * place % _PEOPLE + 1, "conversation_id": 1, "position": place, "version": place}
        on.execute(insert(messages).values(message_id=3 * place, **said, **by))


def test_a_range_is_read_as_its_messages_are(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'hearth.db'}")
    try:
        database.migrate()
        database.write(_store)
        with database.read() as snapshot:
            room = members.seat(snapshot, 1, 1)
            assert room is not None
            found = 0
            for before in range(2, _PLACES + 2, 7):
                rows = newest(snapshot, room, 50, before=before)
                each = members.first_reads(snapshot, [row.message_id for row in rows])
                placed = [(row.position, row.message_id, row.sender_id) for row in rows]
                assert members.first_reads_within(snapshot, 1, placed) == each
                found += len(each)
            assert found > _PLACES
    finally:
        database.close()
