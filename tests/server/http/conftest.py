"""The scene, on the module's server: for each test, or for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.running import RunningServer
from tests.server.conftest import watched
from tests.server.http.scene import Scene, set_scene


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all tests over REST: nobody stops it."""
    with watched(RunningServer(tmp_path_factory.mktemp("http"))) as running:
        yield running


@pytest.fixture(autouse=True)
def _quiet_server(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the test in which the server complained, rather than the last one."""
    server: RunningServer | None = request.getfixturevalue("server") if "server" in request.fixturenames else None
    before = len(server.complaints()) if server else 0
    yield
    assert server is None or server.complaints()[before:] == []


@pytest.fixture
def scene(server: RunningServer) -> Scene:
    """Two people talking and a stranger (scene.py), for one test alone."""
    return set_scene(server)


@pytest.fixture(scope="module")
def stage(server: RunningServer) -> Scene:
    """The same for all tests of a module, which must not count on what they find in it."""
    return set_scene(server)
