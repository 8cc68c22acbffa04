"""Drafts and choices in the same stories: whatever fails, all of a person's devices end with the same."""

from __future__ import annotations

from typing import Any
from unittest import mock

from hypothesis import strategies as st
from hypothesis.stateful import rule

from protocol.commands import PatchOwn
from tests.model.machine import Stories, chance, places

CHOICES = [
    PatchOwn(pinned=True),
    PatchOwn(pinned=False),
    PatchOwn(archived=True),
    PatchOwn(notify="none"),
    PatchOwn(archived=False, pinned=True),
]


class OwnStories(Stories):
    """People begin, clear and send drafts, and choose how conversations are listed."""

    @rule(
        place=places,
        which=chance,
        what=st.sampled_from(["begin", "begin", "clear", "send"]),
        seconds=st.sampled_from([0.0, 1.5, 4.0]),
    )
    def draft(self, place: int, which: int, what: str, seconds: float) -> None:
        """Type into a composer, empty it, or send what stands there."""
        device = self._device(place)
        conversation_id = self._conversation(device, which)
        draft = device.running.drafts.get(conversation_id)
        text = f"draft {next(self.texts)}" if what == "begin" else ""
        if what != "send":
            device.do(lambda session: session.drafts.keep(conversation_id, text))
        elif draft is not None:
            content = draft.content
            written = device.do(lambda session: session.send_text(conversation_id, content))
            assert not written.cancelled()
        self.world.loop.run_for(seconds)

    @rule(place=places, which=chance, change=st.sampled_from(CHOICES))
    def choose(self, place: int, which: int, change: PatchOwn) -> None:
        """Pin, archive, or want no notices."""
        device = self._device(place)
        conversation_id = self._conversation(device, which)

        def begin(session: Any) -> None:
            session.spawn(session.choices.set(conversation_id, change))

        device.do(begin)

    # A question to the server that was lost is given up after 30 s (Pace.sync_s): until then nobody knows better.
    def teardown(self) -> None:
        """Everything heals, in its time."""
        with mock.patch("tests.model.world.PUSHES_LOST_S", 45.0):
            super().teardown()
