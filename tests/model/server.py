"""The real services behind the story's network: crashes at each side of a commit, pushes, backups and restores."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from desktop.core.ports import Arrived
from protocol.codec import dumps, read
from protocol.errors import Refused
from protocol.signals import SIGNALS
from tests.model.network import Network, answered
from tests.server.services.setting import Setting

if TYPE_CHECKING:
    from server.services.ports import Announcement

Fate = Literal["answer lost", "request lost", "crash before", "crash after"]
FATES: tuple[Fate, ...] = ("answer lost", "request lost", "crash before", "crash after")


class ModelServer:
    """Owns the house, the networks of all devices, and what will go wrong with the next request."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._clock: Callable[[], int] = lambda: 0
        self.house = self._open()
        self.networks: list[tuple[int, Network]] = []
        """User and network of every device."""
        self.fate: Fate | None = None

    def _open(self) -> Setting:
        """The house on its file."""
        house = Setting(self._folder)
        house.database.clock = self._clock
        return house

    def begin(self, clock: Callable[[], int]) -> None:
        """Another story begins: nobody is connected, nothing is doomed, and time is the story's."""
        self._clock = self.house.database.clock = clock
        self.networks.clear()
        self.fate = None
        self._backup.unlink(missing_ok=True)

    @property
    def _file(self) -> Path:
        return self._folder / "hearth.db"

    def handle(self, work: Callable[[], Any]) -> Callable[[asyncio.Future[Any]], None] | None:
        """Do what is asked; the answer, or None where none will ever come."""
        fate, self.fate = self.fate, None
        if fate in ("request lost", "crash before"):
            if fate == "crash before":
                self.restart()
            return None
        result, refusal = None, None
        try:
            result = work()
        except Refused as error:
            refusal = error
        if fate == "crash after":
            self.house.announced.clear()
            self.restart()
            return None
        self._tell()
        return None if fate == "answer lost" else answered(result, refusal)

    def act(self, work: Callable[[], Any]) -> Any:
        """Somebody does something by another way; its news is pushed."""
        try:
            return work()
        finally:
            self._tell()

    def _tell(self) -> None:
        """Push what was announced, as JSON that the contract's structs wrote and read."""
        announcements, self.house.announced[:] = list(self.house.announced), []
        for announcement in announcements:
            arrived = _as_heard(announcement)
            for user_id, network in self.networks:
                if user_id in announcement.user_ids:
                    network.push(arrived)

    def restart(self) -> None:
        """Every connection breaks; what was committed stays."""
        for _, network in self.networks:
            network.break_line("the server ended")

    def back_up(self) -> None:
        """Copy the database as `VACUUM INTO` would: a state between two transactions."""
        with closing(sqlite3.connect(self._file)) as source, closing(sqlite3.connect(self._backup)) as target:
            source.backup(target)

    @property
    def _backup(self) -> Path:
        return self._folder / "backup.db"

    def has_backup(self) -> bool:
        """Whether there is something to restore."""
        return self._backup.exists()

    def restore(self) -> None:
        """Go back to the backup, as an operator does: the server is down, the history gets a new epoch."""
        self.house.close()
        for file in self._folder.glob("hearth.db*"):
            file.unlink()
        shutil.copy(self._backup, self._file)
        with closing(sqlite3.connect(self._file)) as connection, connection:
            connection.execute("UPDATE server_facts SET value=? WHERE name='epoch'", (str(uuid.uuid4()),))
        self.house = self._open()
        for _, network in self.networks:
            network.end_history()
        self.restart()

    def close(self) -> None:
        """Let go of the file."""
        self.house.close()


def _as_heard(announcement: Announcement) -> Arrived:
    """An announcement as the desktop's net room hands it on."""
    payload = read(SIGNALS[announcement.event].payload, dumps(announcement.payload))
    return Arrived(announcement.event, payload)
