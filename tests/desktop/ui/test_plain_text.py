"""What people write is shown as they wrote it, never as HTML."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from desktop.ui import plain_text
from desktop.ui.plain_text import ElidedLabel, PlainLabel, PlainMessageBox

EVIL = '<img src="http://192.0.2.1/x"><b>bold</b> & co'


def test_a_label_is_plain(qapp: QApplication) -> None:
    label = PlainLabel(EVIL)
    assert label.textFormat() == Qt.TextFormat.PlainText
    assert label.text() == EVIL


def test_a_message_box_is_plain_throughout(qapp: QApplication) -> None:
    box = PlainMessageBox(None, "Title", EVIL, EVIL)
    box.open()
    qapp.processEvents()
    shown = [label for label in box.findChildren(QLabel) if label.text() == EVIL]
    assert len(shown) == 2
    assert {label.textFormat() for label in shown} == {Qt.TextFormat.PlainText}
    box.close()


@pytest.mark.parametrize("text", [EVIL, "a < b", "<br>", "plain & simple", ""])
def test_a_tooltip_shows_what_was_written(qapp: QApplication, text: str) -> None:
    widget = QWidget()
    plain_text.set_tool_tip(widget, text)
    shown = widget.toolTip()
    if GuiQt.mightBeRichText(shown):
        document = QTextDocument()
        document.setHtml(shown)
        shown = document.toPlainText()
    assert shown == text


def test_a_line_too_long_is_cut_and_told_whole(qapp: QApplication) -> None:
    label = ElidedLabel("A very long name of somebody who has many")
    label.resize(80, 20)
    label.grab()
    assert label.toolTip() == label.text()
    label.resize(label.sizeHint())
    label.grab()
    assert label.toolTip() == ""


def test_a_caption_keeps_its_ampersand() -> None:
    assert plain_text.caption("Salt & Pepper") == "Salt && Pepper"


def test_a_line_has_no_breaks() -> None:
    assert plain_text.one_line("a\nb\u2028c\td") == "a b c d"
    assert plain_text.one_line("a  b") == "a  b"
