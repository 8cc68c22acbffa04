"""One layout for painting, height and hit test: the mock's geometry, for every kind of bubble."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication

from desktop.core.addresses import AT_MOST as LINKS_AT_MOST
from desktop.core.bubble import Bubble, BubbleReaction, Quote, Tick
from desktop.core.markup import parse
from desktop.ui import fonts
from desktop.ui.bubble_delegate import BubbleDelegate, Target, gap_above
from desktop.ui.bubble_layout import BubbleLayout, lay_out, signature, widest_bubble
from desktop.ui.text_block import PARAGRAPHS_AT_MOST, SIGNS_A_LINE, TextBlock
from protocol.shapes import LinkPreview
from tests.desktop.timeline_rows import CLOCK, bubble, day, document, image, waiting

WIDTH = 824.0
"""The mock's timeline: 864 pixels without its margins."""


@pytest.fixture(autouse=True)
def _fonts(qapp: QApplication) -> None:
    fonts.install()


def laid_out(row: Bubble, width: float = WIDTH) -> BubbleLayout:
    return lay_out(row, width, lambda _at: "09:12")


def test_one_line_is_34_pixels_high_with_the_time_beside_it() -> None:
    layout = laid_out(bubble(1, "Morning!"))
    assert layout.height == 34
    assert layout.bubble.left() == 0
    assert layout.text is not None
    assert layout.meta_box.left() == pytest.approx(12 + layout.text.width + 12)
    assert layout.bubble.right() - layout.meta_box.right() == 12


def test_own_bubbles_end_at_the_right_edge_and_have_room_for_a_tick() -> None:
    layout = laid_out(bubble(1, "Thursday works", own=True))
    assert layout.bubble.right() == WIDTH
    assert layout.tick_box is not None
    assert laid_out(bubble(1, "Thursday works")).tick_box is None


def test_a_bubble_takes_at_most_64_percent() -> None:
    layout = laid_out(bubble(1, "word " * 60))
    assert layout.bubble.width() <= round(WIDTH * 0.64)
    assert laid_out(bubble(1, "x" * 400)).bubble.width() <= round(WIDTH * 0.64)
    assert widest_bubble(2_000) == 720


def test_the_time_goes_below_where_the_last_line_is_full() -> None:
    widths = [laid_out(bubble(1, "x" * n)) for n in range(50, 75)]
    heights = {layout.height for layout in widths}
    assert heights == {34, 49, 54}
    for layout in widths:
        assert layout.text is not None
        last_line = layout.text_at.y() + layout.text.height
        beside = layout.meta_box.top() < last_line
        assert not beside or layout.meta_box.left() >= 12 + layout.text.last_width + 12 - 0.01


def test_another_time_changes_no_size() -> None:
    def sized(text: str, time: str) -> float:
        return lay_out(bubble(1, text, own=True), WIDTH, lambda _at: time).height

    texts = ["x" * n for n in range(55, 75)]
    sizes = [[sized(text, time) for text in texts] for time in ("11:11", "20:48", "09:07")]
    assert sizes[0] == sizes[1] == sizes[2]


def test_a_right_to_left_line_is_flush_right_with_the_time_below() -> None:
    layout = laid_out(bubble(1, "שלום עולם"))
    assert layout.text is not None
    assert layout.text.last_rtl
    assert layout.meta_box.top() >= layout.text_at.y() + layout.text.height


def test_a_picture_reserves_its_size() -> None:
    layout = laid_out(bubble(1, "", files=(image(width=1600, height=903),), type="image"))
    box = layout.files[0].box
    assert (box.left(), box.top(), box.width(), box.height()) == (4, 4, 280, 158)
    assert layout.bubble.width() == 288
    unknown = laid_out(bubble(1, "", files=(image(width=None, height=None),), type="image"))
    assert unknown.files[0].box.height() == 158


def test_a_file_is_a_chip_with_a_bar_while_it_is_sent() -> None:
    sending = laid_out(waiting(1, "", files=(document(url=None, path="/x", progress=0.6),), type="file"))
    box = sending.files[0]
    assert (box.square.width(), box.square.height()) == (40, 40)
    assert box.bar is not None
    assert box.bar.height() == 4
    assert box.cancel is not None
    sent = laid_out(bubble(1, "", files=(document(),), type="file")).files[0]
    assert sent.bar is None
    assert sent.cancel is None


