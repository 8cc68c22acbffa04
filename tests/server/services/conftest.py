"""Fixtures for tests of the conversation services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.services.ports import Actor
from tests.server.services.setting import Setting


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    """An empty house."""
    made = Setting(tmp_path)
    yield made
    made.close()


@pytest.fixture
def ada(setting: Setting) -> Actor:
    """A person."""
    return setting.person("ada")


@pytest.fixture
def ben(setting: Setting) -> Actor:
    """Another person."""
    return setting.person("ben")


@pytest.fixture
def eve(setting: Setting) -> Actor:
    """A stranger."""
    return setting.person("eve")


@pytest.fixture
def direct(setting: Setting, ada: Actor, ben: Actor) -> int:
    """The conversation of ada and ben."""
    return setting.direct(ada, ben)
