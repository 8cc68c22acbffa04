"""A house with a listener."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from server.services.house import House
from tests.server.accounts.people import Listener


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def house(make_house: Callable[..., House], listener: Listener) -> House:
    """A house with open registration whose revocations and announcements `listener` hears."""
    return make_house(announcer=listener)
