"""Whether those who behave notice those who do not: their p95 while others flood, against its quiet value."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import cycle

from benchmarks.dose import Dose
from benchmarks.figures import Figures, percentile, percentiles_ms
from benchmarks.frames import text_frame
from benchmarks.lines import Line, Loop, Person, calm
from benchmarks.rows.chat import open_pairs
from benchmarks.rows.latency import at_a_steady_rate
from benchmarks.seeding import Stock
from benchmarks.servers import Servers

_PER_PAIR_S = 0.9
"""Messages of each pair a second, within the contract's sixty a minute: the server limits rates as it is shipped."""
_BACK_AFTER_S = 1.0
"""As the official client returns after it was thrown out."""
_CHUNK_BYTES = 16 * 1024
_LOOK_S = 0.005


def flood(servers: Servers, name: str, dose: Dose) -> Figures:
    """Pairs write at a steady rate; then offenders send what they must not, as fast as their sockets take it."""
    pairs = dose.pairs
    stock = Stock(pairs=pairs + dose.offenders)
    with servers.serving(name, stock, {"HEARTH_RATE_LIMITS": "on"}) as served, Loop() as loop:
        chats = open_pairs(loop, served, served.pairs(pairs))
        rate, seconds = pairs * _PER_PAIR_S, max(dose.seconds, 2 / _PER_PAIR_S)
        with calm():
            at_a_steady_rate(loop, chats, rate, dose.warm_s)
            quiet = at_a_steady_rate(loop, chats, rate, seconds)
            offences = cycle(_offences(pairs + 1))
            people = [served.person(2 * (pairs + number) + 1) for number in range(dose.offenders)]
            offenders = [Offender(loop, served.port, one, next(offences)) for one in people]
            cpu_s, begun = served.cpu_s(), time.perf_counter()
            flooded = at_a_steady_rate(loop, chats, rate, seconds, _each(offenders))
            busy = (served.cpu_s() - cpu_s) / (time.perf_counter() - begun)
        for chat in chats:
            chat.check()
    return {
        **percentiles_ms("quiet", quiet),
        **percentiles_ms("flooded", flooded),
        "flood_p95_ratio": percentile(flooded, 0.95) / percentile(quiet, 0.95),
        "thrown_out": sum(one.thrown_out for one in offenders),
        "flood_mib_per_s": sum(one.sent_bytes for one in offenders) / 2**20 / seconds,
        "server_core_used": busy,
    }


def _offences(conversation_id: int) -> list[bytes]:
    """What each kind of offender sends for ever: whole frames, in one piece."""
    send = json.dumps(["send_message", {"conversation_id": conversation_id, "content": "again"}])
    strange = json.dumps(["strange", {"filling": "x" * 2_000}])
    deep = '["typing",' + "[" * 5_000 + "]" * 5_000 + "]"
    texts = [f"42{send}", f"42{strange}", "42{{{", f"42{deep}", '42["disconnect"]', "451-[]", "2" * 300_000]
    binary = b"\x82" + text_frame(b"\x00" * 100)[1:]
    return [_repeated(text_frame(text.encode())) for text in texts] + [_repeated(binary)]


def _repeated(frame: bytes) -> bytes:
    """At least a chunk of the same frame."""
    return frame * (_CHUNK_BYTES // len(frame) + 1)


class Offender:
    """Connects like anybody, then sends one offence without end; comes back when it is thrown out."""

    def __init__(self, loop: Loop, port: int, person: Person, offence: bytes) -> None:
        self.thrown_out = 0
        self.sent_bytes = 0
        self._loop = loop
        self._port = port
        self._person = person
        self._offence = offence
        self._back_at = 0.0
        self._line: Line | None = None

    def turn(self) -> None:
        """Send more, or return."""
        if self._line is None and time.perf_counter() >= self._back_at:
            self._line = Line(self._loop, self._port, self._person)
            self._line.ended = self._ended
        elif self._line is not None and self._line.is_open and not self._line.unsent:
            self.sent_bytes += len(self._offence)
            self._line.send(self._offence)

    def _ended(self, _line: Line, _why: str) -> None:
        """Thrown out, or not let in."""
        self.thrown_out += 1
        self._line = None
        self._back_at = time.perf_counter() + _BACK_AFTER_S


def _each(offenders: list[Offender]) -> Callable[[], None]:
    """A turn of every offender, a few hundred times a second: the load must not become what is measured."""
    next_at = [0.0]

    def turn() -> None:
        if time.perf_counter() >= next_at[0]:
            for one in offenders:
                one.turn()
            next_at[0] = time.perf_counter() + _LOOK_S

    return turn