def test_emoji_stand_large_without_ground() -> None:
    layout = laid_out(bubble(1, "🎉"))
    assert not layout.ground
    assert layout.text is not None
    assert layout.text.height == 48


def test_a_refusal_says_what_can_be_done_and_why() -> None:
    layout = laid_out(waiting(1, "Hello", tick=Tick.FAILED, failure="Shorten it."))
    assert layout.failure is not None
    words = "".join(word.text for word in layout.failure.words)
    assert words == "Not sent · Retry · Edit · Copy · Delete"
    assert layout.failure.sentence is not None
    assert layout.failure.words[0].box.top() == layout.bubble.bottom() + 2
    assert layout.height > layout.failure.words[0].box.bottom()


def test_a_tombstone_has_neither_files_nor_ticks() -> None:
    layout = laid_out(bubble(1, "secret", own=True, deleted=True, files=(image(),)))
    assert layout.files == ()
    assert layout.tick_box is None


def test_long_texts_are_collapsed_until_they_are_opened() -> None:
    long = bubble(1, "\n".join("line" for _ in range(200)))
    closed = laid_out(long)
    assert closed.more_box is not None
    opened = lay_out(long, WIDTH, lambda _at: "09:12", expanded=True)
    assert opened.more_box is None
    assert opened.height > 200 * 20
    assert laid_out(bubble(1, "\n".join("line" for _ in range(23)))).more_box is None


def test_ticks_progress_and_grouping_share_one_layout() -> None:
    row = waiting(1, "", files=(document(url=None, path="/x", progress=0.1),))
    further = replace(row, files=(replace(row.files[0], progress=0.9),), last_in_group=False)
    assert signature(row) == signature(further)
    assert signature(row) != signature(replace(row, tick=Tick.FAILED))
    assert signature(row) != signature(replace(row, files=(replace(row.files[0], progress=None),)))


def test_groups_stand_2_apart_and_10_between() -> None:
    first, second = bubble(1), bubble(2, first_in_group=False)
    assert gap_above(None, first) == 0
    assert gap_above(first, second) == 2
    assert gap_above(first, bubble(3)) == 10
    assert gap_above(waiting(1, tick=Tick.FAILED), second) == 10
    assert gap_above(day(), first) == 12


TEXTS = st.one_of(
    st.text(max_size=300),
    st.text("ab*_`>[]() \n@א😀", max_size=120),
    st.text("אבגד abc\n😀 ", max_size=200),
    st.just("w" * 500),
    st.just("a\n" * 30),
)


@settings(max_examples=60)
@given(text=TEXTS, width=st.integers(200, 1400), own=st.booleans(), kind=st.integers(0, 3), failed=st.booleans())
def test_nothing_ever_leaves_its_bubble(text: str, width: int, own: bool, kind: int, failed: bool) -> None:
    files = ((), (image(),), (document("n" * 90 + ".tar.gz"),), (image(height=9000), document()))[kind]
    tick = Tick.FAILED if failed and own else Tick.SENT if own else Tick.NONE
    row = bubble(1, text, own=own, files=files, tick=tick, failure="Because. " * 20 if failed else None)
    layout = laid_out(row, width)
    box = layout.bubble.translated(-layout.bubble.topLeft())
    inner = [layout.meta_box, *(file.box for file in layout.files)]
    inner += [file.name_box for file in layout.files] + [file.bar for file in layout.files if file.bar]
    assert all(box.adjusted(-0.5, -0.5, 0.5, 0.5).contains(one) for one in inner if not one.isEmpty())
    if layout.text is not None:
        assert layout.text_at.x() + layout.text.width <= box.width() + 0.5
        assert layout.text_at.y() + layout.text.height <= box.height() + 0.5
    assert layout.height >= layout.bubble.height()
    assert layout.bubble.left() >= -12
    assert layout.bubble.right() <= width + 12


def test_a_hit_finds_the_link_under_the_point_in_every_direction() -> None:
    delegate = BubbleDelegate(CLOCK)
    for text in ("see https://example.org/x now", "שלום https://example.org/x", "😀😀 https://example.org/x"):
        row = bubble(1, text)
        layout = delegate.layout(row, WIDTH)
        hits = {delegate.hit(row, QPointF(x, 17), WIDTH) for x in range(0, int(layout.bubble.width()), 2)}
        assert {hit.url for hit in hits if hit and hit.target is Target.LINK} == {"https://example.org/x"}, text
    assert delegate.hit(bubble(1), QPointF(WIDTH - 1, 10), WIDTH) is None


