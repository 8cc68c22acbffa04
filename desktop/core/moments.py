"""Times as people say them: in the list, in bubbles, between days and under names; and when the words change next."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from desktop.core.ports import Clock
from protocol.times import now_ms

SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
DAYS_BY_WEEKDAY = 6
"""Days back that are still called by their weekday; a week ago would be ambiguous."""

OffsetS = Callable[[int], int]
"""The local zone's offset from UTC in seconds at a moment (`Clock.local_offset_s`)."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True, slots=True)
class ListTime:
    """The time of a conversation's row, and when its words change next (ms since 1970; None: never)."""

    words: str
    next_change_ms: int | None


def local(at_ms: int, offset_s: OffsetS) -> datetime:
    """The local wall clock at a moment, without a zone."""
    moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms, seconds=offset_s(at_ms))
    return moment.replace(tzinfo=None)


def midnight_after(at_ms: int, offset_s: OffsetS) -> int:
    """When the local day that holds `at_ms` ends, ms since 1970; right on days with a clock change too."""
    return start_of_day(local(at_ms, offset_s).date() + timedelta(days=1), offset_s)


def start_of_day(day: date, offset_s: OffsetS) -> int:
    """Local midnight at the start of a day, ms since 1970."""
    wall_ms = (day - date(1970, 1, 1)).days * DAY_MS
    guess = wall_ms - offset_s(wall_ms) * SECOND_MS
    return wall_ms - offset_s(guess) * SECOND_MS


def list_time(at_ms: int, now_ms: int, offset_s: OffsetS) -> ListTime:
    """The words now (under a minute), Xm ago (under an hour), HH:MM (today), MMM DD, MMM DD, YYYY (document B)."""
    age = now_ms - at_ms
    if age < MINUTE_MS:
        return ListTime("now", at_ms + MINUTE_MS)
    if age < HOUR_MS:
        minutes = age // MINUTE_MS
        return ListTime(f"{minutes}m ago", at_ms + (minutes + 1) * MINUTE_MS)
    then, today = local(at_ms, offset_s), local(now_ms, offset_s)
    if then.date() == today.date():
        return ListTime(bubble_time(at_ms, offset_s), midnight_after(now_ms, offset_s))
    short = f"{MONTHS[then.month - 1][:3]} {then.day}"
    if then.year == today.year:
        return ListTime(short, start_of_day(date(today.year + 1, 1, 1), offset_s))
    return ListTime(f"{short}, {then.year}", None)


def bubble_time(at_ms: int, offset_s: OffsetS) -> str:
    """HH:MM on the local clock."""
    return f"{local(at_ms, offset_s):%H:%M}"


def full_time(at_ms: int, offset_s: OffsetS) -> str:
    """The whole of it, for tooltips: "Monday, 3 November 2026, 09:12"."""
    then = local(at_ms, offset_s)
    return f"{WEEKDAYS[then.weekday()]}, {_date_words(then.date(), with_year=True)}, {then:%H:%M}"


def day_words(at_ms: int, now_ms: int, offset_s: OffsetS) -> str:
    """The pill between days: Today, Yesterday, a weekday within the last six days, else the date."""
    then, today = local(at_ms, offset_s).date(), local(now_ms, offset_s).date()
    days = (today - then).days
    if days == 0:
        return "Today"
    if days == 1:
        return "Yesterday"
    if 1 < days <= DAYS_BY_WEEKDAY:
        return WEEKDAYS[then.weekday()]
    return _date_words(then, with_year=then.year != today.year)


def last_seen(at_ms: int | None, now_ms: int, offset_s: OffsetS) -> str:
    """What stands under the name of somebody who is not there; just "offline" where it is not known."""
    if at_ms is None:
        return "offline"
    age = now_ms - at_ms
    if age < MINUTE_MS:
        return "last seen just now"
    if age < HOUR_MS:
        return f"last seen {age // MINUTE_MS}m ago"
    day = day_words(at_ms, now_ms, offset_s)
    if day in {"Today", "Yesterday", *WEEKDAYS}:
        said = day.lower() if day in {"Today", "Yesterday"} else day
        return f"last seen {said} at {bubble_time(at_ms, offset_s)}"
    return f"last seen {day}"


def _date_words(day: date, *, with_year: bool) -> str:
    """3 November, or 3 November 2025."""
    return f"{day.day} {MONTHS[day.month - 1]}{f' {day.year}' if with_year else ''}"


def system_clock() -> Clock:
    """The computer's clock and its zone."""
    return Clock(now_ms, lambda at_ms: time.localtime(at_ms / SECOND_MS).tm_gmtoff)
