"""From what the user wrote or chose to entries of the outbox, checked before anything is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from desktop.core.attaching import measured
from desktop.core.delivery import Delivery
from desktop.core.outbox import Outbox
from desktop.core.ports import Clock, LocalFile, OutboxEntry, OutboxFile
from protocol.errors import ErrorCode, Refused
from protocol.ids import new_uid
from protocol.limits import Limits
from protocol.text import clean_content


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
    ) -> None:
        self._outbox = outbox
        self._delivery = delivery
        self._disk = disk
        self._clock = clock
        self._limits = limits
        self._to_the_end = to_the_end

    def send_text(self, conversation_id: int, text: str) -> asyncio.Future[None]:
        """Show a message at once; the future is done when it is on disk. Raises Refused for empty or too long text."""
        content = self._checked(text)
        if not content:
            raise Refused(ErrorCode.EMPTY_CONTENT, "There is nothing to send yet. Write something first.")
        return asyncio.ensure_future(self._save(self._add(conversation_id, [self._entry(conversation_id, content)])))

    def send_files(self, conversation_id: int, paths: Sequence[Path], caption: str) -> asyncio.Future[None]:
        """One message a file; see `Session.send_files`."""
        return asyncio.ensure_future(self._measure(conversation_id, list(paths), self._checked(caption)))

    async def edit(self, uid: str, text: str) -> None:
        """Change the text of a message that waits, and let one that had failed go out again.

        Raises Refused for empty or too long text, or where it is too late; and what the disk raised.
        """
        content = self._checked(text)
        before = self._outbox.editable(uid).entry
        if not content and not before.paths and not before.uploaded:
            raise Refused(ErrorCode.EMPTY_CONTENT, "There is nothing left to send. Cancel the message instead.")
        await self._outbox.edit(uid, content)
        self._outbox.retry(uid)
        self._delivery.wake()

    async def measured(self, path: Path) -> LocalFile:
        """What is known of a file, before it is shown. Raises Refused, in words, for what cannot be attached."""
        return await measured(self._disk, path, self._limits())

    def _checked(self, text: str) -> str:
        """Text as the server would store it. Raises Refused when it is too long."""
        content = clean_content(text)
        most = self._limits().content_chars
        if len(content) > most:
            message = f"This text has {len(content):,} characters; a message may have {most:,}."
            raise Refused(ErrorCode.CONTENT_TOO_LONG, f"{message} Shorten it, or attach it as a file.")
        return content

    def _entry(
        self, conversation_id: int, text: str, path: Path | None = None, local: LocalFile | None = None
    ) -> OutboxEntry:
        """A new entry; the outbox gives it its place."""
        return OutboxEntry(
            uid=new_uid(),
            conversation_id=conversation_id,
            place=0,
            text=text,
            paths=() if path is None else (str(path),),
            local=() if local is None else (local,),
            created_ms=self._clock.now_ms(),
            tried=path is None and self._delivery.is_idle(conversation_id),
        )

    async def _measure(self, conversation_id: int, paths: list[Path], caption: str) -> None:
        """Look at the files first, so that all or none are shown."""
        files = [await self.measured(path) for path in paths]
        texts = [caption] + [""] * len(files)
        parts = zip(texts, paths, files, strict=False)
        entries = [self._entry(conversation_id, text, path, file) for text, path, file in parts]
        await self._save(self._add(conversation_id, entries))

    def _add(self, conversation_id: int, entries: Sequence[OutboxEntry]) -> list[OutboxEntry]:
        """Show the entries now."""
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
