"""The way from the first window to the account's own: what is painted when, what is kept, and what is not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from desktop.app.desk import Desk
from desktop.app.folders import Folders
from desktop.app.options import Options
from desktop.cache.settings_file import SettingsFile
from desktop.core.session import Session
from desktop.net.sign_in import HearthSignIn
from desktop.ui import fonts, theme
from tests.desktop.loop import QLoop
from tests.desktop.waiting import until
from tests.running import PASSWORD, RunningServer

FIRST_PAINT = """
import asyncio, sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop
from desktop.app import desk, opening
from desktop.app.folders import Folders
from desktop.app.options import Options
from desktop.cache.settings_file import SettingsFile

NETWORK = ("socketio", "aiohttp", "requests", "keyring")
paint = opening.OpeningWindow.paintEvent

def watched(window, event):
    paint(window, event)
    print("painted with", [name for name in NETWORK if name in sys.modules], flush=True)

opening.OpeningWindow.paintEvent = watched

async def scene():
    folders = Folders(Path(sys.argv[1]))
    folders.make()
    there = desk.Desk(folders, SettingsFile(folders.settings), Options())
    await there.open()
    print("then", [name for name in NETWORK if name in sys.modules], there.login.isVisible())
    await there.close()

app = QApplication([])
app.setQuitOnLastWindowClosed(False)
loop = QEventLoop(app)
asyncio.set_event_loop(loop)
loop.run_until_complete(scene())
loop.close()
"""

NEXT_START = """
import asyncio, sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop
from desktop.app import desk
from desktop.app.folders import Folders
from desktop.app.options import Options
from desktop.cache.settings_file import SettingsFile
from desktop.ui import conversation_view
from desktop.core.bubble import Bubble

NETWORK = ("socketio", "aiohttp", "requests", "keyring")
told = []

class Watched(conversation_view.ConversationView):
    def paintEvent(self, event):
        super().paintEvent(event)
        if not told:
            told.append(1)
            previews = [row.preview.text for row in there.session.conversations.rows]
            print("painted with", [name for name in NETWORK if name in sys.modules], previews, flush=True)

from desktop.ui import conversation_list
conversation_list.ConversationView = Watched

async def scene():
    global there
    folders = Folders(Path(sys.argv[1]))
    there = desk.Desk(folders, SettingsFile(folders.settings), Options())
    await there.open()
    last = there.window.chat.conversation_id
    texts = [row.text for row in there.session.timeline(last).rows if isinstance(row, Bubble)]
    while not there.session.is_connected():
        await asyncio.sleep(0.01)
    print("open", texts, "then", there.session.is_connected())
    await there.close()

app = QApplication([])
app.setQuitOnLastWindowClosed(False)
loop = QEventLoop(app)
asyncio.set_event_loop(loop)
loop.run_until_complete(scene())
loop.close()
"""


@pytest.fixture(autouse=True)
def _looks(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app's looks, and nobody's own keyring."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    fonts.install()
    theme.install("light")
    qapp.setQuitOnLastWindowClosed(False)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with one person, ada."""
    with RunningServer(tmp_path_factory.mktemp("server")) as running:
        running.create_user("ada")
        yield running
    assert running.complaints() == []


def desk_in(folder: Path, options: Options | None = None) -> Desk:
    """A desk on a profile."""
    folders = Folders(folder)
    folders.make()
    return Desk(folders, SettingsFile(folders.settings), options or Options())


def test_the_first_picture_comes_before_the_network(tmp_path: Path) -> None:
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    run = subprocess.run(
        [sys.executable, "-c", FIRST_PAINT, str(tmp_path)], env=env, capture_output=True, text=True, check=True
    )
    lines = run.stdout.splitlines()
    assert lines[0] == "painted with []"
    assert lines[-1] == "then ['socketio', 'aiohttp', 'requests', 'keyring'] True"


def test_a_start_shows_list_and_last_conversation_before_the_network(
    qloop: QLoop, server: RunningServer, tmp_path: Path
) -> None:
    server.create_user("ben")

    async def first_day() -> None:
        desk = desk_in(tmp_path)
        await desk.open()
        door = HearthSignIn(desk.entered, "")
        await door.log_in(await door.look_up(server.url), "ada", PASSWORD, stay=True)
        session, window = desk.session, desk.window
        assert session is not None
        assert window is not None
        await until(session.is_connected)
        (ben,) = await session.search_users("ben")
        identity = await session.open_direct(ben.user_id)
        window.open_conversation(identity)
        await session.send_text(identity, "Good night")
        await until(lambda: session.waiting.value == 0)
        await desk.close()

    qloop(first_day(), 60)
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    run = subprocess.run(
        [sys.executable, "-c", NEXT_START, str(tmp_path)], env=env, capture_output=True, text=True, check=False
    )
    assert (run.stderr, run.returncode) == ("", 0)
    assert run.stdout.splitlines()[:2] == ["painted with [] ['Good night']", "open ['Good night'] then True"]

    async def without_its_token() -> None:
        desk = desk_in(tmp_path)
        await desk.open()
        assert (desk.window, desk.session) == (None, None)
        assert desk.login is not None
        assert desk.login.account_form.username.text() == "ada"
        await desk.close()

    for token in tmp_path.glob("*.token"):
        token.unlink()
    qloop(without_its_token(), 60)


def test_who_does_not_stay_signed_in_leaves_no_key_and_no_words(
    qloop: QLoop, server: RunningServer, tmp_path: Path
) -> None:
    server.create_user("cleo")

    async def begin_a_draft(session: Session) -> None:
        (cleo,) = await session.search_users("cleo")
        identity = await session.open_direct(cleo.user_id)
        session.drafts.keep(identity, "A secret of Ada's")
        await until(lambda: any(b'"known":true' in path.read_bytes() for path in tmp_path.rglob("own.sqlite3*")))

    async def scene() -> None:
        desk = desk_in(tmp_path)
        await desk.open()
        await desk.log_in(server.url, "ada", PASSWORD)
        await until(lambda: desk.session is not None and desk.session.is_connected())
        assert desk.session is not None
        await begin_a_draft(desk.session)
        await desk.close()
        again = desk_in(tmp_path)
        await again.open()
        assert (again.window, again.session) == (None, None)
        assert again.login is not None
        assert again.login.account_form.username.text() == "ada"
        await again.close()

    qloop(scene(), 60)
    assert list(tmp_path.glob("*.token")) == []
    assert list(tmp_path.rglob("cache.sqlite3*")) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file() and b"A secret" in path.read_bytes()] == []
    assert PASSWORD not in (tmp_path / "settings.json").read_text(encoding="utf-8")


def test_a_link_leads_to_its_server(qloop: QLoop, server: RunningServer, tmp_path: Path) -> None:
    link = f"hearth://127.0.0.1:{server.port}/invite/CODE"

    async def scene() -> None:
        desk = desk_in(tmp_path, Options(link=link))
        await desk.open()
        page = desk.login
        assert page is not None
        await until(page.account_form.isVisible)
        await desk.close()

    qloop(scene(), 60)
