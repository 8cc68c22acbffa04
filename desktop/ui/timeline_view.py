"""The timeline on screen: draws the rows, tells what was clicked, and asks for older and newer pages in time."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QModelIndex, QPoint, QPointF, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessibleInterface,
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from desktop.core import moments
from desktop.core.bubble import Bubble, DayLine, Hole, Row, Tick
from desktop.core.ports import Clock
from desktop.models.timeline_model import TimelineModel
from desktop.ui import plain_text, theme
from desktop.ui.bubble_delegate import Hit, Target
from desktop.ui.copied_text import copied
from desktop.ui.floating_day import FloatingDay
from desktop.ui.painters.facts import CLOCK_AFTER_MS, Facts
from desktop.ui.painters.highlight import paint_highlight
from desktop.ui.pictures import Pictures
from desktop.ui.plain_text import set_tool_tip
from desktop.ui.scroll_anchor import ReadingPlace
from desktop.ui.selection import Selection
from desktop.ui.timeline_keys import KeyboardPlace
from desktop.ui.timeline_mouse import MousePlace
from desktop.ui.timeline_scroll import TimelineScroll
from desktop.ui.timeline_voice import TimelineNode, TimelineVoice
from desktop.ui.transfers import Transfers

EDGES_MS = 40
FLASH_MS = 900
DAY_REACH = 60
"""From the middle of a day's pill to both sides a click means it."""
FLOATING_UNDER = 40
"""A day's own pill this near to the top makes the floating one needless."""


