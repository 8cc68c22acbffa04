"""Three people with two devices each, their three conversations, and what must be true of them at every moment."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import Any

from desktop.core.bubble import Bubble, Hole, Row
from desktop.core.session import Session
from desktop.core.timeline import Timeline
from desktop.core.waiting_list import Why
from protocol.commands import Page
from protocol.errors import Refused
from protocol.shapes import Message, User
from server.services.ports import Actor
from tests.model.device import NOON_MS, Device
from tests.model.server import ModelServer
from tests.model.virtual_time import VirtualLoop

SETTLED_WITHIN_S = 60.0
_SETTLE_STEP_S = 5.0


@dataclass
class Said:
    """A text whose composer was cleared: it was on the disk of a device."""

    device: Device
    conversation_id: int
    text: str
    is_taken_back: bool = False
    may_be_lost: bool = False


@dataclass
class Wish:
    """The last that one device has wished for a message: another text, a tombstone (None), or an emoji, or none."""

    device: Device
    text: str | None = None
    emoji: bool | None = None

    def is_granted(self, message: Message | None) -> bool:
        """Whether the server's message is as wished; an emoji on what was deleted means nothing."""
        is_gone = message is None or message.deleted_at is not None
        if self.emoji is not None and message is not None:
            chosen = {user_id for one in message.reactions for user_id in one.user_ids}
            return is_gone or (self.device.actor.user_id in chosen) is self.emoji
        return is_gone if self.text is None else message is not None and message.content == self.text


@dataclass
class World:
    """Owns a story's people and devices; the server goes on from story to story."""

    server: ModelServer
    tag: str
    loop: VirtualLoop = field(default_factory=VirtualLoop)
    said: list[Said] = field(default_factory=list)
    was_restored: bool = False
    wishes: dict[tuple[str, int, bool], Wish] = field(default_factory=dict)
    """By message, user, and whether it is about an emoji; those that two devices of a user have are left out."""

    def __post_init__(self) -> None:
        """Everybody is there and has seen that there is nothing."""
        self.server.begin(lambda: NOON_MS + round(self.loop.time() * 1000))
        house = self.server.house
        people = [house.person(f"{name}-{self.tag}") for name in ("ada", "ben", "eve")]
        self.conversations = {house.direct(a, b): (a, b) for a, b in combinations(people, 2)}
        house.announced.clear()
        self.devices = [self._device(actor) for actor in people for _ in range(2)]
        self._cursors: dict[tuple[int, int, int], int] = {}
        for device in self.devices:
            device.start()

    def _device(self, actor: Actor) -> Device:
        """A desktop of somebody's with nothing on its disk."""
        user = User(user_id=actor.user_id, username=f"user-{actor.user_id}", display_name="", version=0)
        return Device(self.loop, self.server, actor, user)

    def of(self, device: Device) -> list[int]:
        """The conversations that a device's user is in."""
        return [number for number, pair in self.conversations.items() if device.actor in pair]

    def stored(self, conversation_id: int) -> list[Message]:
        """What the server holds of a conversation."""
        actor = self.conversations[conversation_id][0]
        return self.server.house.messages.page(actor, conversation_id, Page()).messages

    def change(self, device: Device, bubble: Bubble, deed: str, text: str) -> None:
        """Somebody changes a message; of two devices that would change it, the other one does not."""
        about = bubble.key, device.actor.user_id, deed not in {"edit", "delete"}
        if self.wishes.get(about, Wish(device)).device is not device:
            return
        here, key = bubble.conversation_id, bubble.key
        verbs: dict[str, tuple[Wish, Callable[[Session], asyncio.Future[None]]]] = {
            "edit": (Wish(device, text), lambda session: session.changing.edit(here, key, text)),
            "delete": (Wish(device), lambda session: session.changing.delete(here, key)),
            "👍": (Wish(device, emoji=True), lambda session: session.changing.react(here, key, "👍", on=True)),
            "-👍": (Wish(device, emoji=False), lambda session: session.changing.react(here, key, "👍", on=False)),
        }
        wish, verb = verbs[deed]
        try:
            written = device.do(verb)
        except Refused:
            return
        assert written.done()
        written.result()
        self.wishes[about] = wish
        for said in self.said:
            said.is_taken_back |= said.text == bubble.text and wish.emoji is None

    def wish_again(self, device: Device, uid: str, text: str | None) -> None:
        """A message that waits was changed in the outbox's panel; None: it was thrown away."""
        about = uid, device.actor.user_id, False
        if about in self.wishes:
            self.wishes[about] = Wish(device, text)

    # --- at every moment ---

    def check(self) -> None:
        """What holds whatever has gone wrong."""
        for device in self.devices:
            if device.session is not None:
                self._check_device(device, device.session)

    def _check_device(self, device: Device, session: Session) -> None:
        """One desktop: its own conversations only, no row twice, cursors that never go back."""
        own = set(self.of(device))
        listed = {row.conversation_id for row in session.conversations.rows}
        assert listed <= own, "somebody sees a conversation that they are not in"
        for conversation_id in own:
            held = session.held(conversation_id)
            uids = Counter(message.uid for message in held.messages.values())
            assert not uids or max(uids.values()) == 1, "a message stands at two positions"
            assert held.positions == sorted(held.messages), "the positions are not those of the messages"
            for user_id, cursor in held.cursors.items():
                known = (id(session), conversation_id, user_id)
                assert cursor.position >= self._cursors.get(known, 0) or self.was_restored, "a tick went back"
                self._cursors[known] = cursor.position
        for timeline in device.timelines.values():
            keys = Counter(row.key for row in timeline.rows)
            assert not keys or max(keys.values()) == 1, "a row is shown twice"

    # --- after everything has healed ---

    def settle(self) -> None:
        """The network heals, whoever was killed starts again, and time passes until everybody has caught up."""
        self.server.fate = None
        for device in self.devices:
            device.network.up = True
            device.network.let_through()
            if device.session is None:
                device.start()
            device.do(lambda session: session.look_at_line())
            if self.was_restored:
                device.do(_give_up)
        passed_s = 0.0
        while passed_s < SETTLED_WITHIN_S and not (passed_s > PUSHES_LOST_S and self._is_quiet()):
            self.loop.run_for(_SETTLE_STEP_S)
            passed_s += _SETTLE_STEP_S

    def _is_quiet(self) -> bool:
        """Whether nothing is left to be sent."""
        return all(device.is_caught_up() for device in self.devices)

    def check_settled(self) -> None:
        """P1 to P6 of reliability.md: nothing lost, nothing twice, one order, the same on all devices."""
        assert self._is_quiet(), [device.running.connection.value for device in self.devices]
        self._check_stored()
        for actor in {device.actor: None for device in self.devices}:
            fresh = self._device(actor)
            fresh.start()
            self.loop.run_now()
            expected = shown(self, fresh)
            for device in self.devices:
                if device.actor == actor:
                    assert shown(self, device) == expected, "a device shows something else than a fresh one"
            fresh.close()
            self.server.networks.pop()

    def _check_stored(self) -> None:
        """The server's messages: contiguous, each text once, and one device's in the order in which it wrote them."""
        texts: list[str] = []
        for conversation_id in self.conversations:
            messages = self.stored(conversation_id)
            assert [message.position for message in messages] == list(range(1, len(messages) + 1)), "a hole"
            here = [message.content or "" for message in messages]
            self._check_order(conversation_id, here)
            texts += here
        if not self.was_restored:
            known = {message.uid: message for number in self.conversations for message in self.stored(number)}
            wrong = [wish for (uid, *_), wish in self.wishes.items() if not wish.is_granted(known.get(uid))]
            assert not wrong, "what was wished for a message has not come about"
        counted = Counter(texts)
        for said in self.said:
            assert counted[said.text] <= 1, "a text was sent twice"
            assert counted[said.text] == 1 or said.is_taken_back or said.may_be_lost, "a text was lost"

    def _check_order(self, conversation_id: int, texts: list[str]) -> None:
        """Texts queued on one device keep their order (P4); a restored server gets the old ones after newer ones."""
        if self.was_restored:
            return
        for device in self.devices:
            mine = [s.text for s in self.said if s.device is device and s.conversation_id == conversation_id]
            arrived = [text for text in texts if text in mine]
            assert arrived == [text for text in mine if text in arrived], "one device's texts changed their order"

    def close(self) -> None:
        """The story is over."""
        for device in self.devices:
            device.close()
        self.loop.end()


