"""What deserves a notification, when it is shown, and when it is taken back. The desktop's own way is a port."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from desktop.core.bubble import Preview
from desktop.core.choices import Choices
from desktop.core.moments import local
from desktop.core.ports import Clock, Notices
from desktop.core.row_maker import RowMaker
from desktop.core.store import Held, Store
from desktop.core.unread import Unread
from desktop.core.updates import Update
from protocol.shapes import Message
from protocol.times import from_wire

COUNTED_MOST = 100
"""Messages that one notice stands for at most: nobody counts on, and in a lively group nobody could hold them all."""
_WORDS = {"image": "Photo", "video": "Video", "file": "File"}


def plain_words(preview: Preview) -> str:
    """A message in one line."""
    return preview.text or _WORDS.get(preview.type or "", "")


@dataclass(frozen=True, slots=True)
class NoticeRules:
    """The user's settings. `shows`: all of it, the sender alone, or neither.

    `silent_until_ms`: do not disturb until then (ms since 1970). Quiet hours are minutes of the local day, from
    `quiet_from` to `quiet_to`, over midnight too; None: there are none.
    """

    enabled: bool = True
    shows: Literal["all", "sender", "nothing"] = "all"
    silent_until_ms: int = 0
    quiet_from: int | None = None
    quiet_to: int | None = None

    def is_silent(self, clock: Clock) -> bool:
        """Whether nothing is to be shown now."""
        now_ms = clock.now_ms()
        if not self.enabled or now_ms < self.silent_until_ms:
            return True
        if self.quiet_from is None or self.quiet_to is None:
            return False
        now = local(now_ms, clock.local_offset_s)
        minute, from_, to = now.hour * 60 + now.minute, self.quiet_from, self.quiet_to
        return from_ <= minute < to if from_ <= to else minute >= from_ or minute < to


@dataclass(frozen=True, slots=True)
class NoticeWords:
    """What a notice says, for the face to say in another language."""

    of_preview: Callable[[Preview], str] = plain_words
    new_message: str = "New message"
    app: str = "Hearth"


@dataclass(slots=True)
class _Noticed:
    """What one conversation's notice stands for: messages not read yet, the newest last."""

    messages: list[Message] = field(default_factory=list)
    burst: asyncio.TimerHandle | None = None
    untold: bool = False
    """More has come since it was last shown; it is shown when the burst is over."""


