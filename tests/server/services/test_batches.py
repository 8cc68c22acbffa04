"""Sends that wait together are written together: each is still answered, refused and told as if it were alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import update

from protocol.commands import Page, SendMessage
from protocol.errors import ErrorCode, Refused
from protocol.ids import new_uid
from server.services.ports import Actor
from server.services.posting import Posted
from server.storage.tables import members, messages
from server.storage.unit import Unit
from tests.server.databases import on_both
from tests.server.services.setting import Setting
from tests.server.services.statements import statements


class Together:
    """Sends lined up while the writer is held, so that they are one batch; their outcomes in the order of answers."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self.outcomes: list[tuple[str, Posted | Exception]] = []
        self._answered = threading.Semaphore(0)

    def send(self, name: str, actor: Actor, conversation_id: int, content: str = "x", **more: Any) -> None:
        """Line one up; `uid` and the other fields of a send in `more`."""

        def done(outcome: Posted | Exception) -> None:
            self.outcomes.append((name, outcome))
            self._answered.release()

        command = SendMessage(conversation_id=conversation_id, content=content, **{"uid": new_uid(), **more})
        self._setting.messages.post_later(actor, command, done)

    def job(self, name: str, run: Callable[[Unit], object]) -> None:
        """Line up a job of another kind."""

        def done(outcome: Any) -> None:
            self.outcomes.append((name, outcome))
            self._answered.release()

        self._setting.database.write_later(run, done)

    def wait(self, count: int) -> dict[str, Any]:
        """The outcomes by name, when so many are there."""
        for _ in range(count):
            assert self._answered.acquire(timeout=30)
        return dict(self.outcomes)


@contextmanager
def held(setting: Setting) -> Iterator[Together]:
    """Hold the writer for the block: all that is lined up in it becomes the next batch."""
    began, go = threading.Event(), threading.Event()

    def hold(_unit: Unit) -> None:
        began.set()
        go.wait()

    setting.database.write_later(hold, lambda _: None)
    began.wait()
    yield Together(setting)
    go.set()


def _positions(setting: Setting, reader: Actor, room: int) -> list[tuple[int, int, str | None]]:
    page = setting.messages.page(reader, room, Page()).messages
    return [(message.position, message.version, message.content) for message in page]


@on_both
def test_each_of_a_batch_has_its_own_place_in_the_order_of_sending(
    setting: Setting, ada: Actor, ben: Actor, eve: Actor, direct: int
) -> None:
    other = setting.direct(ada, eve)
    told = len(setting.announced)
    with held(setting) as together:
        for number in range(20):
            together.send(str(number), ada if number % 3 else ben, direct, f"message {number}")
            together.send(f"other {number}", eve, other, f"other {number}")
    outcomes = together.wait(40)
    assert [name for name, _ in together.outcomes][:4] == ["0", "other 0", "1", "other 1"]
    assert _positions(setting, ada, direct) == [(n + 1, n + 4, f"message {n}") for n in range(20)]
    assert _positions(setting, ada, other) == [(n + 1, n + 4, f"other {n}") for n in range(20)]
    announced = setting.announced[told:]
    assert [one.payload for one in announced] == [outcomes[name].message for name, _ in together.outcomes]
    for posted in outcomes.values():
        assert posted.created
        reader = eve if posted.message.conversation_id == other else ben
        assert setting.messages.get(reader, posted.message.message_id) == posted.message
    assert all(one.payload.receiver_id in one.user_ids for one in announced)


