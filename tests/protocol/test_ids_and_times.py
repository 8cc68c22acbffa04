"""Uids, times, errors and the digest's sum."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.commands import digest_sum
from protocol.errors import RETRYABLE, STATUS, ErrorCode, Refused, refused_from
from protocol.ids import new_uid
from protocol.times import from_wire, now_ms, to_wire


def test_uids_are_version_seven_distinct_and_of_now() -> None:
    before = now_ms()
    made = [uuid.UUID(new_uid()) for _ in range(1_000)]
    assert {one.version for one in made} == {7}
    assert {one.variant for one in made} == {uuid.RFC_4122}
    assert len(set(made)) == 1_000
    assert all(before <= one.int >> 80 <= now_ms() for one in made)


@given(st.integers(0, 253_402_300_799_999))
def test_times_read_back_and_have_milliseconds(at_ms: int) -> None:
    told = to_wire(at_ms)
    assert from_wire(told) == at_ms
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told)


def test_a_time_is_that_of_the_calendar() -> None:
    moment = datetime(2026, 11, 22, 9, 41, 7, 120_000, tzinfo=UTC)
    assert to_wire(round(moment.timestamp() * 1_000)) == "2026-11-22T09:41:07.120Z"
    with pytest.raises(ValueError, match="zone"):
        from_wire("2026-11-22T09:41:07.120")


def test_every_error_has_a_status_and_only_passing_ones_are_retried() -> None:
    assert set(STATUS) == set(ErrorCode)
    assert all(STATUS[code] in (401, 429) or STATUS[code] >= 500 for code in RETRYABLE)


def test_an_error_reads_back_as_it_was() -> None:
    told = Refused(ErrorCode.RATE_LIMITED, "Wait 2 seconds.", retry_after_s=2.0, details={"field": "x"})
    read = refused_from(told.body())
    assert (read.code, read.message, read.retryable, read.retry_after_s, read.details) == (
        told.code,
        told.message,
        True,
        2.0,
        {"field": "x"},
    )
    assert told.status == 429
    assert Refused("from_a_newer_server", "Update the app.").status == 400


@given(st.dictionaries(st.integers(1, 2**53 - 1), st.integers(0, 2**53 - 1), min_size=1, max_size=20), st.data())
def test_the_digest_sees_one_step_of_one_conversation(versions: dict[int, int], data: st.DataObject) -> None:
    one = data.draw(st.sampled_from(sorted(versions)))
    assert digest_sum({**versions, one: versions[one] + 1}) != digest_sum(versions)
    assert 0 <= digest_sum(versions) < 2**53
    assert digest_sum(dict(reversed(versions.items()))) == digest_sum(versions)
