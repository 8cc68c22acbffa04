"""The timeline for people who hear it: every row is a node of the accessible tree, whose name is a whole sentence.

Qt knows nothing of rows that a view draws by itself. PySide lets Python add nodes (decision 0029); who keeps them alive
is said there too: a node lives from when it is first asked for until its row goes, and Qt is told of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import shiboken6
from PySide6.QtCore import QModelIndex, QObject, QPoint, QRect, QTimer
from PySide6.QtGui import QAccessible, QAccessibleEvent, QAccessibleInterface, QColor, QWindow
from PySide6.QtWidgets import QAccessibleWidget

from desktop.core.bubble import Bubble, Row
from desktop.ui import access_roles
from desktop.ui.form import announce

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop.models.timeline_model import TimelineModel
    from desktop.ui.timeline_view import TimelineView

_Relations = list[tuple[QAccessibleInterface, QAccessible.RelationFlag]]
_ALL_RELATIONS = QAccessible.RelationFlag.AllRelations


class RowNode(QAccessibleInterface):
    """One row of a timeline. Owns nothing but the row's key: what it says is looked up when it is asked."""

    def __init__(self, voice: TimelineVoice, key: str) -> None:
        super().__init__()
        self._voice = voice
        self.key = key
        self.place = 0
        """Where the row was found last: most often it is there still."""

    def _row(self) -> Row | None:
        """The row, if it is still there."""
        rows = self._voice.rows()
        if not (self.place < len(rows) and rows[self.place].key == self.key):
            self.place = next((index for index, row in enumerate(rows) if row.key == self.key), len(rows))
        return rows[self.place] if self.place < len(rows) else None

    def isValid(self) -> bool:
        """Whether the row is still there."""
        return self._row() is not None

    def object(self) -> QObject:
        """None: no QObject stands behind a row."""
        return cast("QObject", None)

    def window(self) -> QWindow:
        """The window that shows the row."""
        return cast("QWindow", self._voice.view.window().windowHandle() if self._voice.alive() else None)

    def parent(self) -> QAccessibleInterface:
        """The timeline."""
        return self._voice.list_node()

    def child(self, _index: int) -> QAccessibleInterface:
        """None: a row is one node."""
        return cast("QAccessibleInterface", None)

    def childAt(self, _x: int, _y: int) -> QAccessibleInterface:
        """None: a row is one node."""
        return cast("QAccessibleInterface", None)

    def focusChild(self) -> QAccessibleInterface:
        """None: a row is one node."""
        return cast("QAccessibleInterface", None)

    def childCount(self) -> int:
        """None: a row is one node."""
        return 0

    def indexOfChild(self, _child: QAccessibleInterface) -> int:
        """None: a row is one node."""
        return -1

    def relations(self, match: QAccessible.RelationFlag = _ALL_RELATIONS) -> _Relations:
        """None that Qt does not know by itself."""
        return []

    def rect(self) -> QRect:
        """Where it is on the screen; empty while it is scrolled away."""
        return self._voice.box(self.key)

    def role(self) -> QAccessible.Role:
        """A message is an item; the lines between are text."""
        return QAccessible.Role.ListItem if isinstance(self._row(), Bubble) else QAccessible.Role.StaticText

    def state(self) -> QAccessible.State:
        """Whether the keyboard stands on it, whether it is selected, and whether it is in sight."""
        state = QAccessible.State()
        row = self._row()
        state.invalid = int(row is None)
        if isinstance(row, Bubble):
            state.focusable = state.selectable = 1
            state.focused = int(self._voice.current_key() == self.key)
            state.selected = int(self.key in self._voice.view.selection.keys)
        state.readOnly = 1
        state.offscreen = int(self.rect().isEmpty())
        return state

    def text(self, t: QAccessible.Text) -> str:
        """The sentence."""
        row = self._row()
        return "" if row is None or t is not QAccessible.Text.Name else self._voice.sentence(row)

    def setText(self, t: QAccessible.Text, text: str) -> None:
        """Nobody changes a message this way."""

    def interface_cast(self, _kind: QAccessible.InterfaceType) -> int:
        """Nothing more than a node."""
        return 0

    def foregroundColor(self) -> QColor:
        """Not told."""
        return QColor()

    def backgroundColor(self) -> QColor:
        """Not told."""
        return QColor()

    def virtual_hook(self, id: int, data: int) -> None:  # noqa: A002 (Qt's name)
        """Nothing of a later Qt."""


class TimelineNode(QAccessibleWidget):
    """The timeline as a list: its rows from the oldest, then the controls that lie over it."""

    def __init__(self, view: TimelineView) -> None:
        super().__init__(view, QAccessible.Role.List)
        self._voice = view.voice

    def childCount(self) -> int:
        """Rows and controls."""
        return len(self._voice.rows()) + super().childCount()

    def child(self, index: int) -> QAccessibleInterface:
        """A row, else a control."""
        count = len(self._voice.rows())
        return self._voice.node_at(index) if 0 <= index < count else super().child(index - count)

    def childAt(self, x: int, y: int) -> QAccessibleInterface:
        """The row under a point of the screen, else the control."""
        return self._voice.node_under(QPoint(x, y)) or super().childAt(x, y)

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        """Where a child stands."""
        rows = self._voice.rows()
        if isinstance(child, RowNode):
            return child.place if child.isValid() else -1
        place = super().indexOfChild(child)
        return place if place < 0 else place + len(rows)

    def focusChild(self) -> QAccessibleInterface:
        """The row on which the keyboard stands, else whatever holds the focus."""
        key = self._voice.current_key()
        return super().focusChild() if key is None else self._voice.node(key)


