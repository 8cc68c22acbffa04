"""What was begun and not sent: safe on this disk within a second of the last key, then with the server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from desktop.core.errands import Errands
from desktop.core.observable import Topic
from desktop.core.own_ports import KeptDraft, OwnApi, OwnFile
from desktop.core.pace import Pace
from desktop.core.ports import Clock, OutboxEntry, Unreachable
from desktop.core.store import Store
from protocol.commands import PutDraft
from protocol.errors import Refused
from protocol.shapes import Draft, Message
from protocol.text import clean_content, clean_draft
from protocol.times import from_wire, to_wire

LOG = logging.getLogger(__name__)

OFFERED_MS = 60 * 60 * 1000
"""How long the draft that lost against another device's can be had back."""
AGAIN_MOST_S = 60.0

Words = tuple[str, str | None]
"""What a draft says, and what it answers."""


class Drafts:
    """Owns each conversation's draft, from the first key until the server has it, and which of two devices' counts.

        keep() ──1 s after the last key, at latest 5 s──► on disk ──2 s, or when the line is up──► with the server

    Of two drafts the one written later stays and the other is offered. One that follows what this device has seen is
    always later than that, whatever its clock says; the server counts a time to come as its own. So a draft is known
    again by what it says. Sent or cleared is a draft without content.
    """

    def __init__(
        self,
        store: Store,
        api: OwnApi,
        file: OwnFile,
        clock: Clock,
        pace: Pace,
        *,
        is_connected: Callable[[], bool],
        refresh: Callable[[int], None],
    ) -> None:
        """`refresh(conversation_id)` derives anew what shows a conversation."""
        self.changed: Topic[int] = Topic()
        """Conversations whose draft or offer became another one by something else than `keep`."""
        self._store = store
        self._api = api
        self._file = file
        self._clock = clock
        self._pace = pace
        self._is_connected = is_connected
        self._refresh = refresh
        self._errands = Errands()
        self._kept: dict[int, KeptDraft] = {}
        self._seen: dict[int, Draft | None] = {}
        """What the server has last told of each conversation."""
        self._asked: dict[int, set[Words]] = {}
        """What was put from here, by conversation: its echo may come late and is no news."""
        self._since_s: dict[int, float] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._offers: dict[int, asyncio.TimerHandle] = {}
        self._telling: set[int] = set()

    def get(self, conversation_id: int) -> Draft | None:
        """What stands in the composer when the conversation is opened; None where nothing was begun."""
        kept = self._kept.get(conversation_id)
        if kept is not None:
            return _draft_of(kept)
        held = self._store.held.get(conversation_id)
        return None if held is None else held.own.draft

    def offered(self, conversation_id: int) -> Draft | None:
        """The draft of two devices' that did not stay, for an hour."""
        kept = self._kept.get(conversation_id)
        return kept.offered if kept is not None and kept.offered_until_ms > self._clock.now_ms() else None

    def keep(self, conversation_id: int, text: str, reply_to_uid: str | None = None) -> None:
        """This stands in the composer now; the same again changes nothing."""
        content = clean_draft(text) if text.strip() else ""
        words = (content, reply_to_uid if content else None)
        if words == _words(self.get(conversation_id)):
            return
        self._write_down(conversation_id, *words)
        now_s = asyncio.get_running_loop().time()
        since_s = self._since_s.setdefault(conversation_id, now_s)
        due_s = min(now_s + self._pace.draft_s, since_s + self._pace.draft_most_s)
        self._save_at(conversation_id, due_s)

    def sent(self, conversation_id: int, text: str, saved: asyncio.Future[None]) -> asyncio.Future[None]:
        """A message with this text goes out; the draft it was goes once that is on disk: `saved`, the result too."""

        def when_saved(future: asyncio.Future[None]) -> None:
            if not future.cancelled() and future.exception() is None:
                self._clear(conversation_id, text)

        saved.add_done_callback(when_saved)
        return saved

    def take_offered(self, conversation_id: int) -> None:
        """Have the offered draft in the composer; what stood there is offered instead."""
        wanted, had = self.offered(conversation_id), self.get(conversation_id)
        if wanted is not None:
            self._write_down(conversation_id, wanted.content, wanted.reply_to_uid)
            self._offer(conversation_id, had)
            self._save(conversation_id)
            self.changed.publish(conversation_id)

    def dismiss_offered(self, conversation_id: int) -> None:
        """The offer is not wanted."""
        if self.offered(conversation_id) is not None:
            self._offer(conversation_id, None)
            self._save(conversation_id)
            self.changed.publish(conversation_id)

    # --- what the session tells ---

    def load(self, drafts: Iterable[KeptDraft], entries: Sequence[OutboxEntry]) -> None:
        """What an earlier run has left, but for what it had already given to the outbox."""
        self._seen = {held.conversation_id: held.own.draft for held in self._store.held.values()}
        for draft in drafts:
            self._kept[draft.conversation_id] = draft
            self._time_offer(draft)
        for entry in entries:
            kept = self._kept.get(entry.conversation_id)
            if kept is not None and entry.is_message and entry.created_ms >= kept.written_ms:
                self._clear(entry.conversation_id, entry.text)

    def line_is_up(self) -> None:
        """Tell the server what it does not know yet."""
        self._asked.clear()
        for conversation_id, kept in self._kept.items():
            if not kept.known:
                self._errands.start(self._tell(conversation_id, 0.0))

    def told(self, conversation_ids: Iterable[int]) -> None:
        """The server has told one's own facts of these, and they are in the store."""
        for conversation_id in conversation_ids:
            self._hear(conversation_id, self._store.of(conversation_id).own.draft)

    def follow(self, messages: Iterable[Message], own_id: int) -> None:
        """A message of one's own that says what a draft says is that draft, sent from wherever."""
        for message in messages:
            kept = self._kept.get(message.conversation_id)
            if kept is None or not kept.content or message.sender_id != own_id:
                continue
            if from_wire(message.created_at) >= kept.written_ms:
                self._clear(message.conversation_id, message.content or "")

    def begin_epoch(self) -> None:
        """The server tells an earlier history: it may have lost what was put."""
        self._seen.clear()
        self._kept = {key: replace(kept, known=False) for key, kept in self._kept.items()}

    def forget(self, conversation_id: int) -> None:
        """A conversation is gone."""
        self._seen.pop(conversation_id, None)
        self._asked.pop(conversation_id, None)
        if self._kept.pop(conversation_id, None) is not None:
            self._stop(conversation_id)
            self._time_offer(None, conversation_id)
            self._errands.start(self._file.forget_draft(conversation_id))

    async def close(self) -> None:
        """Have on disk what was written last; telling the server waits for the next start."""
        for timer in self._offers.values():
            timer.cancel()
        unsaved = [self._kept[conversation_id] for conversation_id in self._timers]
        for conversation_id in tuple(self._timers):
            self._stop(conversation_id)
        await self._errands.close()
        for draft in unsaved:
            await self._file.keep_draft(draft)

    # --- how it works ---

    def _write_down(self, conversation_id: int, content: str, reply_to_uid: str | None) -> None:
        """Another draft in the place of the one there was, and later than that."""
        was, seen = self._kept.get(conversation_id), self._seen.get(conversation_id)
        later = max(was.written_ms if was else 0, from_wire(seen.written_at) if seen else 0) + 1
        self._kept[conversation_id] = KeptDraft(
            conversation_id,
            content,
            reply_to_uid,
            max(self._clock.now_ms(), later),
            offered=was.offered if was else None,
            offered_until_ms=was.offered_until_ms if was else 0,
        )

    def _clear(self, conversation_id: int, text: str) -> None:
        """A message of this text is safe: the draft goes at once, if that is what it said."""
        draft = self.get(conversation_id)
        if draft is not None and clean_content(draft.content) == clean_content(text):
            self._write_down(conversation_id, "", None)
            self._save(conversation_id, told_s=0.0)
            self.changed.publish(conversation_id)

    def _save_at(self, conversation_id: int, due_s: float) -> None:
        """Save then, and not at the time that was set before."""
        timer = self._timers.pop(conversation_id, None)
        if timer is not None:
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._timers[conversation_id] = loop.call_at(due_s, self._save, conversation_id)

    def _stop(self, conversation_id: int) -> None:
        """Nothing waits to be saved any more."""
        self._since_s.pop(conversation_id, None)
        timer = self._timers.pop(conversation_id, None)
        if timer is not None:
            timer.cancel()

    def _save(self, conversation_id: int, told_s: float | None = None) -> None:
        """Show it in the list, write it, and tell the server so many seconds later."""
        self._stop(conversation_id)
        self._refresh(conversation_id)
        wait_s = self._pace.draft_told_s if told_s is None else told_s
        self._errands.start(self._write_and_tell(self._kept[conversation_id], wait_s))

    async def _write_and_tell(self, kept: KeptDraft, wait_s: float) -> None:
        """One draft's way."""
        await self._file.keep_draft(kept)
        await self._tell(kept.conversation_id, wait_s)

    async def _tell(self, conversation_id: int, wait_s: float) -> None:
        """Put the draft until the server knows the newest; what cannot be answered now waits for the next line."""
        if conversation_id in self._telling:
            return
        self._telling.add(conversation_id)
        try:
            while self._is_connected() and self._is_untold(conversation_id):
                await asyncio.sleep(wait_s)
                if self._is_untold(conversation_id):
                    wait_s = await self._put(self._kept[conversation_id], wait_s)
        finally:
            self._telling.discard(conversation_id)

    def _is_untold(self, conversation_id: int) -> bool:
        """Whether there is something that the server does not know."""
        kept = self._kept.get(conversation_id)
        return kept is not None and not kept.known

    async def _put(self, kept: KeptDraft, wait_s: float) -> float:
        """Put one draft; the result is the wait before the next attempt or the next draft."""
        conversation_id = kept.conversation_id
        self._asked.setdefault(conversation_id, set()).add((kept.content, kept.reply_to_uid))
        command = PutDraft(content=kept.content, reply_to_uid=kept.reply_to_uid, written_at=to_wire(kept.written_ms))
        try:
            own = await self._api.put_draft(conversation_id, command)
        except Unreachable as reason:
            LOG.info("a draft waits for the line: %s", reason)
            return min(2 * wait_s + self._pace.draft_told_s, AGAIN_MOST_S)
        except Refused as refusal:
            if refusal.retryable:
                return refusal.retry_after_s or AGAIN_MOST_S
            LOG.info("a draft stays on this device: %s", refusal.code)
            self._note(kept, None)
        else:
            self._answered(kept, own.draft)
        return self._pace.draft_told_s

    def _answered(self, put: KeptDraft, draft: Draft | None) -> None:
        """The server has kept what was put, or another device's that is newer."""
        conversation_id = put.conversation_id
        self._seen[conversation_id] = draft
        now = self._kept.get(conversation_id)
        if now is None:
            return
        if _is_same(put, draft):
            self._note(put, draft)
        elif now.written_ms == put.written_ms:
            self._give_way(now, draft)
        else:
            # What was written meanwhile follows what was seen only now.
            self._write_down(conversation_id, now.content, now.reply_to_uid)
            self._offer(conversation_id, draft)
            self._save(conversation_id)
            self.changed.publish(conversation_id)

    def _note(self, kept: KeptDraft, draft: Draft | None) -> None:
        """The server has answered a draft, if it is still this one; it says when it was written."""
        now = self._kept.get(kept.conversation_id)
        if now is not None and now.written_ms == kept.written_ms:
            written_ms = from_wire(draft.written_at) if draft else now.written_ms
            noted = self._kept[kept.conversation_id] = replace(now, known=True, written_ms=written_ms)
            self._errands.start(self._file.keep_draft(noted))

    def _hear(self, conversation_id: int, draft: Draft | None) -> None:
        """What the server tells of a draft, from another device or as an echo."""
        before, kept = self._seen.get(conversation_id), self._kept.get(conversation_id)
        if before == draft and (kept is None or conversation_id in self._seen):
            return
        self._seen[conversation_id] = draft
        asked = self._asked.get(conversation_id, set())
        if kept is None:
            self._refresh(conversation_id)
            self.changed.publish(conversation_id)
        elif draft is not None and _is_same(kept, draft):
            asked.clear()
            self._note(kept, draft)
        elif _is_same(kept, draft) or _words(draft) in asked or _is_late(kept, draft):
            return  # Something newer follows; and that there is none says nothing of when it was cleared.
        elif kept.known:
            self._adopt(conversation_id, draft, offered=_draft_of(kept) if _is_lost(kept, draft) else None)
        elif draft is not None:
            self._meet(kept, draft)

    def _meet(self, kept: KeptDraft, draft: Draft) -> None:
        """Two devices have written beside each other."""
        if from_wire(draft.written_at) > kept.written_ms:
            self._give_way(kept, draft)
            return
        self._offer(kept.conversation_id, draft)
        self._save(kept.conversation_id)
        self.changed.publish(kept.conversation_id)

    def _give_way(self, kept: KeptDraft, draft: Draft | None) -> None:
        """Another device's is newer: it stays, and what was written here is offered."""
        self._adopt(kept.conversation_id, draft, offered=_draft_of(kept))

    def _adopt(self, conversation_id: int, draft: Draft | None, offered: Draft | None = None) -> None:
        """The server's draft counts here, too; an earlier offer stays unless there is a new one."""
        self._stop(conversation_id)
        self._asked.pop(conversation_id, None)
        was = self._kept[conversation_id]
        self._kept[conversation_id] = replace(
            was,
            content=draft.content if draft else "",
            reply_to_uid=draft.reply_to_uid if draft else None,
            written_ms=from_wire(draft.written_at) if draft else was.written_ms,
            known=True,
            is_foreign=True,
        )
        if offered is not None:
            self._offer(conversation_id, offered)
        self._errands.start(self._file.keep_draft(self._kept[conversation_id]))
        self._refresh(conversation_id)
        self.changed.publish(conversation_id)

    def _offer(self, conversation_id: int, draft: Draft | None) -> None:
        """Offer a draft for an hour, or none; what stands in the composer anyway is no offer."""
        now = self.get(conversation_id)
        if draft is not None and now is not None and draft.content == now.content:
            draft = None
        until_ms = self._clock.now_ms() + OFFERED_MS if draft is not None else 0
        kept = self._kept[conversation_id] = replace(
            self._kept[conversation_id], offered=draft, offered_until_ms=until_ms
        )
        self._time_offer(kept)

    def _time_offer(self, kept: KeptDraft | None, conversation_id: int | None = None) -> None:
        """Tell when an offer ends."""
        place = kept.conversation_id if kept else conversation_id
        if place is None:
            return
        timer = self._offers.pop(place, None)
        if timer is not None:
            timer.cancel()
        if kept is not None and kept.offered is not None:
            wait_s = max(0, kept.offered_until_ms - self._clock.now_ms()) / 1000
            self._offers[place] = asyncio.get_running_loop().call_later(wait_s, self.changed.publish, place)


def _draft_of(kept: KeptDraft) -> Draft | None:
    """The draft, or None where it was sent or cleared."""
    if not kept.content:
        return None
    return Draft(content=kept.content, reply_to_uid=kept.reply_to_uid, written_at=to_wire(kept.written_ms))


def _is_same(kept: KeptDraft, draft: Draft | None) -> bool:
    """Whether the server has just this one."""
    return _words(draft) == (kept.content, kept.reply_to_uid)


def _is_late(kept: KeptDraft, draft: Draft | None) -> bool:
    """Whether a draft was told before the server has answered the one that counts: its times never go back."""
    return kept.known and bool(kept.content) and draft is not None and from_wire(draft.written_at) < kept.written_ms


def _words(draft: Draft | None) -> Words:
    """What a draft says; a cleared one nothing."""
    return ("", None) if draft is None else (draft.content, draft.reply_to_uid)


def _is_lost(kept: KeptDraft, draft: Draft | None) -> bool:
    """Whether words written here would vanish: another device's neither go on from them nor were sent or cleared."""
    if draft is None or kept.is_foreign or not kept.content:
        return False
    return not (draft.content.startswith(kept.content) or kept.content.startswith(draft.content))
