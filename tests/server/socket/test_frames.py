"""Frames by hand against frames by the library: the same bytes in any pieces are the same messages and the same end."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.protocol import CLIENT, Protocol

from server.socket.frames import Frames, payload_of, text_frame
from tests.server.socket.lines import frame

MAX_BYTES = 70_000

TEXTS = st.text(max_size=20) | st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536, 70_001]).map("x".__mul__)
MASKS = st.binary(min_size=4, max_size=4)


def masked(head: int, payload: bytes, mask: bytes) -> bytes:
    """A frame with a mask of its own."""
    plain = frame(head, payload, masked=True)
    start = len(plain) - len(payload)
    covered = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return plain[: start - 4] + mask + covered


GOOD = st.builds(masked, st.just(0x81), TEXTS.map(str.encode), MASKS)
ODD = st.one_of(
    st.builds(masked, st.sampled_from([0x89, 0x8A]), st.binary(max_size=125), MASKS),
    st.builds(masked, st.sampled_from([0x01, 0x00, 0x80]), TEXTS.map(str.encode), MASKS),
    st.builds(masked, st.sampled_from([0x81, 0x80, 0x82, 0x88, 0xC1, 0x83]), st.binary(max_size=20), MASKS),
    st.builds(frame, st.just(0x81), st.binary(max_size=20), masked=st.just(False)),
    st.just(frame(0x88, b"\x03\xe8")),
    # A length that takes more room than it needs.
    st.just(b"\x81\xfe\x00\x01\x00\x00\x00\x00x"),
    st.just(b"\x81\xff" + bytes(7) + b"\x01\x00\x00\x00\x00x"),
    st.binary(max_size=12),
)
STREAMS = st.lists(GOOD | GOOD | GOOD | ODD, max_size=8).map(b"".join)


def played(data: bytes, cuts: list[int], *, fast: bool) -> tuple[list[str], list[bytes], str | None, bool]:
    """What comes of these bytes, given in pieces: messages, answers, the fault and whether it is over."""
    frames = Frames(MAX_BYTES, fast=fast)
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    messages = [text for a, b in pairwise(places) for text in frames.take(data[a:b])]
    return messages, frames.replies, frames.fault, frames.ended


@settings(max_examples=200)
@given(data=STREAMS, cuts=st.lists(st.integers(0, 300), max_size=12))
def test_by_hand_is_as_by_the_library(data: bytes, cuts: list[int]) -> None:
    assert played(data, cuts, fast=True) == played(data, cuts, fast=False)


@settings(max_examples=100)
@given(texts=st.lists(TEXTS.filter(lambda text: len(text.encode()) <= MAX_BYTES), max_size=6), cut=st.integers(1, 40))
def test_what_an_honest_client_sends_arrives_however_it_is_cut(texts: list[str], cut: int) -> None:
    client = Protocol(CLIENT)
    for number, text in enumerate(texts):
        if number % 3 == 2:
            client.send_ping(b"there?")
        client.send_text(text.encode())
    data = b"".join(client.data_to_send())
    messages, replies, fault, ended = played(data, [cut * step for step in range(len(data) // cut)][:500], fast=True)
    assert (messages, fault, ended) == (texts, None, False)
    assert len(replies) == len(texts) // 3


def test_the_library_is_asked_for_what_is_uncommon_only_and_let_go_again() -> None:
    frames = Frames(MAX_BYTES)
    held = lambda: frames._protocol is not None  # noqa: E731, SLF001 - what is spared is to be seen
    assert frames.take(frame(0x81, b"3") + frame(0x81, b"x" * 60_000)) == ["3", "x" * 60_000]
    assert not held()
    assert frames.take(frame(0x01, b"4") + frame(0x89, b"?") + frame(0x80, b"2") + frame(0x81, b"4a")[:5]) == ["42"]
    assert held()
    assert frames.take(frame(0x81, b"4a")[5:]) == ["4a"]
    assert not held()


def test_a_giant_is_refused_when_it_is_announced() -> None:
    frames = Frames(MAX_BYTES)
    assert frames.take(frame(0x81, b"", announced=500_000_000)) == []
    assert (frames.fault, frames.ended) == ("bad WebSocket frame (PayloadTooBig)", True)
    assert frames.replies[0][2:4] == (1009).to_bytes(2, "big")


def test_empty_fragments_cost_no_memory() -> None:
    frames = Frames(MAX_BYTES)
    frames.take(frame(0x01, b"4") + frame(0x00, b"") * 10_000)
    assert frames._parts == [b"4"]  # noqa: SLF001 - what is spared is to be seen
    assert frames.take(frame(0x80, b"2")) == ["42"]


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_what_we_send_is_what_a_client_reads(length: int) -> None:
    payload = b"y" * length
    client = Protocol(CLIENT, max_size=None)
    client.receive_data(text_frame(payload))
    assert [bytes(event.data) for event in client.events_received()] == [payload]  # type: ignore[union-attr]
    assert payload_of(text_frame(payload)) == payload
