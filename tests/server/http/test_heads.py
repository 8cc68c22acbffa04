"""Heads of requests: what is read, and what two readers could take apart and is therefore refused."""

from __future__ import annotations

import io

import pytest

from server.http.heads import Head


def _head(*lines: str) -> Head:
    """The head of these lines."""
    return Head(io.BytesIO("".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1")))


def test_a_head_is_told_in_wsgis_names() -> None:
    head = _head("Host: here", "X-Thing:  two words ", "Content-Type: text/plain", "Content-Length: 3", "X_Thing: no")
    assert head.told == [("HTTP_HOST", "here"), ("HTTP_X_THING", "two words")]
    assert (head.get("content-length"), head.typeheader, head.getheader("Missing")) == ("3", "text/plain", None)


def test_lines_may_end_without_a_carriage_return() -> None:
    assert Head(io.BytesIO(b"Host: here\n\n")).told == [("HTTP_HOST", "here")]


@pytest.mark.parametrize(
    "lines",
    [
        ["no field"],
        [" Folded: line"],
        ["Host: here", "\tand there"],
        ["Content-Length : 3"],
        ["Content-Length: 3", "Content-Length: 4"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
        ["Host: here\rX-Hidden: there"],
        ["Host: here\0"],
        [f"X-{number}: 1" for number in range(101)],
        ["X-Long: " + "x" * 70_000],
    ],
)
def test_what_could_be_read_in_two_ways_is_no_head(lines: list[str]) -> None:
    with pytest.raises(ValueError, match=r"header|head|length|coding"):
        _head(*lines)


def test_a_head_that_is_cut_short_is_none() -> None:
    with pytest.raises(ValueError, match="cut short"):
        Head(io.BytesIO(b"Host: here\r\nContent-Len"))
