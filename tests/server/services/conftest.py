"""Fixtures for tests of the conversation services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.services.ports import Actor
from tests.server.databases import SQLITE, Cluster, cluster, new_address
from tests.server.services.setting import Setting

__all__ = ["cluster"]


@pytest.fixture
def setting(request: pytest.FixtureRequest, tmp_path: Path, cluster: Cluster) -> Iterator[Setting]:
    """An empty house: on SQLite, or on what `on_both` asks for."""
    kind = getattr(request, "param", SQLITE)
    with new_address(kind, tmp_path, cluster) as url:
        made = Setting(tmp_path, url)
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
