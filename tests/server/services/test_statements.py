"""What the services ask of the database: every query on an index, and no more of them for more rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from protocol.commands import Digest, MarkAsRead, Page, PatchMessage, SentFile, Sync, Verify
from protocol.ids import new_uid
from server.services.ports import Actor
from tests.server.services.setting import Setting

_TABLE_SCAN = re.compile(r"SCAN (?!\(subquery|anon_|asked|CONSTANT)")
"""Walking a whole table, also in the order of an index. What a subquery found or the caller gave may be walked."""


@contextmanager
def _statements() -> Iterator[list[tuple[str, Any]]]:
    """The statements run inside the block, with their values."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        if statement.split(maxsplit=1)[0] in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"):
            seen.append((statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def _count(act: Callable[[], object]) -> int:
    """How many statements an act takes."""
    with _statements() as seen:
        act()
    return len(seen)


def _everything(setting: Setting, ada: Actor, ben: Actor) -> None:
    """Each service's each way through."""
    room = setting.direct(ada, ben)
    first = setting.say(ada, room, "one", uid=new_uid(), mentions=[ben.user_id])
    setting.say(ada, room, "one", uid=first.uid, mentions=[ben.user_id])
    file = setting.say(ben, room, "two", reply_to_uid=first.uid, file_url=setting.upload(ben).file_url).attachments[0]
    setting.say(ada, room, "three", attachments=[SentFile(file_url=file.file_url)])
    setting.uploads.open(ada, file.file_url.split("/")[3])
    for page in (Page(), Page(limit=2), Page(before=3), Page(after=1), Page(around=2)):
        setting.messages.page(ada, room, page)
    setting.messages.get(ben, first.message_id)
    setting.read(ben, room, 1)
    setting.cursors.mark_as_read(ada, MarkAsRead(message_id=file.message_id or 0))
    setting.cursors.patch(ben, first.message_id, PatchMessage(is_read=False))
    setting.conversations.list_for(ada, ada.user_id)
    setting.conversations.get(ada, room)
    answer = setting.sync.sync(ada, Sync())
    setting.sync.sync(ada, Sync(user_version=1, versions={str(room): 3}))
    setting.sync.digest(ada, Digest(epoch=answer.epoch, count=1, sum=1))
    setting.sync.verify(ada, Verify(uids=[first.uid]))
    setting.sync.greeting(ada)
    setting.access.contacts(ada.user_id)


def test_every_query_is_on_an_index(setting: Setting, ada: Actor, ben: Actor) -> None:
    with _statements() as seen:
        _everything(setting, ada, ben)
    assert len({statement for statement, _ in seen}) > 30
    with setting.database.read() as snapshot:
        for statement, values in seen:
            plan = snapshot.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            steps = [row.detail for row in plan]
            assert not [step for step in steps if _TABLE_SCAN.match(step)], f"{statement}\n{steps}"


def test_a_page_takes_as_many_statements_for_many_rows_as_for_few(setting: Setting, ada: Actor, ben: Actor) -> None:
    room = setting.direct(ada, ben)
    quoted = setting.say(ada, room, "quoted")

    def one_of_each() -> None:
        setting.say(ben, room, "reply", reply_to_uid=quoted.uid, file_url=setting.upload(ben).file_url)
        setting.read(ada, room)

    one_of_each()
    few = _count(lambda: setting.messages.page(ada, room, Page()))
    for _ in range(12):
        one_of_each()
    assert _count(lambda: setting.messages.page(ada, room, Page())) == few <= 6


def test_a_list_takes_as_many_statements_for_many_conversations_as_for_few(setting: Setting, ada: Actor) -> None:
    def another(number: int) -> None:
        setting.say(ada, setting.direct(ada, setting.person(f"friend{number}")))

    another(0)
    few = _count(lambda: setting.conversations.list_for(ada, ada.user_id))
    for number in range(1, 9):
        another(number)
    assert _count(lambda: setting.conversations.list_for(ada, ada.user_id)) == few <= 8


def test_a_sync_takes_as_many_statements_for_many_conversations_as_for_few(setting: Setting, ada: Actor) -> None:
    def another(number: int) -> None:
        setting.say(ada, setting.direct(ada, setting.person(f"friend{number}")))

    another(0)
    few = _count(lambda: setting.sync.sync(ada, Sync()))
    for number in range(1, 9):
        another(number)
    assert _count(lambda: setting.sync.sync(ada, Sync())) == few


def test_a_send_takes_a_handful_of_statements(setting: Setting, ada: Actor, ben: Actor) -> None:
    room = setting.direct(ada, ben)
    for _ in range(30):
        setting.say(ben, room)
    assert _count(lambda: setting.say(ada, room)) <= 6
