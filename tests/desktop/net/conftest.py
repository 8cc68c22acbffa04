"""A real server for the tests of `desktop.net`: one process a module, people of the test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.running import RunningServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A running server that logged nothing at WARNING or above when its tests are over."""
    with RunningServer(tmp_path_factory.mktemp("server")) as running:
        yield running
    assert running.complaints() == []