@settings(max_examples=40)
@given(text=st.text("ab 😀אב\u0301", min_size=1, max_size=400), most=st.integers(1, 4), width=st.integers(60, 300))
def test_a_cut_text_has_exactly_the_lines_it_may_have(text: str, most: int, width: int) -> None:
    whole = TextBlock(text, fonts.text(), 20, width)
    cut = TextBlock(text, fonts.text(), 20, width, most_lines=most)
    assert cut.height == min(whole.height, most * 20)
    assert cut.cut == (whole.height > most * 20)
    assert cut.width <= width + 0.5


HOSTILE = {
    "lines": "a\n" * 8_000,
    "marks": "a" + "\u0301" * 15_999,
    "directions": "אb" * 8_000,
    "controls": "\u202e\u2066" * 8_000,
    "joiners": "👩\u200d" * 8_000,
    "links": "http://a.example/ " * 880,
    "one word": "x" * 16_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_cost_no_more_than_what_is_shown(text: str) -> None:
    closed = TextBlock(text, fonts.text(), 20, 500, most_lines=24)
    assert sum(len(part.layout.text()) for part in closed.paragraphs) <= 24 * SIGNS_A_LINE
    opened = TextBlock(text, fonts.text(), 20, 500)
    assert len(opened.paragraphs) <= PARAGRAPHS_AT_MOST + 1
    assert all(len(part.links) <= LINKS_AT_MOST for part in opened.paragraphs)
    assert opened.width <= 500.5


def test_many_short_paragraphs_keep_all_their_lines() -> None:
    block = TextBlock("a\n" * 300 + "end", fonts.text(), 20, 500)
    assert block.height == 301 * 20
    assert not block.cut


WORDS = st.sampled_from(["", "Yes", "w" * 200, "אבגד " * 20, "long words " * 40, "😀"])
SIGNS = tuple("👍🎉❤😂😮😢🙏🔥👏✅🚀👀💯🎈🐟🍕🥇🧀🦊🌊")


@settings(max_examples=40)
@given(
    words=WORDS,
    name=WORDS,
    width=st.integers(200, 1400),
    own=st.booleans(),
    signs=st.integers(0, 20),
    kind=st.integers(0, 2),
)
def test_quotes_cards_and_reactions_stay_in_their_places(
    words: str, name: str, width: int, own: bool, signs: int, kind: int
) -> None:
    files = ((), (image(),), (document("n" * 90 + ".tar.gz"),))[kind]
    row = bubble(
        1,
        words,
        own=own,
        files=files,
        sender_name=name or "?",
        quote=Quote("q", 1, 2, name, "text", words),
        forwarded_from=name,
        preview=LinkPreview(url="https://a.example", title=words, site=name, description=words, image_url="/p"),
        reactions=tuple(BubbleReaction(sign, 12, ("Bo",), own=False) for sign in SIGNS[:signs]),
    )
    layout = lay_out(row, width, lambda _at: "09:12", named=True)
    assert layout.quote is not None
    assert layout.preview is not None
    box = layout.bubble.translated(-layout.bubble.topLeft()).adjusted(-0.5, -0.5, 0.5, 0.5)
    inner = [layout.quote.box, layout.quote.name.box, layout.quote.words.box, layout.preview.box, layout.meta_box]
    inner += [layout.preview.picture] if layout.preview.picture else []
    assert all(box.contains(one) for one in inner if not one.isEmpty())
    stacked = [layout.quote.box.bottom(), layout.text_at.y() if layout.text else 0.0, layout.preview.box.top()]
    assert not layout.text or stacked == sorted(stacked)
    for chip in layout.chips:
        assert chip.box.left() >= -0.5
        assert chip.box.right() <= width + 0.5
        assert chip.box.bottom() <= layout.height
    assert len(layout.chips) == (signs + 1 if signs else 0)
    tops = [chip.box for chip in layout.chips]
    assert not any(one.intersects(other) for one, other in combinations(tops, 2))


def test_an_album_stands_in_its_bubble_and_nothing_overlaps() -> None:
    for count in range(2, 11):
        files = tuple(image(f"{number}.jpg", width=300 + 200 * (number % 3), height=400) for number in range(count))
        for width in (300.0, WIDTH):
            layout = laid_out(bubble(1, "Caption", files=files, type="image"), width)
            assert len(layout.files) == count
            inside = layout.bubble.translated(-layout.bubble.topLeft())
            assert all(inside.contains(file.box) for file in layout.files)
            assert not any(one.box.intersects(other.box) for one, other in combinations(layout.files, 2))
            assert layout.text_at.y() >= max(file.box.bottom() for file in layout.files)


def test_a_card_needs_no_picture_to_have_its_size() -> None:
    card = LinkPreview(url="https://a.example", title="A", image_url="/p", image_width=600, image_height=300)
    tall = structs.replace(card, image_width=10, image_height=9_000)
    assert laid_out(bubble(1, "x", preview=card)).height - laid_out(bubble(1, "x")).height == pytest.approx(230, abs=40)
    assert laid_out(bubble(1, "x", preview=tall)).height < 320


def test_only_others_in_groups_have_a_name_and_room_for_a_picture() -> None:
    def named(row: Bubble) -> BubbleLayout:
        return lay_out(row, WIDTH, lambda _at: "09:12", named=True)

    first, second = named(bubble(1)), named(bubble(2, first_in_group=False))
    assert first.name is not None
    assert second.name is None
    assert first.height == second.height + 18
    assert first.bubble.left() == second.bubble.left() == 40
    assert named(bubble(3, own=True)).name is None
    assert laid_out(bubble(1)).avatar is None


def test_a_desktop_read_from_the_right_is_the_mirror_of_the_other() -> None:
    reactions = (BubbleReaction("👍", 1, ("Bo",), own=True),)
    for row in (bubble(1, reactions=reactions), bubble(2, own=True, reactions=reactions), waiting(3, tick=Tick.FAILED)):
        plain = lay_out(row, WIDTH, lambda _at: "09:12", named=True)
        turned = lay_out(row, WIDTH, lambda _at: "09:12", named=True, mirrored=True)
        assert (plain.right, turned.right) == (row.own, not row.own)
        assert turned.bubble.left() == pytest.approx(WIDTH - plain.bubble.right())
        if plain.avatar is not None and turned.avatar is not None:
            assert turned.avatar.left() == WIDTH - plain.avatar.right()
        assert (not plain.chips) or turned.chips[0].box.left() == pytest.approx(WIDTH - plain.chips[-1].box.right())
        if plain.failure is not None and turned.failure is not None:
            assert turned.failure.words[0].box.left() == pytest.approx(WIDTH - plain.failure.words[-1].box.right())


def test_a_hit_finds_quote_card_and_reaction() -> None:
    delegate = BubbleDelegate(CLOCK)
    card = LinkPreview(url="https://a.example/x", title="A")
    reactions = (BubbleReaction("👍", 1, ("Bo",), own=True),)
    row = bubble(1, "Yes", quote=Quote("q", 1, 2, "Bo", "text", "What?"), preview=card, reactions=reactions)
    layout = delegate.layout(row, WIDTH)
    places = {
        Target.QUOTE: layout.quote.box if layout.quote else None,
        Target.LINK: layout.preview.box if layout.preview else None,
    }
    for target, box in places.items():
        assert box is not None
        hit = delegate.hit(row, box.center() + layout.bubble.topLeft(), WIDTH)
        assert hit is not None
        assert hit.target is target
    chip, plus = (delegate.hit(row, one.box.center(), WIDTH) for one in layout.chips)
    assert chip is not None
    assert plus is not None
    assert (chip.target, chip.emoji) == (Target.REACTION, "👍")
    assert plus.target is Target.ADD_REACTION


def test_markup_takes_no_room_for_its_marks_and_code_keeps_its_lines() -> None:
    assert laid_out(bubble(1, "*word*")).bubble.width() < laid_out(bubble(1, "x*word*x")).bubble.width()
    block = TextBlock(parse("```\na\n  b\n```\n> said"), fonts.text(), 20, 400)
    assert [(part.line.kind, part.layout.text()) for part in block.paragraphs] == [
        ("code", "a"), ("code", "  b"), ("quote", "said"),
    ]  # fmt: skip
    assert block.shown() == "a\n  b\nsaid"
    assert block.between(2, 6) == "  b\n"
