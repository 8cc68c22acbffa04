"""A server in memory for tests of the desktop: the contract's shapes and rules, and a line that breaks on demand.

    server = FakeServer()
    anna, ben = server.add_user("anna"), server.add_user("ben")
    talk = server.open_direct(anna.user_id, ben.user_id)
    server.post(ben.user_id, talk, "Hello")
    session = server.session(anna)            # a real core.session.Session on this server
    await session.start()
    await until(lambda: session.connection.value.line is Line.CONNECTED)

Only what is outside the desktop is faked: Live, Api and the outbox's file (tests/desktop/fake_line.py).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import structs

from desktop.core.media import kind_of
from desktop.core.pace import Pace
from desktop.core.ports import Arrived, BegunUpload, Cache, Clock, HistoryPage, OutboxFile
from desktop.core.session import Session
from protocol.codec import decode
from protocol.commands import Digest, SendMessage, Sync, digest_sum
from protocol.errors import ErrorCode, Refused
from protocol.ids import new_uid
from protocol.limits import Limits
from protocol.shapes import Attachment, Conversation, Member, Message, Presence, PresenceStatus, User
from protocol.signals import SIGNALS, MessagesRead, OwnUpdated, Synced, SyncedConversation, UserTyping
from protocol.text import clean_content
from protocol.times import to_wire
from tests.desktop.fake_changes import changed, forwarded, quote_of
from tests.desktop.fake_conversation import FakeConversation
from tests.desktop.fake_line import FakeApi, FakeLive, MemoryOutboxFile

QUICK = Pace(
    first_s=0.02,
    most_s=0.1,
    answer_s=0.5,
    sync_s=1.0,
    gap_s=0.05,
    digest_s=30.0,
    closed_by_server_s=0.02,
    report_s=0.02,
    typing_repeat_s=0.1,
    typing_expires_s=0.2,
    latency_s=0.05,
    line_patience_s=0.15,
    draft_s=0.02,
    draft_most_s=0.06,
    draft_told_s=0.02,
    burst_s=0.06,
    away_after_s=0.05,
    back_again_s=0.02,
)
"""Waits short enough for tests; the rules are the same."""

NOON_MS = 1_795_608_000_000
"""The fake clocks begin at 2026-11-25 12:00 UTC."""


async def until(condition: Callable[[], Any], within_s: float = 5.0) -> None:
    """Let the loop run until something holds; fails the test when it does not come about."""
    deadline = asyncio.get_running_loop().time() + within_s
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not come about"
        await asyncio.sleep(0.005)


class FakeServer:
    """Owns users, conversations and the live lines; `cut()` and `restore()` break and mend all of them."""

    def __init__(self) -> None:
        self.epoch = "first"
        self.users: dict[int, User] = {}
        self.presence: dict[int, Presence] = {}
        self.conversations: dict[int, FakeConversation] = {}
        self.user_versions: dict[int, int] = {}
        self.lives: list[FakeLive] = []
        self.now_ms = NOON_MS
        self.is_up = True
        self.sync_rows = 500
        self.fresh_beyond = 2000
        self.fresh_rows = 50
        self.calls: list[tuple[str, Any]] = []
        self.refusals: dict[str, deque[Refused]] = {}
        self.lost_answers: dict[str, int] = {}
        self.lost_pushes = 0
        self.holds_answers: asyncio.Event | None = None
        self.sends_by_rest = 0
        self.sent: dict[str, SendMessage] = {}
        self.uploads: dict[str, Attachment] = {}
        self.upload_gate: asyncio.Event | None = None
        self.continued: list[BegunUpload | None] = []
        """What each upload was asked to go on with."""
        self.abandoned: list[BegunUpload] = []

    # --- what tests set up ---

    def add_user(self, username: str, display_name: str = "") -> User:
        """A new account."""
        user_id = len(self.users) + 1
        user = User(user_id=user_id, username=username, display_name=display_name or username.title())
        self.users[user_id] = user
        self.user_versions[user_id] = 0
        return user

    def session(
        self,
        user: User,
        outbox_file: OutboxFile | None = None,
        pace: Pace = QUICK,
        limits: Limits | None = None,
        cache: Cache | None = None,
    ) -> Session:
        """A real session of the desktop on this server; not started."""
        clock = Clock(now_ms=self.tick)
        file = MemoryOutboxFile() if outbox_file is None else outbox_file
        live, api = FakeLive(self, user.user_id), FakeApi(self, user.user_id)
        return Session(user, live, api, file, clock, limits=limits or Limits(), pace=pace, cache=cache)

    def tick(self) -> int:
        """The time of the server and of all desktops: each look at it is a millisecond later."""
        self.now_ms += 1
        return self.now_ms

    def open_direct(self, one_id: int, other_id: int) -> int:
        """The direct conversation of two users, created where there is none."""
        first, second = sorted((one_id, other_id))
        for conversation in self.conversations.values():
            if (conversation.row.user1_id, conversation.row.user2_id) == (first, second):
                return conversation.row.conversation_id
        now = to_wire(self.tick())
        row = Conversation(
            conversation_id=len(self.conversations) + 1,
            kind="direct",
            user1_id=first,
            user2_id=second,
            created_at=now,
            updated_at=now,
            version=1,
            head=0,
            member_count=2,
        )
        conversation = self.conversations[row.conversation_id] = FakeConversation(row)
        conversation.next_version()
        for user_id in (first, second):
            conversation.members[user_id] = Member(
                user=self.users[user_id], joined_at=now, version=conversation.next_version()
            )
        self.push("conversation_updated", conversation.shown(), *conversation.members)
        return row.conversation_id

    def post(self, sender_id: int, conversation_id: int, text: str | None, **fields: Any) -> Message:
        """Let a member say something."""
        self._conversation(sender_id, conversation_id)
        return self.store(sender_id, conversation_id, text, **fields)

    def store(self, sender_id: int, conversation_id: int, text: str | None, **fields: Any) -> Message:
        """Store a message and push it to every member."""
        conversation = self.conversations[conversation_id]
        sent: list[Attachment] = fields.pop("attachments", [])
        position = len(conversation.messages) + 1
        attachments = [structs.replace(one, message_id=conversation_id * 100_000 + position) for one in sent]
        message = Message(
            message_id=conversation_id * 100_000 + position,
            uid=fields.pop("uid", None) or new_uid(),
            conversation_id=conversation_id,
            position=position,
            version=conversation.next_version(),
            sender_id=sender_id,
            sender=self.users[sender_id],
            content=text,
            type=fields.pop("type", kind_of(attachments[0].file_type) if attachments else "text"),
            attachments=attachments,
            created_at=to_wire(fields.pop("at_ms", None) or self.tick()),
            **fields,
        )
        conversation.messages.append(message)
        self.push("new_message", message, *conversation.members)
        return message

    def edit(self, conversation_id: int, position: int, text: str) -> Message:
        """Change a message's text, as a later version of the app will."""
        conversation = self.conversations[conversation_id]
        message = conversation.messages[position - 1]
        return changed(self, conversation, message, content=text, edited_at=to_wire(self.tick()))

    def read(self, user_id: int, conversation_id: int, position: int) -> int:
        """Move a member's cursor and tell everybody; the result is where it stands."""
        conversation = self._conversation(user_id, conversation_id)
        member = conversation.members[user_id]
        position = min(position, len(conversation.messages))
        clears = position >= conversation.unread_from.get(user_id, position + 1)
        if clears:
            del conversation.unread_from[user_id]
        if position > member.read_position:
            now = to_wire(self.tick())
            version = conversation.next_version()
            conversation.members[user_id] = structs.replace(
                member, read_position=position, read_at=now, version=version
            )
            told = MessagesRead(
                conversation_id=conversation_id, user_id=user_id, read_position=position, read_at=now, version=version
            )
            self.push("messages_read", told, *conversation.members)
        if clears or position > member.read_position:
            self.push_own(user_id, conversation)
        return conversation.members[user_id].read_position

    def unread(self, user_id: int, message_id: int) -> None:
        """Let a conversation count as unread from a message on, for one member."""
        conversation_id, position = divmod(message_id, 100_000)
        conversation = self._conversation(user_id, conversation_id)
        conversation.unread_from[user_id] = position
        self.push_own(user_id, conversation)

    def type(self, user_id: int, conversation_id: int, *, on: bool = True) -> None:
        """Let somebody type."""
        told = UserTyping(conversation_id=conversation_id, user_id=user_id, is_typing=on)
        self.push("user_typing", told, *(self.conversations[conversation_id].members.keys() - {user_id}))

    def set_presence(self, user_id: int, status: PresenceStatus) -> None:
        """Let somebody come, go or be busy."""
        self.presence[user_id] = Presence(user_id=user_id, status=status, last_seen_at=to_wire(self.tick()))
        self.push("presence", self.presence[user_id], *(self.users.keys() - {user_id}))

    def remove(self, user_id: int, conversation_id: int) -> None:
        """Take somebody out of a conversation."""
        del self.conversations[conversation_id].members[user_id]
        self.push_event("conversation_removed", {"conversation_id": conversation_id}, user_id)

    # --- what goes wrong ---

    def cut(self) -> None:
        """Break every line; nothing answers until `restore()`."""
        self.is_up = False
        for live in tuple(self.lives):
            live.snap("cut")

    def restore(self) -> None:
        """Mend the lines; desktops come back by themselves."""
        self.is_up = True

    def refuse_next(self, event: str, *refusals: Refused) -> None:
        """Answer the next calls of an event (or Api method) with these."""
        self.refusals.setdefault(event, deque()).extend(refusals)

    def lose_answers(self, event: str, count: int = 1) -> None:
        """Do what the next calls ask for, and never answer them."""
        self.lost_answers[event] = self.lost_answers.get(event, 0) + count

    def lose_pushes(self, count: int) -> None:
        """Push nothing for the next `count` pushes."""
        self.lost_pushes += count

    # --- how it works ---

    def push_event(self, event: str, payload: Mapping[str, Any], *user_ids: int) -> None:
        """Push plain values as the struct of the catalogue."""
        self.push(event, decode(SIGNALS[event].payload, dict(payload)), *user_ids)

    def push(self, event: str, payload: object, *user_ids: int) -> None:
        """Put a signal on the lines of these users."""
        if self.lost_pushes:
            self.lost_pushes -= 1
            return
        for live in self.lives:
            if live.user_id in user_ids and live.is_open:
                live.queue.put_nowait(Arrived(event, payload))

    def take_refusal(self, event: str) -> None:
        """Raise the refusal that a test has put up for this call."""
        waiting = self.refusals.get(event)
        if waiting:
            raise waiting.popleft()

    def send(self, user_id: int, command: SendMessage) -> Message:
        """`send_message` and its REST twin."""
        conversation = self._conversation(user_id, command.conversation_id)
        for message in (m for c in self.conversations.values() for m in c.messages):
            if message.uid == command.uid:
                first = self.sent.get(message.uid, command)
                if message.sender_id != user_id or (first.content, first.forward_of) != (
                    command.content,
                    command.forward_of,
                ):
                    raise Refused(ErrorCode.IDEMPOTENCY_CONFLICT, "This uid was used already. Send with another.")
                return conversation.message_at(message.position)
        if command.uid is not None:
            self.sent[command.uid] = command
        if command.forward_of is not None:
            return forwarded(self, user_id, command)
        text = clean_content(command.content or "")
        if not text and not command.attachments:
            raise Refused(ErrorCode.EMPTY_CONTENT, "Write something first.")
        if any(file.file_url not in self.uploads for file in command.attachments):
            raise Refused(ErrorCode.FILE_NOT_UPLOADED, "Upload the file first.")
        attachments = [self.uploads[file.file_url] for file in command.attachments]
        quoted = next((m for m in conversation.messages if m.uid == command.reply_to_uid), None)
        return self.post(
            user_id,
            command.conversation_id,
            text or None,
            uid=command.uid,
            attachments=attachments,
            reply_to=None if quoted is None else quote_of(quoted),
            mentions=list(command.mentions),
            **({} if command.type is None else {"type": command.type}),
        )

    def sync(self, user_id: int, command: Sync) -> Synced:
        """Rows of higher versions, as many as an answer holds."""
        parts, complete = [], True
        mine = {i: c for i, c in self.conversations.items() if user_id in c.members}
        for identity, conversation in mine.items():
            since = command.versions.get(str(identity), 0)
            if since >= conversation.head:
                continue
            rows = sorted((m for m in conversation.messages if m.version > since), key=lambda m: m.version)
            head, fresh = conversation.head, len(rows) > self.fresh_beyond
            if fresh:
                rows = conversation.messages[-self.fresh_rows :]
            elif len(rows) > self.sync_rows:
                rows, complete = rows[: self.sync_rows], False
                head = rows[-1].version
            parts.append(
                SyncedConversation(
                    conversation_id=identity,
                    since=since,
                    head=head,
                    fresh=fresh,
                    conversation=conversation.shown(user_id),
                    members=[m for m in conversation.seats()[: conversation.listed_most] if m.version > since],
                    messages=[conversation.message_at(m.position) for m in rows],
                )
            )
        return Synced(
            epoch=self.epoch,
            user_version=self.user_versions[user_id],
            complete=complete,
            conversations=parts,
            gone=[int(i) for i in command.versions if int(i) not in mine],
            own={str(i): c.own_of(user_id) for i, c in mine.items()},
            users=list(self.users.values()),
            presence=list(self.presence.values()),
        )

    def digest(self, user_id: int, command: Digest) -> list[int]:
        """Which conversations differ in sum."""
        heads = {i: c.head for i, c in self.conversations.items() if user_id in c.members}
        same = command.count == len(heads) and command.sum == digest_sum(heads)
        return [] if same else sorted(heads)

    def page(
        self, user_id: int, conversation_id: int, limit: int, before: int | None, after: int | None, around: int | None
    ) -> HistoryPage:
        """Messages ascending: the newest, or beside a position."""
        conversation = self._conversation(user_id, conversation_id)
        count = len(conversation.messages)
        first, last = max(1, count - limit + 1), count
        if before is not None:
            first, last = max(1, before - limit), min(count, before - 1)
        elif after is not None:
            first, last = after + 1, min(count, after + limit)
        elif around is not None:
            first = max(1, around - limit // 2)
            last = min(count, first + limit - 1)
        messages = [conversation.message_at(position) for position in range(first, last + 1)]
        return HistoryPage(messages, conversation.head, count)

    def _conversation(self, user_id: int, conversation_id: int) -> FakeConversation:
        """The conversation, for its members only."""
        conversation = self.conversations.get(conversation_id)
        if conversation is None or user_id not in conversation.members:
            raise Refused(ErrorCode.NOT_FOUND, "This conversation does not exist. Choose another one.")
        return conversation

    def push_own(self, user_id: int, conversation: FakeConversation) -> None:
        """Tell a user's own sockets their private facts."""
        self.user_versions[user_id] += 1
        told = OwnUpdated(
            conversation_id=conversation.row.conversation_id,
            own=conversation.own_of(user_id),
            user_version=self.user_versions[user_id],
            counted_to=len(conversation.messages),
        )
        self.push("own_updated", told, user_id)
