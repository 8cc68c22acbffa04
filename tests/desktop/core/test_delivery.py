"""What happens to a message in bad weather: it goes out once, in order, or says why it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from desktop.core.bubble import Line, Tick
from protocol.errors import ErrorCode, Refused
from protocol.limits import Limits
from tests.desktop.core.talk import Talk, bubbles, texts, ticks
from tests.desktop.doubles import until
from tests.desktop.fake_line import MemoryOutboxFile

Tell = Callable[[Any], None]


def test_what_is_written_offline_goes_out_in_order_once(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            talk.server.cut()
            await until(lambda: anna.connection.value.line is Line.OFFLINE)
            for number in range(5):
                await anna.send_text(talk.identity, str(number))
            assert anna.connection.value.waiting == 5
            talk.server.restore()
            await until(lambda: anna.waiting.value == 0)
            assert talk.stored() == ["0", "1", "2", "3", "4"]
            assert texts(anna.timeline(talk.identity)) == talk.stored()

    tell(story)


def test_a_restart_sends_what_waited(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        file = MemoryOutboxFile()
        talk.server.cut()
        async with talk.session(file) as anna:
            await anna.send_text(talk.identity, "first")
            await anna.send_text(talk.identity, "second")
        assert len(file.entries) == 2
        async with talk.session(file) as anna:
            assert texts(anna.timeline(talk.identity)) == ["first", "second"]
            await anna.send_text(talk.identity, "third")
            talk.server.restore()
            await until(lambda: talk.stored() == ["first", "second", "third"])
            await until(lambda: not file.entries)

    tell(story)


def test_a_lost_answer_is_asked_again_under_the_same_uid(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            assert texts(anna.timeline(talk.identity)) == []
            talk.server.lose_answers("send_message")
            talk.server.lose_pushes(1)
            await anna.send_text(talk.identity, "once")
            await until(lambda: talk.stored() == ["once"])
            assert ticks(anna.timeline(talk.identity)) == [Tick.WAITING]
            await until(lambda: ticks(anna.timeline(talk.identity)) == [Tick.SENT])
            assert talk.stored() == ["once"]
            assert len([event for event, _ in talk.server.calls if event == "send_message"]) == 2

    tell(story)


def test_a_server_that_dies_before_it_answers_has_the_message_once(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        file = MemoryOutboxFile()
        async with talk.session(file) as anna:
            talk.server.lose_answers("send_message")
            talk.server.lose_pushes(1)
            await anna.send_text(talk.identity, "once")
            await until(lambda: talk.stored() == ["once"])
            talk.server.cut()
            await until(lambda: anna.connection.value.line is Line.OFFLINE)
            assert ticks(anna.timeline(talk.identity)) == [Tick.WAITING]
            talk.server.restore()
            await until(lambda: ticks(anna.timeline(talk.identity)) == [Tick.SENT])
            assert talk.stored() == ["once"]
            await until(lambda: not file.entries)

    tell(story)


def test_the_push_may_come_before_the_answer(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            talk.server.lose_answers("send_message")
            await anna.send_text(talk.identity, "pushed")
            await until(lambda: ticks(anna.timeline(talk.identity)) == [Tick.SENT])
            await until(lambda: anna.waiting.value == 0)
            assert texts(anna.timeline(talk.identity)) == ["pushed"]

    tell(story)


def test_the_answer_may_come_without_a_push(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            talk.server.lose_pushes(1)
            await anna.send_text(talk.identity, "answered")
            await until(lambda: ticks(anna.timeline(talk.identity)) == [Tick.SENT])
            assert texts(anna.timeline(talk.identity)) == ["answered"]

    tell(story)


def test_a_refusal_after_the_push_is_ignored(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            talk.server.holds_answers = asyncio.Event()
            await anna.send_text(talk.identity, "there already")
            uid = bubbles(anna.timeline(talk.identity))[0].key
            await until(lambda: any(event == "send_message" for event, _ in talk.server.calls))
            talk.server.post(talk.anna.user_id, talk.identity, "there already", uid=uid)
            await until(lambda: ticks(anna.timeline(talk.identity)) == [Tick.SENT])
            talk.server.refuse_next("send_message", Refused(ErrorCode.NOT_FOUND, "Gone."))
            talk.server.holds_answers.set()
            await asyncio.sleep(0.05)
            assert ticks(anna.timeline(talk.identity)) == [Tick.SENT]
            assert anna.unsent == 0

    tell(story)


def test_a_refusal_fails_the_message_with_the_servers_sentence_and_lets_the_next_pass(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        file = MemoryOutboxFile()
        async with talk.session(file) as anna:
            timeline = anna.timeline(talk.identity)
            talk.server.refuse_next("send_message", Refused(ErrorCode.FORBIDDEN, "You may not write here."))
            await anna.send_text(talk.identity, "no")
            await anna.send_text(talk.identity, "yes")
            await until(lambda: set(ticks(timeline)) == {Tick.SENT, Tick.FAILED})
            failed = bubbles(timeline)[-1]
            assert (failed.text, failed.failure) == ("no", "You may not write here.")
            assert anna.waiting.value == 0
            assert anna.unsent == 1
            await until(lambda: [entry.state for entry in file.entries.values()] == ["failed"])
            anna.retry(failed.key)
            await until(lambda: talk.stored() == ["yes", "no"])
            await until(lambda: ticks(timeline) == [Tick.SENT, Tick.SENT])

    tell(story)


def test_a_failed_message_can_be_taken_back_or_thrown_away(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        file = MemoryOutboxFile()
        async with talk.session(file) as anna:
            timeline = anna.timeline(talk.identity)
            no = Refused(ErrorCode.FORBIDDEN, "No.")
            talk.server.refuse_next("send_message", no, no)
            await anna.send_text(talk.identity, "one")
            await anna.send_text(talk.identity, "two")
            await until(lambda: ticks(timeline) == [Tick.FAILED, Tick.FAILED])
            first, second = bubbles(timeline)
            assert anna.take_back(first.key) == "one"
            anna.discard(second.key)
            anna.discard(second.key)
            assert texts(timeline) == []
            await until(lambda: not file.entries)
            with pytest.raises(Refused):
                anna.take_back(first.key)

    tell(story)


def test_a_limit_is_obeyed_without_a_click(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            talk.server.refuse_next("send_message", Refused(ErrorCode.RATE_LIMITED, "Slower.", retry_after_s=0.3))
            started = asyncio.get_running_loop().time()
            for number in range(3):
                await anna.send_text(talk.identity, str(number))
            await until(lambda: talk.stored() == ["0", "1", "2"])
            assert asyncio.get_running_loop().time() - started >= 0.3
            assert Tick.FAILED not in ticks(anna.timeline(talk.identity))

    tell(story)


@pytest.mark.parametrize("code", [ErrorCode.TOKEN_EXPIRED, ErrorCode.SESSION_REVOKED, ErrorCode.CLIENT_TOO_OLD])
def test_a_refusal_of_the_session_does_not_fail_its_messages(talk: Talk, tell: Tell, code: ErrorCode) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            talk.server.refuse_next("send_message", Refused(code, "Not like this."))
            await anna.send_text(talk.identity, "later")
            await until(lambda: talk.stored() == ["later"])
            await until(lambda: ticks(anna.timeline(talk.identity)) == [Tick.SENT])

    tell(story)


def test_rest_carries_what_the_socket_cannot(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            talk.server.refuse_next("open", *[Refused(ErrorCode.UNAVAILABLE, "No sockets today.")] * 1000)
            talk.server.lives[0].snap("cut")
            await until(lambda: anna.connection.value.line is Line.OFFLINE)
            await anna.send_text(talk.identity, "by rest")
            await until(lambda: ticks(anna.timeline(talk.identity)) == [Tick.SENT])
            assert talk.server.sends_by_rest == 1

    tell(story)


def test_a_disk_that_refuses_leaves_the_text_in_the_composer(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        file = MemoryOutboxFile()
        async with talk.session(file) as anna:
            file.broken = OSError(28, "No space left on device")
            with pytest.raises(OSError, match="No space"):
                await anna.send_text(talk.identity, "kept")
            assert texts(anna.timeline(talk.identity)) == []
            assert talk.stored() == []

    tell(story)


def test_nothing_is_on_the_wire_before_it_is_on_disk(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        file = SlowFile()
        async with talk.session(file) as anna:
            sending = anna.send_text(talk.identity, "durable")
            await asyncio.sleep(0.05)
            assert talk.stored() == []
            file.gate.set()
            await sending
            await until(lambda: talk.stored() == ["durable"])

    tell(story)


class SlowFile(MemoryOutboxFile):
    """A disk that takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()

    async def put(self, entry: Any) -> None:
        await self.gate.wait()
        await super().put(entry)


