"""The menu of a conversation, in the list and above its timeline."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from desktop.core import moments
from desktop.core.bubble import ConversationRow
from desktop.ui.conversation_work import ConversationWork
from protocol.commands import PatchOwn
from protocol.shapes import Notify

MUTES = (("For 1 hour", moments.HOUR_MS), ("For 8 hours", 8 * moments.HOUR_MS))
LEVELS: tuple[tuple[Notify, str], ...] = (
    ("all", "All messages"),
    ("mentions", "Only when you are named"),
    ("none", "Nothing"),
)


def conversation_menu(row: ConversationRow, work: ConversationWork, parent: QWidget) -> QMenu:
    """Everything that can be done with this conversation now; the menu deletes itself when it closes."""
    menu = QMenu(parent)
    menu.aboutToHide.connect(menu.deleteLater)
    identity = row.conversation_id
    _add_marks(menu, row, work)
    _add(menu, "Unpin" if row.pinned else "Pin to top", lambda: work.change(identity, PatchOwn(pinned=not row.pinned)))
    _add_mute(menu, row, work)
    _add_levels(menu, row, work)
    words = "Move out of the archive" if row.archived else "Archive"
    _add(menu, words, lambda: work.change(identity, PatchOwn(archived=not row.archived)))
    menu.addSeparator()
    if row.kind == "group":
        _add(menu, "Leave group…", lambda: work.ask_to_leave(row))
    elif row.blocked:
        _add(menu, "Unblock", lambda: work.change(identity, PatchOwn(blocked=False)))
    else:
        _add(menu, "Block…", lambda: work.ask_to_block(row))
    return menu


def _add_marks(menu: QMenu, row: ConversationRow, work: ConversationWork) -> None:
    """Read or unread, whichever it is not."""
    if row.unread or row.marked_unread:
        _add(menu, "Mark as read", lambda: work.mark_read(row.conversation_id))
    elif work.can_mark_unread(row.conversation_id):
        _add(menu, "Mark as unread", lambda: work.mark_unread(row.conversation_id))


def _add_mute(menu: QMenu, row: ConversationRow, work: ConversationWork) -> None:
    """How long it is to be quiet, or that it may be heard again."""
    identity = row.conversation_id
    if row.muted:
        _add(menu, "Unmute", lambda: work.mute(identity, None))
        return
    times = menu.addMenu("Mute")
    for words, ms in MUTES:
        _add(times, words, _muting(work, identity, ms))
    _add(times, "Until tomorrow", lambda: work.mute(identity, work.until_tomorrow_ms()))
    _add(times, "For good", lambda: work.mute_for_good(identity))


def _muting(work: ConversationWork, identity: int, ms: int) -> Callable[[], None]:
    """Mute for a time."""
    return lambda: work.mute(identity, ms)


def _add_levels(menu: QMenu, row: ConversationRow, work: ConversationWork) -> None:
    """What is told of it by notifications."""
    levels = menu.addMenu("Notify me about")
    group = QActionGroup(levels)
    now = work.own(row.conversation_id).notify
    for level, words in LEVELS:
        entry = levels.addAction(words)
        entry.setCheckable(True)
        entry.setChecked(level == now)
        entry.triggered.connect(_notifying(work, row.conversation_id, level))
        group.addAction(entry)


def _notifying(work: ConversationWork, identity: int, level: Notify) -> Callable[[bool], None]:
    """Choose a level."""
    return lambda _checked: work.notify(identity, level)


def _add(menu: QMenu, words: str, does: Callable[[], None]) -> None:
    """One entry."""

    def triggered(_checked: bool) -> None:
        does()

    menu.addAction(words).triggered.connect(triggered)
