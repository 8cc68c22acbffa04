"""What painting knows besides the row itself: colours, pictures, time, and what is going on with a row."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.core.bubble import Bubble
from desktop.ui.pictures import Pictures
from desktop.ui.theme import Theme
from desktop.ui.transfers import Transfers

CLOCK_AFTER_MS = 300
"""An acknowledgement that comes sooner shows no clock, so that nothing flickers (behaviour 33)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The surroundings of one painting: `ratio` is the screen's device pixel ratio, `current` the focused row's key.

    `flashing` is the key of the row that was jumped to, `chosen` are the selected messages, and `marked` is the text
    selected inside one: its key, and from which unit to which. `mirrored`: people read from the right. `sought` are
    the words that are searched for.
    """

    theme: Theme
    pictures: Pictures
    transfers: Transfers
    now_ms: int
    ratio: float = 1.0
    current: str | None = None
    flashing: str | None = None
    chosen: frozenset[str] = frozenset()
    marked: tuple[str, int, int] | None = None
    mirrored: bool = False
    sought: tuple[str, ...] = ()

    def clock_shows(self, bubble: Bubble) -> bool:
        """Whether a waiting message has waited long enough for its clock."""
        return bubble.changing or self.now_ms - bubble.at_ms >= CLOCK_AFTER_MS

    def marked_in(self, key: str) -> tuple[int, int] | None:
        """What is selected inside one message's text."""
        return self.marked[1:] if self.marked is not None and self.marked[0] == key else None
