"""A house without doors: real services on a real SQLite file in this process, and everything they announced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from protocol.commands import (
    AddMembers,
    DeleteMessage,
    EditMessage,
    MarkRead,
    OpenConversation,
    OpenGroup,
    Page,
    PatchOwn,
    React,
    SendMessage,
)
from protocol.errors import ErrorCode, Refused
from protocol.limits import Limits
from protocol.shapes import Attachment, Message, Own
from server.services.access import Access
from server.services.changes import Changes
from server.services.conversations import Conversations
from server.services.cursors import Cursors
from server.services.drafts import Drafts
from server.services.groups import Groups
from server.services.messages import Messages
from server.services.names import Names
from server.services.own_facts import OwnFacts
from server.services.pins import Pins
from server.services.ports import Actor, Announcement, Said, Silence
from server.services.reactions import Reactions
from server.services.search import Search
from server.services.sync import SyncDesk
from server.services.uploads import Uploads
from server.storage import users
from server.storage.blobs import FolderBlobs
from server.storage.tables import members
from server.storage.unit import Database


def refused(act: Callable[[], object]) -> ErrorCode:
    """The code with which an act is refused, in a sentence."""
    with pytest.raises(Refused) as caught:
        act()
    assert caught.value.message.endswith(".")
    return ErrorCode(caught.value.code)


class Setting:
    """The conversation services and who is in them; `announced` is what sockets would have been told, in order."""

    def __init__(self, folder: Path, url: str = "", said: Said | None = None) -> None:
        """Build it in a new folder; `url` is the database's address, a file in the folder where there is none.

        `said` is told what messages say.
        """
        self.announced: list[Announcement] = []
        limits = Limits()
        self.database = Database(url or f"sqlite:///{folder / 'hearth.db'}", self._hear)
        self.database.migrate()
        self.access = Access(self.database)
        self.blobs = FolderBlobs(folder / "blobs", 0)
        self.uploads = Uploads(self.database, self.access, self.blobs, limits)
        self.messages = Messages(self.database, self.access, self.uploads, limits, said)
        self.conversations = Conversations(self.database, self.access, Silence())
        self.changes = Changes(self.database, self.access, self.uploads, limits, said)
        self.reactions = Reactions(self.database, self.access)
        self.pins = Pins(self.database, self.access)
        self.groups = Groups(self.database, self.access, Silence(), Names(limits))
        self.own_facts = OwnFacts(self.database, self.access, Silence())
        self.drafts = Drafts(self.database, self.access, limits)
        self.cursors = Cursors(self.database, self.access)
        self.search = Search(self.database, self.access)
        self.sync = SyncDesk(self.database, Silence())

    def _hear(self, announcements: Sequence[Any]) -> None:
        """Keep what is announced."""
        self.announced.extend(announcements)

    def person(self, name: str) -> Actor:
        """Somebody new, signed in."""
        new = users.NewUser(username=name, display_name=name.title(), password_hash="none")
        user_id = self.database.write(lambda unit: users.add(unit.connection, new, unit.now_ms))
        assert user_id is not None
        return Actor(user_id=user_id, session_id=user_id)

    def direct(self, one: Actor, other: Actor) -> int:
        """Their direct conversation's number."""
        command = OpenConversation(participant1_id=one.user_id, participant2_id=other.user_id)
        return self.conversations.open_direct(one, command)[0].conversation_id

    def group(self, owner: Actor, *others: Actor, title: str = "Friends") -> int:
        """A new group's number."""
        command = OpenGroup(kind="group", title=title, member_ids=[other.user_id for other in others])
        return self.groups.make(owner, command)[0].conversation_id

    def seat(self, actor: Actor, conversation_id: int, *others: Actor) -> None:
        """Add people to a group."""
        self.groups.add(actor, conversation_id, AddMembers(user_ids=[other.user_id for other in others]))

    def choose(self, actor: Actor, conversation_id: int, **choices: Any) -> Own:
        """Change what is the actor's own."""
        return self.own_facts.patch(actor, conversation_id, PatchOwn(**choices))

    def own(self, actor: Actor, conversation_id: int) -> Own:
        """What is the actor's own."""
        own = self.conversations.get(actor, conversation_id).own
        assert isinstance(own, Own)
        return own

    def say(self, actor: Actor, conversation_id: int, content: str | None = "hello", **more: Any) -> Message:
        """Send, and the stored message."""
        command = SendMessage(conversation_id=conversation_id, content=content, **more)
        return self.messages.post(actor, command).message

    def edit(self, actor: Actor, message: Message, content: str, *, mentions: Sequence[int] = ()) -> Message:
        """Change a message's text."""
        command = EditMessage(message_id=message.message_id, content=content, mentions=list(mentions))
        return self.changes.edit(actor, command)

    def delete(self, actor: Actor, message: Message) -> Message:
        """Delete a message; the tombstone."""
        return self.changes.delete(actor, DeleteMessage(message_id=message.message_id))

    def react(self, actor: Actor, message: Message, emoji: str = "👍", *, on: bool = True) -> Message:
        """Put an emoji under a message, or take it away."""
        return self.reactions.react(actor, React(message_id=message.message_id, emoji=emoji, on=on))

    def latest(self, actor: Actor, conversation_id: int) -> list[Message]:
        """The conversation as it is read now."""
        return self.messages.page(actor, conversation_id, Page()).messages

    def read(self, actor: Actor, conversation_id: int, position: int | None = None) -> int:
        """Move the actor's cursor."""
        return self.cursors.mark_read(actor, MarkRead(conversation_id=conversation_id, position=position))

    def upload(self, actor: Actor, data: bytes = b"some plain words", name: str = "notes.txt") -> Attachment:
        """An unbound upload of the actor's."""
        incoming = self.uploads.receive(actor)
        incoming.write(data)
        return self.uploads.store(actor, incoming, name)

    def told(self, event: str, actor: Actor) -> list[Any]:
        """The payloads of this event that went to the actor, in order."""
        return [one.payload for one in self.announced if one.event == event and actor.user_id in one.user_ids]

    def remove(self, actor: Actor, conversation_id: int) -> None:
        """Take somebody's seat away, past all rules."""
        self.database.write(
            lambda unit: (
                unit.connection.execute(
                    update(members)
                    .where(members.c.conversation_id == conversation_id, members.c.user_id == actor.user_id)
                    .values(left_at=1)
                ).rowcount
            )
        )

    def close(self) -> None:
        """Let go of the file."""
        self.database.close()