def test_a_file_that_has_gone_fails_with_its_name(talk: Talk, tell: Tell, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("notes")

    async def story() -> None:
        async with talk.session() as anna:
            talk.server.cut()
            await anna.send_files(talk.identity, [path])
            path.unlink()
            talk.server.restore()
            await until(lambda: ticks(anna.timeline(talk.identity)) == [Tick.FAILED])
            assert "notes.txt" in (bubbles(anna.timeline(talk.identity))[0].failure or "")

    tell(story)


def test_files_beyond_the_limit_are_refused_with_it_before_anything_is_shown(
    talk: Talk, tell: Tell, tmp_path: Path
) -> None:
    (tmp_path / "small.txt").write_bytes(b"x")
    (tmp_path / "big.bin").write_bytes(b"x" * 2001)
    (tmp_path / "empty.txt").touch()

    async def story() -> None:
        async with talk.session(limits=Limits(file_bytes=2000)) as anna:
            for bad, sentence in (("big.bin", "2 KB"), ("empty.txt", "empty"), (".", "folder"), ("none.txt", "cannot")):
                with pytest.raises(Refused, match=sentence):
                    await anna.send_files(talk.identity, [tmp_path / "small.txt", tmp_path / bad])
            assert bubbles(anna.timeline(talk.identity)) == []

    tell(story)