PUSHES_LOST_S = 15.0
"""By then a digest has been asked (tests/model/device.py, PACE)."""


def _give_up(session: Session) -> None:
    """Its user lets go of changes to messages that a restored server knows no longer."""
    for row in session.waiting_list.rows():
        if row.why is Why.FAILED and row.kind not in {"send", "forward"}:
            session.waiting_list.discard(row.uid)


def shown(world: World, device: Device) -> dict[str, Any]:
    """All that a person sees on a device, in plain values that compare."""
    session = device.running
    state: dict[str, Any] = {"list": list(session.conversations.rows), "unread": session.unread_total.value}
    for conversation_id in world.of(device):
        state[f"rows of {conversation_id}"] = _all_rows(device, conversation_id)
        held = session.held(conversation_id)
        state[f"cursors of {conversation_id}"] = {u: c.position for u, c in held.cursors.items() if c.position}
    return state


def _all_rows(device: Device, conversation_id: int) -> list[Row]:
    """A conversation from its first message to its last, paged upwards as a reader does; holes that are seen fill."""
    timeline = device.open(conversation_id)
    device.do(lambda _session: timeline.jump_to_latest())
    for _ in range(100):
        hole = next((row.after_position + 1 for row in timeline.rows if isinstance(row, Hole)), None)
        if hole is None and not timeline.has_older:
            return list(timeline.rows)
        device.do(partial(_read_on, timeline, hole))
    raise AssertionError("the beginning of a conversation cannot be reached")


def _read_on(timeline: Timeline, hole: int | None, _session: Session) -> None:
    """Look at a hole, or scroll up."""
    if hole is None:
        timeline.load_older()
    else:
        timeline.load_around(hole)
