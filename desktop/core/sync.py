"""The one loop that keeps the line: open, catch up, follow until it breaks, back off, again (docs/architecture.md)."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import Any, Protocol

from desktop.core.bubble import Connection, Line
from desktop.core.observable import Observable
from desktop.core.pace import Pace
from desktop.core.ports import Arrived, Broken, Clock, Live, Unreachable
from protocol.codec import from_plain
from protocol.commands import Digest, Sync, digest_sum
from protocol.errors import ErrorCode, Refused
from protocol.signals import Connected, Synced

LOG = logging.getLogger(__name__)

UNAUTHENTICATED = 401
UPGRADE_REQUIRED = 426


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """How many entries will go out by themselves, how many of them have waited for a day, and how many failed."""

    waiting: int = 0
    overdue: int = 0
    failed: int = 0


class Follower(Protocol):
    """What the loop needs from its session."""

    def versions(self) -> dict[int, int]:
        """Conversation → version followed to."""

    def user_version(self) -> int:
        """One's own counter, as far as followed."""

    def gap_since_ms(self) -> int | None:
        """Since when a number is missing, or None."""

    async def begin_epoch(self, epoch: str) -> None:
        """The greeting names the server's history; another one than before means that a backup was restored."""

    def ingest_arrived(self, arrived: Arrived) -> None:
        """A signal that carries news."""

    def ingest_synced(self, synced: Synced) -> None:
        """An answer of `sync`."""

    def line_is_up(self) -> None:
        """Caught up: what waits may go out."""


