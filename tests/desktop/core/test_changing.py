"""What people do with messages that are there: shown at once, on disk, in order, once, taken back when refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from desktop.core.bubble import Line
from desktop.core.ports import OutboxEntry, Unreachable
from protocol.errors import ErrorCode, Refused
from tests.desktop.core.talk import Talk, bubbles, cut, events, opened, server_has, settled, texts
from tests.desktop.doubles import until
from tests.desktop.fake_line import MemoryOutboxFile

Tell = Callable[[Any], None]


def test_an_edit_is_shown_at_once_and_then_everywhere(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        mine = talk.server.post(talk.anna.user_id, talk.identity, "helo")
        async with talk.session() as anna, talk.session(of_ben=True) as ben:
            timeline, his = await opened(anna, talk), await opened(ben, talk)
            saved = anna.changing.edit(talk.identity, mine.uid, "hello")
            await saved
            (shown,) = bubbles(timeline)
            assert (shown.text, shown.changing, shown.edited) == ("hello", True, False)
            await settled(anna)
            await until(lambda: texts(his) == ["hello"])
            (shown,) = bubbles(timeline)
            assert (shown.text, shown.changing, shown.edited) == ("hello", False, True)
            assert shown.edited_at_ms is not None
            assert [one.content for one in await ben.changing.edits(talk.identity, mine.uid)] == ["helo"]

    tell(story)


def test_a_forward_to_many_is_kept_whole_by_who_quits_at_once(talk: Talk, tell: Tell) -> None:
    file = SlowFile()

    async def story() -> None:
        mine = talk.server.post(talk.anna.user_id, talk.identity, "hello")
        others = [talk.server.open_direct(1, talk.server.add_user(name).user_id) for name in ("cleo", "dan", "eve")]
        async with talk.session(file) as anna:
            await opened(anna, talk)
            talk.server.cut()
            forwarded = anna.changing.forward(talk.identity, mine.uid, others)
        await forwarded
        assert [entry.conversation_id for entry in file.entries.values()] == others

    tell(story)


class SlowFile(MemoryOutboxFile):
    """A disk that takes its time, and takes nothing once it is closed."""

    is_closed = False

    async def put(self, entry: OutboxEntry) -> None:
        await asyncio.sleep(0.02)
        if self.is_closed:
            raise OSError("closed")
        await super().put(entry)

    async def close(self) -> None:
        self.is_closed = True
        await super().close()


def test_changes_wait_in_order_offline_and_across_a_restart(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        file = MemoryOutboxFile()
        mine = talk.server.post(talk.anna.user_id, talk.identity, "one")
        his = talk.server.post(talk.ben.user_id, talk.identity, "two")
        async with talk.session(file) as anna:
            await opened(anna, talk)
            await cut(talk, anna)
            await anna.changing.edit(talk.identity, mine.uid, "one, changed")
            await anna.changing.react(talk.identity, his.uid, "👍", on=True)
            await anna.send_text(talk.identity, "three")
            assert texts(anna.timeline(talk.identity)) == ["one, changed", "two", "three"]
        assert events(talk) == []
        talk.server.restore()
        async with talk.session(file) as anna:
            await settled(anna)
            assert [event for event in events(talk) if event != "send_message"] == ["edit_message", "react"]
            assert server_has(talk).content == "one, changed"
            assert [one.emoji for one in server_has(talk, 2).reactions] == ["👍"]
            await until(lambda: not file.entries)

    tell(story)


def test_a_lost_answer_repeats_a_change_harmlessly(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        mine = talk.server.post(talk.anna.user_id, talk.identity, "one")
        async with talk.session() as anna:
            timeline = await opened(anna, talk)
            for event in ("edit_message", "delete_message", "react"):
                talk.server.lose_answers(event)
            await anna.changing.edit(talk.identity, mine.uid, "two")
            await anna.changing.react(talk.identity, mine.uid, "❤️", on=True)
            await settled(anna)
            (shown,) = bubbles(timeline)
            assert (shown.text, shown.reactions[0].names, shown.reactions[0].own) == ("two", ("Anna",), True)
            await anna.changing.delete(talk.identity, mine.uid)
            await settled(anna)
            assert server_has(talk).deleted_at is not None
            # The push of the tombstone has settled the deletion before it was repeated.
            assert events(talk) == ["edit_message"] * 2 + ["react"] * 2 + ["delete_message"]

    tell(story)


@pytest.mark.parametrize("wish", ["edit", "delete", "react"])
def test_a_refused_change_is_told_and_the_old_state_is_shown_again(talk: Talk, tell: Tell, wish: str) -> None:
    async def story() -> None:
        mine = talk.server.post(talk.anna.user_id, talk.identity, "old")
        async with talk.session() as anna:
            timeline = await opened(anna, talk)
            told: list[str] = []
            anna.changing.problems.subscribe(told.append)
            event = wish if wish == "react" else f"{wish}_message"
            talk.server.refuse_next(event, Refused(ErrorCode.FORBIDDEN, "Not any more."))
            wishes = {
                "edit": lambda: anna.changing.edit(talk.identity, mine.uid, "new"),
                "delete": lambda: anna.changing.delete(talk.identity, mine.uid),
                "react": lambda: anna.changing.react(talk.identity, mine.uid, "👍", on=True),
            }
            before = bubbles(timeline)
            saved = wishes[wish]()
            assert bubbles(timeline) != before
            await saved
            await until(lambda: told)
            assert told[0].endswith("Not any more.")
            assert bubbles(timeline) == before
            (row,) = anna.waiting_list.rows()
            assert (row.kind, row.problem) == (wish, "Not any more.")
            anna.waiting_list.retry(row.uid)
            await settled(anna)
            assert bubbles(timeline) != before

    tell(story)


def test_what_is_gone_by_then_settles_a_change_quietly(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        mine = talk.server.post(talk.anna.user_id, talk.identity, "gone soon")
        async with talk.session() as anna:
            timeline = await opened(anna, talk)
            told: list[str] = []
            anna.changing.problems.subscribe(told.append)
            talk.server.refuse_next("edit_message", Refused(ErrorCode.NOT_FOUND, "This message does not exist."))
            await anna.changing.edit(talk.identity, mine.uid, "too late")
            await settled(anna)
            assert (texts(timeline), told) == (["gone soon"], [])

    tell(story)


def test_of_several_waiting_wishes_only_the_last_goes_out(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        mine = talk.server.post(talk.anna.user_id, talk.identity, "one")
        async with talk.session() as anna:
            timeline = await opened(anna, talk)
            await cut(talk, anna)
            for text in ("two", "three"):
                await anna.changing.edit(talk.identity, mine.uid, text)
            for on in (True, False, True):
                await anna.changing.react(talk.identity, mine.uid, "👍", on=on)
            await anna.changing.react(talk.identity, mine.uid, "🎉", on=True)
            await anna.changing.react(talk.identity, mine.uid, "🎉", on=False)
            assert anna.unsent == 2
            assert [one.emoji for one in bubbles(timeline)[0].reactions] == ["👍"]
            talk.server.restore()
            await settled(anna)
            assert (events(talk), server_has(talk).content) == (["edit_message", "react"], "three")

    tell(story)


def test_deleting_makes_other_wishes_superfluous(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        mine = talk.server.post(talk.anna.user_id, talk.identity, "secret")
        async with talk.session() as anna:
            timeline = await opened(anna, talk)
            await cut(talk, anna)
            await anna.changing.edit(talk.identity, mine.uid, "other")
            await anna.changing.delete(talk.identity, mine.uid)
            (shown,) = bubbles(timeline)
            assert (shown.text, shown.deleted, shown.changing) == ("", True, True)
            with pytest.raises(Refused, match="being deleted"):
                await anna.changing.react(talk.identity, mine.uid, "👍", on=True)
            talk.server.restore()
            await settled(anna)
            assert events(talk) == ["delete_message"]

    tell(story)


def test_a_waiting_message_is_edited_and_deleted_where_it_waits(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            timeline = await opened(anna, talk)
            await cut(talk, anna)
            await anna.send_text(talk.identity, "never")
            await anna.send_text(talk.identity, "draft")
            never, draft = (bubble.key for bubble in bubbles(timeline))
            await anna.changing.edit(talk.identity, draft, "final")
            await anna.changing.delete(talk.identity, never)
            await anna.changing.react(talk.identity, draft, "👍", on=True)
            assert texts(timeline) == ["final"]
            talk.server.restore()
            await settled(anna)
            assert talk.stored() == ["final"]
            assert [one.emoji for one in server_has(talk).reactions] == ["👍"]

    tell(story)


def test_what_may_be_there_already_is_changed_by_a_command_of_its_own(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        file = MemoryOutboxFile()
        async with talk.session(file) as anna:
            timeline = await opened(anna, talk)
            talk.server.lose_answers("send_message")
            talk.server.lose_pushes(1)
            await anna.send_text(talk.identity, "first")
            await until(lambda: talk.stored() == ["first"])
            talk.server.cut()
            await until(lambda: anna.connection.value.line is Line.OFFLINE)
            await anna.changing.edit(talk.identity, bubbles(timeline)[0].key, "second")
            assert (texts(timeline), anna.unsent) == (["second"], 2)
        talk.server.restore()
        async with talk.session(file) as anna:
            await settled(anna)
            assert talk.stored() == ["second"]

    tell(story)


def test_a_refused_message_takes_its_changes_in(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            timeline = await opened(anna, talk)
            talk.server.holds_answers = asyncio.Event()
            talk.server.refuse_next("send_message", Refused(ErrorCode.FORBIDDEN, "No."))
            await anna.send_text(talk.identity, "first")
            key = bubbles(timeline)[0].key
            await until(lambda: events(talk))
            await anna.changing.edit(talk.identity, key, "second")
            await anna.changing.react(talk.identity, key, "👍", on=True)
            talk.server.holds_answers.set()
            await until(lambda: bubbles(timeline)[0].failure)
            assert (texts(timeline), anna.unsent) == (["second"], 1)
            anna.retry(key)
            await settled(anna)
            assert talk.stored() == ["second"]

    tell(story)


def test_only_what_makes_sense_is_accepted(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        mine = talk.server.post(talk.anna.user_id, talk.identity, "mine")
        his = talk.server.post(talk.ben.user_id, talk.identity, "his")
        async with talk.session() as anna:
            await opened(anna, talk)
            for wish in (
                lambda: anna.changing.edit(talk.identity, his.uid, "his words"),
                lambda: anna.changing.delete(talk.identity, his.uid),
                lambda: anna.changing.edit(talk.identity, mine.uid, "  "),
                lambda: anna.changing.edit(talk.identity, mine.uid, "x" * 20_000),
                lambda: anna.changing.react(talk.identity, "unknown", "👍", on=True),
                lambda: anna.changing.forward(talk.identity, "unknown", [talk.identity]),
            ):
                with pytest.raises(Refused):
                    await wish()
            await anna.changing.edit(talk.identity, mine.uid, "mine")
            await anna.changing.react(talk.identity, mine.uid, "👍", on=False)
            assert anna.unsent == 0

    tell(story)


def test_pins_stars_and_readers_are_asked_of_the_server(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        mine = talk.server.post(talk.anna.user_id, talk.identity, "mine")
        talk.server.read(talk.ben.user_id, talk.identity, 1)
        async with talk.session() as anna:
            timeline = await opened(anna, talk)

            def marks() -> tuple[bool, bool]:
                (shown,) = bubbles(timeline)
                return shown.pinned, shown.starred

            await anna.changing.pin(talk.identity, mine.uid, on=True)
            await anna.changing.star(talk.identity, mine.uid, on=True)
            await until(lambda: marks() == (True, True))
            await anna.changing.pin(talk.identity, mine.uid, on=False)
            await anna.changing.star(talk.identity, mine.uid, on=False)
            await until(lambda: marks() == (False, False))
            assert [one.user.username for one in await anna.changing.readers(talk.identity, mine.uid)] == ["ben"]

    tell(story)


def test_what_names_a_number_waits_for_the_line_that_tells_of_which_history(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        mine = talk.server.post(talk.anna.user_id, talk.identity, "mine")
        async with talk.session() as anna:
            await opened(anna, talk)
            talk.server.refuse_next("open", *[Refused(ErrorCode.UNAVAILABLE, "No sockets today.")] * 20)
            talk.server.lives[0].snap("cut")
            await until(lambda: anna.connection.value.line is Line.OFFLINE)
            await anna.changing.edit(talk.identity, mine.uid, "changed")
            await anna.send_text(talk.identity, "by another way")
            with pytest.raises(Unreachable):
                await anna.changing.pin(talk.identity, mine.uid, on=True)
            await until(lambda: "by another way" in talk.stored())
            assert (talk.stored(), anna.waiting.value) == (["mine", "by another way"], 1)
            talk.server.refusals["open"].clear()
            await settled(anna)
            assert talk.stored() == ["changed", "by another way"]

    tell(story)


@pytest.mark.parametrize("has_it", [True, False])
def test_a_restored_server_knows_messages_by_other_numbers_or_not(talk: Talk, tell: Tell, has_it: bool) -> None:
    async def story() -> None:
        file = MemoryOutboxFile()
        mine = talk.server.post(talk.anna.user_id, talk.identity, "mine")
        async with talk.session(file) as anna:
            await opened(anna, talk)
            await cut(talk, anna)
            await anna.changing.edit(talk.identity, mine.uid, "changed")
            conversation = talk.server.conversations[talk.identity]
            conversation.messages.clear()
            talk.server.epoch = "second"
            talk.server.post(talk.ben.user_id, talk.identity, "another one")
            if has_it:
                talk.server.post(talk.anna.user_id, talk.identity, "mine", uid=mine.uid)
            talk.server.restore()
            await settled(anna)
            assert talk.stored() == ["another one", "changed"]

    tell(story)
