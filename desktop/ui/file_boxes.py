"""Where a file stands in a bubble: a picture's box from its metadata, or a chip with square, name, words and bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF

from desktop.core.bubble import BubbleFile
from desktop.ui import fonts

PICTURE_WIDTH = 280
PICTURE_LEAST, PICTURE_MOST = 96, 360
# Sixteen to nine, for pictures whose size nobody told.
PICTURE_UNKNOWN = 158
CHIP_WIDTH = 290
SQUARE = 40
SQUARE_GAP = 10
NAME_LINE, WORDS_LINE = 20, 16
BAR, BAR_GAP = 4, 5
CANCEL = 16
CANCEL_OVER_PICTURE = 40


@dataclass(frozen=True, slots=True)
class FileBox:
    """One file's geometry in its bubble; `bar` and `cancel` are there only while it is uploaded.

    `shown_name` is the name cut to its room; `square` is a chip's square, or the button in the middle of a picture.
    """

    kind: Literal["image", "video", "file"]
    name: str
    box: QRectF
    square: QRectF
    shown_name: str
    name_box: QRectF
    words_box: QRectF
    bar: QRectF | None
    cancel: QRectF | None


def picture_height(file: BubbleFile, width: float) -> float:
    """The height of a picture's box, from the file's pixels alone, so that loading it moves nothing (behaviour 9)."""
    if not file.width or not file.height:
        return round(PICTURE_UNKNOWN * width / PICTURE_WIDTH)
    return float(min(max(round(width * file.height / file.width), PICTURE_LEAST), PICTURE_MOST))


def file_box(file: BubbleFile, at: QPointF, room: float) -> FileBox:
    """The geometry of one file at a place, at most `room` pixels wide."""
    return _chip(file, at, room) if file.kind == "file" else _picture(file, at, room)


def height_of_files(boxes: Sequence[FileBox]) -> float:
    """How much of the bubble's height the files take, without gaps."""
    return sum(box.box.height() for box in boxes)


def _picture(file: BubbleFile, at: QPointF, room: float) -> FileBox:
    """A picture or film: its box, and a round button in the middle for playing or cancelling."""
    width = min(float(PICTURE_WIDTH), room)
    return picture_in(file, QRectF(at.x(), at.y(), width, picture_height(file, width)))


def picture_in(file: BubbleFile, box: QRectF) -> FileBox:
    """A picture or film in a box that is given, as in an album."""
    button = QRectF(0, 0, CANCEL_OVER_PICTURE, CANCEL_OVER_PICTURE)
    button.moveCenter(box.center())
    uploading = file.progress is not None
    bar = QRectF(box.left() + 10, box.bottom() - 12, box.width() - 20, BAR)
    label = QRectF(box.left() + 8, box.bottom() - 28, box.width() - 16, 20)
    return FileBox(
        kind=file.kind,
        name=file.name,
        box=box,
        square=button,
        shown_name=file.name,
        name_box=QRectF(),
        words_box=label.translated(0, -12) if uploading else label,
        bar=bar if uploading else None,
        cancel=button if uploading else None,
    )


def _chip(file: BubbleFile, at: QPointF, room: float) -> FileBox:
    """A file: square, name over words, and a bar below them while it is uploaded."""
    uploading = file.progress is not None
    width = min(float(CHIP_WIDTH), room)
    lines = NAME_LINE + WORDS_LINE + (BAR_GAP + BAR if uploading else 0)
    height = max(SQUARE, lines)
    left = at.x() + SQUARE + SQUARE_GAP
    top = at.y() + (height - lines) / 2
    right = at.x() + width
    name_room = right - left - (CANCEL + 6 if uploading else 0)
    metrics = QFontMetricsF(fonts.text(14, 600))
    return FileBox(
        kind=file.kind,
        name=file.name,
        box=QRectF(at.x(), at.y(), width, height),
        square=QRectF(at.x(), at.y() + (height - SQUARE) / 2, SQUARE, SQUARE),
        shown_name=metrics.elidedText(file.name, Qt.TextElideMode.ElideMiddle, name_room),
        name_box=QRectF(left, top, name_room, NAME_LINE),
        words_box=QRectF(left, top + NAME_LINE, right - left, WORDS_LINE),
        bar=QRectF(left, top + NAME_LINE + WORDS_LINE + BAR_GAP, right - left, BAR) if uploading else None,
        cancel=QRectF(right - CANCEL, top + 2, CANCEL, CANCEL) if uploading else None,
    )
