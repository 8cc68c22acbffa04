"""Pages of history, newest and deep inside a very long conversation; and whether a full store makes anything slow."""

from __future__ import annotations

import json
import time
from dataclasses import replace

from benchmarks.dose import Dose
from benchmarks.figures import Figures, percentiles_ms
from benchmarks.lines import Loop, calm
from benchmarks.pages import PageDoor
from benchmarks.rows.chat import open_pairs
from benchmarks.rows.latency import one_by_one
from benchmarks.seeding import Stock
from benchmarks.servers import Served, Servers

_PAGE = 50
_DEEP = 0.01
"""How far from the beginning of the long conversation a deep page lies."""
_WARM = 20


def history(servers: Servers, name: str, dose: Dose) -> Figures:
    """A send and a page in a store of few messages and in a full one, and pages of the full one's long conversation."""
    with servers.serving(name, Stock(pairs=dose.stored_small // _PAGE, messages=dose.stored_small)) as served:
        figures = _ordinary(served, dose, "small")
    stock = Stock(pairs=dose.pairs, messages=dose.stored_large, long=dose.long)
    with servers.serving(name, stock) as served:
        figures |= _ordinary(served, dose, "large")
        deep = int(dose.long * _DEEP) + _PAGE
        figures |= percentiles_ms("newest_page", _pages(served, 1, None, dose.pages))
        figures |= percentiles_ms("deep_page", _pages(served, 1, deep, dose.pages))
    return figures | {
        "page_growth": figures["large_page_p50_ms"] / figures["small_page_p50_ms"],
        "send_growth": figures["large_send_p50_ms"] / figures["small_send_p50_ms"],
    }


def _ordinary(served: Served, dose: Dose, size: str) -> Figures:
    """A page and a send in conversation 2."""
    pages = _pages(served, 2, None, dose.pages)
    with Loop() as loop, calm():
        (chat,) = open_pairs(loop, served, served.pairs(2)[1:])
        one_by_one(loop, chat, replace(dose, seconds=dose.warm_s))
        chat.writer.waits_s.clear()
        one_by_one(loop, chat, replace(dose, seconds=dose.seconds / 2))
    return percentiles_ms(f"{size}_page", pages) | percentiles_ms(f"{size}_send", chat.writer.waits_s)


def _pages(served: Served, conversation_id: int, before: int | None, count: int) -> list[float]:
    """Seconds that each page took, on one connection that stays. Raises AssertionError for another page than asked."""
    path, waits_s = served.page_path(conversation_id, before), []
    with PageDoor(served.port, served.token(2 * conversation_id)) as door, calm():
        for _ in range(min(_WARM, count)):
            assert len(json.loads(door.read(path))) == _PAGE
        for _ in range(count):
            begun = time.perf_counter()
            door.read(path)
            waits_s.append(time.perf_counter() - begun)
    return waits_s
