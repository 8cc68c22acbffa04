"""What we use of python-socketio and python-engineio beyond their documentation, looked for at every start.

An upgrade that moves one of these must fail here, loudly, and not in the guard that keeps strangers out.
"""

from __future__ import annotations

import inspect
from typing import Any

from engineio.base_socket import BaseSocket
from engineio.socket import Socket

_SERVER_METHODS = {
    "_handle_connect": ["eio_sid", "namespace", "data"],
    "_handle_disconnect": ["eio_sid", "namespace", "reason"],
    "_handle_eio_connect": ["eio_sid", "environ"],
}
_SESSION_FACTS = ("queue", "connected", "upgrading", "upgraded", "closing", "closed", "last_ping")
_MANAGER_FACTS = ("basic_leave_room", "callbacks", "pending_connect", "pending_disconnect")
_ENGINE_PARTS = ("queue", "websocket")


def check(server: Any) -> None:  # noqa: ANN401 - python-socketio's server
    """Raise RuntimeError where this release of the libraries is not the one we know."""
    for name, wanted in _SERVER_METHODS.items():
        method = getattr(server, name, None)
        if method is None or list(inspect.signature(method).parameters) != wanted:
            _fail(f"python-socketio's Server.{name}")
    for part in _ENGINE_PARTS:
        if part not in (getattr(server.eio, "_async", None) or {}):
            _fail(f"python-engineio's Server._async[{part!r}]")
    for fact in _MANAGER_FACTS:
        if not hasattr(server.manager, fact):
            _fail(f"python-socketio's Manager.{fact}")
    session = vars(BaseSocket(server.eio, "self-test"))
    for fact in _SESSION_FACTS:
        if fact not in session:
            _fail(f"python-engineio's Socket.{fact}")
    if not {"_websocket_handler", "schedule_ping"} <= set(vars(Socket)) or server.eio.handlers.get("message") is None:
        _fail("python-engineio's message hook")


def _fail(what: str) -> None:
    """Refuse to start."""
    message = f"{what} is not as this version of Hearth knows it. Install the locked requirements."
    raise RuntimeError(message)
