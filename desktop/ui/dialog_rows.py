"""The rows that dialogs have alike: their title with what closes them, and what is done at their foot."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QHBoxLayout, QWidget

from desktop.ui import fonts
from desktop.ui.buttons import Button, IconButton
from desktop.ui.plain_text import PlainLabel


def title_row(dialog: QDialog, title: str, *more: QWidget) -> QHBoxLayout:
    """The title, and at the far end what there is `more`, then the cross."""
    row = QHBoxLayout()
    row.addWidget(PlainLabel(title, size_px=fonts.TITLE_PX, weight=600))
    row.addStretch()
    for widget in (*more, IconButton("x", "Close", dialog.reject)):
        row.addWidget(widget)
    return row


def button_row(dialog: QDialog, go: Button) -> QHBoxLayout:
    """Cancel, and at the far end what the dialog is for."""
    row = QHBoxLayout()
    row.addStretch()
    row.addWidget(Button("Cancel", "quiet", dialog.reject))
    row.addWidget(go)
    return row