class TimelineVoice:
    """What a timeline tells screen readers. Owns the nodes of its rows; knows the one view it works for."""

    def __init__(self, view: TimelineView) -> None:
        self.view = view
        self._nodes: dict[str, RowNode] = {}
        self._ids: dict[str, int] = {}
        self._known: frozenset[str] = frozenset()
        self._current: str | None = None
        # Qt tells that the view has the focus after the view has heard of it: the row's turn is after that.
        self._soon = QTimer(view, interval=0, singleShot=True)
        self._soon.timeout.connect(self._tell_current)
        access_roles.install()
        view.destroyed.connect(self.clear)

    def alive(self) -> bool:
        """Whether the view is still there."""
        return shiboken6.isValid(self.view)

    def rows(self) -> Sequence[Row]:
        """The rows shown now."""
        model = self.view.model() if self.alive() else None
        return () if model is None else model.rows()

    def sentence(self, row: Row) -> str:
        """A row in words, with the time (and the day, unless it is today)."""
        return self.view.delegate.sentence(row)

    def box(self, key: str) -> QRect:
        """Where a row is on the screen; empty while it is scrolled away."""
        found = self.view.row_box(key) if self.alive() else None
        if found is None:
            return QRect()
        seen = found[1].intersected(self.view.viewport().rect())
        return seen.translated(self.view.viewport().mapToGlobal(QPoint(0, 0)))

    def current_key(self) -> str | None:
        """The row on which the keyboard stands, while the timeline holds the keyboard."""
        return self._current if self.alive() and self.view.hasFocus() else None

    # Nodes

    def list_node(self) -> QAccessibleInterface:
        """The timeline's own node."""
        view = self.view if self.alive() else None
        return cast("QAccessibleInterface", view and QAccessible.queryAccessibleInterface(view))

    def node(self, key: str) -> RowNode:
        """The node of a row; Qt keeps its number from now on."""
        if key not in self._nodes:
            self._nodes[key] = RowNode(self, key)
            self._ids[key] = QAccessible.registerAccessibleInterface(self._nodes[key])
            self._known = self._known or frozenset(row.key for row in self.rows())
        return self._nodes[key]

    def node_at(self, index: int) -> RowNode:
        """The node of the row at an index."""
        node = self.node(self.rows()[index].key)
        node.place = index
        return node

    def node_under(self, point: QPoint) -> RowNode | None:
        """The node of the row under a point of the screen."""
        here = self.view.viewport().mapFromGlobal(point)
        found = next((row for _, row, box in self.view.visible_rows() if box.contains(here)), None)
        return None if found is None else self.node(found.key)

    def clear(self) -> None:
        """Let all nodes go."""
        self._current = None
        self._known = frozenset()
        self._drop(list(self._nodes))

    def _drop(self, keys: Sequence[str]) -> None:
        """Let the nodes of rows go that are no longer shown; Qt forgets them before Python does."""
        for key in keys:
            QAccessible.deleteAccessibleInterface(self._ids.pop(key))
            del self._nodes[key]

    # News

    def follow(self, model: TimelineModel | None) -> None:
        """Another timeline is shown."""
        self.clear()
        if model is not None:
            model.replayed.connect(self._follow_rows)
            model.dataChanged.connect(self._rows_changed)

    def stand_on(self, key: str | None) -> None:
        """The keyboard has come to a row, or has left."""
        self._current = key
        if QAccessible.isActive():
            self._soon.start()

    def tell_new(self, rows: Sequence[Row]) -> None:
        """Read what others have just written out, when the reader has nothing else to say."""
        for row in rows:
            if QAccessible.isActive() and isinstance(row, Bubble) and not row.own:
                announce(self.view, self.sentence(row))

    def _tell_current(self) -> None:
        """The focus of the accessible tree is a row."""
        key = self.current_key()
        if key is not None and any(row.key == key for row in self.rows()):
            tell(self.node(key), QAccessible.Event.Focus)

    def _follow_rows(self) -> None:
        """A batch is over: nodes of rows that went go, and who has asked for the rows hears of the new ones."""
        if not self._nodes:
            return
        keys = {row.key: index for index, row in enumerate(self.rows())}
        self._drop([key for key in self._nodes if key not in keys])
        new = [index for key, index in keys.items() if key not in self._known]
        self._known = frozenset(keys)
        if QAccessible.isActive():
            for index in new:
                tell(self.node_at(index), QAccessible.Event.ObjectCreated)

    def _rows_changed(self, first: QModelIndex, last: QModelIndex) -> None:
        """A tick, a reaction, another text: the sentence is another."""
        for row in self.rows()[first.row() : last.row() + 1]:
            if QAccessible.isActive() and row.key in self._nodes:
                tell(self._nodes[row.key], QAccessible.Event.NameChanged)


def tell(node: QAccessibleInterface, what: QAccessible.Event) -> None:
    """Tell screen readers what became of a node."""
    QAccessible.updateAccessibility(QAccessibleEvent(node, what))
