"""What people do with messages that are there: edit, delete, react, forward, pin, star, and ask who has read them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from desktop.core import updates
from desktop.core.delivery import Delivery
from desktop.core.outbox import Outbox, Waiting
from desktop.core.ports import EntryKind, MessageApi, OutboxEntry, Unreachable
from desktop.core.store import Store
from desktop.core.updates import Update
from desktop.core.writing import Writing
from protocol.errors import ErrorCode, Refused
from protocol.ids import new_uid
from protocol.shapes import Edit, ForwardedFrom, Message, Reader


class Changing:
    """Turns wishes about messages into entries of the outbox, of which only the last of a kind counts.

    `edit`, `delete`, `react` and `forward` are shown at once and go out in order, now or when the line is back; their
    futures are done when they are on disk. They raise Refused at once where the wish makes no sense. The others ask the
    server while one waits, and raise Refused or Unreachable.
    """

    def __init__(
        self,
        outbox: Outbox,
        delivery: Delivery,
        writing: Writing,
        store: Store,
        own_id: int,
        api: MessageApi,
        *,
        ingest: Callable[[Update], None],
        is_connected: Callable[[], bool],
    ) -> None:
        """`ingest` is the session's waist."""
        self.problems = delivery.problems
        """Sentences for people: what was refused, and why. What was shown before is shown again by then."""
        self._outbox = outbox
        self._delivery = delivery
        self._writing = writing
        self._store = store
        self._own_id = own_id
        self._api = api
        self._ingest = ingest
        self._is_connected = is_connected

    # --- through the outbox -------------------------------------------------------------------------------------

    def edit(self, conversation_id: int, uid: str, text: str, mentions: Sequence[int] = ()) -> asyncio.Future[None]:
        """Change the text of a message of one's own; one that still waits is changed where it stands."""
        waiting = self._outbox.get(uid)
        if waiting is not None and not _may_be_there(waiting):
            return asyncio.ensure_future(self._writing.edit(uid, text, mentions))
        content = self._writing.checked(text)
        message = None if waiting is not None else self._editable(uid)
        has_files = bool(waiting.entry.uploaded) if waiting is not None else bool(message and message.attachments)
        if not content and not has_files:
            raise _no(ErrorCode.EMPTY_CONTENT, "There is nothing left of the message. Delete it instead.")
        self._raise_if_deleted(uid)
        kept = self._kept(uid, "edit")
        if kept is not None:
            return asyncio.ensure_future(self._edit_again(kept.entry.uid, content, mentions))
        if message is not None and not self._waits(uid, "edit") and _says(message, content, mentions):
            return _done()
        entry = self._entry("edit", conversation_id, uid, text=content, mentions=tuple(mentions))
        return self._writing.write([entry])

    def delete(self, conversation_id: int, uid: str) -> asyncio.Future[None]:
        """Delete a message for everybody; one that still waits is cancelled."""
        waiting = self._outbox.get(uid)
        if waiting is not None and waiting.progress is not None:
            self._delivery.cancel_upload(uid)
            return _done()
        if waiting is not None and not _may_be_there(waiting):
            self._outbox.discard(uid)
            return _done()
        if waiting is None:
            self._raise_if_not_deletable(conversation_id, uid)
        kept = self._kept(uid, "delete")
        if kept is not None:
            self._try_again(kept.entry.uid)
            return _done()
        if self._waits(uid, "delete"):
            return _done()
        before = [w.entry.uid for w in self._outbox.changes_of(uid)]
        written = self._writing.write([self._entry("delete", conversation_id, uid)])
        return asyncio.ensure_future(self._instead(written, before))

    def react(self, conversation_id: int, uid: str, emoji: str, on: bool) -> asyncio.Future[None]:
        """Put an emoji under a message or take it away; what is so already stays."""
        message = self._store.find(uid)
        if message is None:
            self._there(uid)
        elif message.deleted_at is not None or message.type == "system":
            raise _no(ErrorCode.INVALID_REQUEST, "There is nothing here to react to any more.")
        self._raise_if_deleted(uid)
        kept = self._kept(uid, "react", emoji)
        if kept is not None and kept.fresh and on is self._has_chosen(message, emoji):
            self._outbox.discard(kept.entry.uid)
            return _done()
        if kept is not None:
            return asyncio.ensure_future(self._react_again(kept.entry.uid, on=on))
        if not self._waits(uid, "react", emoji) and on is self._has_chosen(message, emoji):
            return _done()
        return self._writing.write([self._entry("react", conversation_id, uid, emoji=emoji, on=on)])

    def forward(self, conversation_id: int, uid: str, to: Sequence[int]) -> asyncio.Future[None]:
        """Send what a message says into other conversations, with who wrote it first."""
        message = self._confirmed(conversation_id, uid)
        if message.deleted_at is not None or message.type == "system":
            raise _no(ErrorCode.INVALID_REQUEST, "There is nothing here to forward any more.")
        first = message.forwarded_from or ForwardedFrom(
            sender_id=message.sender_id, sender_name=message.sender.display_name, created_at=message.created_at
        )
        entries = [
            self._entry(
                "forward",
                target,
                uid,
                text=message.content or "",
                uploaded=tuple(message.attachments),
                forwarded_from=first,
            )
            for target in dict.fromkeys(to)
        ]
        return self._writing.write(entries)

    # --- asked of the server ------------------------------------------------------------------------------------

    async def pin(self, conversation_id: int, uid: str, on: bool) -> None:
        """Pin a message for all, or no longer."""
        told = await self._api.pin(self._number(conversation_id, uid), on)
        self._ingest(updates.of_conversation(told))

    async def star(self, conversation_id: int, uid: str, on: bool) -> None:
        """Keep a message at hand for oneself, or no longer; shown when the server has told one's own devices."""
        await self._api.star(self._number(conversation_id, uid), on)

    async def remove_preview(self, conversation_id: int, uid: str) -> None:
        """Take the link preview off a message of one's own."""
        told = await self._api.remove_preview(self._number(conversation_id, uid))
        self._ingest(updates.of_message(told))

    async def readers(self, conversation_id: int, uid: str) -> list[Reader]:
        """Who has read a message, and when."""
        return await self._api.readers(self._number(conversation_id, uid))

    async def edits(self, conversation_id: int, uid: str) -> list[Edit]:
        """What a message said before, oldest first."""
        return await self._api.edits(self._number(conversation_id, uid))

    # --- how ----------------------------------------------------------------------------------------------------

    def _entry(self, kind: EntryKind, conversation_id: int, target_uid: str, **fields: object) -> OutboxEntry:
        """A new entry about a message; the outbox gives it its place."""
        target = self._store.find(target_uid)
        told = {
            "uid": new_uid(),
            "conversation_id": conversation_id,
            "place": 0,
            "text": "",
            "created_ms": self._writing.now_ms(),
            "kind": kind,
            "target_uid": target_uid,
            "target_id": None if target is None else target.message_id,
            **fields,
        }
        return OutboxEntry(**told)  # type: ignore[arg-type]

    def _kept(self, uid: str, kind: EntryKind, emoji: str = "") -> Waiting | None:
        """What waits for just this and may still become another wish: it is not on the wire."""
        waiting = (w for w in self._outbox.changes_of(uid) if (w.entry.kind, w.entry.emoji) == (kind, emoji))
        return next((w for w in waiting if not w.on_wire), None)

    def _waits(self, uid: str, kind: EntryKind, emoji: str = "") -> bool:
        """Whether just this is wished for already."""
        return any((w.entry.kind, w.entry.emoji) == (kind, emoji) for w in self._outbox.changes_of(uid))

    async def _edit_again(self, uid: str, content: str, mentions: Sequence[int]) -> None:
        """Change what an edit that waits will say."""
        await self._outbox.edit(uid, content, tuple(mentions))
        self._try_again(uid)

    async def _react_again(self, uid: str, *, on: bool) -> None:
        """Change what becomes of a reaction that waits."""
        await self._outbox.react(uid, on=on)
        self._try_again(uid)

    def _try_again(self, uid: str) -> None:
        """Let an entry go out, also one that was refused."""
        self._outbox.retry(uid)
        self._delivery.wake()

    async def _instead(self, written: asyncio.Future[None], uids: Sequence[str]) -> None:
        """Once a deletion is on disk, nothing else need become of its message."""
        await written
        for uid in uids:
            waiting = self._outbox.get(uid)
            if waiting is not None and not waiting.on_wire:
                self._outbox.confirm(uid)

    def _there(self, uid: str) -> Waiting:
        """The message as it waits. Raises Refused where nothing is known of it."""
        waiting = self._outbox.get(uid)
        if waiting is None:
            raise _no(ErrorCode.NOT_FOUND, "This message is not loaded. Open the conversation where it stands.")
        return waiting

    def _confirmed(self, conversation_id: int, uid: str) -> Message:
        """The message as the server has it. Raises Refused for one that waits."""
        message = self._store.of(conversation_id).by_uid(uid)
        if message is None:
            self._there(uid)
            raise _no(ErrorCode.INVALID_REQUEST, "This message is not sent yet. Wait until it is.")
        return message

    def _number(self, conversation_id: int, uid: str) -> int:
        """The server's number of a message. Raises Refused; and Unreachable while nobody knows of which history."""
        message = self._confirmed(conversation_id, uid)
        if not self._is_connected():
            raise Unreachable("There is no connection just now. Try again when it is back.")
        return message.message_id

    def _editable(self, uid: str) -> Message:
        """A message whose text is one's own to change. Raises Refused."""
        message = self._store.find(uid)
        if message is None:
            raise _no(ErrorCode.NOT_FOUND, "This message is not loaded. Open the conversation where it stands.")
        if message.sender_id != self._own_id or message.type == "system" or message.forwarded_from is not None:
            raise _no(ErrorCode.FORBIDDEN, "Only what you have written yourself can be changed.")
        if message.deleted_at is not None:
            raise _no(ErrorCode.INVALID_REQUEST, "This message was deleted.")
        return message

    def _raise_if_not_deletable(self, conversation_id: int, uid: str) -> None:
        """Raise Refused for a message that is somebody else's, unless one looks after the group."""
        message = self._confirmed(conversation_id, uid)
        may_all = self._store.of(conversation_id).own.role != "member"
        if message.type == "system" or (message.sender_id != self._own_id and not may_all):
            raise _no(ErrorCode.FORBIDDEN, "Only what you have written yourself can be deleted.")

    def _raise_if_deleted(self, uid: str) -> None:
        """Raise Refused where the message is going to be deleted."""
        if any(w.entry.kind == "delete" and w.entry.state == "queued" for w in self._outbox.changes_of(uid)):
            raise _no(ErrorCode.INVALID_REQUEST, "This message is being deleted.")

    def _has_chosen(self, message: Message | None, emoji: str) -> bool:
        """Whether the server knows this emoji of oneself under a message."""
        told = () if message is None else message.reactions
        return any(one.emoji == emoji and self._own_id in one.user_ids for one in told)


def _may_be_there(waiting: Waiting) -> bool:
    """Whether the server may have the message, with just this content."""
    return waiting.may_be_known or waiting.on_wire


def _says(message: Message, content: str, mentions: Sequence[int]) -> bool:
    """Whether a message says just this already."""
    return (message.content or "") == content and [*message.mentions] == [*mentions]


def _no(code: ErrorCode, words: str) -> Refused:
    """A wish that makes no sense."""
    return Refused(code, words)


def _done() -> asyncio.Future[None]:
    """A future of what has happened already."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future
