"""The design of Qt's own widgets as one style sheet: fields, buttons, menus, scroll bars and tooltips.

A button's property `kind` says which it is: "primary", "danger", "link", "icon" or "chip"; none is the quiet one.
"""

from __future__ import annotations

from dataclasses import fields

from PySide6.QtGui import QColor

from desktop.ui.tokens import Theme

_SHEET = """
QToolTip { background: $panel; color: $ink; border: 1px solid $line; padding: 4px 6px; font-size: 12px; }
QDialog, QMessageBox { background: $panel; }
QLineEdit, QPlainTextEdit, QComboBox {
    background: $background; color: $ink; border: 1px solid $edge; border-radius: 8px;
    padding: 0 7px; min-height: 32px; placeholder-text-color: $ink3;
    selection-background-color: $accent; selection-color: $on_accent;
}
QLineEdit:focus, QPlainTextEdit:focus, QComboBox:focus { border: 1px solid $accent; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox QAbstractItemView {
    background: $panel; color: $ink; border: 1px solid $line;
    selection-background-color: $accent_soft; selection-color: $ink;
}
QLineEdit[wrong="true"] { border: 1px solid $bad; }
QLineEdit:disabled { color: $ink3; }
QPushButton {
    background: $background; color: $ink; border: 1px solid $edge; border-radius: 8px;
    padding: 0 14px; min-height: 32px; font-weight: 500;
}
QPushButton:hover { background: $line; }
QPushButton:pressed { background: $line; }
QPushButton:disabled { color: $ink3; }
QPushButton:focus { border: 1px solid $accent; }
QPushButton[kind="primary"] { background: $accent; color: $on_accent; }
QPushButton[kind="primary"]:hover { background: $accent; }
QPushButton[kind="primary"]:focus { border: 2px solid $accent_text; }
QPushButton[kind="primary"]:disabled { background: $line; color: $ink3; }
QPushButton[kind="danger"] { background: transparent; border: 1px solid $line; color: $bad; }
QPushButton[kind="danger"]:hover { background: $background; }
QPushButton[kind="danger"]:focus { border: 1px solid $bad; }
QPushButton[kind="link"] { background: transparent; color: $accent_text; padding: 0 4px; min-height: 24px; }
QPushButton[kind="link"]:hover { text-decoration: underline; }
QPushButton[kind="chip"] {
    background: $background; color: $ink2; border-radius: 12px; padding: 0 10px; min-height: 22px; font-size: 12px;
}
QPushButton[kind="chip"]:hover { background: $line; }
QPushButton[kind="chip"]:checked { background: $accent_soft; color: $accent_text; }
QPushButton[kind="chip"]:focus { border: 1px solid $accent; }
QToolButton { background: transparent; color: $ink2; border: 1px solid transparent; border-radius: 8px; padding: 4px; }
QToolButton:hover { background: $hover; }
QToolButton:focus { border: 1px solid $accent; }
QToolButton::menu-indicator { image: none; }
QMenu { background: $panel; color: $ink; border: 1px solid $line; border-radius: 10px; padding: 6px; }
QMenu::item { padding: 6px 24px 6px 12px; border-radius: 6px; }
QMenu::item:selected { background: $accent_soft; color: $ink; }
QMenu::item:disabled { color: $ink3; }
QMenu::separator { height: 1px; background: $line; margin: 4px 6px; }
QListView, QTreeView, QScrollArea { background: transparent; border: none; outline: none; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar::handle:vertical { background: $scroll; border-radius: 3px; min-height: 32px; margin: 2px 2px 2px 2px; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle:horizontal { background: $scroll; border-radius: 3px; min-width: 32px; margin: 2px; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {
    background: transparent; border: none; width: 0; height: 0;
}
QFrame#line { background: $line; border: none; }
QSplitter::handle { background: $line; }
QProgressBar { background: $accent_soft; border: none; border-radius: 2px; max-height: 4px; min-height: 4px; }
QProgressBar::chunk { background: $accent; border-radius: 2px; }
QRadioButton::indicator { width: 14px; height: 14px; border: 2px solid $ink3; border-radius: 9px; background: $panel; }
QRadioButton::indicator:focus { border-color: $accent; }
QRadioButton::indicator:checked { width: 8px; height: 8px; border: 5px solid $accent; background: $on_accent; }
QCheckBox, QRadioButton { color: $ink; spacing: 8px; background: transparent; }
"""


def style_sheet(theme: Theme) -> str:
    """The sheet with the theme's colours in it."""
    colours: dict[str, QColor] = {
        field.name: value for field in fields(theme) if isinstance(value := getattr(theme, field.name), QColor)
    }
    # Where fields and panels are of one colour, as in high contrast, lines show where a field is.
    has_edges = theme.background == theme.panel
    sheet = _SHEET.replace("$edge", theme.line.name() if has_edges else "transparent")
    sheet = sheet.replace("$scroll", colours["muted_badge"].name() if theme.dark else "#C6CBD4")
    # Longer names first: $ink would eat the start of $ink2.
    for name in sorted(colours, key=len, reverse=True):
        sheet = sheet.replace(f"${name}", colours[name].name())
    return sheet
