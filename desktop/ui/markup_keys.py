"""Small markup by shortcut: marks around the selection of a text field, or taken away again; one step to undo."""

from __future__ import annotations

from typing import Literal

from PySide6.QtGui import QTextCursor

from desktop.core.addresses import openable
from desktop.core.markup import FENCE

Mark = Literal["**", "*", "`"]
KEYS: dict[str, Mark] = {"Ctrl+B": "**", "Ctrl+I": "*", "Ctrl+E": "`"}
LINK_KEYS = "Ctrl+Shift+L"
_PARAGRAPH = "\u2029"
"""What Qt puts for a line break into a selected text."""
_ADDRESS = "https://"


def toggle(cursor: QTextCursor, mark: Mark) -> QTextCursor:
    """Mark the selection, or take the marks away where it has them; the cursor with the same words selected."""
    selected = cursor.selectedText().replace(_PARAGRAPH, "\n")
    around = _around(cursor, len(mark))
    cursor.beginEditBlock()
    if selected and _is_marked(selected, mark):
        made = _put(cursor, "", selected[len(mark) : -len(mark)], "")
    elif _has_marks(around, mark):
        start, end = cursor.selectionStart() - len(mark), cursor.selectionEnd() + len(mark)
        cursor.setPosition(start)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        made = _put(cursor, "", selected, "")
    elif "\n" in selected:
        made = _put(cursor, "", _lines_marked(selected, mark), "")
    else:
        made = _put(cursor, mark, selected, mark)
    cursor.endEditBlock()
    return made


def link(cursor: QTextCursor, clipboard: str = "") -> QTextCursor:
    """Make the selection the words of a link; the cursor with what is still to be written selected.

    An address on the clipboard, or one that is selected, is the link's.
    """
    selected = cursor.selectedText().split(_PARAGRAPH)[0]
    offered = clipboard.strip()
    address = offered if openable(offered) and offered.startswith(("http://", "https://")) else _ADDRESS
    cursor.beginEditBlock()
    if openable(selected):
        made = _put(cursor, "[", "", f"]({selected})")
    elif selected:
        made = _put(cursor, f"[{selected}](", address, ")")
    else:
        made = _put(cursor, "[", "", f"]({address})")
    cursor.endEditBlock()
    return made


def _around(cursor: QTextCursor, width: int) -> tuple[str, str]:
    """So many signs before and behind the selection."""
    document = cursor.document()
    before, behind = QTextCursor(document), QTextCursor(document)
    before.setPosition(max(0, cursor.selectionStart() - width))
    before.setPosition(cursor.selectionStart(), QTextCursor.MoveMode.KeepAnchor)
    behind.setPosition(cursor.selectionEnd())
    behind.setPosition(
        min(document.characterCount() - 1, cursor.selectionEnd() + width), QTextCursor.MoveMode.KeepAnchor
    )
    return before.selectedText(), behind.selectedText()


def _has_marks(around: tuple[str, str], mark: Mark) -> bool:
    """Whether the selection stands just between two marks; one star of two is not the mark of italics."""
    return around == (mark, mark)


def _is_marked(text: str, mark: Mark) -> bool:
    """Whether a text begins and ends with this mark and holds something between."""
    inner = text[len(mark) : -len(mark)]
    return text.startswith(mark) and text.endswith(mark) and bool(inner) and not (mark == "*" and inner[:1] == "*")


def _lines_marked(text: str, mark: Mark) -> str:
    """Each line marked by itself, because a mark ends with its line; code is fenced."""
    if mark == "`":
        return f"{FENCE}\n{text}\n{FENCE}"
    return "\n".join(f"{mark}{line}{mark}" if line.strip() else line for line in text.split("\n"))


def _put(cursor: QTextCursor, before: str, inner: str, behind: str) -> QTextCursor:
    """Put three parts in the place of the selection, and select the middle one."""
    cursor.insertText(before)
    start = cursor.position()
    cursor.insertText(inner)
    end = cursor.position()
    cursor.insertText(behind)
    made = QTextCursor(cursor)
    made.setPosition(start)
    made.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
    return made
