"""Two desktops and a real server: messages are changed through the outbox, and both show the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from desktop.core.bubble import Bubble, Line
from desktop.core.moments import system_clock
from desktop.core.session import Session
from protocol.errors import Refused
from protocol.limits import Limits
from tests.desktop.doubles import until
from tests.desktop.fake_line import MemoryOutboxFile
from tests.desktop.loop import QLoop
from tests.desktop.net.accounts import Account, befriend, hang_up, sign_up
from tests.running import RunningServer


@asynccontextmanager
async def session_of(account: Account) -> AsyncIterator[Session]:
    """The account's desktop, connected."""
    me = await account.api.me()
    session = Session(me, account.live, account.api, MemoryOutboxFile(), system_clock(), limits=Limits())
    await session.start()
    try:
        await until(lambda: session.connection.value.line is Line.CONNECTED)
        yield session
    finally:
        await session.close()


def bubbles(session: Session, conversation_id: int) -> list[Bubble]:
    return [row for row in session.timeline(conversation_id).rows if isinstance(row, Bubble)]


def seen(session: Session, conversation_id: int) -> list[tuple[object, ...]]:
    """What both people see alike."""
    return [(*told(b), *((one.emoji, one.names) for one in b.reactions)) for b in bubbles(session, conversation_id)]


def told(b: Bubble) -> tuple[object, ...]:
    return b.key, b.text, b.quote, b.edited, b.deleted, b.forwarded_from, b.pinned


def test_what_one_changes_the_other_sees(qloop: QLoop, server: RunningServer) -> None:
    async def scene() -> None:
        ada, ben = sign_up(server, "ada"), sign_up(server, "ben")
        talk = await befriend(ada, ben)
        async with session_of(ada) as mine, session_of(ben) as his:
            await mine.send_text(talk, "a questoin")
            question = bubbles(mine, talk)[0].key
            await mine.send_text(talk, "never mind", reply_to_uid=question)
            await until(lambda: len(seen(his, talk)) == 2 and not mine.unsent)
            await mine.changing.edit(talk, question, "a question")
            await his.changing.react(talk, question, "👍🏽", on=True)
            await his.changing.forward(talk, question, [talk])
            await mine.changing.pin(talk, question, on=True)
            await mine.changing.star(talk, question, on=True)
            await until(lambda: not mine.unsent and not his.unsent)
            await until(lambda: seen(mine, talk) == seen(his, talk) and bubbles(mine, talk)[0].starred)
            first, answer, forward = bubbles(mine, talk)[:3]
            assert (first.text, first.edited, first.pinned, first.reactions[0].own) == ("a question", True, True, False)
            assert answer.quote is not None
            assert (answer.quote.text, answer.quote.position) == ("a question", 1)
            assert (forward.text, forward.forwarded_from) == ("a question", first.sender_name)
            assert [one.content for one in await his.changing.edits(talk, question)] == ["a questoin"]
            his.mark_read(talk, 2)
            await until(lambda: mine.held(talk).cursor_of(ben.user_id) == 2)
            assert [one.user.user_id for one in await mine.changing.readers(talk, question)] == [ben.user_id]
            await mine.changing.delete(talk, question)
            await until(lambda: bubbles(his, talk)[0].deleted and seen(mine, talk) == seen(his, talk))
            quote = bubbles(his, talk)[1].quote
            assert quote is not None
            assert (quote.text, quote.deleted, bubbles(mine, talk)[0].pinned) == ("", True, False)
            with pytest.raises(Refused):
                await his.changing.react(talk, question, "👍", on=True)
        await hang_up(ada, ben)

    qloop(scene())


def test_a_reaction_that_the_server_refuses_is_told(qloop: QLoop, server: RunningServer) -> None:
    async def scene() -> None:
        ada, ben = sign_up(server, "ada"), sign_up(server, "ben")
        talk = await befriend(ada, ben)
        async with session_of(ada) as mine:
            await mine.send_text(talk, "hello")
            await until(lambda: not mine.unsent)
            told: list[str] = []
            mine.changing.problems.subscribe(told.append)
            (bubble,) = bubbles(mine, talk)
            await mine.changing.react(talk, bubble.key, "no emoji", on=True)
            await until(lambda: told)
            assert told[0].startswith("Your reaction was not saved. ")
            assert bubbles(mine, talk)[0].reactions == ()
        await hang_up(ada, ben)

    qloop(scene())
