"""One Hearth a profile: a second start brings the first one's window, and hands over the link it was started with."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from io import BufferedRWPair, FileIO
from pathlib import Path

import msgspec
from msgspec import Struct
from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

_MOST_BYTES = 8_192
_WITHIN_S = 2.0
_HEARD = b"heard\n"


class Wish(Struct):
    """What a second start hands over: its link, and what lets a window come to the front on Wayland."""

    link: str = ""
    token: str = ""


def socket_name(folder: Path) -> str:
    """The profile's socket, where only this user may look if the system has such a place; on Windows its pipe."""
    short = f"hearth-{hashlib.sha256(str(folder).encode()).hexdigest()[:20]}"
    if sys.platform == "win32":
        return rf"\\.\pipe\{short}"
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return f"{runtime if runtime and Path(runtime).is_dir() else tempfile.gettempdir()}/{short}"


class Instance(QObject):
    """Listens for other starts of the same profile, once this process holds it."""

    asked = Signal(str)
    """Somebody has started Hearth again, with this link or none."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._name = socket_name(folder)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._meet)

    def listen(self) -> bool:
        """Begin; what a crash has left in the way goes, for the profile is ours. False where the system refuses."""
        QLocalServer.removeServer(self._name)
        return self._server.listen(self._name)

    def close(self) -> None:
        """Listen no longer."""
        self._server.close()

    def _meet(self) -> None:
        """Read what each one says, as it comes."""
        while (caller := self._server.nextPendingConnection()) is not None:
            caller.readyRead.connect(partial(self._hear, caller))
            caller.disconnected.connect(caller.deleteLater)
            self._hear(caller)

    def _hear(self, caller: QLocalSocket) -> None:
        """A whole line is a wish; what is none, or never ends, is not heard."""
        if not caller.canReadLine():
            if caller.bytesAvailable() > _MOST_BYTES:
                caller.abort()
            return
        with suppress(msgspec.MsgspecError):
            wish = msgspec.json.decode(caller.readLine(_MOST_BYTES).data(), type=Wish)
            caller.write(_HEARD)
            caller.flush()
            if wish.token:
                os.environ["XDG_ACTIVATION_TOKEN"] = wish.token
            self.asked.emit(wish.link)
        caller.disconnectFromServer()


def hand_over(folder: Path, link: str) -> bool:
    """Tell the Hearth that uses this profile; whether it has heard. For a process that has no loop (yet).

    Blocks for two seconds at most; on Windows, whose pipes know no such limit, for as long as the other one hangs.
    """
    wish = Wish(link, os.environ.get("XDG_ACTIVATION_TOKEN", ""))
    try:
        with _connected(socket_name(folder)) as way:
            way.write(msgspec.json.encode(wish) + b"\n")
            way.flush()
            return way.readline(_MOST_BYTES) == _HEARD
    except OSError:
        return False


@contextmanager
def _connected(name: str) -> Iterator[FileIO | BufferedRWPair]:
    """The other end of a local server's socket or pipe. Raises OSError."""
    if sys.platform == "win32":
        with Path(name).open("r+b", buffering=0) as pipe:
            yield pipe
        return
    with socket.socket(socket.AF_UNIX) as way:
        way.settimeout(_WITHIN_S)
        way.connect(name)
        with way.makefile("rwb") as file:
            yield file
