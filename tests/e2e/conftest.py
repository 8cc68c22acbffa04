"""Two real desktops and a real server in a process of its own, joined by address only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from desktop.ui import fonts, theme
from tests.desktop.loop import QLoop
from tests.e2e.desktops import Desktop
from tests.e2e.proxy import Proxy
from tests.running import RunningServer

# Nobody's own keyring is touched: the tests' sessions lie in files of their profiles.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"


@pytest.fixture
def qloop(qapp: QApplication) -> Iterator[QLoop]:
    """A runner of coroutines on a fresh qasync loop, with the app's looks."""
    fonts.install()
    theme.install("light")
    qapp.setQuitOnLastWindowClosed(False)
    loop = QLoop(qapp)
    yield loop
    loop.close()
    assert not loop.troubles, "\n".join(loop.troubles)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server of the test's own, which it may kill; its log holds no complaint at the end."""
    with RunningServer(tmp_path / "server") as running:
        yield running
    assert running.complaints() == []


@dataclass
class Pair:
    """Ada and Ben, their conversation, and a line to the server that can be cut."""

    ada: Desktop
    ben: Desktop
    conversation_id: int
    proxy: Proxy

    async def open(self) -> None:
        """Both at their desktops with the conversation open; Ada's line goes through the proxy."""
        await self.proxy.open()
        for person, username, url in ((self.ada, "ada", self.proxy.url), (self.ben, "ben", self.proxy.target_url)):
            await person.open()
            await person.log_in(url, username)
            await person.look_at(self.conversation_id)

    async def close(self) -> None:
        """Everybody goes home."""
        await self.ada.close()
        await self.ben.close()
        await self.proxy.close()


@pytest.fixture
def pair(server: RunningServer, tmp_path: Path) -> Pair:
    """Two people who know each other."""
    (ada, token), (ben, _) = server.create_user("ada"), server.create_user("ben")
    conversation = server.open_direct(token, ada["user_id"], ben["user_id"])
    desktops = Desktop(tmp_path / "ada"), Desktop(tmp_path / "ben")
    return Pair(*desktops, conversation["conversation_id"], Proxy(server.port))
