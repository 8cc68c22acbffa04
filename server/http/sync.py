"""Catching up over REST: the twins of the socket's `sync` and `digest`, and asking for missing uids."""

from __future__ import annotations

from collections.abc import Mapping

from protocol import commands
from server.http.binding import Answer, Call, Endpoint


def sync(call: Call) -> Answer:
    """What is new since these versions."""
    return Answer(value=call.house.sync.sync(call.actor, call.body(commands.Sync)))


def digest(call: Call) -> Answer:
    """Which conversations are stale."""
    return Answer(value=call.house.sync.digest(call.actor, call.body(commands.Digest)))


def verify(call: Call) -> Answer:
    """Which of the caller's uids the server has not got."""
    return Answer(value=call.house.sync.verify(call.actor, call.body(commands.Verify)))


ENDPOINTS: Mapping[str, Endpoint] = {"sync": sync, "digest": digest, "verify": verify}
