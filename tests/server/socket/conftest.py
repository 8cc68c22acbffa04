"""What the socket tests share: two people who talk, and a stranger."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.running import RunningServer
from tests.server.socket.people import Pair, make_pair


@pytest.fixture(scope="module")
def pair(server: RunningServer) -> Pair:
    """Ada and Bob, who share a conversation, and Eve, who does not; the same for the tests of a module."""
    return make_pair(server)


@pytest.fixture
def new_pair(server: RunningServer, unique: Callable[[str], str]) -> Pair:
    """The same three, new for this test."""
    return make_pair(server, unique(""))
