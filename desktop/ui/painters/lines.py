"""The rows that are no bubbles: day pills, the unread divider, system lines and holes."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter

from desktop.ui import fonts
from desktop.ui.painters.facts import Facts
from desktop.ui.painters.parts import plain_colours
from desktop.ui.text_block import TextBlock

PILL_HEIGHT, PILL_PAD = 24, 12
UNREAD_HEIGHT, UNREAD_GAP = 16, 10
_CENTRE = Qt.AlignmentFlag.AlignCenter
_PILL_SHADOW = QColor(16, 24, 40, 15)


def paint_pill(painter: QPainter, width: float, words: str, facts: Facts, top: float = 0.0) -> None:
    """A day in the middle of a row `width` pixels wide."""
    font = fonts.text(12, 500)
    pill = QRectF(0, top, QFontMetricsF(font).horizontalAdvance(words) + 2 * PILL_PAD, PILL_HEIGHT)
    pill.moveLeft(round((width - pill.width()) / 2))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    if not facts.theme.dark:
        painter.setBrush(_PILL_SHADOW)
        painter.drawRoundedRect(pill.translated(0, 1), PILL_HEIGHT / 2, PILL_HEIGHT / 2)
    painter.setBrush(facts.theme.panel)
    painter.drawRoundedRect(pill, PILL_HEIGHT / 2, PILL_HEIGHT / 2)
    painter.setPen(facts.theme.ink2)
    painter.setFont(font)
    painter.drawText(pill, _CENTRE, words)
    painter.restore()


def paint_unread(painter: QPainter, width: float, count: int, facts: Facts) -> None:
    """The divider where reading began."""
    font = fonts.text(12, 600)
    words = "1 unread message" if count == 1 else f"{count} unread messages"
    advance = QFontMetricsF(font).horizontalAdvance(words)
    left = round((width - advance) / 2)
    line = QColor(facts.theme.accent)
    line.setAlphaF(0.35)
    painter.fillRect(QRectF(0, UNREAD_HEIGHT / 2, left - UNREAD_GAP, 1), line)
    right = left + advance + UNREAD_GAP
    painter.fillRect(QRectF(right, UNREAD_HEIGHT / 2, width - right, 1), line)
    painter.setFont(font)
    painter.setPen(facts.theme.accent_text)
    painter.drawText(QRectF(left, 0, advance + 1, UNREAD_HEIGHT), _CENTRE | Qt.TextFlag.TextDontClip, words)


def paint_system(painter: QPainter, width: float, block: TextBlock, facts: Facts) -> None:
    """A grey line in the middle: what happened in the conversation."""
    at = QPointF(round((width - block.width) / 2), 0)
    block.draw(painter, at, plain_colours(facts.theme, facts.theme.ink3))


def paint_hole(painter: QPainter, width: float, height: float, facts: Facts) -> None:
    """Messages that are not held: grey shapes, never the neighbours of what is."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(facts.theme.line)
    bar = (height - 12) / 3
    for number, share in enumerate((0.42, 0.30, 0.50)):
        box = QRectF(0, number * (bar + 6), min(width * share, 420), bar)
        if number == 1:
            box.moveRight(width)
        painter.drawRoundedRect(box, 14, 14)
    painter.restore()
