"""The words for times, and that each change of them is foretold to the millisecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core import moments

BERLIN = ZoneInfo("Europe/Berlin")


def offset_s(at_ms: int) -> int:
    """Berlin's offset, with its summer time."""
    offset = (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms)).astimezone(BERLIN).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def ms(text: str) -> int:
    """A wall clock time in Berlin as ms since 1970."""
    return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() * 1000)


NOW = ms("2026-11-22T09:42:30")


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-11-22T09:42:30", "now"),
        ("2026-11-22T09:41:31", "now"),
        ("2026-11-22T09:43:10", "now"),
        ("2026-11-22T09:41:30", "1m ago"),
        ("2026-11-22T09:38:05", "4m ago"),
        ("2026-11-22T08:42:31", "59m ago"),
        ("2026-11-22T08:42:30", "08:42"),
        ("2026-11-22T00:00:00", "00:00"),
        ("2026-11-21T23:59:59", "Nov 21"),
        ("2026-01-01T00:00:00", "Jan 1"),
        ("2025-12-31T23:59:59", "Dec 31, 2025"),
    ],
)
def test_the_list_says(at: str, words: str) -> None:
    assert moments.list_time(ms(at), NOW, offset_s).words == words


def test_a_minute_counts_before_the_day_does() -> None:
    now = ms("2026-11-22T00:05:00")
    assert moments.list_time(ms("2026-11-21T23:55:00"), now, offset_s).words == "10m ago"


YEARS_MS = st.integers(ms("2024-01-01T00:00:00"), ms("2027-12-31T00:00:00"))


@given(YEARS_MS, st.integers(0, 500 * moments.DAY_MS))
def test_words_hold_until_the_change_and_differ_after_it(at_ms: int, age_ms: int) -> None:
    now_ms = at_ms + age_ms
    shown = moments.list_time(at_ms, now_ms, offset_s)
    if shown.next_change_ms is None:
        assert moments.list_time(at_ms, now_ms + 400 * moments.DAY_MS, offset_s) == shown
        return
    assert shown.next_change_ms > now_ms
    assert moments.list_time(at_ms, shown.next_change_ms - 1, offset_s).words == shown.words
    assert moments.list_time(at_ms, shown.next_change_ms, offset_s).words != shown.words


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-11-22"])
def test_a_day_ends_at_its_own_midnight_when_clocks_change(day: str) -> None:
    next_day = (datetime.fromisoformat(day) + timedelta(days=1)).isoformat()
    for clock in ("00:00:00", "01:30:00", "12:00:00", "23:59:59"):
        assert moments.midnight_after(ms(f"{day}T{clock}"), offset_s) == ms(next_day)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-11-22T00:00:00", "Today"),
        ("2026-11-21T23:59:00", "Yesterday"),
        ("2026-11-20T12:00:00", "Friday"),
        ("2026-11-16T12:00:00", "Monday"),
        ("2026-11-15T12:00:00", "15 November"),
        ("2025-11-22T12:00:00", "22 November 2025"),
        ("2026-11-23T12:00:00", "23 November"),
    ],
)
def test_the_day_pill_says(at: str, words: str) -> None:
    assert moments.day_words(ms(at), NOW, offset_s) == words


def test_bubbles_show_hours_and_minutes_and_the_rest_on_hover() -> None:
    at = ms("2026-11-03T09:02:59")
    assert moments.bubble_time(at, offset_s) == "09:02"
    assert moments.full_time(at, offset_s) == "Tuesday, 3 November 2026, 09:02"


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (None, "offline"),
        ("2026-11-22T09:42:00", "last seen just now"),
        ("2026-11-22T09:02:30", "last seen 40m ago"),
        ("2026-11-22T07:02:00", "last seen today at 07:02"),
        ("2026-11-21T22:10:00", "last seen yesterday at 22:10"),
        ("2026-11-20T22:10:00", "last seen Friday at 22:10"),
        ("2026-10-01T22:10:00", "last seen 1 October"),
    ],
)
def test_somebody_was_last_seen(at: str | None, words: str) -> None:
    assert moments.last_seen(None if at is None else ms(at), NOW, offset_s) == words
