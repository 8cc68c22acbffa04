"""Brings what waits in the outbox to the server: oldest first, one in flight per conversation, until confirmed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Protocol

from msgspec import ValidationError

from desktop.core.bubble import Connection, Line
from desktop.core.carrier import PROBLEMS, Carrier, Settled
from desktop.core.observable import Observable, Topic
from desktop.core.outbox import Outbox, Waiting
from desktop.core.pace import Pace
from desktop.core.ports import Api, BegunUpload, Cancelled, Live, OutboxEntry, Unreachable
from protocol.errors import ErrorCode, Refused
from protocol.shapes import Message

LOG = logging.getLogger(__name__)

CONVERSATIONS_AT_ONCE = 4
ONLY_THE_USER_MENDS = {Line.SIGNED_OUT, Line.TOO_OLD}
ABOUT_ITS_FILES = {ErrorCode.TOO_MANY_UPLOADS, ErrorCode.STORAGE_FULL}
"""Refusals that no other conversation need wait for: whoever writes text there has no file to bring."""
NOT_ABOUT_THE_MESSAGE = {401, 426}
"""Statuses that refuse the session or the program: the message waits until that is mended."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Until when the server wants nothing sent, by the clock on the wall, and its sentence; none yet at 0."""

    until_ms: int = 0
    words: str = ""


class Held(Exception):  # noqa: N818 - the user's wish, not an error
    """Its writer is changing the message: it goes out when that is done."""


class Way(Protocol):
    """What delivery needs from its session."""

    def confirmed(self, message: Message) -> None:
        """The server's answer, to be ingested."""

    def find(self, uid: str) -> Message | None:
        """The message with this uid, if it is held."""

    def may_come_back(self) -> bool:
        """Whether messages may still be sent again to a restored server."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run beside everything else until the session closes."""


