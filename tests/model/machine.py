"""The story itself: what people do and what goes wrong, chosen by Hypothesis step by step (reliability 4.5)."""

from __future__ import annotations

import itertools
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from desktop.core.bubble import Bubble
from protocol.commands import SendMessage
from protocol.errors import ErrorCode, Refused
from protocol.ids import new_uid
from tests.model.device import Device
from tests.model.server import FATES, ModelServer
from tests.model.world import Said, World

places = st.integers(0, 5)
chance = st.integers(0, 7)
changes = st.sampled_from(["edit", "edit", "delete", "👍", "-👍", "answer"])
deeds = st.lists(
    st.tuples(st.booleans(), st.sampled_from(["read", "read", "read", "nothing"]) | changes), min_size=1, max_size=4
)
fate_of_push = st.sampled_from(["first", "last", "last", "lost", "twice", "all lost"])


class Stories(RuleBasedStateMachine):
    """3 people × 2 devices × 3 conversations. `server` is set by whoever runs it (run_stories)."""

    server: ClassVar[ModelServer]
    numbers: ClassVar[itertools.count[int]] = itertools.count(1)

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.server, str(next(self.numbers)))
        self.texts = itertools.count(1)

    def _device(self, place: int) -> Device:
        """A device that runs; one that was killed is started for it, as its user would."""
        device = self.world.devices[place]
        if device.session is None:
            device.start()
        return device

    def _conversation(self, device: Device, which: int) -> int:
        """A conversation of its user's."""
        own = self.world.of(device)
        return own[which % len(own)]

    # --- what people do ---

    @rule(place=places, which=chance, times=st.integers(1, 3))
    def say(self, place: int, which: int, times: int) -> None:
        """Write and press Enter, once or a few times."""
        device = self._device(place)
        conversation_id = self._conversation(device, which)
        for _ in range(times):
            self._say(device, conversation_id)

    def _say(self, device: Device, conversation_id: int, reply_to_uid: str | None = None) -> None:
        """One text; it is said once its device has it on disk."""
        text = f"text {next(self.texts)}"
        written = device.do(lambda session: session.send_text(conversation_id, text, reply_to_uid=reply_to_uid))
        if written.done() and written.exception() is None:
            self.world.said.append(Said(device, conversation_id, text))

    @rule(place=places, which=chance, back=st.sampled_from([0, 0, 1, 2]))
    def read(self, place: int, which: int, back: int) -> None:
        """See messages up to one of the last."""
        device = self._device(place)
        conversation_id = self._conversation(device, which)
        self._read(device, conversation_id, back)

    def _read(self, device: Device, conversation_id: int, back: int = 0) -> None:
        """See everything but the last `back` messages; the report is sent."""
        position = device.running.held(conversation_id).last_position - back
        if position > 0:
            device.do(lambda session: session.mark_read(conversation_id, position))
            self.world.loop.run_for(1.0)

    @rule(place=places, which=chance, back=chance)
    def mark_unread(self, place: int, which: int, back: int) -> None:
        """Let it count as unread from one of the last messages on."""
        device = self._device(place)
        conversation_id = self._conversation(device, which)
        held = device.running.held(conversation_id)
        if not held.positions:
            return
        message = held.messages[held.positions[-1 - back % len(held.positions)]]
        device.do(lambda session: session.mark_unread(conversation_id, message.message_id))

    @rule(place=places, which=chance)
    def look_back(self, place: int, which: int) -> None:
        """Page upwards."""
        device = self._device(place)
        timeline = device.open(self._conversation(device, which))
        device.do(lambda _session: timeline.load_older())

    @rule(place=places, which=chance, position=st.integers(1, 30))
    def jump(self, place: int, which: int, position: int) -> None:
        """Look at a place far up, or at the latest again."""
        device = self._device(place)
        conversation_id = self._conversation(device, which)
        position = min(position, device.running.held(conversation_id).last_position)
        timeline = device.open(conversation_id)
        device.do(lambda _session: timeline.load_around(position))

    @rule(place=places)
    def discard(self, place: int) -> None:
        """Take back the oldest message that waits, unless it may be sent already."""
        device = self._device(place)
        waiting = [w for c in self.world.of(device) for w in device.running.entries(c)]
        if not waiting:
            return
        uid, text = waiting[0].entry.uid, waiting[0].entry.text
        try:
            device.do(lambda session: session.take_back(uid))
        except Refused:
            return
        self.world.wish_again(device, uid, None)
        for said in self.world.said:
            said.is_taken_back |= said.text == text

    @rule(place=places)
    def edit(self, place: int) -> None:
        """Change the newest text that waits, unless it may be sent already."""
        device = self._device(place)
        waiting = [w for c in self.world.of(device) for w in device.running.entries(c)]
        if not waiting:
            return
        entry, text = waiting[-1].entry, f"text {next(self.texts)}"
        changed = device.has_edited(entry.uid, text)
        if changed:
            self.world.wish_again(device, entry.uid, text)
        for said in self.world.said:
            if said.text == entry.text and changed:
                said.text = text

    @rule(place=places, which=chance, same=st.sampled_from([True, False, None]))
    def repeat(self, place: int, which: int, same: bool | None) -> None:
        """A uid that is known comes again, with the same content or another; or somebody writes where they are not."""
        device = self.world.devices[place]
        if same is None:
            self._intrude(device)
            return
        conversation_id = self._conversation(device, which)
        own = [m for m in self.world.stored(conversation_id) if m.sender_id == device.actor.user_id]
        stored = [m for m in own if m.edited_at is None and m.deleted_at is None and m.reply_to is None]
        if not stored:
            return
        message = stored[-1]
        content = message.content if same else "something else"
        command = SendMessage(conversation_id=conversation_id, content=content, uid=message.uid)
        house = self.server.house
        if same:
            posted = self.server.act(lambda: house.messages.post(device.actor, command))
            assert not posted.created
            assert posted.message.message_id == message.message_id
            return
        with pytest.raises(Refused) as refusal:
            self.server.act(lambda: house.messages.post(device.actor, command))
        assert refusal.value.code == ErrorCode.IDEMPOTENCY_CONFLICT

    def _intrude(self, device: Device) -> None:
        """Write into the conversation of the other two."""
        (others,) = [number for number in self.world.conversations if number not in self.world.of(device)]
        command = SendMessage(conversation_id=others, content="let me in", uid=new_uid())
        with pytest.raises(Refused) as refusal:
            self.server.act(lambda: self.server.house.messages.post(device.actor, command))
        assert refusal.value.code == ErrorCode.NOT_FOUND

    @rule(place=places, which=chance, back=chance, times=st.integers(1, 3), changes=st.lists(changes, max_size=3))
    def change(self, place: int, which: int, back: int, times: int, changes: list[str]) -> None:
        """Write, then change or answer one of the last messages shown, sent or not, once or a few times."""
        device = self._device(place)
        conversation_id = self._conversation(device, which)
        for _ in range(times):
            self._say(device, conversation_id)
        for deed in changes:
            self._change(device, conversation_id, back, deed)

    def _change(self, device: Device, conversation_id: int, back: int, deed: str) -> None:
        """Edit, delete, react to or answer one of the last messages shown."""
        bubbles = [row for row in device.open(conversation_id).rows if isinstance(row, Bubble)]
        if not bubbles:
            return
        bubble = bubbles[-1 - back % len(bubbles)]
        if deed == "answer":
            self._say(device, conversation_id, bubble.key)
        else:
            self.world.change(device, bubble, deed, f"text {next(self.texts)}")

    # --- what the network does ---

    @rule(place=places, is_held=st.booleans())
    def hold(self, place: int, is_held: bool) -> None:
        """Everything to and from a device waits, or flows again."""
        network = self.world.devices[place].network
        if is_held:
            network.held = True
        else:
            network.let_through()
        self.world.loop.run_now()

    def shuffle(self, place: int, which: int, deeds: list[tuple[bool, str]], fates: list[str]) -> None:
        """A slow device: while the two write, read and change, its pushes wait, overtake, are lost or come twice."""
        slow = self._device(place)
        slow.network.held = True
        conversation_id = self._conversation(slow, which)
        first, second = self._others(slow, conversation_id)
        for other in (first, second):
            other.network.let_through()
        for is_first, deed in deeds:
            self._say(first if is_first else second, conversation_id)
            if deed == "read":
                self._read(second if is_first else first, conversation_id)
            elif deed != "nothing":
                self._change(first if is_first else second, conversation_id, len(deed), deed)
        for fate in fates:
            if slow.network.pushes and slow.network.line is not None:
                arrived = slow.network.pushes.pop(-1 if fate == "last" else 0)
                for _ in range({"lost": 0, "all lost": 0, "twice": 2}.get(fate, 1)):
                    slow.network.line.queue.put_nowait(arrived)
                if fate == "all lost":
                    slow.network.pushes.clear()
                self.world.loop.run_now()
                self.world.check()

    # Told of more often than the rest: most promises are about just this.
    _talking = rule(place=places, which=chance, deeds=deeds, fates=st.lists(fate_of_push, min_size=1, max_size=6))
    talk, gossip, quarrel = _talking(shuffle), _talking(shuffle), _talking(shuffle)

    def _others(self, slow: Device, conversation_id: int) -> list[Device]:
        """A device of each of the two who talk there, not the slow one."""
        pair = self.world.conversations[conversation_id]
        fast = {device.actor: place for place, device in enumerate(self.world.devices) if device is not slow}
        return [self._device(fast[actor]) for actor in pair]

    @rule(place=places, which=chance)
    def one_request(self, place: int, which: int) -> None:
        """One of the waiting requests arrives, perhaps long after it was given up; its answer waits."""
        network = self.world.devices[place].network
        if network.requests:
            network.carry(network.requests[which % len(network.requests)])
        elif network.answers:
            network.bring_back(network.answers[which % len(network.answers)])
        network.held = True
        self.world.loop.run_now()

    @rule(place=places)
    def cut(self, place: int) -> None:
        """The network of a device goes away; where it is away, it comes back, and the system says so."""
        device = self._device(place)
        if device.network.up:
            device.network.cut()
            self.world.loop.run_now()
        else:
            device.network.up = True
            device.do(lambda session: session.look_at_line())

    @rule(seconds=st.sampled_from([0.2, 1.0, 3.0, 13.0]))
    def wait(self, seconds: float) -> None:
        """Time passes: gaps are filled, digests asked, retries made."""
        self.world.loop.run_for(seconds)

    # --- what crashes ---

    @rule(fate=st.sampled_from(FATES))
    def doom(self, fate: Any) -> None:
        """Something befalls the next request, whosesoever it is."""
        self.server.fate = fate

    @rule(place=places, which=chance, times=st.integers(0, 2), reach=st.booleans())
    def kill(self, place: int, which: int, times: int, reach: bool) -> None:
        """A desktop dies, perhaps right after its user wrote; what was written may have reached the server, or not.

        It is started again when its user comes back to it.
        """
        device = self._device(place)
        device.network.held = True
        for _ in range(times):
            self._say(device, self._conversation(device, which))
        while reach and device.network.requests:
            device.network.carry(device.network.requests[0])
        device.kill()

    @rule()
    def back_up(self) -> None:
        """The operator takes a copy."""
        self.server.back_up()

    @precondition(lambda self: self.server.has_backup())
    @rule()
    def restore(self) -> None:
        """The operator goes back to it: what was written since is on desktops alone."""
        for said in self.world.said:
            said.may_be_lost |= not self._is_held(said)
        self.world.was_restored = True
        self.server.restore()
        self.world.loop.run_now()

    def _is_held(self, said: Said) -> bool:
        """Whether a running desktop of its writer knows the text, or waits to send it."""
        for device in self.world.devices:
            if device.actor == said.device.actor and device.session is not None:
                held = device.session.held(said.conversation_id)
                waiting = device.session.entries(said.conversation_id)
                if said.text in {m.content for m in held.messages.values()} | {w.entry.text for w in waiting}:
                    return True
        return False

    # --- what must be true ---

    @invariant()
    def nothing_is_wrong(self) -> None:
        """At every moment."""
        self.world.check()

    def teardown(self) -> None:
        """In the end everything heals, and all is as it should be."""
        try:
            self.world.settle()
            self.world.check()
            self.world.check_settled()
        finally:
            self.world.close()
