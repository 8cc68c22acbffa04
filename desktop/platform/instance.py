"""One Hearth a profile: a second start brings the first one's window, and hands over the link it was started with."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct
from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

_MOST_BYTES = 8_192
_WITHIN_MS = 2_000
_HEARD = b"heard\n"


class Wish(Struct):
    """What a second start hands over: its link, and what lets a window come to the front on Wayland."""

    link: str = ""
    token: str = ""


def socket_name(folder: Path) -> str:
    """The profile's socket, where only this user may look if the system has such a place."""
    short = f"hearth-{hashlib.sha256(str(folder).encode()).hexdigest()[:20]}"
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return f"{runtime}/{short}" if runtime and Path(runtime).is_dir() else short


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
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(lambda socket=socket: self._hear(socket))
            socket.disconnected.connect(socket.deleteLater)
            self._hear(socket)

    def _hear(self, socket: QLocalSocket) -> None:
        """A whole line is a wish; what is none, or never ends, is not heard."""
        if not socket.canReadLine():
            if socket.bytesAvailable() > _MOST_BYTES:
                socket.abort()
            return
        with suppress(msgspec.MsgspecError):
            wish = msgspec.json.decode(socket.readLine(_MOST_BYTES).data(), type=Wish)
            socket.write(_HEARD)
            socket.flush()
            if wish.token:
                os.environ["XDG_ACTIVATION_TOKEN"] = wish.token
            self.asked.emit(wish.link)
        socket.disconnectFromServer()


def hand_over(folder: Path, link: str) -> bool:
    """Tell the Hearth that uses this profile; whether it has heard. Blocks for two seconds at most."""
    socket = QLocalSocket()
    socket.connectToServer(socket_name(folder))
    if not socket.waitForConnected(_WITHIN_MS):
        return False
    wish = Wish(link, os.environ.get("XDG_ACTIVATION_TOKEN", ""))
    socket.write(msgspec.json.encode(wish) + b"\n")
    socket.flush()
    heard = socket.waitForReadyRead(_WITHIN_MS) and socket.readLine(_MOST_BYTES).data() == _HEARD
    socket.abort()
    return heard
