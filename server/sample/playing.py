"""The sample people act their scenes through the real services, as their clients' commands would."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from protocol.commands import (
    DeleteMessage,
    EditMessage,
    MarkRead,
    OpenConversation,
    OpenGroup,
    PatchMember,
    PatchOwn,
    PutDraft,
    React,
    SendMessage,
    SentFile,
)
from protocol.times import to_wire
from server.sample.scenes import Deed, Place, Said, Scene

if TYPE_CHECKING:
    from protocol.shapes import Message
    from server.sample.people import SamplePerson
    from server.services.house import House
    from server.services.ports import Actor

_DEED_MS = 20_000
_READ_AFTER_MS = 40_000
_FOR_GOOD = "9999-12-31T23:59:59.000Z"
_CALLED = re.compile(r"@([a-z]+)")


class Cast:
    """Plays scenes one after the other. Owns the clock meanwhile, and what was said under a label."""

    def __init__(
        self,
        house: House,
        people: Sequence[SamplePerson],
        actors: Mapping[str, Actor],
        urls: Mapping[tuple[str, str], str],
    ) -> None:
        """`urls`: sender and file name → the `file_url` of what was uploaded."""
        self._house = house
        self._people = {person.username: person for person in people}
        self._actors = actors
        self._urls = urls
        self._at = 0
        self._ended: dict[Place, int] = {}
        self._places: dict[Place, int] = {}
        self._labelled: dict[str, Message] = {}

    def play(self, scene: Scene, begins_ms: int) -> None:
        """Say and do everything of a scene at its time, and read it. Raises KeyError for an unknown label or name."""
        self._at = max(begins_ms, self._ended.get(scene.place, 0))
        self._house.database.clock = lambda: self._at
        if scene.place not in self._places:
            self._places[scene.place] = self._opened(scene.place)
        conversation_id = self._places[scene.place]
        for step in scene.steps:
            if isinstance(step, Said):
                self._say(conversation_id, step)
            else:
                for who in step.who:
                    self._do(conversation_id, who, step)
        self._at += _READ_AFTER_MS
        for name in scene.place.people:
            if name not in scene.unread_by:
                self._house.cursors.mark_read(self._actors[name], MarkRead(conversation_id=conversation_id))
        self._ended[scene.place] = self._at

    def groups_of(self, who: str) -> dict[str, int]:
        """Title → conversation id of the groups somebody is in."""
        return {place.title: number for place, number in self._places.items() if place.title and who in place.people}

    def _opened(self, place: Place) -> int:
        """The conversation of two people, or a new group with its admins."""
        actors = [self._actors[name] for name in place.people]
        ids = [actor.user_id for actor in actors]
        if not place.title:
            opening = OpenConversation(participant1_id=ids[0], participant2_id=ids[1])
            return self._house.conversations.open_direct(actors[0], opening)[0].conversation_id
        command = OpenGroup(kind="group", title=place.title, member_ids=ids[1:])
        group, _ = self._house.groups.make(actors[0], command)
        for name in place.admins:
            self._house.groups.set_role(
                actors[0], group.conversation_id, self._actors[name].user_id, PatchMember(role="admin")
            )
        return group.conversation_id

    def _say(self, conversation_id: int, said: Said) -> None:
        """Send one line."""
        answered = self._labelled[said.answers].uid if said.answers else None
        forwarded = self._labelled[said.forwards].message_id if said.forwards else None
        text, mentions = self._called(said.text)
        command = SendMessage(
            conversation_id=conversation_id,
            content=text or None,
            attachments=[SentFile(file_url=self._urls[said.who, name]) for name in said.names],
            reply_to_uid=answered,
            forward_of=forwarded,
            mentions=mentions,
        )
        posted = self._house.messages.post(self._actors[said.who], command)
        if said.label:
            self._labelled[said.label] = posted.message
        self._at += said.took_ms

    def _do(self, conversation_id: int, who: str, deed: Deed) -> None:
        """One person's deed, to a message where it has a label."""
        self._at += _DEED_MS
        if deed.of:
            self._change(self._actors[who], self._labelled[deed.of].message_id, deed)
        else:
            self._choose(self._actors[who], conversation_id, deed)

    def _change(self, actor: Actor, message_id: int, deed: Deed) -> None:
        """What is done to a message. Raises ValueError for what is done to none."""
        house = self._house
        match deed.what:
            case "react":
                house.reactions.react(actor, React(message_id=message_id, emoji=deed.text, on=True))
            case "edit":
                text, mentions = self._called(deed.text)
                house.changes.edit(actor, EditMessage(message_id=message_id, content=text, mentions=mentions))
            case "delete":
                house.changes.delete(actor, DeleteMessage(message_id=message_id))
            case "pin":
                house.pins.pin(actor, message_id, on=True)
            case "star":
                house.pins.star(actor, message_id, on=True)
            case _:
                raise ValueError(f"nothing that is done to a message: {deed.what}")

    def _choose(self, actor: Actor, conversation_id: int, deed: Deed) -> None:
        """What is done to a conversation, for oneself alone. Raises ValueError for what is done to a message."""
        own = self._house.own_facts
        match deed.what:
            case "mute":
                own.patch(actor, conversation_id, PatchOwn(muted_until=_FOR_GOOD))
            case "archive":
                own.patch(actor, conversation_id, PatchOwn(archived=True))
            case "hold":
                own.patch(actor, conversation_id, PatchOwn(pinned=True))
            case "draft":
                draft = PutDraft(content=deed.text, written_at=to_wire(self._at))
                self._house.drafts.put(actor, conversation_id, draft)
            case _:
                raise ValueError(f"nothing that is done to a conversation: {deed.what}")

    def _called(self, text: str) -> tuple[str, list[int]]:
        """A text with `@username` written out as the name shown, and who is named in it."""
        called = [self._people[name] for name in _CALLED.findall(text) if name in self._people]
        for person in called:
            text = text.replace(f"@{person.username}", f"@{person.display_name}")
        return text, [person.user_id for person in called]
