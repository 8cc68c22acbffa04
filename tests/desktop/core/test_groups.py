"""Groups: made, named, joined and left; their rows, ticks and words; who is in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from desktop.core.bubble import Preview, Tick
from desktop.core.session import Session
from protocol.errors import ErrorCode, Refused
from tests.desktop.core.talk import Talk, bubbles
from tests.desktop.doubles import until
from tests.desktop.fake_own import open_group, seat, unseat

Tell = Callable[[Any], None]


def names(session: Session, group: int) -> list[str]:
    """Who is seated, by name."""
    return [member.user.display_name for member in session.groups.members(group).value]


def test_a_group_is_made_named_and_shown_with_who_says_what(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        cleo = talk.server.add_user("cleo")
        async with talk.session() as anna, talk.session(of_ben=True) as ben:
            group = await anna.groups.make("Trip", [talk.ben.user_id, cleo.user_id])
            row = anna.conversations.rows[0]
            assert (row.title, row.kind, row.peer_id, row.presence) == ("Trip", "group", None, None)
            await anna.groups.rename(group, "Trip to Rome")
            await until(lambda: ben.conversations.rows[0].title == "Trip to Rome")
            await until(lambda: anna.conversations.rows[0].preview.happening is not None)
            line = anna.conversations.rows[0].preview.happening
            assert line is not None
            assert (line.happening.kind, line.actor_name) == ("renamed", "Anna")
            talk.server.post(cleo.user_id, group, "When?")
            await until(lambda: anna.conversations.rows[0].preview.text == "When?")
            assert anna.conversations.rows[0].preview == Preview(type="text", text="When?", sender_name="Cleo")
            header = anna.header(group).value
            assert (header.kind, header.member_count, header.own_role) == ("group", 3, "owner")
            assert ben.header(group).value.own_role == "member"

    tell(story)


def test_members_come_and_go_where_one_looks_at_them(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        cleo, dan = (talk.server.add_user(name) for name in ("cleo", "dan"))
        async with talk.session() as anna:
            group = await anna.groups.make("Trip", [talk.ben.user_id])
            assert names(anna, group) == ["Anna", "Ben"]
            await anna.groups.add(group, [dan.user_id, cleo.user_id])
            assert names(anna, group) == ["Anna", "Ben", "Cleo", "Dan"]
            await until(lambda: anna.header(group).value.member_count == 4)
            await anna.groups.set_role(group, dan.user_id, "admin")
            assert names(anna, group) == ["Anna", "Dan", "Ben", "Cleo"]
            await anna.groups.remove(group, talk.ben.user_id)
            assert names(anna, group) == ["Anna", "Dan", "Cleo"]
            unseat(talk.server, cleo.user_id, talk.server.conversations[group], cleo.user_id)
            await until(lambda: names(anna, group) == ["Anna", "Dan"])
            seat(talk.server, talk.server.conversations[group], cleo.user_id)
            await until(lambda: names(anna, group) == ["Anna", "Dan", "Cleo"])

    tell(story)


def test_who_is_not_listed_is_asked_for_when_somebody_looks(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        people = [talk.server.add_user(f"user{number:02d}") for number in range(30)]
        group = open_group(talk.server, talk.anna.user_id, "Crowd", *(user.user_id for user in people))
        talk.server.conversations[group].listed_most = 20
        talk.server.refuse_next("members", Refused(ErrorCode.UNAVAILABLE, "Busy."))
        async with talk.session() as anna:
            anna_sees = anna.groups.members(group)
            assert anna.header(group).value.member_count == 31
            assert len(anna_sees.value) < 31
            await until(lambda: "members" in [event for event, _ in talk.server.calls])
            talk.server.cut()
            talk.server.restore()
            await until(lambda: len(anna_sees.value) == 31)

    tell(story)


def test_who_is_taken_out_loses_the_row_and_is_told_and_may_come_back(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna, talk.session(of_ben=True) as ben:
            told: list[str] = []
            ben.groups.removed.subscribe(told.append)
            group = await anna.groups.make("Trip", [talk.ben.user_id])
            await until(lambda: len(ben.conversations.rows) == 2)
            await anna.groups.remove(group, talk.ben.user_id)
            await until(lambda: len(ben.conversations.rows) == 1)
            assert told == ["Trip"]
            await anna.groups.add(group, [talk.ben.user_id])
            await until(lambda: len(ben.conversations.rows) == 2)
            await ben.groups.leave(group)
            assert len(ben.conversations.rows) == 1
            assert told == ["Trip"]

    tell(story)


def test_what_is_refused_changes_nothing(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            group = await anna.groups.make("Trip", [talk.ben.user_id])
            talk.server.refuse_next("remove_member", Refused(ErrorCode.FORBIDDEN, "Ask the owner."))
            with pytest.raises(Refused, match="Ask the owner"):
                await anna.groups.remove(group, talk.ben.user_id)
            assert names(anna, group) == ["Anna", "Ben"]

    tell(story)


def test_read_by_somebody_is_read_and_typists_are_named(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        cleo = talk.server.add_user("cleo")
        async with talk.session() as anna:
            group = await anna.groups.make("Trip", [talk.ben.user_id, cleo.user_id])
            await anna.send_text(group, "Hello")
            await until(lambda: anna.conversations.rows[0].preview.tick is Tick.SENT)
            talk.server.read(cleo.user_id, group, 2)
            await until(lambda: anna.conversations.rows[0].preview.tick is Tick.READ)
            timeline = anna.timeline(group)
            await until(lambda: bubbles(timeline) and bubbles(timeline)[-1].tick is Tick.READ)
            talk.server.type(cleo.user_id, group)
            talk.server.type(talk.ben.user_id, group)
            await until(lambda: anna.conversations.rows[0].typists == ("Cleo", "Ben"))
            assert anna.header(group).value.typing == ("Cleo", "Ben")

    tell(story)


def test_the_badge_counts_direct_messages_and_mentions(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            group = await anna.groups.make("Trip", [talk.ben.user_id])
            talk.server.post(talk.ben.user_id, talk.identity, "You there?")
            talk.server.post(talk.ben.user_id, group, "All there?")
            await until(lambda: anna.unread_total.value == 2)
            assert anna.badge.value == 1
            talk.server.post(talk.ben.user_id, group, "@anna?", mentions=[talk.anna.user_id])
            await until(lambda: anna.badge.value == 2)
            assert anna.conversations.rows[0].mentions == 1
            unread = anna.unread(group)
            assert (unread.first_position, unread.first_mention) == (2, 3)
            await anna.choices.mute_for(group, 60_000)
            assert (anna.unread_total.value, anna.badge.value) == (2, 2)
            await anna.choices.mute_for(talk.identity, 60_000)
            assert (anna.unread_total.value, anna.badge.value) == (1, 1)

    tell(story)
