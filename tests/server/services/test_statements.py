"""What the services ask of the database: every query on an index, and no more of them for more rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from protocol.accounts import Login, PasswordChange, ProfileChange, Refresh, Register, UserQuery
from protocol.commands import (
    Digest,
    MarkAsRead,
    OpenGroup,
    Page,
    PatchConversation,
    PatchMember,
    PatchMessage,
    PutDraft,
    SearchQuery,
    SentFile,
    Sync,
    Verify,
)
from protocol.ids import new_uid
from protocol.shapes import Message
from server.services.house import House
from server.services.last_seen import LastSeen
from server.services.ports import Actor
from server.storage.unit import Database
from tests.server.conftest import HouseFactory
from tests.server.databases import POSTGRES
from tests.server.files import media
from tests.server.services.setting import Setting
from tests.server.services.statements import statements

_TABLE_SCAN = re.compile(r"SCAN (?!\(subquery|anon_|asked|CONSTANT|given|message_search)")
"""Walking a whole table, also in the order of an index. What a subquery found or the caller gave may be walked, and
what FTS5 calls so, and the one row that says how far it has come."""


def _count(act: Callable[[], object]) -> int:
    """How many statements an act takes."""
    with statements() as seen:
        act()
    return len(seen)


def _plan(database: Database, statement: str, values: Any) -> list[str]:
    """How SQLite goes about a statement."""
    with database.read() as snapshot:
        return [row.detail for row in snapshot.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]


def _postgres_plan(database: Database, statement: str, values: Any) -> list[str]:
    """How PostgreSQL goes about a statement, if it walks a table only where no index would do."""
    with database.read() as snapshot:
        snapshot.exec_driver_sql("SET LOCAL enable_seqscan = off")
        given = values[0] if isinstance(values, list) else values
        return list(snapshot.exec_driver_sql(f"EXPLAIN {statement}", given).scalars())


def _everything(setting: Setting, ada: Actor, ben: Actor, eve: Actor) -> None:
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
    _every_change(setting, ada, ben, first)
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
    _every_group_matter(setting, ada, ben, eve)


def _every_group_matter(setting: Setting, ada: Actor, ben: Actor, eve: Actor) -> None:
    """Groups, what is one's own, who sees whom, and searches."""
    uid = new_uid()
    for _ in range(2):
        made, _ = setting.groups.make(ada, OpenGroup(kind="group", title="Tea", member_ids=[ben.user_id], uid=uid))
    room = made.conversation_id
    setting.seat(ada, room, eve)
    setting.groups.members(eve, room)
    setting.groups.rename(ada, room, PatchConversation(title="Cake"))
    setting.groups.set_role(ada, room, ben.user_id, PatchMember(role="admin"))
    setting.groups.remove(ben, room, eve.user_id)
    setting.seat(ben, room, eve)
    setting.choose(eve, room, archived=True, hides_typing=True)
    setting.say(ben, room, "cake")
    setting.drafts.put(eve, room, PutDraft(content="no", written_at="2026-11-22T09:41:07.120Z"))
    setting.choose(ada, setting.direct(ada, ben), blocked=True)
    setting.groups.remove(ada, room, ada.user_id)
    setting.access.seen_by(ada.user_id)
    setting.access.seen_typing_by(room, ben.user_id)
    setting.access.blocks_of([ada.user_id, ben.user_id])
    for _ in range(2):
        setting.search.index()
    for query in (SearchQuery(q="cake"), SearchQuery(q="ca", before="2100-01-01"), SearchQuery(has="file", in_=room)):
        setting.search.find(ben, query)


def _every_change(setting: Setting, ada: Actor, ben: Actor, first: Message) -> None:
    """Each way in which a message changes, and what is asked about it."""
    number = first.message_id
    setting.say(ben, first.conversation_id, None, forward_of=number)
    setting.edit(ada, first, "other", mentions=[ben.user_id])
    for on in (True, False, True):
        setting.react(ben, first, on=on)
        setting.pins.pin(ben, number, on=on)
        setting.pins.star(ben, number, on=on)
    setting.messages.readers(ada, number)
    setting.changes.history(ben, number)
    gone = setting.say(ada, first.conversation_id, "gone", file_url=setting.upload(ada).file_url)
    setting.delete(ada, gone)


def test_every_query_is_on_an_index(setting: Setting, ada: Actor, ben: Actor, eve: Actor) -> None:
    with statements() as seen:
        _everything(setting, ada, ben, eve)
    assert len({statement for statement, _ in seen}) > 30
    for statement, values in seen:
        steps = _plan(setting.database, statement, values)
        assert not [step for step in steps if _TABLE_SCAN.match(step)], f"{statement}\n{steps}"


@pytest.mark.parametrize("setting", [POSTGRES], indirect=True)
def test_every_query_is_on_an_index_on_postgresql_too(setting: Setting, ada: Actor, ben: Actor, eve: Actor) -> None:
    with statements() as seen:
        _everything(setting, ada, ben, eve)
    assert len({statement for statement, _ in seen}) > 30
    for statement, values in seen:
        if "pg_advisory_xact_lock" not in statement:
            steps = _postgres_plan(setting.database, statement, values)
            assert not [step for step in steps if "Seq Scan" in step and "message_search_progress" not in step], (
                f"{statement}\n{steps}"
            )


