"""Walks what screen readers and the Tab key are given of a page, and says what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

NAME = QAccessible.Text.Name
_NO_ROLES = {QAccessible.Role.NoRole, QAccessible.Role.Client, QAccessible.Role.Window, QAccessible.Role.UserRole}


def nodes(root: QWidget) -> Iterator[QAccessibleInterface]:
    """Every node of a page that is not hidden, parents first."""
    top = QAccessible.queryAccessibleInterface(root)
    waiting = [top]
    while waiting:
        node = waiting.pop(0)
        yield node
        # Qt has none at some places, whatever its types say.
        children: list[QAccessibleInterface | None] = [node.child(place) for place in range(node.childCount())]
        waiting += [child for child in children if child is not None and not child.state().invisible]


def reached(page: QWidget) -> list[QWidget]:
    """The widgets that the Tab key leads to, once round."""
    visited: list[QWidget] = []
    page.activateWindow()
    QTest.qWaitForWindowActive(page.window())
    for _ in range(120):
        QTest.keyClick(QApplication.focusWidget() or page, Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        if focused is None or focused in visited[:1]:
            break
        visited.append(focused)
    return visited


def by_tab(page: QWidget) -> list[QWidget]:
    """The widgets of a page that say the Tab key leads to them."""
    inside = [widget for widget in page.findChildren(QWidget) if widget.isVisible() and widget.isEnabled()]
    return [w for w in inside if w.focusPolicy() & Qt.FocusPolicy.TabFocus and w.focusProxy() is None]


def described(widget: QWidget) -> str:
    """A widget in the words of a failure."""
    return f"{type(widget).__name__} {widget.accessibleName()!r} in {type(widget.parent()).__name__}"


def unnamed(page: QWidget) -> list[str]:
    """Nodes that take the keyboard without saying what they are, or are nothing in particular."""
    wrong: list[str] = []
    for node in nodes(page):
        thing = node.object()
        if isinstance(thing, QWidget) and thing.focusPolicy() is Qt.FocusPolicy.NoFocus:
            continue
        if not node.state().focusable or (isinstance(thing, QWidget) and thing.isWindow()):
            continue
        if not node.text(NAME).strip() or node.role() in _NO_ROLES:
            what = described(thing) if isinstance(thing, QWidget) else repr(thing)
            wrong.append(f"{what}: {node.role().name} {node.text(NAME)!r}")
    return wrong


def alike(page: QWidget) -> list[str]:
    """Controls of one page with the same name and kind, which nobody could tell apart."""
    kinds = Counter((node.text(NAME), node.role().name) for node in nodes(page) if _is_control(node))
    return [f"{count} x {role} {name!r}" for (name, role), count in kinds.items() if count > 1]


def _is_control(node: QAccessibleInterface) -> bool:
    """Whether it is a widget that is worked with."""
    thing = node.object()
    return isinstance(thing, QWidget) and thing.focusPolicy() is not Qt.FocusPolicy.NoFocus and not thing.isWindow()


def faults(page: QWidget) -> list[str]:
    """Everything wrong with a page."""
    found = unnamed(page) + alike(page)
    tabbed = by_tab(page)
    found += [f"no place on screen: {described(w)}" for w in tabbed if w.width() < 4 or w.height() < 4]
    visited = reached(page)
    found += [f"not reached by Tab: {described(w)}" for w in tabbed if w not in visited]
    return found + [f"hidden, yet reached: {described(w)}" for w in visited if not w.isVisible()]