class Noticing:
    """Owns which messages are noticed. At most one notice a conversation.

        message ──deserves it──► shown at once ──more within 2 s──► shown anew when these are over
                                   └──read anywhere, deleted, looked at, gone──► withdrawn

    What a push tells counts; what `sync` tells only where it is younger than everything the last run has known, and
    a page of history never. A position is noticed once, however often it is told.
    """

    def __init__(
        self,
        store: Store,
        own_id: int,
        clock: Clock,
        *,
        burst_s: float,
        maker: RowMaker,
        choices: Choices,
        unread: Callable[[int], Unread],
        is_busy: Callable[[], bool],
    ) -> None:
        """`is_busy()`: the user has chosen not to be disturbed, for all to see."""
        self.rules = NoticeRules()
        self.words = NoticeWords()
        self._store = store
        self._own_id = own_id
        self._clock = clock
        self._burst_s = burst_s
        self._maker = maker
        self._choices = choices
        self._unread = unread
        self._is_busy = is_busy
        self._shower: Notices | None = None
        self._focused: int | None = None
        self._told: dict[int, int] = {}
        self._noticed: dict[int, _Noticed] = {}
        self._since_ms = clock.now_ms()
        self._newest_ms = 0

    def attach(self, shower: Notices) -> None:
        """From now on notices are shown by this one."""
        self._shower = shower

    def focus(self, conversation_id: int | None) -> None:
        """The window has the focus and this conversation is open in it; None: it has not, or none is."""
        self._focused = conversation_id
        if conversation_id is not None:
            self._withdraw(conversation_id)

    def load(self) -> None:
        """What the last run has known is in the store: nothing of it, and nothing older, is news."""
        last = [message for held in self._store.held.values() if (message := held.last_message()) is not None]
        self._told = {message.conversation_id: message.position for message in last}
        if last:
            self._since_ms = max(from_wire(message.created_at) for message in last)

    def begin_epoch(self) -> None:
        """The server tells another history, which may be shorter: its places begin anew, and what was told is old."""
        self._told.clear()
        self._since_ms = max(self._since_ms, self._newest_ms)

    def follow(self, update: Update, conversation_ids: Iterable[int]) -> None:
        """An update was merged: notice what it brings, and look anew at what was noticed there."""
        self.look(conversation_ids)
        if update.kept or not (update.numbers or update.followed):
            return
        fresh: dict[int, list[Message]] = {}
        for message in sorted(update.messages, key=lambda message: message.position):
            if self._is_fresh(message, caught_up=bool(update.followed)):
                fresh.setdefault(message.conversation_id, []).append(message)
        for conversation_id, messages in fresh.items():
            self._notice(conversation_id, messages)

    def look(self, conversation_ids: Iterable[int]) -> None:
        """Something may have been read or deleted in these, or they are gone: their notices may be out of date."""
        for conversation_id in conversation_ids:
            noticed = self._noticed.get(conversation_id)
            if noticed is None:
                continue
            held = self._store.held.get(conversation_id)
            before, first = noticed.messages, self._unread(conversation_id).first_position if held else None
            left = [m for m in before if held and first is not None and m.position >= first and _is_there(held, m)]
            if not left:
                self._withdraw(conversation_id)
            elif left[-1] is not before[-1]:
                noticed.messages = left
                self._show(conversation_id, noticed)
            else:
                noticed.messages = left

    def close(self) -> None:
        """Show no more; what is shown goes, as nobody would take it back later."""
        for conversation_id in tuple(self._noticed):
            self._withdraw(conversation_id)

    def _is_fresh(self, message: Message, *, caught_up: bool) -> bool:
        """Whether a message is told for the first time and deserves to be noticed."""
        conversation_id = message.conversation_id
        held = self._store.held.get(conversation_id)
        if held is None or held.conversation is None or message.position <= self._told.get(conversation_id, 0):
            return False
        self._told[conversation_id] = message.position
        created_ms = from_wire(message.created_at)
        self._newest_ms = max(self._newest_ms, created_ms)
        if caught_up and created_ms <= self._since_ms:
            return False
        if self._shower is None or self._is_busy() or self.rules.is_silent(self._clock):
            return False
        return self._deserves(held, message)

    def _deserves(self, held: Held, message: Message) -> bool:
        """Whether the conversation and the message are such that one wants to hear of it now."""
        if message.sender_id == self._own_id or message.deleted_at is not None or not self._concerns(message):
            return False
        own = self._choices.own(held)
        if own.notify == "none" or own.blocked or self._choices.muted_until_ms(held) is not None:
            return False
        if own.notify == "mentions" and self._own_id not in message.mentions:
            return False
        first = self._unread(held.conversation_id).first_position
        return held.conversation_id != self._focused and first is not None and message.position >= first

    def _concerns(self, message: Message) -> bool:
        """Whether somebody says something, or it has happened to oneself."""
        if message.type != "system":
            return True
        told = message.happening
        return told is not None and told.kind in {"created", "added"} and self._own_id in told.user_ids

    def _notice(self, conversation_id: int, messages: Sequence[Message]) -> None:
        """Show it at once, or when the burst that has begun is over."""
        noticed = self._noticed.setdefault(conversation_id, _Noticed())
        noticed.messages = [*noticed.messages, *messages][-COUNTED_MOST:]
        if noticed.burst is not None:
            noticed.untold = True
        else:
            self._show(conversation_id, noticed)

    def _show(self, conversation_id: int, noticed: _Noticed) -> None:
        """Tell the port, and let a burst begin."""
        held = self._store.held.get(conversation_id)
        if self._shower is None or held is None:
            return
        newest = noticed.messages[-1]
        title, text = self._said(held, held.messages.get(newest.position, newest))
        noticed.untold = False
        if noticed.burst is not None:
            noticed.burst.cancel()
        noticed.burst = asyncio.get_running_loop().call_later(self._burst_s, self._end_burst, conversation_id)
        self._shower.show(conversation_id, title, text, len(noticed.messages), newest.message_id)

    def _end_burst(self, conversation_id: int) -> None:
        """Show what came meanwhile."""
        noticed = self._noticed[conversation_id]
        noticed.burst = None
        if noticed.untold:
            self._show(conversation_id, noticed)

    def _withdraw(self, conversation_id: int) -> None:
        """Take the conversation's notice back."""
        noticed = self._noticed.pop(conversation_id, None)
        if noticed is None:
            return
        if noticed.burst is not None:
            noticed.burst.cancel()
        if self._shower is not None:
            self._shower.withdraw(conversation_id)

    def _said(self, held: Held, message: Message) -> tuple[str, str]:
        """Title and text, as far as they may be seen by whoever looks at the screen."""
        if self.rules.shows == "nothing":
            return self.words.app, self.words.new_message
        title = self._maker.title(held)
        if self.rules.shows == "sender":
            return title, self.words.new_message
        preview = self._maker.preview(held, message)
        words = self.words.of_preview(preview)
        return title, f"{preview.sender_name}: {words}" if preview.sender_name else words


def _is_there(held: Held, message: Message) -> bool:
    """Whether a message was not deleted meanwhile."""
    known = held.messages.get(message.position)
    return known is None or known.deleted_at is None
