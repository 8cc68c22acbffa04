"""Pictures, films and file chips inside a bubble."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPixmap, QPolygonF, QTransform

from desktop.core.bubble import Bubble, BubbleFile
from desktop.ui import fonts, icons
from desktop.ui.blurred import paint_blurred
from desktop.ui.file_boxes import FileBox
from desktop.ui.file_words import letters, progress_words, size_words
from desktop.ui.painters.facts import Facts
from desktop.ui.pictures import Source

PICTURE_RADIUS = 12
SQUARE_RADIUS = 10
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
# On a picture of any colour: white on a dark veil.
_VEIL = QColor(10, 14, 22, 150)
_ON_VEIL = QColor("#FFFFFF")


def picture_source(file: BubbleFile) -> Source | None:
    """Where a file's picture is taken from: the local file while it is sent, else the server's smaller one."""
    if file.kind == "video" and not file.thumbnail_url:
        return None
    return Path(file.path) if file.path else file.thumbnail_url or file.url


def file_words(bubble: Bubble, file: BubbleFile, facts: Facts) -> str:
    """What stands under a file's name: its size, or how far its transfer has come."""
    if file.progress is not None:
        return progress_words(file.size, file.progress, facts.transfers.seconds_left(bubble.key, file.progress))
    down = facts.transfers.download(file.url) if file.url else None
    return size_words(file.size) if down is None else progress_words(file.size, down, None)


def paint_file(painter: QPainter, bubble: Bubble, file: BubbleFile, box: FileBox, facts: Facts) -> None:
    """Draw one file of a bubble; the painter stands at the bubble's corner."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if box.kind == "file":
        _paint_chip(painter, bubble, file, box, facts)
    else:
        _paint_picture(painter, bubble, file, box, facts)
    painter.restore()


def _paint_chip(painter: QPainter, bubble: Bubble, file: BubbleFile, box: FileBox, facts: Facts) -> None:
    """A square with the ending, the name, the words, the bar."""
    theme = facts.theme
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.accent)
    painter.drawRoundedRect(box.square, SQUARE_RADIUS, SQUARE_RADIUS)
    painter.setPen(theme.on_accent)
    painter.setFont(fonts.text(11, 600))
    painter.drawText(box.square, Qt.AlignmentFlag.AlignCenter, letters(file.name))
    painter.setPen(theme.own_ink if bubble.own else theme.ink)
    painter.setFont(fonts.text(14, 600))
    painter.drawText(box.name_box, _LEFT, box.shown_name)
    meta = theme.own_meta if bubble.own else theme.ink2
    painter.setPen(meta)
    painter.setFont(fonts.text(12))
    painter.drawText(box.words_box, _LEFT, file_words(bubble, file, facts))
    if box.bar is not None:
        track = QColor(theme.accent)
        track.setAlphaF(0.2 if not theme.dark else 0.3)
        paint_bar(painter, box.bar, file.progress or 0.0, theme.accent, track)
    if box.cancel is not None:
        paint_cross(painter, box.cancel, meta, 4.0)


def paint_bar(painter: QPainter, box: QRectF, share: float, ink: QColor, track: QColor) -> None:
    """A progress bar; `share` is 0 to 1."""
    radius = box.height() / 2
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(track)
    painter.drawRoundedRect(box, radius, radius)
    done = QRectF(box)
    done.setWidth(max(box.height(), box.width() * min(max(share, 0.0), 1.0)))
    painter.setBrush(ink)
    painter.drawRoundedRect(done, radius, radius)


def paint_cross(painter: QPainter, box: QRectF, ink: QColor, arm: float) -> None:
    """A cross in the middle of a box: cancel."""
    painter.setPen(QPen(ink, 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    middle = box.center()
    painter.drawLine(middle - QPointF(arm, arm), middle + QPointF(arm, arm))
    painter.drawLine(middle - QPointF(arm, -arm), middle + QPointF(arm, -arm))


def _paint_picture(painter: QPainter, bubble: Bubble, file: BubbleFile, box: FileBox, facts: Facts) -> None:
    """The picture in its reserved box, or what stands there until it comes."""
    source = picture_source(file)
    ground = QColor(facts.theme.line if facts.theme.dark or not bubble.own else facts.theme.accent_soft)
    if file.kind == "video" and source is None:
        ground = QColor("#2A3142")
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(box.box, PICTURE_RADIUS, PICTURE_RADIUS)
    if source is not None:
        place = picture_place(file, box.box)
        width, height = round(place.width()), round(place.height())
        picture = facts.pictures.get(source, width, height, ratio=facts.ratio, place=(bubble.key, box.box.top()))
        if picture is not None:
            paint_rounded(painter, place, picture, PICTURE_RADIUS if place == box.box else 0)
        elif facts.pictures.is_missing(source):
            _paint_missing(painter, box.box, facts)
        elif file.blurhash is not None:
            size = QSizeF(file.width or 0, file.height or 0)
            paint_blurred(painter, place, file.blurhash, PICTURE_RADIUS if place == box.box else 0, size)
    if file.progress is not None:
        _paint_upload(painter, bubble, file, box, facts)
    elif file.kind == "video":
        _paint_play(painter, bubble, file, box, facts)


def picture_place(file: BubbleFile, box: QRectF) -> QRectF:
    """Where the picture stands in its box: it fills it, unless it is smaller; then it keeps its size in the middle."""
    width, height = file.width or 0, file.height or 0
    if file.kind != "image" or not 0 < width < box.width() or not 0 < height < box.height():
        return box
    place = QRectF(0, 0, width, height)
    place.moveCenter(box.center().toPoint().toPointF())
    return place


def paint_rounded(painter: QPainter, box: QRectF, picture: QPixmap, radius: float) -> None:
    """A picture with smooth round corners: as a brush, because a clip's edge is not smoothed."""
    brush = QBrush(picture)
    # Qt counts a brush in device-independent pixels of its picture.
    scale = box.width() / max(1.0, picture.deviceIndependentSize().width())
    brush.setTransform(QTransform.fromScale(scale, scale))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.translate(box.topLeft())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(brush)
    painter.drawRoundedRect(QRectF(0, 0, box.width(), box.height()), radius, radius)
    painter.restore()


