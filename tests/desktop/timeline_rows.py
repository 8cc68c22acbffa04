"""Hand-made rows for tests of the timeline's look: a list that tells operations, and bubbles with plain defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from desktop.core.bubble import Bubble, BubbleFile, DayLine, HappeningLine, Row, Tick
from desktop.core.listops import ListOp, replay
from desktop.core.observable import Topic
from desktop.core.ports import Clock
from protocol.shapes import Happening

NOON_MS = 1_795_608_000_000
MINUTE_MS = 60_000
CLOCK = Clock(now_ms=lambda: NOON_MS)


class Rows:
    """A list that tells its operations as the core's timeline does."""

    def __init__(self, rows: Sequence[Row] = ()) -> None:
        self.rows: list[Row] = list(rows)
        self.operations: Topic[Sequence[ListOp[Row]]] = Topic()

    def do(self, *operations: ListOp[Row]) -> None:
        """Change the rows, then tell."""
        for operation in operations:
            replay(self.rows, operation)
        self.operations.publish(operations)


_TEMPLATE = Bubble(
    key="",
    conversation_id=1,
    message_id=None,
    position=None,
    version=1,
    sender_id=2,
    sender_name="Maya Okafor",
    sender_avatar_url=None,
    own=False,
    type="text",
    text="",
    files=(),
    at_ms=NOON_MS,
    tick=Tick.NONE,
)


def bubble(number: int, text: str | None = None, **facts: Any) -> Bubble:
    """The message at position `number`; of somebody else unless `own`, one minute apart from its neighbours."""
    own = facts.get("own", False)
    plain: dict[str, Any] = {
        "key": f"m{number}",
        "message_id": number,
        "position": number,
        "text": f"Message {number}" if text is None else text,
        "at_ms": NOON_MS - (1000 - number) * MINUTE_MS,
        "tick": Tick.SENT if own else Tick.NONE,
    }
    return replace(_TEMPLATE, **(plain | facts))


def waiting(number: int, text: str = "On its way", **facts: Any) -> Bubble:
    """A message of one's own in the outbox."""
    plain: dict[str, Any] = {
        "own": True,
        "key": f"w{number}",
        "message_id": None,
        "position": None,
        "tick": Tick.WAITING,
        "at_ms": NOON_MS,
    }
    return bubble(number, text, **(plain | facts))


def bubbles(first: int, last: int, lines: int = 1) -> list[Row]:
    """Messages from position `first` to `last`, each `lines` lines high."""
    text = "\n".join("line" for _ in range(lines))
    return [bubble(number, f"{number} {text}") for number in range(first, last + 1)]


def day(number: int = 1) -> DayLine:
    """A day pill."""
    return DayLine(f"day:{number}", NOON_MS - number * 24 * 60 * MINUTE_MS)


def image(name: str = "harbour.jpg", **facts: Any) -> BubbleFile:
    """A picture of the server's."""
    plain = BubbleFile("image", name, 120_000, "image/jpeg", url=f"/api/files/1/{name}", width=1600, height=900)
    return replace(plain, **facts)


def document(name: str = "Site report.pdf", **facts: Any) -> BubbleFile:
    """A file of the server's."""
    return replace(BubbleFile("file", name, 5_000_000, "application/pdf", url=f"/api/files/2/{name}"), **facts)


def happening(facts: Mapping[str, Any], names: tuple[str, ...] = ()) -> HappeningLine:
    """A grey line about what Maya, who is user 2, did in a group."""
    return HappeningLine("happening", 1, 1, 1, NOON_MS, Happening(**facts), 2, "Maya", names)
