"""A web site on this machine, as hostile as a test wants it; it remembers what it was asked."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from server.fetch.addresses import Place

Answer = bytes | list[bytes]
"""What goes over the line; of a list each part by itself, the last one again and again while anybody listens."""


class Site:
    """Serves `answers` by path; `asked` are the requests as they came."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._serving = threading.Thread(target=self._serve)
        self._serving.start()

    @property
    def places(self) -> frozenset[Place]:
        """Where it is."""
        return frozenset({("127.0.0.1", self.port)})

    def url(self, path: str = "/") -> str:
        """A link to it."""
        return f"http://127.0.0.1:{self.port}{path}"

    def says(self, path: str, body: bytes, kind: str = "text/html; charset=utf-8", *headers: str) -> str:
        """Have a path answer this; its link."""
        head = ["HTTP/1.1 200 OK", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
        self.answers[path] = "".join(f"{line}\r\n" for line in [*head, ""]).encode() + body
        return self.url(path)

    def moves(self, path: str, to: str) -> str:
        """Have a path send people on; its link."""
        self.answers[path] = f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()
        return self.url(path)

    def _serve(self) -> None:
        """One after the other, until it is closed."""
        while True:
            line, _ = self._listening.accept()
            with line, contextlib.suppress(OSError):
                line.settimeout(10)
                said = line.recv(65536).decode("latin-1")
                if said == "over":
                    return
                self.asked.append(said)
                self._answer(line, said.split(" ")[1].partition("?")[0])

    def _answer(self, line: socket.socket, path: str) -> None:
        """What is to be said at a path; 404 elsewhere."""
        answer = self.answers.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        if isinstance(answer, bytes):
            line.sendall(answer)
            return
        for part in answer:
            line.sendall(part)
        while True:
            line.sendall(answer[-1])

    def close(self) -> None:
        """End it."""
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            line.sendall(b"over")
        self._serving.join()
        self._listening.close()


@contextmanager
def opened() -> Iterator[Site]:
    """A site for a block."""
    site = Site()
    try:
        yield site
    finally:
        site.close()
