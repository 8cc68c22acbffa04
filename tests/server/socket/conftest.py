"""What the socket tests share: two people who talk, and a stranger."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.running import RunningServer
from tests.server.socket.people import Pair, make_pair


@pytest.fixture
def pair(server: RunningServer, unique: Callable[[str], str]) -> Pair:
    """Ada and Bob, who share a conversation, and Eve, who does not; on the module's server."""
    return make_pair(server, unique)
