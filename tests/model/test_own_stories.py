"""Drafts and choices in the stories: a few here, as many as one likes by `python -m tests.model --own`."""

from __future__ import annotations

from tests.model.own_stories import OwnStories
from tests.model.stories import tell_stories


def test_drafts_and_choices_end_the_same_everywhere() -> None:
    tell_stories(15, kind=OwnStories)
