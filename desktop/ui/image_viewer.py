"""Pictures over the whole window: zoom, drag, walk to the next, copy and save."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QCursor,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QGestureEvent, QHBoxLayout, QPinchGesture, QWidget

from desktop.core import moments
from desktop.core.bubble import Bubble, BubbleFile
from desktop.core.ports import Clock
from desktop.ui import fonts
from desktop.ui.blurred import blurred
from desktop.ui.buttons import IconButton
from desktop.ui.picture_frame import PictureFrame
from desktop.ui.pictures import Pictures, Source
from protocol.text import isolate

GROUND = QColor(10, 12, 16, 242)
INK, INK_2 = QColor("#FFFFFF"), QColor("#B9C0CC")
MARGIN, TOP, BOTTOM = 24, 56, 76
STEP = 1.25
NOTCH = 120
"""What Qt counts for a notch of a wheel."""
LEAST_PINCH = 0.1


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture of a conversation."""

    bubble: Bubble
    file: BubbleFile

    @property
    def source(self) -> Source | None:
        """Where the whole picture is taken from."""
        return Path(self.file.path) if self.file.path else self.file.url


class ImageViewer(QWidget):
    """Covers its window. Owns which picture is shown, its zoom and its place; deletes itself when it is closed."""

    save_asked = Signal(object)
    """A BubbleFile to be saved."""

    def __init__(self, pictures: Pictures, clock: Clock, window: QWidget) -> None:
        super().__init__(window)
        self._pictures = pictures
        self._clock = clock
        self._window = window
        self._shown: list[Shown] = []
        self._place = 0
        self._is_whole = False
        self._is_wanted = False
        """To be copied as soon as it is there."""
        self.frame = PictureFrame()
        self._buttons: dict[str, IconButton] = {}
        self._pressed: QPointF | None = None
        self._dragged = False
        self._came_from = QGuiApplication.focusObject()
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.grabGesture(Qt.GestureType.PinchGesture)
        self.setAccessibleName("Picture")
        self._add_buttons()
        pictures.ready.connect(self._picture_came)
        window.installEventFilter(self)

    def _add_buttons(self) -> None:
        """Save, copy and close at the top; previous and next by the arrow keys and buttons."""
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 12, 12, 12)
        row.setSpacing(4)
        row.addStretch()
        entries: tuple[tuple[str, str, Callable[[], object]], ...] = (
            ("chevron-left", "Previous picture (←)", lambda: self.walk(-1)),
            ("chevron-right", "Next picture (→)", lambda: self.walk(1)),
            ("zoom-out", "Smaller (−)", lambda: self.zoom(1 / STEP)),
            ("zoom-in", "Larger (+)", lambda: self.zoom(STEP)),
            ("rotate-cw", "Turn (R)", self._turn),
            ("copy", "Copy (Ctrl+C)", self.copy),
            ("download", "Save as… (Ctrl+S)", self.save),
            ("x", "Close (Esc)", self.close),
        )
        for icon, words, does in entries:
            button = IconButton(icon, words, _only_do(does), ink="on_muted_badge")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._buttons[icon] = button
            row.addWidget(button, alignment=Qt.AlignmentFlag.AlignTop)

    def show_pictures(self, bubbles: Sequence[Bubble], key: str, number: int) -> None:
        """Show the picture `number` of the message `key`; the others can be walked to."""
        there = [bubble for bubble in bubbles if not bubble.deleted]
        self._shown = [Shown(bubble, file) for bubble in there for file in bubble.files if file.kind == "image"]
        wanted = next((b.files[number] for b in bubbles if b.key == key), None)
        places = [i for i, one in enumerate(self._shown) if one.bubble.key == key and one.file is wanted]
        self._place = places[0] if places else 0
        self.setGeometry(self._window.rect())
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.PopupFocusReason)
        self._load()

    def current(self) -> Shown | None:
        """The picture shown now."""
        return self._shown[self._place] if self._shown else None

    def walk(self, step: int) -> None:
        """Show the picture before (-1) or after (1), as far as there are any."""
        place = min(max(self._place + step, 0), len(self._shown) - 1)
        if place != self._place:
            self._place = place
            self._load()

    def zoom(self, factor: float, around: QPointF | None = None) -> None:
        """Grow or shrink; the point under the cursor stays where it is."""
        self.frame.zoom(factor, around or self._room().center())
        self.update()

    def copy(self) -> None:
        """Put the picture on the clipboard, whole once it is there; small where only that can be had."""
        shown = self.current()
        small = self._small(shown.file) if shown is not None else None
        picture = self.frame.picture if self._is_whole else small if self._is_missing() else None
        self._is_wanted = picture is None and not self._is_missing()
        if picture is not None:
            QGuiApplication.clipboard().setPixmap(picture)

    def save(self) -> None:
        """Ask for a place to save it."""
        shown = self.current()
        if shown is not None and shown.file.url is not None:
            self.save_asked.emit(shown.file)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Cover the window whatever size it gets."""
        if watched is self._window and event.type() is QEvent.Type.Resize:
            self.setGeometry(self._window.rect())
        return super().eventFilter(watched, event)

    def _load(self) -> None:
        """Take the picture if it is there; else it comes."""
        self.frame.clear()
        self._is_whole = self._is_wanted = False
        shown = self.current()
        if shown is not None and shown.source is not None:
            self._take(self._pictures.get(shown.source))
            if not self._is_whole:
                self._stand_in(shown.file)
        self._buttons["chevron-left"].setEnabled(self._place > 0)
        self._buttons["chevron-right"].setEnabled(self._place < len(self._shown) - 1)
        self._buttons["download"].setEnabled(shown is not None and shown.file.url is not None)
        self.setAccessibleName(f"Picture {self._place + 1} of {len(self._shown)}: {' · '.join(self._caption())}")
        self.update()

    def _picture_came(self, source: object) -> None:
        """The picture waited for is there, or cannot be had."""
        shown = self.current()
        if shown is not None and shown.source is not None and source == shown.source and not self._is_whole:
            self._take(self._pictures.get(shown.source))
            self._settle(shown.file)
            self.update()

    def _settle(self, file: BubbleFile) -> None:
        """Copy what was to be copied; where nothing follows, words say so: mere colours are no preview."""
        if not self._is_whole and self._is_missing() and self._small(file) is None:
            self.frame.clear()
        if self._is_wanted:
            self.copy()

    def _take(self, picture: QPixmap | None) -> None:
        """Fit it into the window."""
        if picture is not None:
            self._is_whole = True
            self.frame.sharpen(picture, self._room())

    def _stand_in(self, file: BubbleFile) -> None:
        """Show the timeline's small picture or its colours, in the size of the whole one, until that is there."""
        colours = blurred(file.blurhash) if file.blurhash and not self._is_missing() else None
        small = self._small(file) or colours
        if small is not None and file.width and file.height:
            self.frame.take(small, self._room(), QSizeF(file.width, file.height))

    def _small(self, file: BubbleFile) -> QPixmap | None:
        """The timeline's small picture, where it has come."""
        return self._pictures.largest_known(file.thumbnail_url) if file.thumbnail_url else None

    def _is_missing(self) -> bool:
        """Whether the whole picture cannot be had now."""
        shown = self.current()
        return shown is None or shown.source is None or self._pictures.is_missing(shown.source)

    def _room(self) -> QRectF:
        """Where the picture may stand when it fits."""
        return QRectF(self.rect()).adjusted(MARGIN, TOP, -MARGIN, -BOTTOM)

    def _caption(self) -> list[str]:
        """Who sent it and when, and the text below it."""
        shown = self.current()
        if shown is None:
            return []
        bubble = shown.bubble
        who = "You" if bubble.own else isolate(bubble.sender_name)
        when = moments.full_time(bubble.at_ms, self._clock.local_offset_s)
        missing = not self._is_whole and self._is_missing()
        note = " · preview only, the picture cannot be loaded now" if missing and self.frame.picture is not None else ""
        return [f"{who} · {when}{note}", bubble.text or shown.file.name]

    # Mouse and keyboard

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom to the cursor."""
        if event.angleDelta().y():
            # A notch of a wheel is a step; touchpads send many small parts of one.
            self.zoom(STEP ** (event.angleDelta().y() / NOTCH), event.position())

    def event(self, event: QEvent) -> bool:
        """Zoom to where fingers pinch, on a touchpad or on the screen."""
        if isinstance(event, QNativeGestureEvent) and event.gestureType() is Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom(max(LEAST_PINCH, 1 + event.value()), event.position())
            return True
        pinch = event.gesture(Qt.GestureType.PinchGesture) if isinstance(event, QGestureEvent) else None
        if isinstance(pinch, QPinchGesture):
            self.zoom(max(LEAST_PINCH, pinch.scaleFactor()), QPointF(self.mapFromGlobal(pinch.hotSpot())))
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to drag, or to click."""
        self._pressed, self._dragged = event.position(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the picture."""
        if self._pressed is not None and event.buttons() & Qt.MouseButton.LeftButton:
            step = event.position() - self._pressed
            if self._dragged or step.manhattanLength() > 4:
                self._dragged = True
                self.frame.move(step)
                self._pressed = event.position()
                self.update()
        over = self.frame.contains(event.position())
        self.setCursor(QCursor(Qt.CursorShape.OpenHandCursor if over else Qt.CursorShape.ArrowCursor))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click beside the picture closes."""
        pressed, self._pressed = self._pressed, None
        if pressed is not None and not self._dragged and not self.frame.contains(event.position()):
            self.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys of behaviour 52."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.matches(QKeySequence.StandardKey.Save):
            self.save()
        else:
            work = self._keys().get(Qt.Key(event.key()))
            if work is not None:
                work()
        # Nothing below the viewer hears a key while it is open.
        event.accept()

    def _keys(self) -> dict[Qt.Key, Callable[[], object]]:
        """What a key does."""
        return {
            Qt.Key.Key_Escape: self.close,
            Qt.Key.Key_Left: lambda: self.walk(-1),
            Qt.Key.Key_Right: lambda: self.walk(1),
            Qt.Key.Key_Plus: lambda: self.zoom(STEP),
            Qt.Key.Key_Equal: lambda: self.zoom(STEP),
            Qt.Key.Key_Minus: lambda: self.zoom(1 / STEP),
            Qt.Key.Key_0: self._fit,
            Qt.Key.Key_R: self._turn,
        }

    def _fit(self) -> None:
        """The whole picture, in the middle."""
        self.frame.fit(self._room())
        self.update()

    def _turn(self) -> None:
        """A quarter to the right."""
        self.frame.turn(self._room())
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A picture that fitted fits again."""
        super().resizeEvent(event)
        if self.frame.is_fitted:
            self.frame.fit(self._room())

    def closeEvent(self, event: QEvent) -> None:
        """The keyboard goes back to where it was."""
        if isinstance(self._came_from, QWidget) and self._came_from.isVisible():
            self._came_from.setFocus(Qt.FocusReason.PopupFocusReason)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Ground, picture or why there is none, caption."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), GROUND)
        if self.frame.picture is not None:
            painter.drawPixmap(self.frame.box, self.frame.picture, QRectF(self.frame.picture.rect()))
        else:
            self._paint_words(painter)
        self._paint_caption(painter)
        painter.end()

    def _paint_words(self, painter: QPainter) -> None:
        """What stands there until the picture comes."""
        painter.setPen(INK_2)
        painter.setFont(fonts.text(14))
        words = "This picture is not available" if self._is_missing() else "Loading…"
        painter.drawText(QRectF(self.rect()), Qt.AlignmentFlag.AlignCenter, words)

    def _paint_caption(self, painter: QPainter) -> None:
        """Sender and time over the text, one line each."""
        veil = QRectF(0, self.height() - BOTTOM + 12, self.width(), BOTTOM - 12)
        painter.fillRect(veil, QColor(10, 12, 16, 200))
        for number, (words, ink) in enumerate(zip(reversed(self._caption()), (INK, INK_2), strict=False)):
            painter.setFont(fonts.text(14 if number == 0 else 12))
            painter.setPen(ink)
            line = " ".join(words.split())
            cut = painter.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, self.width() - 2 * MARGIN)
            box = QRectF(MARGIN, veil.top() + 8 + number * 24, self.width() - 2 * MARGIN, 22)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, cut)


def _only_do(does: Callable[[], object]) -> Callable[[], None]:
    """A slot that gives nothing back."""

    def slot() -> None:
        does()

    return slot
