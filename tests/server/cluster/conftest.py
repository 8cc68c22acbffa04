"""A whole cluster for the tests of a module: PostgreSQL, Redis, two workers, and nginx as it is shipped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.cluster.team import Cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two workers with limits by rate; in the end, they may have complained of nothing but what tests did to them."""
    with Cluster(tmp_path_factory.mktemp("cluster"), env={"HEARTH_RATE_LIMITS": "on"}) as running:
        yield running
    assert running.complaints() == []