def _paint_missing(painter: QPainter, box: QRectF, facts: Facts) -> None:
    """The words where a picture cannot be had."""
    icon = icons.pixmap("image-off", facts.theme.ink2, 24)
    at = QPointF(box.center().x() - 12, box.center().y() - 24)
    painter.drawPixmap(at, icon)
    painter.setPen(facts.theme.ink2)
    painter.setFont(fonts.text(12))
    words = QRectF(box.left() + 8, box.center().y() + 6, box.width() - 16, 18)
    painter.drawText(words, Qt.AlignmentFlag.AlignCenter, "Picture not available")


def _paint_upload(painter: QPainter, bubble: Bubble, file: BubbleFile, box: FileBox, facts: Facts) -> None:
    """The veil, the round cancel button, the bar and the words over a picture that is being sent."""
    if box.cancel is None or box.bar is None:
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_VEIL)
    painter.drawEllipse(box.cancel)
    paint_cross(painter, box.cancel, _ON_VEIL, 6.0)
    _paint_label(painter, box.words_box, file_words(bubble, file, facts))
    paint_bar(painter, box.bar, file.progress or 0.0, _ON_VEIL, _VEIL)


def _paint_play(painter: QPainter, bubble: Bubble, file: BubbleFile, box: FileBox, facts: Facts) -> None:
    """The round play button, and the size, which says what a click fetches."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_VEIL)
    painter.drawEllipse(box.square)
    middle = box.square.center() + QPointF(1.5, 0)
    painter.setBrush(_ON_VEIL)
    painter.drawPolygon(QPolygonF([middle + QPointF(-5, -8), middle + QPointF(-5, 8), middle + QPointF(8, 0)]))
    _paint_label(painter, box.words_box, f"Video · {file_words(bubble, file, facts)}")


def _paint_label(painter: QPainter, box: QRectF, words: str) -> None:
    """Small words on a veil in a picture's corner."""
    painter.setFont(fonts.text(11, 500))
    width = painter.fontMetrics().horizontalAdvance(words) + 14
    label = QRectF(box.left(), box.top(), min(width, box.width()), box.height())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_VEIL)
    painter.drawRoundedRect(label, 10, 10)
    painter.setPen(_ON_VEIL)
    painter.drawText(label, Qt.AlignmentFlag.AlignCenter, words)
