"""What the keys and the clipboard do in the field: marks, pasting, and which key sends."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtCore import QEvent, QMimeData, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.ui.message_field import MessageField
from tests.desktop.chat_scene import opened
from tests.desktop.doubles import until
from tests.desktop.loop import QLoop


@pytest.mark.parametrize(
    ("html", "plain", "shown"),
    [
        ("<b>bold</b>", "bold", "**bold**"),
        ("<p>one <em>two </em>three</p><p>four</p>", "one two three\n\nfour", "one *two* three\nfour"),
        (
            '<a href="https://example.org/a">here</a> <code>x()</code>',
            "here x()",
            "[here](https://example.org/a) `x()`",
        ),
        ('<b style="font-weight:normal">not bold</b>', "not bold", "not bold"),
        ('<a href="javascript:alert(1)">here</a>', "here", "here"),
        ("<b>other words</b>", "than these", "than these"),
        ("<style>b{}</style><script>1</script><p>just text</p>", "just text", "just text"),
        ("<b>snake_case</b> and <i>a*b", "snake_case and a*b", "snake_case and a*b"),
    ],
)
def test_pasted_html_keeps_small_marks_and_undo_takes_them_away_first(
    qapp: QApplication, html: str, plain: str, shown: str
) -> None:
    field, mime = MessageField(), QMimeData()
    mime.setHtml(html)
    mime.setText(plain)
    QTest.keyClicks(field, "ab ")
    field.insertFromMimeData(mime)
    assert field.toPlainText() == f"ab {shown}"
    field.undo()
    if shown != plain:
        assert field.toPlainText() == f"ab {plain}"
        field.undo()
    assert field.toPlainText() == "ab "
    QApplication.clipboard().setMimeData(mime)
    field.paste_plain()
    assert field.toPlainText() == f"ab {plain}"


def test_marks_are_put_around_the_selection_and_taken_away_in_one_step(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            field, control = s.page.composer.field, Qt.KeyboardModifier.ControlModifier
            shifted = control | Qt.KeyboardModifier.ShiftModifier
            QApplication.clipboard().setText("https://example.org/a")
            s.page.composer.insert("😀 so")
            for key, marked in ((Qt.Key.Key_B, "**😀 so**"), (Qt.Key.Key_I, "*😀 so*"), (Qt.Key.Key_E, "`😀 so`")):
                QTest.keyClick(field, Qt.Key.Key_A, control)
                QTest.keyClick(field, key, control)
                assert field.toPlainText() == marked
                QTest.keyClick(field, key, control)
                assert field.toPlainText() == "😀 so"
                field.undo()
                assert field.toPlainText() == marked
                field.undo()
            QTest.keyClick(field, Qt.Key.Key_A, control)
            QTest.keyClick(field, Qt.Key.Key_L, shifted)
            assert field.toPlainText() == "[😀 so](https://example.org/a)"
            assert field.textCursor().selectedText() == "https://example.org/a"
            s.page.composer.field.setPlainText("one\n\ntwo")
            QTest.keyClick(field, Qt.Key.Key_A, control)
            QTest.keyClick(field, Qt.Key.Key_B, control)
            assert field.toPlainText() == "**one**\n\n**two**"

    qloop(scene())


def test_another_key_sends_where_the_settings_say_so(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            field = s.page.composer.field
            s.page.composer.set_sends_with("ctrl_enter")
            QTest.keyClicks(field, "a")
            QTest.keyClick(field, Qt.Key.Key_Return)
            QTest.keyClicks(field, "b")
            assert field.toPlainText() == "a\nb"
            assert "Ctrl+Enter" in s.page.composer.send.toolTip()
            QTest.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
            await until(lambda: bool(s.bubbles()) and s.last().text == "a\nb")

    qloop(scene())


def test_a_very_long_paste_can_become_a_file(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            composer = s.page.composer
            composer.insert("See: ")
            QApplication.clipboard().setText("line of a log 😀\n" * 400)
            QTest.keyClick(composer.field, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
            assert "characters" in composer.paste_offer.words()
            composer.paste_offer.button.click()
            await until(lambda: len(composer.staged.files()) == 1)
            assert composer.text() == "See: "
            assert composer.staged.files()[0].path.read_text(encoding="utf-8").startswith("line of a log 😀\n")
            assert composer.paste_offer.words() == ""

    qloop(scene())


def test_marks_are_found_by_their_places_on_a_keyboard_of_another_script(qapp: QApplication) -> None:
    field = MessageField()
    field.insertPlainText("да")
    field.selectAll()
    codes = {"linux": (56, 0), "win32": (0, 0x42), "darwin": (0, 11)}
    scan, virtual = codes.get(sys.platform, codes["linux"])
    control = Qt.KeyboardModifier.ControlModifier
    QApplication.sendEvent(field, QKeyEvent(QEvent.Type.KeyPress, 0x418, control, scan, virtual, 0, "и"))
    assert field.toPlainText() == "**да**"