class Delivery:
    """Owns when an entry goes out and what its answer means; the entries themselves are the outbox's.

    An answer that does not come is unknown, never failed: the same uid goes out again. Only `retryable: false` fails
    an entry; a refusal of the session itself (401) waits for a new one. A limit (`retry_after_s`) is the user's, so it
    halts all conversations. Where the live line is down for longer than a back-off, REST is tried with the same uid.
    """

    def __init__(
        self,
        outbox: Outbox,
        live: Live,
        api: Api,
        way: Way,
        pace: Pace,
        connection: Observable[Connection],
        *,
        now_ms: Callable[[], int],
    ) -> None:
        self._outbox = outbox
        self._connection = connection
        self._carrier = Carrier(live, api, pace.answer_s, find=way.find, may_come_back=way.may_come_back)
        self._api = api
        self._way = way
        self._pace = pace
        self._now_ms = now_ms
        self.limit: Observable[Limit] = Observable(Limit())
        """The last one the server has set; only shown."""
        self.problems: Topic[str] = Topic()
        """Sentences for people: what was to change a message, and was refused."""
        self._at_work: set[int] = set()
        self._seats = asyncio.Semaphore(CONVERSATIONS_AT_ONCE)
        self._woken = asyncio.Event()
        self._not_before = 0.0
        self._cancelled: set[str] = set()
        self._reuploaded: set[str] = set()

    def wake(self) -> None:
        """Something is due: an entry was written, or the line has come up. Waiting conversations try at once."""
        self._woken.set()
        self._woken = asyncio.Event()
        for conversation_id in self._outbox.conversations() - self._at_work:
            self._at_work.add(conversation_id)
            self._way.spawn(self._work_off(conversation_id))

    def cancel_upload(self, uid: str) -> None:
        """Stop uploading; the entry goes. One that has no upload to stop is left alone."""
        waiting = self._outbox.get(uid)
        if waiting is None or not _has_uploads_left(waiting.entry):
            return
        if waiting.on_wire:
            self._cancelled.add(uid)
            return
        begun = self._outbox.discard(uid).begun
        if begun is not None:
            self._way.spawn(self._abandon(begun))

    async def _abandon(self, begun: BegunUpload) -> None:
        """Free the server of a part of a file; what it does not hear of, it forgets in a day."""
        with suppress(Refused, Unreachable):
            await self._api.abandon(begun)

    def is_idle(self, conversation_id: int) -> bool:
        """Whether a new entry goes out at once: then it is written to disk as tried, which saves a second write."""
        return conversation_id not in self._at_work and self._is_connected()

    async def _work_off(self, conversation_id: int) -> None:
        """Send a conversation's entries one after the other until none is due."""
        attempt, hurried = 0, False
        try:
            while (waiting := self._next_due(conversation_id)) is not None:
                await self._obey()
                if not hurried:
                    await self._wait_for_the_line(attempt)
                hurried = False
                uid = waiting.entry.uid
                async with self._seats:
                    pause_s = await self._attempt(uid, attempt)
                if pause_s is None:
                    attempt = 0
                else:
                    attempt += 1
                    hurried = await self._pause(pause_s)
        finally:
            self._at_work.discard(conversation_id)

    def _next_due(self, conversation_id: int) -> Waiting | None:
        """What can go out now."""
        return self._outbox.next_due(conversation_id, is_connected=self._is_connected())

    async def _obey(self) -> None:
        """Wait as long as the server wants, and until the user has mended what only they can."""
        now = asyncio.get_running_loop().time()
        if self._not_before > now:
            await asyncio.sleep(self._not_before - now)
        while self._connection.value.line in ONLY_THE_USER_MENDS:
            await self._pause(self._pace.most_s)

    async def _wait_for_the_line(self, attempt: int) -> None:
        """Wait until the line is up, but no longer than a back-off: then REST is tried."""
        if not self._is_connected():
            await self._pause(self._pace.first_s + self._pace.back_off_s(attempt))

    def _is_connected(self) -> bool:
        """Whether the live line is up and caught up."""
        return self._connection.value.line is Line.CONNECTED

    async def _pause(self, seconds: float) -> bool:
        """Wait, or until woken; tells whether it was that."""
        woken = self._woken
        try:
            async with asyncio.timeout(seconds):
                await woken.wait()
        except TimeoutError:
            return False
        return True

    async def _attempt(self, uid: str, attempt: int) -> float | None:
        """One try; the result is the pause before the next one, or None when this entry is settled."""
        waiting = self._outbox.get(uid)
        if waiting is None or waiting.entry.state != "queued" or waiting.held:
            return None
        if self._outbox.is_superfluous(waiting):
            self._outbox.confirm(uid)
            return None
        self._outbox.set_on_wire(uid, True)
        was_tried = waiting.may_be_known
        try:
            message = await self._send(waiting)
        except Refused as refusal:
            if not was_tried and _stored_nothing(refusal):
                await self._never_came(uid)
            return self._refused(uid, refusal, attempt)
        except (Unreachable, ValidationError) as reason:
            LOG.info("no answer for %s, it will be sent again: %s", uid, reason)
            if not was_tried and isinstance(reason, Unreachable) and not reason.may_have_arrived:
                await self._never_came(uid)
            self._note(uid, str(reason) if isinstance(reason, Unreachable) else "The answer cannot be understood.")
            return self._pace.back_off_s(attempt)
        except (Held, Cancelled, Settled, OSError) as end:
            self._stopped(uid, end)
            return None
        finally:
            self._cancelled.discard(uid)
            self._outbox.set_on_wire(uid, False)
        self._way.confirmed(message)
        self._outbox.confirm(
            uid, message.message_id
        )  # Also where its row cannot be shown (core/intake.py): the server has it.
        return None

    async def _never_came(self, uid: str) -> None:
        """The server cannot have got it, so it is its writer's again."""
        self._outbox.set_on_wire(uid, False)
        await self._outbox.note_not_there(uid)

    def _stopped(self, uid: str, end: Exception) -> None:
        """It did not come to the sending: it is held, was thrown away or is superfluous, or its file is gone."""
        if isinstance(end, Cancelled | Settled):
            self._outbox.set_on_wire(uid, False)
            self._outbox.confirm(uid)
        elif isinstance(end, OSError):
            name = PurePath(end.filename).name if end.filename else "A file"
            self._outbox.fail(uid, f"{name} cannot be read any more. Attach it again.")

    def _note(self, uid: str, problem: str) -> None:
        """Let the panel tell why a try did not bring an entry through."""
        self._outbox.note_try(uid, problem, self._now_ms())

    def _refused(self, uid: str, refusal: Refused, attempt: int) -> float | None:
        """What a refusal means for the entry."""
        LOG.info("%s was refused: %s", uid, refusal.code)
        if refusal.code in ABOUT_ITS_FILES:
            self._note(uid, refusal.message)
            return refusal.retry_after_s or self._pace.most_s
        if refusal.retry_after_s is not None and refusal.retryable:
            self._not_before = asyncio.get_running_loop().time() + refusal.retry_after_s
            self.limit.value = Limit(self._now_ms() + round(refusal.retry_after_s * 1000), refusal.message)
            self._note(uid, refusal.message)
            return 0.0
        if refusal.retryable or refusal.status in NOT_ABOUT_THE_MESSAGE:
            self._note(uid, refusal.message)
            return max(self._pace.back_off_s(attempt), self._pace.first_s / 4)
        if refusal.code == ErrorCode.FILE_NOT_UPLOADED and self._forget_uploads(uid):
            return self._pace.back_off_s(attempt)
        self._give_up(uid, refusal)
        return None

    def _give_up(self, uid: str, refusal: Refused) -> None:
        """The server does not want it: a message waits for its writer, a change is told and shown no more.

        A message that is gone needs no change any more, and one that another device has brought back is there.
        """
        waiting = self._outbox.get(uid)
        words = None if waiting is None else PROBLEMS.get(waiting.entry.kind)
        if waiting is not None and waiting.entry.again and refusal.code == ErrorCode.IDEMPOTENCY_CONFLICT:
            self._outbox.confirm(uid)
        elif words is None:
            self._outbox.fail(uid, refusal.message)
        elif refusal.code == ErrorCode.NOT_FOUND:
            self._outbox.confirm(uid)
        else:
            self._outbox.fail(uid, refusal.message)
            self.problems.publish(f"{words} {refusal.message}")

    def _forget_uploads(self, uid: str) -> bool:
        """An upload that was not sent for a day is gone: once, its files are uploaded again, if they are here."""
        waiting = self._outbox.get(uid)
        if waiting is None or not waiting.entry.uploaded or uid in self._reuploaded:
            return False
        if len(waiting.entry.paths) < len(waiting.entry.uploaded):
            # After a restore (core/refill.py): without them the message would be another one.
            return False
        self._reuploaded.add(uid)
        self._way.spawn(self._outbox.keep_uploads(uid, ()))
        return True

    async def _send(self, waiting: Waiting) -> Message:
        """Upload what is left, then send by the live line, or by REST where that is down."""
        entry = await self._uploaded(waiting.entry)
        uploaded = self._outbox.get(entry.uid)
        if uploaded is not None and uploaded.held:
            raise Held
        await self._outbox.set_tried(entry.uid, True)
        kept = self._outbox.get(entry.uid)
        if kept is None:
            raise Cancelled
        return await self._carrier.carry(kept.entry, self._is_connected())

    async def _uploaded(self, entry: OutboxEntry) -> OutboxEntry:
        """The entry with all its files on the server."""
        uid = entry.uid
        while _has_uploads_left(entry):
            attachment = await self._api.upload(
                Path(entry.paths[len(entry.uploaded)]),
                lambda progress: self._outbox.set_progress(uid, progress),
                lambda: self._is_given_up(uid),
                entry.begun,
                lambda begun: self._outbox.keep_begun(uid, begun),
            )
            if self._is_given_up(uid):
                raise Cancelled
            await self._outbox.keep_uploads(uid, (*entry.uploaded, attachment))
            kept = self._outbox.get(uid)
            if kept is None:
                raise Cancelled
            entry = kept.entry
        return entry

    def _is_given_up(self, uid: str) -> bool:
        """Whether the user has cancelled the upload or thrown the message away."""
        return uid in self._cancelled or self._outbox.get(uid) is None


def _stored_nothing(refusal: Refused) -> bool:
    """Whether a refusal came before the message was looked at, so that its content is still its writer's to change."""
    return refusal.code == ErrorCode.RATE_LIMITED or refusal.status in NOT_ABOUT_THE_MESSAGE


def _has_uploads_left(entry: OutboxEntry) -> bool:
    """Whether some of its files are not on the server yet."""
    return len(entry.uploaded) < len(entry.paths)
