"""A line to a database that is cut around a commit: before it arrives, or before it is answered."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class CuttingLine:
    """Passes bytes on to a port; `before` or `after` an armed COMMIT it cuts that connection, once."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.armed = ""
        self.cuts = 0
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        for thread in self._threads:
            thread.join()

    def close(self) -> None:
        """Take no more connections."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        """Two threads a connection."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._start(self._pass, client, server)

    def _start(self, run: Callable[..., None], *ends: socket.socket) -> threading.Thread:
        """A thread that is waited for at the end."""
        thread = threading.Thread(target=run, args=ends, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _pass(self, client: socket.socket, server: socket.socket) -> None:
        """One connection in both directions, until either end closes it."""
        with client, server:
            answering = self._start(self._answers, client, server)
            self._questions(client, server)
            answering.join()

    def _questions(self, client: socket.socket, server: socket.socket) -> None:
        """From the client; a commit may be the last that passes, or not even pass."""
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if b"COMMIT" in data and self.armed:
                    armed, self.armed = self.armed, ""
                    self.cuts += 1
                    # Nothing comes back from here on; the server reads what was sent before it sees the end.
                    client.shutdown(socket.SHUT_RDWR)
                    if armed == "after":
                        server.sendall(data)
                    break
                server.sendall(data)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    @staticmethod
    def _answers(client: socket.socket, server: socket.socket) -> None:
        """From the server, all of it, for one that cannot answer stops reading."""
        heard = True
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if heard:
                    try:
                        client.sendall(data)
                    except OSError:
                        heard = False
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
