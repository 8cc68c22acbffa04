"""From what the user wrote or chose to entries of the outbox, checked before anything is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from desktop.core.attaching import measured
from desktop.core.delivery import Delivery
from desktop.core.drafts import Drafts
from desktop.core.media import kind_of, mime_of
from desktop.core.outbox import Outbox
from desktop.core.ports import Clock, LocalFile, OutboxEntry, OutboxFile
from desktop.core.quotes import quote_of, quote_of_entry
from desktop.core.store import Store
from protocol.errors import ErrorCode, Refused
from protocol.ids import new_uid
from protocol.limits import Limits
from protocol.shapes import ReplyTo
from protocol.text import clean_content

ALBUM_AT_MOST = 10
"""So many pictures and films go in one message."""


class Writing:
    """Makes entries and sees them onto the disk; `to_the_end` is told the conversation that is written into."""

    def __init__(
        self,
        outbox: Outbox,
        delivery: Delivery,
        disk: OutboxFile,
        clock: Clock,
        limits: Callable[[], Limits],
        to_the_end: Callable[[int], None],
        *,
        quoted: Callable[[int, str], ReplyTo | None],
    ) -> None:
        """`quoted` tells of a message by conversation and uid, in brief, what is known here."""
        self._outbox = outbox
        self._delivery = delivery
        self._disk = disk
        self.now_ms = clock.now_ms
        self._limits = limits
        self._to_the_end = to_the_end
        self._quoted = quoted

    def send_text(
        self, conversation_id: int, text: str, reply_to_uid: str | None = None, mentions: Sequence[int] = ()
    ) -> asyncio.Future[None]:
        """Show a message at once; the future is done when it is on disk. Raises Refused for empty or too long text."""
        content = self.checked(text)
        if not content:
            raise Refused(ErrorCode.EMPTY_CONTENT, "There is nothing to send yet. Write something first.")
        entry = replace(self._entry(conversation_id, content), mentions=tuple(mentions))
        return self.write([self._answering(entry, reply_to_uid)])

    def send_files(
        self,
        conversation_id: int,
        paths: Sequence[Path],
        caption: str,
        reply_to_uid: str | None = None,
        mentions: Sequence[int] = (),
        *,
        as_files: bool = False,
    ) -> asyncio.Future[None]:
        """One message a file, pictures and films beside each other in one; see `Session.send_files`."""
        first = replace(self._entry(conversation_id, self.checked(caption)), mentions=tuple(mentions), as_file=as_files)
        return self._kept(self._measure(first, list(paths), reply_to_uid))

    def write(self, entries: Sequence[OutboxEntry]) -> asyncio.Future[None]:
        """Show what waits now; the future is done when all are on disk, in order. Raises what the disk raised."""
        return self._kept(self._save(self._add(entries)))

    def _kept(self, work: Coroutine[Any, Any, None]) -> asyncio.Future[None]:
        """The work as a future, for which the outbox's file stays open."""
        write = asyncio.ensure_future(work)
        self._outbox.stay_for(write)
        return write

    async def edit(self, uid: str, text: str, mentions: Sequence[int] | None = None) -> None:
        """Change the text of a message that waits, and let one that had failed go out again.

        Raises Refused for empty or too long text, or where it is too late; and what the disk raised.
        """
        content = self.checked(text)
        before = self._outbox.editable(uid).entry
        if not content and not before.paths and not before.uploaded:
            raise Refused(ErrorCode.EMPTY_CONTENT, "There is nothing left to send. Cancel the message instead.")
        await self._outbox.edit(uid, content, None if mentions is None else tuple(mentions))
        self._outbox.retry(uid)
        self._delivery.wake()

    async def measured(self, path: Path) -> LocalFile:
        """What is known of a file, before it is shown. Raises Refused, in words, for what cannot be attached."""
        return await measured(self._disk, path, self._limits())

    def checked(self, text: str) -> str:
        """Text as the server would store it. Raises Refused when it is too long."""
        content = clean_content(text)
        most = self._limits().content_chars
        if len(content) > most:
            message = f"This text has {len(content):,} characters; a message may have {most:,}."
            raise Refused(ErrorCode.CONTENT_TOO_LONG, f"{message} Shorten it, or attach it as a file.")
        return content

    def _entry(
        self, conversation_id: int, text: str, paths: Sequence[Path] = (), local: Sequence[LocalFile] = ()
    ) -> OutboxEntry:
        """A new entry; the outbox gives it its place."""
        return OutboxEntry(
            uid=new_uid(),
            conversation_id=conversation_id,
            place=0,
            text=text,
            paths=tuple(map(str, paths)),
            local=tuple(local),
            created_ms=self.now_ms(),
            tried=not paths and self._delivery.is_idle(conversation_id),
        )

    def _answering(self, entry: OutboxEntry, uid: str | None) -> OutboxEntry:
        """The entry as an answer, with what it answers as that is now."""
        if uid is None:
            return entry
        return replace(entry, reply_to_uid=uid, reply_to=self._quoted(entry.conversation_id, uid))

    async def _measure(self, first: OutboxEntry, paths: list[Path], reply_to_uid: str | None) -> None:
        """Look at the files first, so that all or none are shown; `first` has what goes with the first of them."""
        files = {path: await self.measured(path) for path in paths}
        groups = [[path] for path in paths] if first.as_file else list(_albums(paths))
        entries = []
        for group in groups:
            entry = self._entry(first.conversation_id, "", group, [files[path] for path in group])
            entries.append(replace(entry, as_file=first.as_file))
        if entries:
            said = replace(entries[0], text=first.text, mentions=first.mentions)
            entries[0] = self._answering(said, reply_to_uid)
        await self._save(self._add(entries))

    def _add(self, entries: Sequence[OutboxEntry]) -> list[OutboxEntry]:
        """Show the entries now."""
        for conversation_id in dict.fromkeys(entry.conversation_id for entry in entries if entry.is_message):
            self._to_the_end(conversation_id)
        return [self._outbox.add(entry) for entry in entries]

    async def _save(self, left: list[OutboxEntry]) -> None:
        """Make entries durable, in order, and let them go out; those after one that the disk refused are gone, too."""
        try:
            while left:
                await self._outbox.save(left.pop(0))
        finally:
            for entry in left:
                self._outbox.confirm(entry.uid)
            self._delivery.wake()


