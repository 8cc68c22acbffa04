"""The load's own framing, against the library's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from benchmarks.frames import CLOSED, Frames, text_frame


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_a_frame_is_what_a_server_reads(size: int) -> None:
    reader = StreamReader()
    reader.feed_data(text_frame(b"x" * size))
    parsing = Frame.parse(reader.read_exact, mask=True)
    with pytest.raises(StopIteration) as read:
        next(parsing)
    frame = read.value.value
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (Opcode.TEXT, True, b"x" * size)


@given(
    texts=st.lists(st.binary(max_size=300) | st.just(b"y" * 70_000), max_size=5),
    cuts=st.lists(st.integers(0, 2_000), max_size=8),
)
def test_texts_come_whole_however_they_are_cut(texts: list[bytes], cuts: list[int]) -> None:
    sent = b"".join(Frame(Opcode.TEXT, text).serialize(mask=False) for text in texts)
    frames, found = Frames(), []
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), max([len(sent), *cuts])], strict=True):
        found += frames.texts(sent[start:end])
    assert found == texts


def test_a_close_is_told_and_a_ping_is_not() -> None:
    sent = [Frame(Opcode.PING, b""), Frame(Opcode.CLOSE, b"\x03\xe8")]
    assert Frames().texts(b"".join(frame.serialize(mask=False) for frame in sent)) == [CLOSED]


def test_what_no_measured_server_sends_is_an_error() -> None:
    with pytest.raises(ValueError, match="0x82"):
        Frames().texts(Frame(Opcode.BINARY, b"x").serialize(mask=False))