@on_both
def test_what_is_refused_in_a_batch_costs_only_itself(
    setting: Setting, ada: Actor, ben: Actor, eve: Actor, direct: int
) -> None:
    known = setting.say(ada, direct, "known", uid=new_uid())
    uid = new_uid()
    told = len(setting.announced)
    with held(setting) as together:
        together.send("first", ada, direct, "one", uid=uid)
        together.send("stranger", eve, direct)
        together.send("nowhere", ada, 999_999)
        together.send("twin", ada, direct, "one", uid=uid)
        together.send("taken", ada, direct, "two", uid=uid)
        together.send("taken by another", ben, direct, "one", uid=uid)
        together.send("again", ada, direct, "known", uid=known.uid)
        together.send("changed", ada, direct, "changed", uid=known.uid)
        together.send("wrong receiver", ada, direct, receiver_id=eve.user_id)
        together.send("no image", ada, direct, type="image")
        together.send("last", ben, direct, "two", mentions=[ada.user_id, eve.user_id])
    outcomes = together.wait(11)
    codes = {name: one.code for name, one in outcomes.items() if isinstance(one, Refused)}
    assert codes == {
        "stranger": ErrorCode.NOT_FOUND,
        "nowhere": ErrorCode.NOT_FOUND,
        "taken": ErrorCode.IDEMPOTENCY_CONFLICT,
        "taken by another": ErrorCode.IDEMPOTENCY_CONFLICT,
        "changed": ErrorCode.IDEMPOTENCY_CONFLICT,
        "wrong receiver": ErrorCode.WRONG_RECEIVER,
        "no image": ErrorCode.TYPE_MISMATCH,
    }
    assert (outcomes["first"].created, outcomes["twin"].created, outcomes["again"].created) == (True, False, False)
    assert outcomes["twin"].message == outcomes["first"].message
    assert outcomes["again"].message == known
    assert outcomes["last"].message.mentions == [ada.user_id]
    assert _positions(setting, ben, direct) == [(1, 4, "known"), (2, 5, "one"), (3, 6, "two")]
    assert [one.payload.content for one in setting.announced[told:]] == ["one", "two"]


@on_both
def test_jobs_of_other_kinds_keep_their_turn(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    """A member removed, a cursor moved, a reply: what came before sees nothing of it, what comes after does."""
    first = setting.say(ada, direct, "quoted")

    def remove(unit: Unit) -> None:
        gone = update(members).where(members.c.conversation_id == direct, members.c.user_id == ben.user_id)
        unit.connection.execute(gone.values(left_at=unit.now_ms))

    with held(setting) as together:
        together.send("before", ben, direct, "still here")
        together.send("reply", ada, direct, "yes", reply_to_uid=first.uid)
        together.job("remove", remove)
        together.send("after", ben, direct, "no longer")
        together.send("alone", ada, direct, "hello?")
    outcomes = together.wait(5)
    assert outcomes["after"].code == ErrorCode.NOT_FOUND
    assert outcomes["reply"].message.reply_to.content == "quoted"
    contents = [content for *_, content in _positions(setting, ada, direct)]
    assert contents == ["quoted", "still here", "yes", "hello?"]
    assert setting.announced[-1].user_ids == (ada.user_id,)


@on_both
def test_a_row_that_fails_in_the_database_does_not_fail_its_batch(
    setting: Setting, ada: Actor, ben: Actor, direct: int
) -> None:
    """Two conversations, of which one claims a place that is taken: as after a bug, or a restored backup."""
    other = setting.direct(ada, setting.person("dan"))
    setting.say(ada, other)
    setting.database.write(
        lambda unit: (
            unit.connection.execute(
                update(messages).where(messages.c.conversation_id == other).values(position=2)
            ).rowcount
        )
    )
    with held(setting) as together:
        together.send("one", ada, direct, "one")
        together.send("bad", ada, other, "bad")
        together.send("two", ben, direct, "two")
    outcomes = together.wait(3)
    assert isinstance(outcomes["bad"], Exception)
    assert _positions(setting, ben, direct) == [(1, 4, "one"), (2, 5, "two")]
    assert [one.payload.content for one in setting.announced if one.event == "new_message"][-2:] == ["one", "two"]


def test_a_batch_takes_as_many_statements_for_many_sends_as_for_one(
    setting: Setting, ada: Actor, ben: Actor, direct: int
) -> None:
    with statements() as seen:
        with held(setting) as together:
            for number in range(100):
                together.send(str(number), ben if number % 2 else ada, direct)
        together.wait(100)
    assert [asked.split(maxsplit=1)[0] for asked, _ in seen] == [*3 * ["SELECT"], "INSERT", "SELECT", "UPDATE"]


def test_what_the_command_itself_gets_wrong_is_refused_at_once(setting: Setting, ada: Actor, direct: int) -> None:
    with held(setting) as together:
        with pytest.raises(Refused) as caught:
            together.send("empty", ada, direct, " ")
        assert caught.value.code == ErrorCode.EMPTY_CONTENT
        together.send("good", ada, direct)
    assert together.wait(1)["good"].created