class TimelineView(TimelineScroll):
    """Shows one TimelineModel. Owns what the mouse and the keyboard point at; changes no data."""

    clicked = Signal(object)
    """A Hit that does something."""
    menu_asked = Signal(object, QPoint)
    """A Hit and the place on the screen where its menu opens."""
    deed_asked = Signal(object, object)
    """A Deed asked for by a key, and the Bubble that the keyboard stands on."""
    typed = Signal(str)
    """Text typed here, which belongs into the composer (behaviour 25)."""
    paste_asked = Signal()
    """Ctrl+V here: what is on the clipboard belongs into the composer too."""
    older_wanted = Signal()
    newer_wanted = Signal()
    day_clicked = Signal(object)
    """A moment of the day whose pill was clicked, ms since 1970: somebody wants to choose another (behaviour 12)."""
    hovered = Signal(object)
    """The Hit under the mouse, or None."""
    hole_seen = Signal(int)
    """A position inside a hole that is on screen."""

    def __init__(self, pictures: Pictures, transfers: Transfers, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(clock, parent)
        self._clock = clock
        self._pictures = pictures
        self._transfers = transfers
        self.selection = Selection(self)
        self._mouse = MousePlace(self)
        self._sought: tuple[str, ...] = ()
        self._flashing: str | None = None
        self._floating = FloatingDay(self.viewport())
        self.voice = TimelineVoice(self)
        self._keyboard = KeyboardPlace(self)
        self._flash = self.timer(FLASH_MS, self._flash_over)
        self._edges = self.timer(EDGES_MS, self.look_at_edges)
        self._midnight = self.timer(moments.DAY_MS, self._day_ended)
        self._set_up()

    def _set_up(self) -> None:
        """Qt's settings and signals."""
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Messages")
        self.setMinimumSize(QSize(200, 80))
        self.delegate.mirrored = self.isRightToLeft()
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.verticalScrollBar().setSingleStep(20)
        self.verticalScrollBar().valueChanged.connect(self._float_day)
        self.moved.connect(self._edges.start)
        self._pictures.ready.connect(self.repaint_rows)
        self._transfers.changed.connect(self.repaint_rows)
        self.selection.changed.connect(self.repaint_rows)
        self._floating.clicked.connect(self.day_clicked)
        theme.source().changed.connect(self.repaint_rows)
        self._day_ended()

    def set_model(self, model: TimelineModel | None, place: ReadingPlace | None = None) -> None:
        """Show another timeline; nothing of the old one is pointed at any more."""
        self._mouse.leave()
        self._keyboard.leave()
        self.selection.clear()
        self._flashing = None
        super().set_model(model, place)
        self.voice.follow(model)
        if model is not None:
            model.replayed.connect(self._keep_selection)
            model.rowsInserted.connect(self._await_clock)
            model.rowsInserted.connect(self._announce)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The day floats in the middle of the old width: it goes."""
        self._floating.hide()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """The desktop may turn round: its own messages stand at the side where lines end."""
        if event.type() is QEvent.Type.LayoutDirectionChange:
            self.delegate.mirrored = self.isRightToLeft()
            self.repaint_rows()
        super().changeEvent(event)

    def seek(self, words: tuple[str, ...]) -> None:
        """Let these words stand out wherever they are."""
        self._sought = words
        self.repaint_rows()

    def flash(self, key: str) -> None:
        """Let the row that was jumped to stand out for a moment (behaviour 10)."""
        self._flashing = key
        self._flash.start()
        self.repaint_rows()

    def flashing(self) -> str | None:
        """The row that stands out now."""
        return self._flashing

    def _flash_over(self) -> None:
        """It has settled."""
        self._flashing = None
        self.repaint_rows()

    def repaint_rows(self) -> None:
        """Draw again what is on screen."""
        self.viewport().update()

    def _await_clock(self, _parent: QModelIndex, first: int, last: int) -> None:
        """A message that still waits in a moment gets its clock then."""
        rows = self._rows()[first : last + 1]
        if any(isinstance(row, Bubble) and row.tick is Tick.WAITING for row in rows):
            QTimer.singleShot(CLOCK_AFTER_MS + 20, self, self.repaint_rows)

    def _announce(self, _parent: QModelIndex, first: int, last: int) -> None:
        """Read a new message at the end out, where a screen reader listens."""
        if last == len(self._rows()) - 1 and self._ends_with_latest and not self._landing:
            self.voice.tell_new(self._rows()[first : last + 1])

    def accessible_node(self) -> QAccessibleInterface:
        """What screen readers are given for it."""
        return TimelineNode(self)

    def _day_ended(self) -> None:
        """The words of the day lines change at midnight; wait for the next."""
        now = self._clock.now_ms()
        left = moments.midnight_after(now, self._clock.local_offset_s) - now
        self._midnight.start(max(1_000, left))
        self.repaint_rows()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """The rows that meet the area to be drawn."""
        painter = QPainter(self.viewport())
        # The delegate says where things stand; Qt must not turn them round once more.
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        painter.fillRect(event.rect(), theme.current().background)
        facts = Facts(
            theme.current(),
            self._pictures,
            self._transfers,
            self._clock.now_ms(),
            self.devicePixelRatioF(),
            self._keyboard.key if self.hasFocus() else None,
            self._flashing,
            self.selection.keys,
            self.selection.words,
            self.delegate.mirrored,
            self._sought,
        )
        for _, row, box in self.visible_rows():
            if box.adjusted(0, -4, 0, 4).intersects(event.rect()):
                painter.save()
                paint_highlight(painter, row, box, self.viewport().width(), facts)
                painter.translate(box.topLeft())
                self.delegate.paint(painter, row, self.row_width(), facts)
                painter.restore()
        painter.end()

    def _float_day(self) -> None:
        """Show the day of the topmost message, unless its own pill is in sight there."""
        if self._settling or self.at_bottom():
            return
        words, at_ms = "", 0
        for _, row, box in self.visible_rows():
            if isinstance(row, DayLine) and box.top() < FLOATING_UNDER:
                break
            if isinstance(row, Bubble):
                words, at_ms = self.delegate.day_words(row.at_ms), row.at_ms
                break
        self._floating.show_day(words, at_ms)

    def floating_words(self) -> str:
        """The day that floats over the rows now."""
        return self._floating.words()

    # Edges

    def look_at_edges(self) -> None:
        """Ask for what will be on screen soon: older messages well before the top is reached (behaviour 8)."""
        if self._model is None or not self._rows():
            return
        bar = self.verticalScrollBar()
        near = max(600, round(self.viewport().height() * 1.5))
        if bar.value() < near:
            self.older_wanted.emit()
        if bar.maximum() - bar.value() < near:
            self.newer_wanted.emit()
        hole = next((row for _, row, _ in self.visible_rows() if isinstance(row, Hole)), None)
        if hole is not None:
            self.hole_seen.emit(hole.after_position + 1)

    # Mouse

    def hit_at(self, point: QPoint) -> Hit | None:
        """What lies under a point of the viewport."""
        for _, row, box in self.visible_rows():
            if box.top() <= point.y() <= box.bottom() + 1:
                return self.delegate.hit(row, QPointF(point - box.topLeft()), self.row_width())
        return None

    def bubble_near(self, point: QPoint) -> tuple[Bubble, QRect] | None:
        """The message at the height of a point, the nearest one on screen where there is none."""
        found = None
        for _, row, box in self.visible_rows():
            if isinstance(row, Bubble):
                if found is not None and box.top() > point.y():
                    break
                found = (row, box)
        return found

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The hand over what can be clicked, the beam over words, the whole date over a time; a drag selects."""
        point = event.position().toPoint()
        if event.buttons() & Qt.MouseButton.LeftButton and self._mouse.move(point):
            return
        hit = self.hit_at(point)
        shape = Qt.CursorShape.ArrowCursor
        if hit is not None and hit.clickable:
            shape = Qt.CursorShape.PointingHandCursor
        elif hit is not None and hit.target is Target.TEXT:
            shape = Qt.CursorShape.IBeamCursor
        self.viewport().setCursor(shape)
        set_tool_tip(self.viewport(), "" if hit is None else self.delegate.explained(hit))
        self.hovered.emit(hit)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the mouse."""
        super().leaveEvent(event)
        self.hovered.emit(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click or a drag begins."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._mouse.press(event.position().toPoint())
            self._keyboard.leave()
            self.repaint_rows()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click is one place pressed and released."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        point = event.position().toPoint()
        hit = self._mouse.release(point)
        if hit is None:
            self._look_for_day(point)
            return
        if hit.target is Target.SHOW_MORE:
            self.expand(hit.bubble.key)
        else:
            self.clicked.emit(hit)

    def _look_for_day(self, point: QPoint) -> None:
        """A click on a day's own pill."""
        for _, row, box in self.visible_rows():
            pill = box.adjusted(box.width() // 2 - DAY_REACH, 0, DAY_REACH - box.width() // 2, 0)
            if isinstance(row, DayLine) and pill.contains(point):
                self.day_clicked.emit(row.at_ms)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A double click on a word selects it."""
        left = event.button() is Qt.MouseButton.LeftButton
        marks = left and not self.selection.keys and self._mouse.mark_word(event.position().toPoint())
        if not marks:
            # Elsewhere it is two clicks, quickly.
            self.mousePressEvent(event)

    # Selection

    def is_selectable(self, row: Row) -> bool:
        """Whether a row can be selected whole."""
        return isinstance(row, Bubble) and not row.deleted and row.type != "system"

    def keys_between(self, one: str, other: str) -> list[str]:
        """The messages from one to another, both included, whichever stands first."""
        places = sorted(index for index, row in enumerate(self._rows()) if row.key in {one, other})
        if not places:
            return []
        return [row.key for row in self._rows()[places[0] : places[-1] + 1] if self.is_selectable(row)]

    def selected(self) -> list[Bubble]:
        """The messages selected whole, in their order."""
        return [row for row in self._rows() if isinstance(row, Bubble) and row.key in self.selection.keys]

    def copy_selected(self) -> bool:
        """Copy the selected words or messages; False where nothing is selected."""
        words = self.selected_words()
        if words:
            plain_text.copy(words)
            return True
        chosen = self.selected()
        if chosen:
            plain_text.copy(copied(chosen, self.delegate.full_time))
        return bool(chosen)

    def selected_words(self, key: str | None = None) -> str:
        """The words selected inside a message: inside any, or the one with this key."""
        words = self.selection.words
        found = self.row_of(words[0]) if words is not None and key in {None, words[0]} else None
        if words is None or found is None:
            return ""
        return self.delegate.words_between(found, words[1], words[2], self.row_width())

    def row_of(self, key: str) -> Bubble | None:
        """A message held, by its key."""
        return next((row for row in self._rows() if isinstance(row, Bubble) and row.key == key), None)

    def _keep_selection(self) -> None:
        """What was deleted or let go is selected no longer."""
        if self.selection.keys or self.selection.words:
            self.selection.keep(row.key for row in self._rows() if self.is_selectable(row))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu of the message under the mouse, or of the one the keyboard stands on."""
        by_keyboard = event.reason() is QContextMenuEvent.Reason.Keyboard
        hit = self._keyboard.hit() if by_keyboard else self.hit_at(event.pos())
        if hit is not None and not self.selection.keys:
            box = self._keyboard.box()
            at = self.viewport().mapToGlobal(box.center()) if by_keyboard and box else event.globalPos()
            self.menu_asked.emit(replace(hit, words=self.selected_words(hit.bubble.key)), at)

    # Keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk over the messages, Enter opens, Ctrl+C copies, Home and End scroll; text goes to the composer."""
        if self._keyboard.handles(event):
            event.accept()
            return
        if event.matches(QKeySequence.StandardKey.Paste):
            self.paste_asked.emit()
            return
        if event.text() and event.text().isprintable() and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.typed.emit(event.text())
            return
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """By the Tab key the keyboard comes to the lowest message on screen."""
        super().focusInEvent(event)
        tabbed = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self._keyboard.enter(walks=tabbed)
        self.repaint_rows()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The ring goes."""
        super().focusOutEvent(event)
        self.repaint_rows()

    def row_box(self, key: str) -> tuple[Row, QRect] | None:
        """A row on screen by its key, and its box in the viewport."""
        return next(((row, box) for _, row, box in self.visible_rows() if row.key == key), None)
