"""A second start is heard by the first; what is no wish is not."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from PySide6.QtNetwork import QLocalSocket

from desktop.platform.instance import Instance, hand_over, socket_name
from tests.desktop.doubles import until
from tests.desktop.loop import QLoop


def test_a_wish_is_heard_and_noise_is_not(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        told: list[str] = []
        first = Instance(tmp_path)
        first.asked.connect(told.append)
        assert first.listen()
        for noise in (b"no wish\n", b"x" * 20_000):
            stranger = QLocalSocket()
            stranger.connectToServer(socket_name(tmp_path))
            assert stranger.waitForConnected(1000)
            stranger.write(noise)
            stranger.flush()
            await until(partial(is_gone, stranger))
        friend = QLocalSocket()
        friend.connectToServer(socket_name(tmp_path))
        assert friend.waitForConnected(1000)
        friend.write(b'{"link": "hearth://conver')
        friend.flush()
        friend.write(b'sation/7"}\n')
        friend.flush()
        await until(lambda: told)
        assert told == ["hearth://conversation/7"]
        assert await asyncio.to_thread(hand_over, tmp_path, "hearth://conversation/8")
        assert told[1:] == ["hearth://conversation/8"]
        friend.abort()
        first.close()

    qloop(play())


def is_gone(socket: QLocalSocket) -> bool:
    """Whether the other end has hung up."""
    return socket.state() is QLocalSocket.LocalSocketState.UnconnectedState


def test_where_nobody_listens_nobody_hears(qloop: QLoop, tmp_path: Path) -> None:
    assert not hand_over(tmp_path, "")
