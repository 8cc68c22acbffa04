"""Sessions of the desktop on a real server: groups, choices and drafts as two people and two devices see them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.cache.outbox_file import SqliteOutboxFile
from desktop.core.moments import system_clock
from desktop.core.pace import Pace
from desktop.core.session import Session
from desktop.net.live import SocketLive
from protocol.commands import PatchOwn
from protocol.errors import ErrorCode, Refused
from protocol.limits import Limits
from tests.desktop.doubles import until
from tests.desktop.loop import QLoop
from tests.desktop.net.accounts import Account, befriend, hang_up, sign_up
from tests.running import RunningServer

PACE = replace(Pace(), draft_s=0.02, draft_most_s=0.06, draft_told_s=0.02)


@asynccontextmanager
async def device(account: Account, folder: Path) -> AsyncIterator[Session]:
    """A session of somebody, with a line of its own."""
    live, file = SocketLive(account.address, account.keeper, account.rest), SqliteOutboxFile(folder)
    session = Session(await account.api.me(), live, account.api, file, system_clock(), limits=Limits(), pace=PACE)
    await session.start()
    try:
        await until(session.is_connected)
        yield session
    finally:
        await session.close()


def names(session: Session, group: int) -> list[str]:
    """Who is seated, by user name, the owner first."""
    return [member.user.username for member in session.groups.members(group).value]


def test_a_groups_life_as_two_people_see_it(qloop: QLoop, server: RunningServer, tmp_path: Path) -> None:
    async def scene() -> None:
        ada, ben, cleo = sign_up(server), sign_up(server), sign_up(server)
        async with device(ada, tmp_path / "ada") as hers, device(ben, tmp_path / "ben") as his:
            removed: list[str] = []
            his.groups.removed.subscribe(removed.append)
            group = await hers.groups.make("Trip", [ben.user_id])
            await until(lambda: [row.title for row in his.conversations.rows] == ["Trip"])
            await hers.groups.rename(group, "Trip to Rome")
            await hers.groups.add(group, [cleo.user_id])
            await until(lambda: his.conversations.rows[0].title == "Trip to Rome")
            await until(lambda: names(his, group) == [ada.username, ben.username, cleo.username])
            assert his.header(group).value.member_count == 3
            await hers.groups.set_role(group, cleo.user_id, "admin")
            await until(lambda: names(his, group) == [ada.username, cleo.username, ben.username])
            with pytest.raises(Refused) as refused:
                await his.groups.remove(group, cleo.user_id)
            assert refused.value.code == ErrorCode.FORBIDDEN
            await hers.groups.remove(group, ben.user_id)
            await until(lambda: not his.conversations.rows)
            assert removed == ["Trip to Rome"]
            assert names(hers, group) == [ada.username, cleo.username]
            assert hers.header(group).value.member_count == 2
            await hers.groups.leave(group)
            assert not hers.conversations.rows
        await hang_up(ada, ben, cleo)

    qloop(scene())


def test_choices_and_drafts_follow_to_the_other_device(qloop: QLoop, server: RunningServer, tmp_path: Path) -> None:
    async def scene() -> None:
        ada, ben = sign_up(server), sign_up(server)
        talk = await befriend(ada, ben)
        async with device(ada, tmp_path / "desk") as desk, device(ada, tmp_path / "laptop") as laptop:
            await desk.choices.set(talk, PatchOwn(pinned=True, notify="mentions"))
            await desk.choices.mute_for(talk, 60_000)
            await until(lambda: laptop.conversations.rows[0].pinned and laptop.conversations.rows[0].muted)
            desk.drafts.keep(talk, "Dear Ben,\r\n\x00I")
            await until(lambda: laptop.conversations.rows[0].draft == "Dear Ben,\nI")
            laptop.drafts.keep(talk, "Dear Ben,\nI write")
            await until(lambda: desk.conversations.rows[0].draft == "Dear Ben,\nI write")
            assert desk.drafts.offered(talk) is None
            assert laptop.drafts.offered(talk) is None
            await desk.send_text(talk, "Dear Ben,\nI write")
            await until(lambda: desk.conversations.rows[0].draft is None and laptop.conversations.rows[0].draft is None)
            assert laptop.drafts.offered(talk) is None
            group = await desk.groups.make("Trip", [ben.user_id])
            with pytest.raises(Refused):
                await desk.choices.set(group, PatchOwn(blocked=True, pinned=True))
            assert not any(row.pinned or row.blocked for row in desk.conversations.rows if row.conversation_id == group)
        await hang_up(ada, ben)

    qloop(scene())


def test_an_archived_conversation_comes_back_when_something_is_said(
    qloop: QLoop, server: RunningServer, tmp_path: Path
) -> None:
    async def scene() -> None:
        ada, ben = sign_up(server), sign_up(server)
        talk = await befriend(ada, ben)
        async with device(ada, tmp_path / "ada") as hers, device(ben, tmp_path / "ben") as his:
            await hers.choices.set(talk, PatchOwn(archived=True))
            assert hers.conversations.rows[0].archived
            await his.send_text(talk, "Hello?")
            await until(lambda: not hers.conversations.rows[0].archived)
            await hers.choices.set(talk, PatchOwn(hides_receipts=True))
            hers.mark_read(talk, 1)
            await until(lambda: hers.unread_total.value == 0)
            await until(lambda: hers.held(talk).own.read_position == 1)
            assert hers.unread_total.value == 0
            assert his.held(talk).read_by_others(ben.user_id) == 0
        await hang_up(ada, ben)

    qloop(scene())
