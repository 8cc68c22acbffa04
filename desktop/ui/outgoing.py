"""From the composer to the session: drafts, what is checked, when the text goes, and what is said when it cannot."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData, QObject, Signal
from PySide6.QtGui import QImage

from desktop.core import markup
from desktop.core.bubble import Bubble
from desktop.core.session import Session
from desktop.ui.composer import Composer, Edited, Unsent, local_paths
from desktop.ui.plain_text import one_line
from desktop.ui.reply_bar import Answered
from desktop.ui.staged_files import Staged
from desktop.ui.tasks import Tasks
from protocol.errors import Refused
from protocol.text import isolate

_log = logging.getLogger(__name__)

OFFERED_WORDS_AT_MOST = 120
UNPASTABLE = "This cannot be pasted. Save it as a file and attach that."
DISK_WORDS = "This computer could not keep the message, so it was not sent. Free some space and send it again."


class Outgoing(QObject):
    """Sends what one composer holds into one conversation at a time. Owns what stands in the others' composers.

    Texts and what they answer are drafts of the session, which keeps them on disk; files and edits are kept here.
    `sent` comes when something was handed to the session: the writer wants to see it.
    """

    sent = Signal()

    def __init__(self, session: Session, composer: Composer) -> None:
        super().__init__(composer)
        self._session = session
        self._composer = composer
        self._tasks = Tasks()
        self._conversation_id: int | None = None
        self._kept: dict[int, Unsent] = {}
        self._edits: dict[int, tuple[Edited, str]] = {}
        self._pasted: dict[Path, int] = {}
        self._saving: set[tuple[int, Unsent | str]] = set()
        composer.submitted.connect(self.send)
        composer.written.connect(self._keep_draft)
        composer.typing.connect(self._tell_typing)
        composer.brought.connect(self.take)
        composer.field.pasted_long.connect(self._offer_as_file)
        self._unsubscribe = session.drafts.changed.subscribe(self._follow_draft)

    @property
    def is_open(self) -> bool:
        """Whether there is a conversation to write into."""
        return self._conversation_id is not None

    def enter(self, conversation_id: int | None) -> None:
        """Write into another conversation; what was being written stays with the one left."""
        if self._conversation_id is not None:
            self._leave(self._conversation_id)
        self._conversation_id = conversation_id
        if conversation_id is None:
            self._composer.place(Unsent())
            self._composer.draft_offer.take_away()
            return
        self._composer.place(self._begun(conversation_id))
        edit = self._edits.pop(conversation_id, None)
        if edit is not None:
            self._composer.go_on_editing(*edit)
        self._show_offer(conversation_id)

    def _leave(self, conversation_id: int) -> None:
        """Keep what no draft keeps."""
        self._kept[conversation_id] = self._composer.unsent()
        if self._composer.edited is not None:
            self._edits[conversation_id] = (self._composer.edited, self._composer.text())
        self._session.typing(conversation_id, on=False)

    # Drafts

    def _begun(self, conversation_id: int) -> Unsent:
        """What was begun in a conversation: its draft, and the files that were beside it."""
        kept, draft = self._kept.pop(conversation_id, Unsent()), self._session.drafts.get(conversation_id)
        if draft is None:
            return replace(kept, text="")
        known = kept.answered if kept.answered and kept.answered.uid == draft.reply_to_uid else None
        reply = known or (self._answered(conversation_id, draft.reply_to_uid) if draft.reply_to_uid else None)
        return Unsent(draft.content, kept.files, reply, kept.as_files)

    def _answered(self, conversation_id: int, uid: str) -> Answered:
        """What a draft answers, as far as it is known here."""
        message = self._session.find(uid)
        if message is None or message.conversation_id != conversation_id:
            return Answered(uid, "", "An earlier message")
        name = "yourself" if message.sender_id == self._session.me.value.user_id else message.sender.display_name
        words = "This message was deleted" if message.deleted_at else message.content
        return Answered(uid, name, one_line(markup.parse(words or message.type.title()).shown()))

    def _keep_draft(self) -> None:
        """The text or the answer became another one here."""
        if self._conversation_id is not None:
            unsent = self._composer.unsent()
            self._session.drafts.keep(
                self._conversation_id, unsent.text, unsent.answered.uid if unsent.answered else None
            )

    def _follow_draft(self, conversation_id: int) -> None:
        """A draft became another one elsewhere, or was sent."""
        if conversation_id != self._conversation_id:
            return
        self._show_offer(conversation_id)
        if any(saved == conversation_id for saved, _ in self._saving):
            return  # What is sent leaves the composer once it is safe.
        now, draft = self._composer.unsent(), self._session.drafts.get(conversation_id)
        text = draft.content if draft else ""
        uid = draft.reply_to_uid if draft else now.answered.uid if now.answered else None
        if (now.text.strip() or text) and (now.text, now.answered.uid if now.answered else None) != (text, uid):
            self._kept[conversation_id] = now
            self._composer.replace_unsent(self._begun(conversation_id))

    def _show_offer(self, conversation_id: int) -> None:
        """Offer what another device wrote beside this one."""
        strip, drafts = self._composer.draft_offer, self._session.drafts
        offered = drafts.offered(conversation_id)
        if offered is None:
            strip.take_away()
            return
        words = one_line(offered.content)
        cut = words if len(words) <= OFFERED_WORDS_AT_MOST else f"{words[:OFFERED_WORDS_AT_MOST]}…"
        strip.offer(
            f"Another device wrote: “{isolate(cut)}”",
            lambda: drafts.take_offered(conversation_id),
            lambda: drafts.dismiss_offered(conversation_id),
        )

    def close(self) -> None:
        """End what still runs, and remove pasted pictures that no waiting message needs."""
        self._unsubscribe()
        self._tasks.cancel()
        for path, conversation_id in self._pasted.items():
            if not any(str(path) in waiting.entry.paths for waiting in self._session.entries(conversation_id)):
                shutil.rmtree(path.parent, ignore_errors=True)

    def send(self) -> None:
        """Send what stands in the composer, or save the edit. It stays there until it is on disk."""
        conversation_id, edited = self._conversation_id, self._composer.edited
        if conversation_id is None:
            return
        what = self._composer.unsent() if edited is None else edited.uid
        if (conversation_id, what) in self._saving:
            return
        try:
            saved = self._hand_over(conversation_id, edited)
        except Refused as refusal:
            self._composer.show_problem(refusal.message)
            return
        if saved is None:
            self._composer.setFocus()
            return
        self._saving.add((conversation_id, what))
        self._tasks.start(self._clear_when_saved(conversation_id, what, saved))
        self._session.typing(conversation_id, on=False)
        if edited is None:
            self.sent.emit()

    def _hand_over(self, conversation_id: int, edited: Edited | None) -> asyncio.Future[None] | None:
        """Give it to the session; None where there is nothing. Raises Refused for what could never be sent."""
        session, text = self._session, self._composer.text()
        named = self._named(conversation_id, text)
        if edited is not None:
            return session.changing.edit(conversation_id, edited.uid, text, named)
        unsent = self._composer.unsent()
        uid = unsent.answered.uid if unsent.answered else None
        if unsent.files:
            paths = [file.path for file in unsent.files]
            return session.send_files(
                conversation_id, paths, text, reply_to_uid=uid, mentions=named, as_files=unsent.as_files
            )
        if not text.strip():
            return None
        return session.send_text(conversation_id, text, reply_to_uid=uid, mentions=named)

    def _named(self, conversation_id: int, text: str) -> tuple[int, ...]:
        """The members whom a text names with an @; of two of one name both."""
        if "@" not in text:
            return ()
        folded = text.casefold()
        members = [m.user for m in self._session.groups.members(conversation_id).value]
        near = [user for user in members if f"@{user.display_name}".casefold() in folded]
        read = markup.parse(text, tuple((user.user_id, user.display_name) for user in near))
        found = {span.user_id for block in read.blocks for span in block.spans}
        names = {user.display_name.casefold() for user in near if user.user_id in found}
        return tuple(user.user_id for user in near if user.display_name.casefold() in names)

    def take(self, source: QMimeData) -> None:
        """Files or a picture, pasted or dropped. They are staged, not sent."""
        paths = [Path(path) for path in local_paths(source)]
        if paths:
            self.stage(paths)
        elif source.hasImage():
            self.stage_picture(QImage(source.imageData()), "Pasted picture.png")

    def stage(self, paths: Sequence[Path]) -> None:
        """Put files beside the text, if the server would take them."""
        if self._composer.edited is not None:
            self._composer.show_problem("A message that is edited keeps its files. Save it or press Esc first.")
            return
        self._tasks.start(self._weigh_and_stage(list(paths)))

    def stage_picture(self, picture: QImage, name: str) -> None:
        """Put a picture that lies in no file beside the text."""
        self._tasks.start(self._stage_picture(picture, name))

    def replace_picture(self, staged: Staged, picture: QImage) -> None:
        """The same picture with marks in it takes the place of a staged one."""
        self._tasks.start(self._replace_picture(staged, picture))

    async def _replace_picture(self, staged: Staged, picture: QImage) -> None:
        """Keep it, and put it where the other stands, if that is still there."""
        path = await self._kept_picture(picture, f"{staged.path.stem}.png")
        if path is None:
            return
        file = await self._session.measured(path)
        now = list(self._composer.staged.files())
        if staged in now:
            self._composer.staged.replace(now.index(staged), Staged(path, file.size))

    def take_back(self, bubble: Bubble) -> None:
        """Bring a message that was not sent back into the composer, its files too. Says so where it is too late."""
        try:
            text = self._session.take_back(bubble.key)
        except Refused as refusal:
            self._composer.show_problem(refusal.message)
            return
        written = self._composer.unsent()
        files = tuple(Staged(Path(file.path), file.size) for file in bubble.files if file.path)
        joined = f"{written.text}\n{text}" if written.text and text else written.text or text
        answers = written.answered or self._quoted(bubble)
        as_files = any(shown.kind == "file" != kept.kind for shown, kept in zip(bubble.files, files, strict=False))
        self._composer.place(Unsent(joined, (*written.files, *files), answers, written.as_files or as_files))
        self._keep_draft()
        self._composer.setFocus()

    def _quoted(self, bubble: Bubble) -> Answered | None:
        """What a message taken back has answered."""
        quote = bubble.quote
        return None if quote is None else Answered(quote.uid, quote.sender_name, quote.text)

    def _offer_as_file(self, text: str) -> None:
        """A text this long is rather a file (behaviour 29)."""
        if self._composer.edited is None:
            words = f"This text has {len(text):,} characters. Send it as a file?"
            self._composer.paste_offer.offer(words, lambda: self._attach_text(text))

    def _attach_text(self, text: str) -> None:
        """Take the text out of the field again, and put it beside it as a file."""
        self._composer.field.take_out(text)
        self._tasks.start(self._stage_bytes("Pasted text.txt", text.encode("utf-8", "replace")))

    async def _clear_when_saved(self, conversation_id: int, what: Unsent | str, saved: asyncio.Future[None]) -> None:
        """Empty the composer once the message is on disk; keep the text where it could not be written."""
        try:
            # The page may go meanwhile; what it has handed over is written all the same.
            await asyncio.shield(saved)
        except Refused as refusal:
            self._complain(conversation_id, refusal.message)
        except (OSError, sqlite3.Error):
            _log.exception("the outbox could not be written")
            self._complain(conversation_id, DISK_WORDS)
        else:
            self._take_out(conversation_id, what)
        finally:
            self._saving.discard((conversation_id, what))

    def _take_out(self, conversation_id: int, what: Unsent | str) -> None:
        """It is safe: it leaves the composer, or what is kept of another conversation's."""
        is_here = conversation_id == self._conversation_id
        if isinstance(what, str):
            if is_here and self._composer.edited is not None and self._composer.edited.uid == what:
                self._composer.leave_edit()
            elif conversation_id in self._edits and self._edits[conversation_id][0].uid == what:
                del self._edits[conversation_id]
        elif is_here:
            self._composer.take_out(what)
        elif self._kept.get(conversation_id) == what:
            del self._kept[conversation_id]

    def _complain(self, conversation_id: int, words: str) -> None:
        """Say why, if it is still this conversation that is written into."""
        if conversation_id == self._conversation_id:
            self._composer.show_problem(words)

    def _tell_typing(self, on: bool) -> None:
        """The session says it seldom enough."""
        if self._conversation_id is not None:
            self._session.typing(self._conversation_id, on=on)

    async def _weigh_and_stage(self, paths: list[Path]) -> None:
        """Stage what the server would take, and say why of the others."""
        conversation_id = self._conversation_id
        staged, wrong = [], []
        for path in paths:
            try:
                file = await self._session.measured(path)
            except Refused as refusal:
                wrong.append(refusal.message)
            else:
                staged.append(Staged(path, file.size))
        if staged and conversation_id == self._conversation_id:
            self._composer.staged.add(staged)
            self._composer.setFocus()
        if wrong:
            self._complain(conversation_id or 0, _at_most(wrong))

    async def _stage_picture(self, picture: QImage, name: str) -> None:
        """Keep a picture as a file beside the outbox, which can be sent again after a restart."""
        path = await self._kept_picture(picture, name)
        if path is not None:
            await self._weigh_and_stage([path])

    async def _kept_picture(self, picture: QImage, name: str) -> Path | None:
        """A picture as a file; None, said, where that cannot be."""
        try:
            data = await asyncio.to_thread(_as_png, picture)
        except ValueError:
            _log.exception("a picture could not be read")
            self._complain(self._conversation_id or 0, UNPASTABLE)
            return None
        return await self._kept_bytes(name, data)

    async def _stage_bytes(self, name: str, data: bytes) -> None:
        """Keep bytes that lie nowhere else, and stage them."""
        path = await self._kept_bytes(name, data)
        if path is not None:
            await self._weigh_and_stage([path])

    async def _kept_bytes(self, name: str, data: bytes) -> Path | None:
        """Bytes as a file beside the outbox; None, said, where that cannot be."""
        try:
            path = await self._session.keep(name, data)
        except OSError:
            _log.exception("what was pasted could not be kept")
            self._complain(self._conversation_id or 0, UNPASTABLE)
            return None
        self._pasted[path] = self._conversation_id or 0
        return path


def _at_most(sentences: Sequence[str], count: int = 3) -> str:
    """A few sentences, each on its line, and how many more there would be: the field must stay in sight."""
    more = len(sentences) - count
    rest = [f"{more} more of the files cannot be attached either."] if more > 0 else []
    return "\n".join([*sentences[:count], *rest])


def _as_png(picture: QImage) -> bytes:
    """A picture's bytes as a PNG; runs in a thread. Raises ValueError for what is no picture."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if picture.isNull() or not picture.save(buffer, "PNG"):  # type: ignore[call-overload] # the stub wants bytes
        raise ValueError("no picture on the clipboard")
    return bytes(data.data())