def _every_account_matter(house: House) -> None:
    """Accounts, sessions, devices, pictures, uploads and the sweep, each way through."""
    accounts = house.accounts
    accounts.create_user("ada", display_name="Ada")
    invite = accounts.create_invite(uses=1, days=1)
    person = Register(username="ben", password="correct horse battery", display_name="Ben", invite=invite)
    accounts.register(person)
    logged_in = accounts.login(Login(username="ben", password="correct horse battery"))
    ben = accounts.authenticate(accounts.refresh(Refresh(refresh_token=logged_in.refresh_token)).access_token)
    script = accounts.authenticate(accounts.create_token("ben", "script"))
    accounts.change_profile(ben, ProfileChange(status_text="at tea"))
    picture, upload = house.uploads.receive(ben), house.uploads.receive(ben)
    for incoming in (picture, upload):
        incoming.write(media.picture())
    accounts.change_avatar(ben, house.uploads.store_avatar(ben, picture))
    stored = house.uploads.store(ben, upload, "a.png")
    house.uploads.state(ben, stored.attachment_id)
    house.uploads.discard(ben, stored.attachment_id)
    house.uploads.sweep(2**50)
    accounts.devices(ben)
    accounts.end_device(ben, script.session_id)
    accounts.live_sessions({ben.session_id, script.session_id})
    change = PasswordChange(current_password="correct horse battery", new_password="correct horse battery staple")
    accounts.change_password(ben, change)
    accounts.reset_password("ben", None)
    seen = LastSeen(house.database)
    seen.store({ben.user_id: 1})
    seen.of([ben.user_id])


def test_every_query_about_accounts_is_on_an_index(make_house: HouseFactory) -> None:
    """Only finding people by part of a name walks their index, which no index spares; it stops at the page's end."""
    house = make_house(registration="invite")
    with statements() as seen:
        _every_account_matter(house)
    asked = {statement: values for statement, values in seen if not statement.startswith("INSERT")}
    assert len(asked) > 20
    for statement, values in asked.items():
        steps = _plan(house.database, statement, values)
        assert not [step for step in steps if _TABLE_SCAN.match(step)], f"{statement}\n{steps}"
    with statements() as seen:
        house.accounts.search(Actor(user_id=1, session_id=1), UserQuery(query="b"))
    assert [_plan(house.database, *one)[0] for one in seen] == ["SCAN users USING INDEX ix_users_search_key"]


def test_a_page_takes_as_many_statements_for_many_rows_as_for_few(setting: Setting, ada: Actor, ben: Actor) -> None:
    room = setting.direct(ada, ben)
    quoted = setting.say(ada, room, "quoted")

    def one_of_each() -> None:
        reply = setting.say(ben, room, "reply", reply_to_uid=quoted.uid, file_url=setting.upload(ben).file_url)
        setting.react(ada, reply)
        setting.read(ada, room)

    one_of_each()
    few = _count(lambda: setting.messages.page(ada, room, Page()))
    for _ in range(12):
        one_of_each()
    assert _count(lambda: setting.messages.page(ada, room, Page())) == few <= 7


def test_a_list_takes_as_many_statements_for_many_conversations_as_for_few(setting: Setting, ada: Actor) -> None:
    def another(number: int) -> None:
        message = setting.say(ada, setting.direct(ada, setting.person(f"friend{number}")))
        setting.pins.pin(ada, message.message_id, on=True)
        setting.pins.star(ada, message.message_id, on=True)

    another(0)
    few = _count(lambda: setting.conversations.list_for(ada, ada.user_id))
    for number in range(1, 9):
        another(number)
    assert _count(lambda: setting.conversations.list_for(ada, ada.user_id)) == few <= 10


def test_a_sync_takes_as_many_statements_for_many_conversations_as_for_few(setting: Setting, ada: Actor) -> None:
    def another(number: int) -> None:
        setting.say(ada, setting.direct(ada, setting.person(f"friend{number}")))

    another(0)
    few = _count(lambda: setting.sync.sync(ada, Sync()))
    for number in range(1, 9):
        another(number)
    assert _count(lambda: setting.sync.sync(ada, Sync())) == few


def test_a_change_takes_a_bounded_number_of_statements(setting: Setting, ada: Actor, ben: Actor) -> None:
    room = setting.direct(ada, ben)
    quoted = setting.say(ada, room, "old")
    setting.say(ben, room, "reply", reply_to_uid=quoted.uid)
    few = _count(lambda: setting.edit(ada, quoted, "new"))
    for number in range(9):
        setting.say(ben, room, f"reply {number}", reply_to_uid=quoted.uid)
    assert _count(lambda: setting.edit(ada, quoted, "newer")) == few <= 18


def test_a_send_takes_a_handful_of_statements(setting: Setting, ada: Actor, ben: Actor) -> None:
    room = setting.direct(ada, ben)
    for _ in range(30):
        setting.say(ben, room)
    assert _count(lambda: setting.say(ada, room)) <= 6
