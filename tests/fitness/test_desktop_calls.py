"""The desktop never blocks its one loop in a dialog, and never lets Qt guess that a text is HTML."""

from __future__ import annotations

import ast
from collections.abc import Iterable

import pytest

from tests.fitness.sources import Source, calls, source, sources_in

# Each of these runs an event loop of its own inside the call, while the qasync loop and the sockets stand still.
BLOCKING = {"exec", "exec_", "waitForFinished", "waitForReadyRead", "waitForConnected", "processEvents"}
BLOCKING_STATICS = {
    "QMessageBox": {"question", "information", "warning", "critical", "about"},
    "QFileDialog": {"getOpenFileName", "getOpenFileNames", "getSaveFileName", "getExistingDirectory", "getOpenFileUrl"},
    "QInputDialog": {"getText", "getItem", "getInt", "getDouble", "getMultiLineText"},
    "QColorDialog": {"getColor"},
    "QFontDialog": {"getFont"},
}

# These guess from the text whether it is HTML; desktop/ui/plain_text.py has those that do not.
GUESSING = {"QLabel", "QMessageBox", "QErrorMessage", "QToolTip", "QTextBrowser", "QWhatsThis"}
GUESSING_CALLS = {"setToolTip", "setWhatsThis", "setHtml", "insertHtml", "appendHtml", "setMarkdown"}
PLAIN_TEXT = "desktop/ui/plain_text.py"


def blocking_calls(sources: Iterable[Source]) -> list[str]:
    """Calls that run a loop inside the loop."""
    found = []
    for one in sources:
        for name, call in calls(one.tree):
            owner = (
                call.func.value.id
                if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)
                else ""
            )
            if name in BLOCKING or name in BLOCKING_STATICS.get(owner, set()):
                found.append(f"{one.at(call)}: {name} blocks the loop")
    return found


def guessed_texts(sources: Iterable[Source]) -> list[str]:
    """Places outside plain_text.py where a text may be taken for HTML: calls, and classes derived from one."""
    found = []
    for one in sources:
        if one.path == PLAIN_TEXT:
            continue
        bases = [
            (base, base.id)
            for node in ast.walk(one.tree)
            if isinstance(node, ast.ClassDef)
            for base in node.bases
            if isinstance(base, ast.Name)
        ]
        uses = [(call, name) for name, call in calls(one.tree) if name in GUESSING | GUESSING_CALLS]
        found += [f"{one.at(node)}: {name}" for node, name in [*bases, *uses] if name in GUESSING | GUESSING_CALLS]
    return found


def test_nothing_blocks_the_loop() -> None:
    assert blocking_calls(sources_in("desktop")) == []


def test_text_is_plain() -> None:
    assert guessed_texts(sources_in("desktop")) == []


@pytest.mark.parametrize(
    "snippet", ["dialog.exec()", "QFileDialog.getOpenFileName(self)", "QMessageBox.question(self, 'a', 'b')"]
)
def test_a_blocking_call_is_seen(snippet: str) -> None:
    assert len(blocking_calls([source(snippet, "desktop/ui/x.py")])) == 1


@pytest.mark.parametrize(
    "snippet", ["QLabel(name)", "class Title(QLabel): ...", "self.setToolTip(name)", "QtWidgets.QLabel(name)"]
)
def test_a_guessed_text_is_seen(snippet: str) -> None:
    assert len(guessed_texts([source(snippet, "desktop/ui/x.py")])) == 1
    assert guessed_texts([source(snippet, PLAIN_TEXT)]) == []


def test_ordinary_calls_pass() -> None:
    snippet = "dialog.open()\nmenu.popup(at)\nPlainLabel(name)\nlabel.setText(name)"
    assert blocking_calls([source(snippet)]) + guessed_texts([source(snippet)]) == []
