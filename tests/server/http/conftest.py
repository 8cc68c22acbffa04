"""The scene, on the module's server: for each test, or for all tests of a module."""

from __future__ import annotations

import pytest

from tests.running import RunningServer
from tests.server.http.scene import Scene, set_scene


@pytest.fixture
def scene(server: RunningServer) -> Scene:
    """Two people talking and a stranger (scene.py), for one test alone."""
    return set_scene(server)


@pytest.fixture(scope="module")
def stage(server: RunningServer) -> Scene:
    """The same for all tests of a module, which must not count on what they find in it."""
    return set_scene(server)
