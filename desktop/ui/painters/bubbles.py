"""A bubble: its ground with tail and shadow, text, files, time and tick, and the line below a refused one."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from desktop.core.bubble import Bubble, Tick
from desktop.ui import fonts, icons
from desktop.ui.bubble_layout import TICK_GAP, TICK_WIDTH, BubbleLayout
from desktop.ui.bubble_parts import Failure
from desktop.ui.painters.facts import Facts
from desktop.ui.painters.files import paint_file
from desktop.ui.painters.parts import (
    paint_chips,
    paint_head,
    paint_preview,
    paint_quote,
    paint_sender,
    plain_colours,
    text_colours,
)
from desktop.ui.painters.ticks import paint_tick

RADIUS, TAIL_RADIUS = 14.0, 4.0
MENTION_BAR = 3
"""The strip along the edge of a message that names the reader; the name itself has its colour too."""
# The mock's shadow: one pixel down, 6 % of a dark blue; the dark theme has none.
_SHADOW = QColor(16, 24, 40, 15)
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def paint_bubble(painter: QPainter, bubble: Bubble, layout: BubbleLayout, facts: Facts) -> None:
    """Draw a bubble; the painter stands at the row's corner."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if layout.avatar is not None and bubble.last_in_group:
        paint_sender(painter, bubble, layout.avatar, facts)
    if layout.ground:
        _paint_ground(painter, bubble, layout, facts)
    if facts.current == bubble.key:
        _paint_ring(painter, bubble, layout, facts)
    paint_chips(painter, layout.chips, facts)
    painter.translate(layout.bubble.topLeft())
    paint_head(painter, bubble, layout, facts)
    if layout.quote is not None:
        paint_quote(painter, bubble, layout.quote, facts)
    for file, box in zip(bubble.files, layout.files, strict=False):
        paint_file(painter, bubble, file, box, facts)
    if layout.preview is not None:
        paint_preview(painter, bubble, layout.preview, facts)
    _paint_text(painter, bubble, layout, facts)
    _paint_meta(painter, bubble, layout, facts)
    painter.restore()
    if layout.failure is not None:
        _paint_failure(painter, layout.failure, facts)


def outline(box: QRectF, *, right: bool, tail: bool) -> QPainterPath:
    """A bubble's outline; its lower corner towards the sender is small where it is the last of its group."""
    path = QPainterPath(_outline(box.width(), box.height(), right, tail))
    path.translate(box.topLeft())
    return path


@lru_cache(maxsize=512)
def _outline(width: float, height: float, at_right: bool, tail: bool) -> QPainterPath:
    """The outline at the origin; equal bubbles share it."""
    left = TAIL_RADIUS if tail and not at_right else RADIUS
    right = TAIL_RADIUS if tail and at_right else RADIUS
    path = QPainterPath(QPointF(RADIUS, 0))
    path.lineTo(width - RADIUS, 0)
    path.arcTo(width - 2 * RADIUS, 0, 2 * RADIUS, 2 * RADIUS, 90, -90)
    path.lineTo(width, height - right)
    path.arcTo(width - 2 * right, height - 2 * right, 2 * right, 2 * right, 0, -90)
    path.lineTo(left, height)
    path.arcTo(0, height - 2 * left, 2 * left, 2 * left, 270, -90)
    path.lineTo(0, RADIUS)
    path.arcTo(0, 0, 2 * RADIUS, 2 * RADIUS, 180, -90)
    path.closeSubpath()
    return path


def _paint_ground(painter: QPainter, bubble: Bubble, layout: BubbleLayout, facts: Facts) -> None:
    """Shadow and ground, and the strip of a message that names the reader."""
    theme, box = facts.theme, layout.bubble
    path = outline(box, right=layout.right, tail=bubble.last_in_group)
    if not theme.dark:
        painter.fillPath(path.translated(0, 1), _SHADOW)
    painter.fillPath(path, theme.own_bubble if bubble.own else theme.other_bubble)
    if bubble.names_me and not bubble.own:
        painter.save()
        painter.setClipPath(path, Qt.ClipOperation.IntersectClip)
        edge = box.right() - MENTION_BAR if layout.right else box.left()
        painter.fillRect(QRectF(edge, box.top(), MENTION_BAR, box.height()), theme.accent)
        painter.restore()


def _paint_ring(painter: QPainter, bubble: Bubble, layout: BubbleLayout, facts: Facts) -> None:
    """A ring around the message that the keyboard stands on, also around one without a ground."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(facts.theme.accent, 2))
    painter.drawPath(outline(layout.bubble, right=layout.right, tail=bubble.last_in_group))


def _paint_text(painter: QPainter, bubble: Bubble, layout: BubbleLayout, facts: Facts) -> None:
    """The text, clipped to the bubble so that no tower of marks reaches a neighbour."""
    if layout.text is None:
        return
    theme = facts.theme
    colours = text_colours(bubble, theme)
    painter.setClipRect(QRectF(QPointF(0, 0), layout.bubble.size()), Qt.ClipOperation.IntersectClip)
    layout.text.draw(painter, layout.text_at, colours, facts.marked_in(bubble.key), facts.sought)
    if layout.more_box is not None:
        painter.setFont(fonts.text(13, 500))
        painter.setPen(colours.link)
        painter.drawText(layout.more_box, _LEFT, "Show more")


def _paint_meta(painter: QPainter, bubble: Bubble, layout: BubbleLayout, facts: Facts) -> None:
    """Time and tick."""
    ink = facts.theme.own_meta if bubble.own and layout.ground else facts.theme.ink3
    painter.setFont(fonts.text(11))
    painter.setPen(ink)
    words = layout.meta_box if layout.tick_box is None else layout.meta_box.adjusted(0, 0, -TICK_GAP - TICK_WIDTH, 0)
    painter.drawText(words, _RIGHT | Qt.TextFlag.TextDontClip, layout.meta)
    for name, box in layout.marks:
        painter.drawPixmap(box.topLeft(), icons.pixmap(name, ink, round(box.width())))
    tick = Tick.WAITING if bubble.changing else bubble.tick
    if layout.tick_box is not None and (tick is not Tick.WAITING or facts.clock_shows(bubble)):
        paint_tick(painter, layout.tick_box, tick, facts.theme, ink)


def _paint_failure(painter: QPainter, failure: Failure, facts: Facts) -> None:
    """Draw what can be done about a refused message, and why it was refused."""
    painter.setFont(fonts.text(12, 500))
    painter.setPen(facts.theme.bad)
    for word in failure.words:
        painter.drawText(word.box, _LEFT | Qt.TextFlag.TextDontClip, word.text)
    if failure.sentence is not None:
        failure.sentence.draw(painter, failure.sentence_at, plain_colours(facts.theme, facts.theme.ink2))
