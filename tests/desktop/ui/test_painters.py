"""What is painted can be seen: ticks in their colours, pictures filling their boxes at every scale, both themes."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QApplication

from desktop.core.bubble import Hole, Row, Tick, UnreadLine
from desktop.core.ports import Api
from desktop.ui import fonts, theme
from desktop.ui.bubble_delegate import BubbleDelegate
from desktop.ui.painters.facts import Facts
from desktop.ui.painters.files import picture_place
from desktop.ui.painters.ticks import paint_tick
from desktop.ui.pictures import Pictures
from desktop.ui.theme import Theme
from desktop.ui.transfers import Transfers
from tests.desktop.timeline_rows import CLOCK, NOON_MS, bubble, day, document, image, waiting

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
    ],
    ids=lambda row: row.key,
)
def test_every_kind_of_row_is_painted_inside_its_height(row: Row, shown: Theme) -> None:
    drawn = painted(row, facts_in(shown))
    assert drawn != painted(bubble(99, "something else entirely"), facts_in(shown))
    ground = [(x, drawn.height() - 1) for x in range(drawn.width())]
    assert all(drawn.pixelColor(x, y) == shown.background for x, y in ground)
