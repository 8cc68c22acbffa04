"""What is painted can be seen: ticks in their colours, pictures filling their boxes at every scale, both themes."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest
from msgspec import structs
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QApplication

from desktop.core.bubble import BubbleReaction, HappeningLine, Hole, Quote, Row, Tick, UnreadLine
from desktop.core.ports import Api
from desktop.ui import fonts, theme
from desktop.ui.blurred import blurred
from desktop.ui.bubble_delegate import BubbleDelegate
from desktop.ui.painters.facts import Facts
from desktop.ui.painters.files import picture_place
from desktop.ui.painters.highlight import paint_highlight
from desktop.ui.painters.parts import card_ground, text_colours
from desktop.ui.painters.ticks import paint_tick
from desktop.ui.pictures import Pictures
from desktop.ui.theme import Theme
from desktop.ui.transfers import Transfers
from protocol import blurhash
from protocol.shapes import Happening, LinkPreview
from tests.desktop.timeline_rows import CLOCK, NOON_MS, bubble, day, document, image, waiting
from tests.desktop.ui.test_theme import contrast

WIDTH = 600.0


@pytest.fixture(autouse=True)
def _fonts(qapp: QApplication) -> None:
    fonts.install()


def facts_in(shown: Theme, pictures: Pictures | None = None, ratio: float = 1.0) -> Facts:
    return Facts(shown, pictures or Pictures(cast("Api", None)), Transfers(), NOON_MS + 1000, ratio)


def painted(row: Row, facts: Facts) -> QImage:
    """A row drawn on the timeline's ground."""
    delegate = BubbleDelegate(CLOCK)
    height = delegate.height(row, WIDTH)
    drawn = QImage(
        round(WIDTH * facts.ratio), round((height + 4) * facts.ratio), QImage.Format.Format_ARGB32_Premultiplied
    )
    drawn.setDevicePixelRatio(facts.ratio)
    drawn.fill(facts.theme.background)
    painter = QPainter(drawn)
    delegate.paint(painter, row, WIDTH, facts)
    painter.end()
    return drawn


def near(one: QColor, other: QColor, by: int = 24) -> bool:
    return all(abs(a - b) <= by for a, b in zip(one.getRgb()[:3], other.getRgb()[:3], strict=True))  # type: ignore[index]


def has_colour(drawn: QImage, wanted: QColor) -> bool:
    """Whether any pixel has this colour, or nearly."""
    places = ((x, y) for y in range(drawn.height()) for x in range(drawn.width()))
    return any(near(drawn.pixelColor(x, y), wanted) for x, y in places)


