"""The sample people: complete, in order, in the past, only in an empty place, and with everything Hearth can do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from protocol.commands import Page
from protocol.errors import Refused
from protocol.shapes import Conversation, Message, Own
from protocol.times import from_wire, now_ms
from server.app import build_house
from server.config import Config
from server.sample.people import SamplePerson
from server.sample.scenes import parsed, read_scenes, timed
from server.sample.seeding import make_sample
from server.services.house import House
from server.services.ports import Actor, Silence

DAY_MS = 24 * 60 * 60 * 1000
GROUPS = ["Friday lunch", "Harbour team", "Trip to the quarry"]


def test_scenes_end_before_now_whatever_the_time() -> None:
    scenes = read_scenes()
    midnight = datetime.now(UTC).astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    for hour in range(24):
        now = round((midnight + timedelta(hours=hour, minutes=5)).timestamp() * 1000)
        placed = timed(scenes, now)
        assert max(at for at, _ in placed) <= now - 30 * 60 * 1000
        assert now - min(at for at, _ in placed) >= 40 * DAY_MS
        for place in {scene.place for scene in scenes}:
            order = [(scene.days_ago, scene.clock) for _, scene in placed if scene.place == place]
            assert order == sorted(order, key=lambda one: (-one[0], one[1]))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, list[SamplePerson]]]:
    built = build_house(Config(data_dir=tmp_path_factory.mktemp("sample")), Silence(), Silence())
    try:
        yield built, make_sample(built)
    finally:
        built.database.close()


def shown(house: tuple[House, list[SamplePerson]]) -> list[tuple[Conversation, list[Message]]]:
    """What Anna sees: her conversations, each with its messages."""
    built, people = house
    anna = Actor(user_id=people[0].user_id, session_id=0)
    found = built.conversations.list_for(anna, anna.user_id)
    return [(one, built.messages.page(anna, one.conversation_id, Page()).messages) for one in found]


def test_the_sample_is_six_people_and_six_weeks(house: tuple[House, list[SamplePerson]]) -> None:
    with pytest.raises(Refused, match="new --data-dir"):
        make_sample(house[0])
    assert len(house[1]) == 6
    conversations = shown(house)
    assert sorted(one.title or "" for one, _ in conversations) == ["", "", "", "", "", *sorted(GROUPS)]
    times = [[from_wire(message.created_at) for message in page] for _, page in conversations]
    assert all(page == sorted(page) for page in times)
    assert min(map(min, times)) < now_ms() - 38 * DAY_MS
    assert max(map(max, times)) < now_ms()
    assert {message.type for _, page in conversations for message in page} == {"text", "image", "file", "system"}
    unread = [one.own.unread_count for one, _ in conversations if one.own]
    assert sorted(unread) == [0, 0, 0, 0, 0, 1, 2, 3]


def test_every_feature_stands_somewhere(house: tuple[House, list[SamplePerson]]) -> None:
    conversations = shown(house)
    messages = [message for _, page in conversations for message in page]
    owns = [one.own for one, _ in conversations if one.own]
    assert sum(message.reply_to is not None for message in messages) >= 5
    assert max(len(one.user_ids) for message in messages for one in message.reactions) >= 4
    assert any(message.edited_at and not message.deleted_at for message in messages)
    assert any(message.deleted_at for message in messages)
    assert any(message.forwarded_from for message in messages)
    assert any(len(message.attachments) == 3 for message in messages)
    assert any("\n> " in (message.content or "") for message in messages)
    assert sum(len(one.pins) for one, _ in conversations) == 1
    assert sum(len(own.starred) for own in owns) == 3
    assert [own.mentions for own in owns if own.mentions] == [1]
    assert [own.draft.content for own in owns if own.draft] == ["Here is the report, well before lunch. On page two"]
    assert [sum(field(own) for own in owns) for field in (is_muted, is_archived, is_pinned)] == [1, 1, 1]


def test_the_team_has_roles_and_the_named_one_is_the_viewer(house: tuple[House, list[SamplePerson]]) -> None:
    ((team, page),) = [(one, page) for one, page in shown(house) if one.title == "Harbour team"]
    assert [(seat.user.username, seat.role) for seat in team.members] == [
        ("anna", "owner"),
        ("maya", "admin"),
        *((name, "member") for name in ("sofia", "ravi", "tomas", "jun")),
    ]
    assert (page[-1].content or "").startswith("@Anna Novak ")
    assert page[-1].mentions == [house[1][0].user_id]


@pytest.mark.parametrize(
    "line", ["-- 3 10:00\nanna says nothing", "-- 3 10:00\n+ anna dances", "anna: too early", "@ anna maya jun"]
)
def test_a_line_of_no_kind_is_named(line: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        list(parsed(line))


def is_muted(own: Own) -> bool:
    return own.muted_until is not None


def is_archived(own: Own) -> bool:
    return own.archived


def is_pinned(own: Own) -> bool:
    return own.pinned