class SendFiles:
    """The session's verb for files."""

    def __init__(self, writing: Writing, drafts: Drafts) -> None:
        """The draft that the caption was goes with the files."""
        self._writing = writing
        self._drafts = drafts

    def __call__(
        self,
        conversation_id: int,
        paths: Sequence[Path],
        caption: str = "",
        *,
        reply_to_uid: str | None = None,
        mentions: Sequence[int] = (),
        as_files: bool = False,
    ) -> asyncio.Future[None]:
        """Up to ten pictures and films in one message, other files in one each; `as_files`: all of them so.

        Caption and answer go with the first. Raises Refused for a caption that is too long. The future raises Refused,
        before anything is shown, for what cannot be attached; else it is done when all are on disk.
        """
        sent = self._writing.send_files(conversation_id, paths, caption, reply_to_uid, mentions, as_files=as_files)
        return self._drafts.sent(conversation_id, caption, sent)


def _albums(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """The files of each message: up to ten pictures and films that follow each other in one, other files alone."""
    group: list[Path] = []
    for path in paths:
        is_media = kind_of(mime_of(path.name)) != "file"
        if group and (not is_media or len(group) == ALBUM_AT_MOST):
            yield group
            group = []
        group.append(path)
        if not is_media:
            yield group
            group = []
    if group:
        yield group


def known_quotes(store: Store, outbox: Outbox, own_id: int) -> Callable[[int, str], ReplyTo | None]:
    """What a message would be quoted as, by conversation and uid: as it is held, or as it waits itself."""

    def quoted(conversation_id: int, uid: str) -> ReplyTo | None:
        message, waiting = store.of(conversation_id).by_uid(uid), outbox.get(uid)
        if message is not None:
            return quote_of(message)
        return None if waiting is None else quote_of_entry(waiting.entry, own_id)

    return quoted
