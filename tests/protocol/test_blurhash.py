"""Blurhashes agree with what other programs write, come back as the colours they tell, and are refused when broken."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import blurhash

SIDE = 32
SLOPES = bytes(value for y in range(SIDE) for x in range(SIDE) for value in (x * 8, y * 8, (x + y) * 4))
SLOPES_TOLD = "LxH2cg2kwzX5l?WGjue:gLfkfQfj"
"""By the package `blurhash` 1.1.5, with four components across and three down."""


def test_it_is_written_as_others_write_it() -> None:
    assert blurhash.encode(SLOPES, SIDE, SIDE) == SLOPES_TOLD


@pytest.mark.parametrize("counts", [blurhash.WIDE, blurhash.TALL])
def test_what_is_read_is_near_what_was_written(counts: tuple[int, int]) -> None:
    back = blurhash.decode(blurhash.encode(SLOPES, SIDE, SIDE, counts), SIDE, SIDE)
    assert len(back) == len(SLOPES)
    assert sum(abs(one - other) for one, other in zip(back, SLOPES, strict=True)) / len(back) < 16


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 30, 90)])
def test_one_colour_stays_that_colour(colour: tuple[int, int, int]) -> None:
    back = blurhash.decode(blurhash.encode(bytes(colour) * SIDE**2, SIDE, SIDE), 4, 4)
    assert all(abs(back[at] - colour[at % 3]) < 40 for at in range(len(back)))


@pytest.mark.parametrize(
    "text", ["", "LEHV6", "LEHV6nWB2yk8pyo0adR*.7kCMdn", "LEHV6nWB2yk8pyo0adR*.7kCMdnjj", "L" + "é" * 27]
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="blurhash"):
        blurhash.decode(text, 4, 4)


def test_bytes_that_are_not_the_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="three bytes"):
        blurhash.encode(b"\x00" * 10, 2, 2)


@given(st.text("0123456789ABCxyz~é", max_size=64))
def test_any_text_is_a_picture_or_refused(text: str) -> None:
    size = 18
    with suppress(ValueError):
        size = len(blurhash.decode(text, 3, 2))
    assert size == 18
