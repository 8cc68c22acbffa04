"""What people do with a notification."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NoticeAnswers:
    """Who hears of it; each gets the conversation's id, the first two the id of the newest message shown."""

    opened: Callable[[int, int], None]
    read: Callable[[int, int], None]
    replied: Callable[[int, str], None]
