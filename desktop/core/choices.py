"""What the user has chosen for a conversation and nobody else sees: pinned, archived, muted, blocked, hidden."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from msgspec import UNSET, structs

from desktop.core.errands import Errands
from desktop.core.observable import Topic
from desktop.core.own_ports import OwnApi, OwnFile
from desktop.core.ports import Clock, Unreachable
from desktop.core.store import Held, Store
from protocol.commands import PatchOwn
from protocol.errors import Refused
from protocol.shapes import Own
from protocol.times import from_wire, to_wire

LOG = logging.getLogger(__name__)

FOR_GOOD_MS = 100 * 365 * 24 * 60 * 60 * 1000
"""Muted for so long is muted for good."""
LOOK_AGAIN_S = 3600.0
"""However far the end of a mute is: clocks are set, and computers sleep."""
AGAIN_S = 5.0
"""The wait after an answer that asks to come again and names no time."""


class Choices:
    """Owns what was chosen and is not told back yet; it is shown over what the server has said.

    set() ──► wanted: shown, on disk ──answered──► settled: shown ──told──► the store's own
                │ ▲ line down: asked again when it is up, after a restart too
                └─refused──► gone: what the server has said is shown again
    """

    def __init__(
        self,
        store: Store,
        api: OwnApi,
        file: OwnFile,
        clock: Clock,
        *,
        is_connected: Callable[[], bool],
        refresh: Callable[[int], None],
    ) -> None:
        """`refresh(conversation_id)` derives anew what shows a conversation."""
        self.problems: Topic[Refused] = Topic()
        """Choices that were refused when they were asked again: nobody waits for them any more."""
        self._store = store
        self._api = api
        self._file = file
        self._clock = clock
        self._is_connected = is_connected
        self._refresh = refresh
        self._errands = Errands()
        self._wanted: dict[int, PatchOwn] = {}
        self._settled: dict[int, PatchOwn] = {}
        self._turns: dict[int, asyncio.Lock] = {}
        self._mutes: dict[int, int] = {}
        """Until when conversations are muted (ms since 1970)."""
        self._timer: asyncio.TimerHandle | None = None

    async def set(self, conversation_id: int, change: PatchOwn) -> None:
        """Choose; shown at once. Done when the server has it, or when it is kept for the next line.

        Raises Refused; then what was before is shown again.
        """
        self._wanted[conversation_id] = _joined(self._wanted.get(conversation_id), change)
        self._show(conversation_id)
        await self._keep(conversation_id)
        await self._ask(conversation_id)

    async def mute_for(self, conversation_id: int, ms: int | None) -> None:
        """Mute for so long (`FOR_GOOD_MS`: for good), or no longer (None). Raises Refused."""
        until = None if ms is None else to_wire(self._clock.now_ms() + ms)
        await self.set(conversation_id, PatchOwn(muted_until=until))

    def own(self, held: Held) -> Own:
        """One's own facts of a conversation as they are to be shown."""
        settled, wanted = self._settled.get(held.conversation_id), self._wanted.get(held.conversation_id)
        if settled is None and wanted is None:
            return held.own
        return structs.replace(held.own, **{**_facts(settled), **_facts(wanted)})

    def muted_until_ms(self, held: Held) -> int | None:
        """Until when a conversation is muted (ms since 1970); None where it is not, or no longer."""
        until = self.own(held).muted_until
        until_ms = None if until is None else from_wire(until)
        return until_ms if until_ms is not None and until_ms > self._clock.now_ms() else None

    def load(self, choices: Mapping[int, PatchOwn]) -> None:
        """What an earlier run has left unanswered."""
        self._wanted.update(choices)
        self._note_mutes(self._store.held)

    def line_is_up(self) -> None:
        """Ask again for what was not answered."""
        for conversation_id in tuple(self._wanted):
            self._errands.start(self._ask_again(conversation_id))

    def told(self, conversation_ids: Collection[int]) -> None:
        """The server has told one's own facts of these: what it had answered before is among them."""
        for conversation_id in conversation_ids:
            self._settled.pop(conversation_id, None)
        self._note_mutes(conversation_ids)

    def forget(self, conversation_id: int) -> None:
        """A conversation is gone, and with it what was chosen for it."""
        self._settled.pop(conversation_id, None)
        if self._wanted.pop(conversation_id, None) is not None:
            self._errands.start(self._keep(conversation_id))

    async def close(self) -> None:
        """Ask no more; what is wanted stays on disk."""
        self._stop()
        await self._errands.close()

    async def _ask(self, conversation_id: int) -> None:
        """Ask for what is wanted until it is answered or the line is down. Raises Refused."""
        async with self._turns.setdefault(conversation_id, asyncio.Lock()):
            while self._is_connected() and (asked := self._wanted.get(conversation_id)) is not None:
                try:
                    await self._api.patch_own(conversation_id, asked)
                except Unreachable as reason:
                    # The line itself may hold: then nothing else would ask again.
                    LOG.info("a choice waits for the line: %s", reason)
                    self._errands.start(self._ask_later(conversation_id, AGAIN_S))
                    return
                except Refused as refusal:
                    if refusal.retryable:
                        self._errands.start(self._ask_later(conversation_id, refusal.retry_after_s or AGAIN_S))
                        return
                    await self._drop(conversation_id, asked)
                    raise
                self._settle(conversation_id, asked)
                await self._drop(conversation_id, asked)

    async def _ask_again(self, conversation_id: int) -> None:
        """The same where nobody waits for the answer."""
        try:
            await self._ask(conversation_id)
        except Refused as refusal:
            LOG.info("a choice was taken back: %s", refusal.code)
            if conversation_id in self._store.held:
                self.problems.publish(refusal)

    async def _ask_later(self, conversation_id: int, wait_s: float) -> None:
        """The server has asked to come again, or has not answered."""
        await asyncio.sleep(wait_s)
        await self._ask_again(conversation_id)

    def _settle(self, conversation_id: int, asked: PatchOwn) -> None:
        """The server has it: it is shown until it is told, unless it was told already."""
        settled = _joined(self._settled.get(conversation_id), asked)
        own = self._store.of(conversation_id).own
        if any(getattr(own, name) != value for name, value in _facts(settled).items()):
            self._settled[conversation_id] = settled

    async def _drop(self, conversation_id: int, asked: PatchOwn) -> None:
        """What was asked for is wanted no more; what was chosen otherwise meanwhile still is."""
        wanted = self._wanted.pop(conversation_id, None)
        left = {name: value for name, value in _facts(wanted).items() if getattr(asked, name) != value}
        if left:
            self._wanted[conversation_id] = PatchOwn(**left)
        self._show(conversation_id)
        await self._keep(conversation_id)

    def _show(self, conversation_id: int) -> None:
        """Derive anew what shows a conversation."""
        self._note_mutes([conversation_id])
        self._refresh(conversation_id)

    def _note_mutes(self, conversation_ids: Iterable[int]) -> None:
        """Wait for the end of those that are muted, so that they are shown otherwise then."""
        for conversation_id in conversation_ids:
            held = self._store.held.get(conversation_id)
            until_ms = None if held is None else self.muted_until_ms(held)
            if until_ms is not None:
                self._mutes[conversation_id] = until_ms
            else:
                self._mutes.pop(conversation_id, None)
        self._stop()
        if self._mutes:
            wait_s = max(0, min(self._mutes.values()) - self._clock.now_ms()) / 1000
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(min(wait_s, LOOK_AGAIN_S), self._end_mutes)

    def _end_mutes(self) -> None:
        """Show anew what is muted no longer."""
        now_ms = self._clock.now_ms()
        ended = [conversation_id for conversation_id, until_ms in self._mutes.items() if until_ms <= now_ms]
        self._note_mutes(ended)
        for conversation_id in ended:
            self._refresh(conversation_id)

    def _stop(self) -> None:
        """Wait for nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _keep(self, conversation_id: int) -> None:
        """Have on disk what is wanted."""
        await self._file.keep_choice(conversation_id, self._wanted.get(conversation_id))


def _facts(change: PatchOwn | None) -> dict[str, Any]:
    """What a change says, by field."""
    if change is None:
        return {}
    return {name: value for name, value in structs.asdict(change).items() if value is not UNSET}


def _joined(first: PatchOwn | None, then: PatchOwn) -> PatchOwn:
    """Two changes as one; of what both say the later holds."""
    return PatchOwn(**{**_facts(first), **_facts(then)})