class SyncLoop:
    """Owns the connection's state; the outbox waits on it, the indicator shows it.

        OFFLINE ──► CONNECTING ──► UPDATING ──► CONNECTED
           ▲            │ refused      │ broken      │ broken
           └────────────┴──────────────┴─────────────┘ back-off with jitter, or at once by retry_now()
        CONNECTING ──► SIGNED_OUT (session revoked) | TOO_OLD (426): only retry_now() leaves these.

    The socket joins its rooms before `sync` is asked, so nothing falls between; what comes twice merges to nothing.
    """

    def __init__(self, live: Live, follower: Follower, clock: Clock, pace: Pace) -> None:
        self.connection: Observable[Connection] = Observable(Connection(Line.CONNECTING, since_ms=clock.now_ms()))
        self._live = live
        self._follower = follower
        self._clock = clock
        self._pace = pace
        self._hurry = asyncio.Event()
        self._attempt = 0
        self._compare_at = 0.0
        self._resync_at: float | None = None
        self._not_before = 0.0
        self._spread_s: float | None = None
        self._reason: str | None = None
        self._epoch: str | None = None
        self._asking = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._hurry.clear()
            wait_s = await self._connect_and_follow()
            await self._live.close()
            await self._rest(wait_s)

    def retry_now(self) -> None:
        """The user clicked: try, or ask whether the line still lives. A person may ask in spite of `retry_after`."""
        self._not_before = 0.0
        self.look()

    def look(self) -> None:
        """The network came back or the computer woke: the same, but not before the time that the server has named."""
        self._attempt = 0
        self._compare_at = 0.0
        self._hurry.set()

    def resync(self, spread_s: float = 0.0) -> None:
        """Pushes may have been lost: ask `sync` after a random part of `spread_s`; an earlier appointment stands."""
        at = _now_s() + self._pace.draw() * spread_s
        self._resync_at = at if self._resync_at is None else min(at, self._resync_at)

    def set_outbox(self, counts: OutboxCounts) -> None:
        """Show how many messages wait in the outbox, and how many of them ask for the user."""
        self.connection.value = replace(
            self.connection.value, waiting=counts.waiting, overdue=counts.overdue, failed=counts.failed
        )

    async def _connect_and_follow(self) -> float | None:
        """One life of the line; the result is the wait before the next, None for one that only the user ends."""
        self._set(Line.CONNECTING)
        self._reason = None
        try:
            greeting = await self._live.open()
            await self._catch_up(greeting)
            return await self._follow()
        except Refused as refusal:
            return self._refused(refusal)
        except Unreachable as reason:
            LOG.info("not connected: %s", reason)
            self._reason = str(reason)
        except Exception:
            # Whatever a newer server says or a row cannot be shown for: the line must come back all the same.
            LOG.exception("the line was left because of an error")
        return self._after_a_break()

    async def _catch_up(self, greeting: Connected) -> None:
        """From the greeting to a state as fresh as the server's."""
        self._set(Line.UPDATING)
        self._epoch = greeting.epoch
        await self._follower.begin_epoch(greeting.epoch)
        self._resync_at = None
        await self._sync()
        self._attempt, self._not_before = 0, 0.0
        self._hurry.clear()
        self._set(Line.CONNECTED)
        self._follower.line_is_up()

    async def _sync(self) -> None:
        """Ask for what is new until the server says that it is all."""
        async with self._asking:
            complete, asked = False, None
            while not complete:
                versions = {str(identity): version for identity, version in self._follower.versions().items()}
                question = Sync(epoch=self._epoch, user_version=self._follower.user_version(), versions=versions)
                if question == asked:
                    raise Unreachable("The server says that there is more, and sends nothing.")
                asked = question
                answer = await self._live.call("sync", question, self._pace.sync_s)
                synced = from_plain(Synced, answer.get("synced", answer))
                self._follower.ingest_synced(synced)
                complete = synced.complete

    async def _follow(self) -> float | None:
        """Take in what arrives until the line breaks."""
        watch = asyncio.get_running_loop().create_task(self._watch())
        try:
            while True:
                thing = await self._live.next()
                if isinstance(thing, Broken):
                    LOG.info("the line broke: %s", thing.reason)
                    return self._after_a_break(closed=True)
                if thing.event == "session_revoked":
                    self._set(Line.SIGNED_OUT, reason=_revoked(thing.payload))
                    return None
                if thing.event == "server_restarting":
                    self._spread_s = thing.payload.spread_ms / 1000
                elif thing.event == "resync":
                    self.resync(thing.payload.spread_ms / 1000)
                else:
                    self._follower.ingest_arrived(thing)
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    async def _watch(self) -> None:
        """While the line is up: fill gaps that stay, compare digests, measure the way.

        A question that is not answered in time means that nobody is there any more, whatever the socket says.
        """
        self._compare_at, latency_at = _now_s() + self._pace.digest_wait_s(), _now_s()
        while True:
            await asyncio.sleep(self._pace.gap_s / 2)
            try:
                await self._mend()
            except Unreachable as reason:
                LOG.info("the line is given up: %s", reason)
                await self._live.close()
                return
            except Refused as refusal:
                LOG.info("not caught up yet: %s", refusal.code)
                await asyncio.sleep(self._pace.told_to_wait_s(refusal.retry_after_s or self._pace.first_s, 0))
            except Exception:
                LOG.exception("catching up failed")
                await asyncio.sleep(self._pace.digest_s)
            if _now_s() >= latency_at:
                latency_at = _now_s() + self._pace.latency_s
                self._show_latency()

    async def _mend(self) -> None:
        """Ask for what may have been lost, when it is time. Raises Refused or Unreachable; then it is asked again."""
        if self._has_old_gap() or (self._resync_at is not None and _now_s() >= self._resync_at):
            due, self._resync_at = self._resync_at, None
            try:
                await self._sync()
            except BaseException:
                self._resync_at = due
                raise
        if _now_s() >= self._compare_at:
            self._compare_at = _now_s() + self._pace.digest_wait_s()
            await self._compare()

    def _has_old_gap(self) -> bool:
        """Whether a missing number has stayed away for longer than pushes overtake each other."""
        since_ms = self._follower.gap_since_ms()
        return since_ms is not None and self._clock.passed_ms() - since_ms >= self._pace.gap_s * 1000

    async def _compare(self) -> None:
        """Ask whether anything is stale: finds the loss of a last push, which leaves no gap."""
        versions = self._follower.versions()
        question = Digest(epoch=self._epoch or "", count=len(versions), sum=digest_sum(versions))
        answer = await self._live.call("digest", question, self._pace.answer_s)
        if answer.get("stale") or answer.get("user_version", 0) > self._follower.user_version():
            await self._sync()

    def _show_latency(self) -> None:
        """Show how long the way to the server is."""
        if self.connection.value.line is Line.CONNECTED:
            self.connection.value = replace(self.connection.value, latency_ms=self._live.latency_ms)

    def _refused(self, refusal: Refused) -> float | None:
        """What a refused connection or `sync` means."""
        LOG.info("the server refused: %s", refusal.code)
        if refusal.status == UPGRADE_REQUIRED:
            self._set(Line.TOO_OLD, reason=refusal.message)
            return None
        if refusal.status == UNAUTHENTICATED and refusal.code != ErrorCode.TOKEN_EXPIRED:
            self._set(Line.SIGNED_OUT, reason=refusal.message)
            return None
        if refusal.retry_after_s is None:
            return self._after_a_break()
        self._reason = refusal.message
        wait_s = self._pace.told_to_wait_s(refusal.retry_after_s, self._attempt)
        self._attempt += 1
        self._not_before = _now_s() + wait_s
        return wait_s

    def _after_a_break(self, *, closed: bool = False) -> float:
        """How long to wait: spread out after an announced restart or a close, else longer with each failure."""
        spread_s, self._spread_s = self._spread_s, None
        if spread_s is not None:
            return self._pace.draw() * spread_s
        if closed:
            return self._pace.draw() * self._pace.closed_by_server_s
        wait_s = self._pace.back_off_s(self._attempt)
        self._attempt += 1
        return wait_s

    async def _rest(self, wait_s: float | None) -> None:
        """Wait out the back-off, or until hurried."""
        if wait_s is not None:
            retry_at_ms = self._clock.now_ms() + round(wait_s * 1000)
            self._set(Line.OFFLINE, reason=self._reason, retry_at_ms=retry_at_ms)
        try:
            async with asyncio.timeout(wait_s):
                await self._hurry.wait()
                while _now_s() < self._not_before:
                    self._hurry.clear()
                    await self._hurry.wait()
        except TimeoutError:
            return

    def _set(self, line: Line, *, reason: str | None = None, retry_at_ms: int | None = None) -> None:
        """Show a state; `since_ms` is kept while a state stays the same."""
        was = self.connection.value
        since_ms = was.since_ms if was.line is line else self._clock.now_ms()
        latency_ms = self._live.latency_ms if line is Line.CONNECTED else None
        self.connection.value = replace(
            was, line=line, latency_ms=latency_ms, retry_at_ms=retry_at_ms, reason=reason, since_ms=since_ms
        )


def _now_s() -> float:
    """The loop's clock, which nobody sets."""
    return asyncio.get_running_loop().time()


def _revoked(payload: Any) -> str:  # noqa: ANN401 - the payload of any signal; only its reason is read
    """Why the session has ended, for people."""
    reason = getattr(payload, "reason", "") or "this device was signed out"
    return f"You are signed out: {reason}. Log in again; nothing that waits here is lost."
