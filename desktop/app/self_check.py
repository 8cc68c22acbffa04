"""`hearth --self-check`: does this installation start, paint and reach a server? For tests and operators."""

from __future__ import annotations

import asyncio
import sys
from typing import TextIO

from desktop.app.desk import Desk
from desktop.core.bubble import Connection, Line
from desktop.core.ports import Unreachable
from desktop.core.sign_in import Unusable
from protocol.errors import Refused

_WITHIN_S = 30.0


async def check(desk: Desk, address: str, username: str) -> int:
    """Log in with the password on standard input and wait for the line; prints ok, or why not. The exit status."""
    password = (await asyncio.to_thread(sys.stdin.readline)).rstrip("\r\n")
    try:
        async with asyncio.timeout(_WITHIN_S):
            await desk.log_in(address, username, password)
            await _connected(desk)
    except (Unusable, Refused, Unreachable) as error:
        return _said(sys.stderr, f"not ok: {error}", 1)
    except TimeoutError:
        return _said(sys.stderr, f"not ok: no line to {address} within {_WITHIN_S:g} s", 1)
    return _said(sys.stdout, "ok", 0)


async def _connected(desk: Desk) -> None:
    """Wait until the session has a line and is caught up."""
    if desk.session is None:
        raise Unreachable("nobody is signed in")
    reached = asyncio.Event()

    def look(connection: Connection) -> None:
        if connection.line is Line.CONNECTED:
            reached.set()

    unsubscribe = desk.session.connection.subscribe(look)
    look(desk.session.connection.value)
    await reached.wait()
    unsubscribe()


def _said(where: TextIO | None, words: str, status: int) -> int:
    """Say it; a windowed program on Windows has nowhere to."""
    if where is not None:
        print(words, file=where, flush=True)
    return status
