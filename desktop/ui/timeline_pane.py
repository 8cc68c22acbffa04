"""The middle of a conversation: its timeline, or what stands in its place, and the button that leads to the latest."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import QStackedLayout, QWidget

from desktop.core.bubble import Bubble
from desktop.core.ports import Clock
from desktop.core.timeline import Timeline, TimelineState
from desktop.models.timeline_model import TimelineModel
from desktop.ui.hover_bar import HoverBar
from desktop.ui.jump_button import SHADOW, JumpButton
from desktop.ui.notice import Notice
from desktop.ui.pictures import Pictures
from desktop.ui.scroll_anchor import ReadingPlace
from desktop.ui.seen_reporter import SeenReporter
from desktop.ui.selection_bar import SelectionBar
from desktop.ui.timeline_jump import Jumps
from desktop.ui.timeline_skeleton import TimelineSkeleton
from desktop.ui.timeline_view import TimelineView
from desktop.ui.transfers import Transfers

SKELETON_AFTER_MS = 150
JUMP_RIGHT, JUMP_BOTTOM, JUMP_STEP = 20, 8, 48
PAGE_OVERLAP = 48
LEAST_HEIGHT = 96
_LOOK_AGAIN = (QEvent.Type.WindowActivate, QEvent.Type.WindowDeactivate, QEvent.Type.Show)


class TimelinePane(QWidget):
    """Follows one timeline at a time. Owns its model, and which places reading stopped at (behaviour 4)."""

    seen = Signal(int)
    """A position the reader has seen."""

    def __init__(self, pictures: Pictures, transfers: Transfers, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = TimelineView(pictures, transfers, clock)
        self.reporter = SeenReporter(self.view, self._has_focus)
        self.jumps = Jumps(self.view)
        self.jump = JumpButton(self)
        self.mention = JumpButton(self, names=True)
        self.hover = HoverBar(self.view)
        self.selection_bar = SelectionBar(self.view, self)
        self._notice = Notice()
        self._skeleton = TimelineSkeleton()
        self._timeline: Timeline | None = None
        self._model: TimelineModel | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._places: dict[int, ReadingPlace] = {}
        self._name = ""
        self._newest_seen = 0
        self._to_latest = False
        # However much is written below, the window does not grow by it.
        self.setMinimumHeight(LEAST_HEIGHT)
        self._stack = QStackedLayout(self)
        for part in (self.view, self._notice, self._skeleton):
            self._stack.addWidget(part)
        self._patience = self.view.timer(SKELETON_AFTER_MS, self._lose_patience)
        self._landed = self.view.timer(0, self.view.finish_landing)
        self._connect()

    def _connect(self) -> None:
        """Signals of the parts."""
        self.view.older_wanted.connect(self._load_older)
        self.view.newer_wanted.connect(self._load_newer)
        self.view.hole_seen.connect(self._fill_hole)
        self.view.moved.connect(self._show_jump)
        self.view.hovered.connect(self.hover.follow)
        self.view.moved.connect(self.hover.hide)
        self.jump.clicked.connect(self._jump_on)
        self.mention.clicked.connect(self._to_mention)
        self.jumps.changed.connect(self._show_jump)
        self.reporter.seen.connect(self.seen)

    def open(self, timeline: Timeline, name: str, *, own_id: int = 0, named: bool = False) -> None:
        """Show a timeline; the reader stands where they left it, else at the unread line, else at the end.

        `named`: several people write here. `own_id` is who is called "you".
        """
        self.leave()
        self.view.delegate.named, self.view.delegate.own_id = named, own_id
        self._timeline, self._name, self._newest_seen = timeline, name, 0
        timeline.begin_reading()
        self._model = TimelineModel(timeline, self)
        self._unsubscribe = timeline.state.subscribe(self._follow_state)
        self.view.set_ends_with_latest(not timeline.state.value.has_newer)
        self.view.set_model(self._model, self._places.pop(timeline.conversation_id, None))
        self.jumps.follow(timeline)
        self._model.replayed.connect(self.jumps.settle)
        self._follow_state(timeline.state.value)
        self.reporter.restart()

    def leave(self) -> None:
        """Follow no timeline; remember where the reader stood."""
        if self._timeline is None:
            return
        place = self.view.place()
        if place is not None:
            self._places[self._timeline.conversation_id] = place
        if self._unsubscribe is not None:
            self._unsubscribe()
        self.jumps.follow(None)
        self.hover.hide()
        self.view.set_model(None)
        if self._model is not None:
            self._model.detach()
            self._model.deleteLater()
        self._timeline.end_reading()
        self._timeline = self._model = self._unsubscribe = None
        self._to_latest = False
        self._patience.stop()

    def to_latest(self) -> None:
        """Lead to the latest message, and follow from there."""
        self.jumps.forget()
        if self._timeline is not None and self._timeline.has_newer:
            self._to_latest = True
            self._timeline.jump_to_latest()
        self.view.scroll_to_bottom()

    def jump_to(self, position: int, key: str | None = None) -> None:
        """Bring a message to the middle of the screen, loading what surrounds it; the button leads back."""
        self.jumps.to(position, key)

    def _jump_on(self) -> None:
        """Back to where the reader came from, then to the latest (behaviour 7)."""
        if self.jumps.can_return():
            self.jumps.back()
        else:
            self.to_latest()

    def _to_mention(self) -> None:
        """To the first message below that names the reader."""
        found = next(iter(self._unseen_mentions()), None)
        if found is not None:
            self.jump_to(found.position or 0, found.key)

    def _unseen_mentions(self) -> list[Bubble]:
        """What names the reader below what has been on screen."""
        return [row for row in self.bubbles() if row.names_me and not row.own and self._is_below(row)]

    def _is_below(self, row: Bubble) -> bool:
        """Whether a message has not been on screen yet."""
        return (row.position or 0) > self._newest_seen

    def press(self, key: int) -> None:
        """A key pressed in the composer that means the timeline."""
        bar = self.view.verticalScrollBar()
        if key == Qt.Key.Key_End:
            self.to_latest()
        else:
            step = bar.pageStep() - PAGE_OVERLAP
            bar.setValue(bar.value() + (step if key == Qt.Key.Key_PageDown else -step))

    def bubbles(self) -> list[Bubble]:
        """The messages held, from the oldest."""
        return [] if self._model is None else [row for row in self._model.rows() if isinstance(row, Bubble)]

    def state_title(self) -> str:
        """What stands in the place of the timeline; empty while it is shown."""
        current = self._stack.currentWidget()
        return self._notice.title() if current is self._notice else "" if current is self.view else "Loading"

    def _follow_state(self, state: TimelineState) -> None:
        """Timeline, skeleton, notice."""
        self.view.set_ends_with_latest(not state.has_newer)
        if self._to_latest and not state.has_newer:
            self._to_latest = False
            self.view.scroll_to_bottom()
        has_rows = self._model is not None and self._model.rowCount() > 0
        if has_rows or state.phase == "ready":
            self._show(self.view)
            if state.phase != "loading":
                self._landed.start()
        elif state.phase == "loading":
            if self._stack.currentWidget() is self._notice:
                self._stack.setCurrentWidget(self.view)
            self._patience.start()
        elif state.phase == "error":
            self._notice.tell(
                "wifi-off", "The messages could not be loaded", state.reason or "", "Try again", self._retry
            )
            self._show(self._notice)
        else:
            words = f"Say hello to {self._name}." if self._name else "Say hello."
            self._notice.tell("message-circle", "No messages yet", words)
            self._show(self._notice)

    def _show(self, part: QWidget) -> None:
        """One of the three; the rows were laid out hidden and settle now."""
        self._patience.stop()
        if self._stack.currentWidget() is not part:
            self._stack.setCurrentWidget(part)
        self._show_jump()

    def _lose_patience(self) -> None:
        """It takes longer than a blink."""
        if self._model is not None and self._model.rowCount() == 0:
            self._stack.setCurrentWidget(self._skeleton)

    def _retry(self) -> None:
        """Ask for the page again."""
        if self._timeline is not None:
            self._timeline.retry()

    def _load_older(self) -> None:
        """The reader comes near the top."""
        if self._timeline is not None and self._timeline.has_older:
            self._timeline.load_older()

    def _load_newer(self) -> None:
        """The reader comes near the end of the window, which is not the latest."""
        if self._timeline is not None and self._timeline.has_newer:
            self._timeline.load_newer()

    def _fill_hole(self, position: int) -> None:
        """Messages that are not held came into sight."""
        if self._timeline is not None:
            self._timeline.load_around(position)

    def _has_focus(self) -> bool:
        """Whether somebody looks at this: the window is in front and the timeline is shown."""
        return self.isVisible() and self._stack.currentWidget() is self.view and self.window().isActiveWindow()

    def _show_jump(self) -> None:
        """Show the button while the reader is not at the latest, with how many new messages are below."""
        positions = [row.position or 0 for _, row, _ in self.view.visible_rows() if isinstance(row, Bubble)]
        self._newest_seen = max([self._newest_seen, *positions])
        has_newer = self._timeline is not None and self._timeline.has_newer
        on_timeline = self._timeline is not None and self._stack.currentWidget() is self.view
        at_end = not has_newer and self.view.at_bottom()
        self.jumps.notice(at_end=at_end)
        returns = self.jumps.can_return()
        below = 0 if at_end else sum(not row.own and self._is_below(row) for row in self.bubbles())
        self._place(self.jump, 0, below, returns or not at_end)
        self.jump.set_returns(returns)
        mentions = len(self._unseen_mentions()) if on_timeline and not at_end else 0
        self._place(self.mention, 1, mentions, bool(mentions))

    def _place(self, button: JumpButton, level: int, count: int, shown: bool) -> None:
        """Put a button into the lower corner, each `level` above the other."""
        shown = shown and self._timeline is not None and self._stack.currentWidget() is self.view
        button.setVisible(shown)
        if shown:
            button.set_count(count)
            corner = self.rect().bottomRight()
            x = corner.x() - JUMP_RIGHT - button.width() + SHADOW + 1
            if self.isRightToLeft():
                x = JUMP_RIGHT - SHADOW
            y = corner.y() - JUMP_BOTTOM - button.height() + SHADOW + 1 - level * JUMP_STEP
            button.move(x, y)
            button.raise_()

    def event(self, event: QEvent) -> bool:
        """Qt tells every widget of a window when the window comes to the front or leaves it."""
        if event.type() is QEvent.Type.WindowActivate:
            self._read_on()
        if event.type() in _LOOK_AGAIN:
            QTimer.singleShot(0, self.reporter, self.reporter.look)
        return super().event(event)

    def _read_on(self) -> None:
        """Somebody comes back to the window: what came meanwhile begins at a divider."""
        if self._timeline is not None and self._timeline.first_unread is None:
            self._timeline.begin_reading()
