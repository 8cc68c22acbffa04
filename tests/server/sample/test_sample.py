"""The sample people: complete, in order, in the past, and only in an empty place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from protocol.commands import Page
from protocol.errors import Refused
from protocol.times import from_wire, now_ms
from server.app import build_house
from server.config import Config
from server.sample.scenes import read_scenes, timed
from server.sample.seeding import make_sample
from server.services.ports import Actor, Silence

DAY_MS = 24 * 60 * 60 * 1000


def test_scenes_end_before_now_whatever_the_time() -> None:
    scenes = read_scenes()
    midnight = datetime.now(UTC).astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    for hour in range(24):
        now = round((midnight + timedelta(hours=hour, minutes=5)).timestamp() * 1000)
        placed = timed(scenes, now)
        assert max(at for at, _ in placed) <= now - 30 * 60 * 1000
        assert now - min(at for at, _ in placed) >= 40 * DAY_MS
        for pair in {scene.pair for scene in scenes}:
            order = [(scene.days_ago, scene.clock) for _, scene in placed if scene.pair == pair]
            assert order == sorted(order, key=lambda one: (-one[0], one[1]))


def test_the_sample_is_six_people_and_six_weeks(tmp_path: Path) -> None:
    house = build_house(Config(data_dir=tmp_path), Silence(), Silence())
    try:
        people = make_sample(house)
        anna = Actor(user_id=people[0].user_id, session_id=0)
        conversations = house.conversations.list_for(anna, anna.user_id)
        pages = [house.messages.page(anna, one.conversation_id, Page()).messages for one in conversations]
        with pytest.raises(Refused, match="new --data-dir"):
            make_sample(house)
    finally:
        house.database.close()
    assert len(people) == 6
    assert len(conversations) == 5
    times = [[from_wire(message.created_at) for message in page] for page in pages]
    assert all(page == sorted(page) for page in times)
    assert min(map(min, times)) < now_ms() - 38 * DAY_MS
    assert max(map(max, times)) < now_ms()
    assert {message.type for page in pages for message in page} == {"text", "image", "file"}
    unread = {one.conversation_id: one.own.unread_count for one in conversations if one.own}
    assert sorted(unread.values()) == [0, 0, 0, 2, 3]