@pytest.mark.parametrize("shown", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
@pytest.mark.parametrize("tick", [tick for tick in Tick if tick is not Tick.NONE])
def test_each_tick_is_a_shape_of_its_own(shown: Theme, tick: Tick) -> None:
    images = []
    for one in (Tick.NONE, tick, *(other for other in Tick if other is not tick)):
        drawn = QImage(15, 16, QImage.Format.Format_ARGB32_Premultiplied)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        # One colour for all, so that only the shapes can tell them apart: every state is more than a colour.
        same = replace(shown, tick_read=shown.ink, bad=shown.ink)
        paint_tick(painter, QRectF(0, 0, 15, 16), one, same, shown.ink)
        painter.end()
        images.append(drawn)
    assert images[0] != images[1]
    assert all(images[1] != other for other in images[2:])


@pytest.mark.parametrize("shown", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_bubbles_have_their_colours(shown: Theme) -> None:
    own = painted(bubble(1, "Hello", own=True, tick=Tick.READ), facts_in(shown))
    assert has_colour(own, shown.own_bubble)
    assert has_colour(own, shown.tick_read)
    other = painted(bubble(1, "See https://example.org"), facts_in(shown))
    assert has_colour(other, shown.other_bubble)
    assert has_colour(other, shown.accent_text)
    refused = painted(waiting(1, tick=Tick.FAILED, failure="Because."), facts_in(shown))
    assert has_colour(refused, shown.bad)


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_a_picture_fills_its_box_at_every_scale(ratio: float) -> None:
    pictures = Pictures(cast("Api", None))
    width, height = round(280 * ratio), round(158 * ratio)
    picture = QPixmap(width, height)
    picture.fill(QColor("red"))
    half = QPainter(picture)
    half.fillRect(0, 0, width // 2, height, QColor("blue"))
    half.end()
    row = bubble(1, "", files=(image(width=1600, height=903),), type="image")
    file = row.files[0]
    pictures.put(file.url or "", picture, width, height)
    drawn = painted(row, facts_in(theme.LIGHT, pictures, ratio))

    def at(x: int, y: int) -> QColor:
        return drawn.pixelColor(round(x * ratio), round(y * ratio))

    for y in (20, 80, 140):
        assert near(at(20, y), QColor("blue"))
        assert near(at(130, y), QColor("blue"))
        assert near(at(160, y), QColor("red"))
        assert near(at(270, y), QColor("red"))
    # The corner is round.
    assert not near(at(4, 4), QColor("blue"))


BLUE_THEN_RED = blurhash.encode(bytes([0, 0, 255] * 16 + [255, 0, 0] * 16) * 32, 32, 32)


@pytest.mark.parametrize("shown", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_blurred_colours_stand_in_the_box_until_the_picture_is_there(shown: Theme) -> None:
    pictures = Pictures(cast("Api", None))
    coming = image(width=1600, height=903, blurhash=BLUE_THEN_RED)
    row = bubble(1, "", files=(coming,), type="image")
    drawn = painted(row, facts_in(shown, pictures))
    left, right = drawn.pixelColor(30, 80), drawn.pixelColor(250, 80)
    assert left.blue() > left.red() + 80
    assert right.red() > right.blue() + 80
    assert blurred(BLUE_THEN_RED) is blurred(BLUE_THEN_RED)
    plain = bubble(1, "", files=(replace(coming, blurhash=None),), type="image")
    broken = bubble(1, "", files=(replace(coming, blurhash="broken"),), type="image")
    assert painted(broken, facts_in(shown)) == painted(plain, facts_in(shown)) != drawn
    picture = QPixmap(280, 158)
    picture.fill(QColor("green"))
    pictures.put(coming.url or "", picture, 280, 158)
    assert near(painted(row, facts_in(shown, pictures)).pixelColor(30, 80), QColor("green"))


def test_blurred_colours_stand_in_albums_and_cards() -> None:
    files = tuple(image(f"{number}.jpg", blurhash=BLUE_THEN_RED) for number in range(3))
    plain = tuple(replace(file, blurhash=None) for file in files)
    facts = facts_in(theme.LIGHT)
    assert painted(bubble(1, "", files=files), facts) != painted(bubble(1, "", files=plain), facts)
    told = structs.replace(CARD, image_height=5, image_blurhash=BLUE_THEN_RED)
    untold = structs.replace(told, image_blurhash=None)
    assert painted(bubble(1, "", preview=told), facts) != painted(bubble(1, "", preview=untold), facts)


def test_a_small_picture_keeps_its_size_in_the_middle() -> None:
    small, box = image(width=40, height=30), QRectF(4, 4, 280, 210)
    assert picture_place(small, box) == QRectF(124, 94, 40, 30)
    for large in (image(width=400, height=30), image(width=40, height=300), image(width=None, height=None)):
        assert picture_place(large, box) == box


def test_a_waiting_message_shows_no_clock_at_first() -> None:
    row = waiting(1, "Hello")
    early = Facts(theme.LIGHT, Pictures(cast("Api", None)), Transfers(), row.at_ms + 10)
    late = Facts(theme.LIGHT, Pictures(cast("Api", None)), Transfers(), row.at_ms + 400)
    assert painted(row, early) != painted(row, late)


CARD = LinkPreview(
    url="https://a.example/",
    title="The harbour " * 20,
    site="a.example",
    description="Long " * 80,
    image_url="/p.png",
    image_width=10,
    image_height=900,
)


@pytest.mark.parametrize("shown", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    "row",
    [
        day(0),
        UnreadLine("unread", 2),
        Hole("hole", 3, 9),
        bubble(1, "joined", type="system"),
        bubble(1, "", deleted=True),
        bubble(1, "🎉"),
        bubble(1, "", files=(document(),), type="file"),
        bubble(1, "", files=(image(kind="video", name="film.mp4"),), type="video"),
        waiting(1, "", files=(image(url=None, path="/nowhere.png", progress=0.4),), type="image"),
        waiting(1, "", files=(document(url=None, path="/nowhere.pdf", progress=0.4),), type="file"),
        bubble(1, "\n".join("line" for _ in range(90))),
        bubble(1, "Ẑ" + "\u0301" * 300),
        bubble(1, "<b>not bold</b> <img src='file:///etc/passwd'>"),
        bubble(1, "**b** *i* `c` [w](https://a.example)\n> quote\n```\ncode\n```"),
        bubble(1, "Yes", quote=Quote("q", 1, 2, "Bo Lind", "image", "a.jpg")),
        bubble(1, "Read", forwarded_from="Bo Lind", preview=CARD),
        bubble(1, "Hello @Ada", own=True, mentions=((1, "Ada"),), pinned=True, starred=True, changing=True),
        bubble(1, "Hello", reactions=tuple(BubbleReaction(sign, 2, ("Bo", "Di"), sign == "🎉") for sign in "👍🎉❤")),
        HappeningLine("h", 1, 1, 1, NOON_MS, Happening(kind="renamed", title="Harbour"), 2, "Bo Lind"),
    ],
    ids=lambda row: row.key,
)
def test_every_kind_of_row_is_painted_inside_its_height(row: Row, shown: Theme) -> None:
    drawn = painted(row, facts_in(shown))
    assert drawn != painted(bubble(99, "something else entirely"), facts_in(shown))
    ground = [(x, drawn.height() - 1) for x in range(drawn.width())]
    assert all(drawn.pixelColor(x, y) == shown.background for x, y in ground)


def test_selected_and_flashing_rows_stand_out_by_more_than_a_colour() -> None:
    facts = facts_in(theme.LIGHT)
    row = bubble(1, "Hello")
    plain, ticked, flashing = (
        _highlighted(row, replace(facts, **how)) for how in ({}, {"chosen": frozenset({"m1"})}, {"flashing": "m1"})
    )
    assert not has_colour(plain, theme.LIGHT.accent)
    assert has_colour(ticked, theme.LIGHT.accent)  # The disc with the check mark.
    assert flashing not in (plain, ticked)


def _highlighted(row: Row, facts: Facts) -> QImage:
    drawn = QImage(400, 40, QImage.Format.Format_ARGB32_Premultiplied)
    drawn.fill(facts.theme.background)
    painter = QPainter(drawn)
    paint_highlight(painter, row, QRect(20, 2, 360, 34), 400, facts)
    painter.end()
    return drawn


def test_selected_words_have_another_ground() -> None:
    row, facts = bubble(1, "Hello there"), facts_in(theme.LIGHT)
    assert painted(row, facts) != painted(row, replace(facts, marked=("m1", 0, 5)))
    assert painted(row, facts) == painted(row, replace(facts, marked=("m2", 0, 5)))


def test_a_message_that_is_being_changed_shows_the_clock_at_once() -> None:
    facts = facts_in(theme.LIGHT)
    told = bubble(1, "Hello", own=True, tick=Tick.READ)
    assert painted(told, facts) != painted(replace(told, changing=True), facts)
    theirs = bubble(1, "Hello")
    assert painted(theirs, facts) != painted(replace(theirs, changing=True), facts)


@pytest.mark.parametrize("own", [True, False], ids=["own", "other"])
@pytest.mark.parametrize("shown", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_text_can_be_read_on_every_ground_inside_a_bubble(shown: Theme, own: bool) -> None:
    bubble_ground = shown.own_bubble if own else shown.other_bubble
    colours = text_colours(bubble(1, own=own), shown)
    meta = shown.own_meta if own else shown.ink2
    for ground in (card_ground(shown), QColor(0, 0, 0, 0)):
        for ink in (colours.ink, colours.link, meta):
            assert contrast(ink, over(ground, bubble_ground)) >= 4.5, (ink.name(), ground.name())
    # Nothing but plain words stands on these.
    for ground in (colours.code, colours.selected):
        assert contrast(colours.ink, over(ground, bubble_ground)) >= 4.5


def over(ground: QColor, below: QColor) -> QColor:
    """A colour that lets something through, on that."""
    share = ground.alphaF()
    mixed = (a * share + b * (1 - share) for a, b in zip(ground.getRgb()[:3], below.getRgb()[:3], strict=True))  # type: ignore[index]
    return QColor(*map(round, mixed))


@pytest.mark.parametrize(
    "row", [bubble(1, "Hello"), bubble(1, "🎉"), bubble(1, "", deleted=True)], ids=["text", "emoji", "gone"]
)
def test_the_message_that_the_keyboard_stands_on_has_a_ring(row: Row) -> None:
    facts = facts_in(theme.LIGHT)
    assert not has_colour(painted(row, facts), theme.LIGHT.accent)
    assert has_colour(painted(row, replace(facts, current=row.key)), theme.LIGHT.accent)
