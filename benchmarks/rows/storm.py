"""Everybody's line drops at once: how long until all are back and have what they missed."""

from __future__ import annotations

import time

from benchmarks.dose import Dose
from benchmarks.figures import Figures, percentiles_ms
from benchmarks.lines import Line, Loop, Person, calm
from benchmarks.pages import PageLine
from benchmarks.rows.chat import open_joined
from benchmarks.seeding import Stock
from benchmarks.servers import Pair, Served, Servers

_STORED_EACH = 60
_MISSED = 10
_SEATS = 3
"""Numbers of a conversation that its seats and itself have taken before its first message."""


def storm(servers: Servers, name: str, dose: Dose) -> Figures:
    """Each person has one conversation of 60 messages and has missed ten.

    Ours: connect and `sync`. The reference: connect, join, and the newest page over HTTP, as the documents have it.
    """
    pairs = dose.storm // 2
    with servers.serving(name, Stock(pairs=pairs, messages=pairs * _STORED_EACH)) as served, Loop() as loop:
        seats = [(person, pair) for pair in served.pairs() for person in (pair.writer, pair.reader)]
        people, numbers = [person for person, _ in seats], [pair.conversation_id for _, pair in seats]
        lines = open_joined(loop, served, people, numbers)
        loop.run_for(dose.warm_s)
        with calm():
            cpu_s, begun = served.cpu_s(), time.perf_counter()
            for line in lines:
                line.close()
            returns = [_Return(loop, served, person, pair) for person, pair in seats]
            loop.run(lambda: all(one.back_at for one in returns), patience_s=120)
            seconds, used_s = time.perf_counter() - begun, served.cpu_s() - cpu_s
    for one in returns:
        one.check()
    waits = percentiles_ms("back", [one.back_at - begun for one in returns])
    return {"all_back_s": seconds, "return_cpu_ms": used_s / len(returns) * 1000} | waits


class _Return:
    """One person who comes back. Owns their line and what they were given."""

    def __init__(self, loop: Loop, served: Served, person: Person, pair: Pair) -> None:
        self.back_at = 0.0
        self._given = b""
        self._loop = loop
        self._served = served
        self._pair = pair
        self._line = Line(loop, served.port, person)
        self._line.opened = self._opened
        self._line.heard = self._heard

    def _opened(self, line: Line) -> None:
        """Ask for what was missed."""
        number = self._pair.conversation_id
        if self._served.is_ours:
            line.emit("sync", {"versions": {str(number): _SEATS + _STORED_EACH - _MISSED}}, 0)
        else:
            line.emit("join_conversation", {"conversation_id": number, "user_id": line.person.user_id}, 0)

    def _heard(self, text: bytes) -> None:
        """The answer."""
        if not text.startswith(b"430["):
            return
        if self._served.is_ours:
            self._is_back(text)
        else:
            path = self._served.page_path(self._pair.conversation_id)
            PageLine(self._loop, self._served.port, path, self._line.person.token, self._is_back)

    def _is_back(self, given: bytes) -> None:
        """Everything is there."""
        self.back_at = time.perf_counter()
        self._given = given

    def check(self) -> None:
        """Raises AssertionError where what was given is not what was missed."""
        key, missed = (b'"message_id"', _MISSED) if self._served.is_ours else (b'"createdAt"', 50)
        assert self._given.count(key) >= missed, self._given[:500]
