"""The one loop that keeps the line: open, catch up, follow until it breaks, back off, again (docs/architecture.md)."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
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
        self._spread_s: float | None = None
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
        """The user clicked, the network came back or the computer woke: try, or ask whether the line still lives."""
        self._attempt = 0
        self._compare_at = 0.0
        self._hurry.set()

    def set_waiting(self, waiting: int) -> None:
        """Show how many messages wait in the outbox."""
        self.connection.value = replace(self.connection.value, waiting=waiting)

    async def _connect_and_follow(self) -> float | None:
        """One life of the line; the result is the wait before the next, None for one that only the user ends."""
        self._set(Line.CONNECTING)
        try:
            greeting = await self._live.open()
            await self._catch_up(greeting)
            return await self._follow()
        except Refused as refusal:
            return self._refused(refusal)
        except Unreachable as reason:
            LOG.info("not connected: %s", reason)
        except Exception:
            # Whatever a newer server says or a row cannot be shown for: the line must come back all the same.
            LOG.exception("the line was left because of an error")
        return self._after_a_break()

    async def _catch_up(self, greeting: Connected) -> None:
        """From the greeting to a state as fresh as the server's."""
        self._set(Line.UPDATING)
        self._epoch = greeting.epoch
        await self._follower.begin_epoch(greeting.epoch)
        await self._sync()
        self._attempt = 0
        self._hurry.clear()
        self._set(Line.CONNECTED)
        self._follower.line_is_up()

    async def _sync(self) -> None:
        """Ask for what is new until the server says that it is all."""
        async with self._asking:
            complete = False
            while not complete:
                versions = {str(identity): version for identity, version in self._follower.versions().items()}
                question = Sync(epoch=self._epoch, user_version=self._follower.user_version(), versions=versions)
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
                else:
                    self._follower.ingest_arrived(thing)
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    async def _watch(self) -> None:
        """While the line is up: fill gaps that stay, compare digests, measure the way.

        A question that is not answered in time means that nobody is there any more, whatever the socket says.
        """
        loop = asyncio.get_running_loop()
        self._compare_at, latency_at = loop.time() + self._pace.digest_s, loop.time()
        while True:
            await asyncio.sleep(self._pace.gap_s / 2)
            try:
                if self._has_old_gap():
                    await self._sync()
                if loop.time() >= self._compare_at:
                    self._compare_at = loop.time() + self._pace.digest_s
                    await self._compare()
            except Unreachable as reason:
                LOG.info("the line is given up: %s", reason)
                await self._live.close()
                return
            except Refused as refusal:
                LOG.info("not caught up yet: %s", refusal.code)
                await asyncio.sleep(refusal.retry_after_s or self._pace.first_s)
            except Exception:
                LOG.exception("catching up failed")
                await asyncio.sleep(self._pace.digest_s)
            if loop.time() >= latency_at:
                latency_at = loop.time() + self._pace.latency_s
                self._show_latency()

    def _has_old_gap(self) -> bool:
        """Whether a missing number has stayed away for longer than pushes overtake each other."""
        since_ms = self._follower.gap_since_ms()
        return since_ms is not None and self._clock.now_ms() - since_ms >= self._pace.gap_s * 1000

    async def _compare(self) -> None:
        """Ask whether anything is stale: finds the loss of a last push, which leaves no gap."""
        versions = self._follower.versions()
        question = Digest(epoch=self._epoch or "", count=len(versions), sum=digest_sum(versions))
        answer = await self._live.call("digest", question, self._pace.answer_s)
        if answer.get("stale"):
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
        return max(self._after_a_break(), refusal.retry_after_s or 0.0)

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
            self._set(Line.OFFLINE, retry_at_ms=self._clock.now_ms() + round(wait_s * 1000))
        try:
            async with asyncio.timeout(wait_s):
                await self._hurry.wait()
        except TimeoutError:
            return

    def _set(self, line: Line, *, reason: str | None = None, retry_at_ms: int | None = None) -> None:
        """Show a state; `since_ms` is kept while a state stays the same."""
        was = self.connection.value
        since_ms = was.since_ms if was.line is line else self._clock.now_ms()
        latency_ms = self._live.latency_ms if line is Line.CONNECTED else None
        self.connection.value = Connection(line, latency_ms, was.waiting, retry_at_ms, reason, since_ms)


def _revoked(payload: Any) -> str:  # noqa: ANN401 - the payload of any signal; only its reason is read
    """Why the session has ended, for people."""
    reason = getattr(payload, "reason", "") or "this device was signed out"
    return f"You are signed out: {reason}. Log in again; nothing that waits here is lost."
