"""Runs stories against one server in a folder of its own, with pages small enough to be turned in short stories."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import hypothesis
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import Stories
from tests.model.server import ModelServer

_SMALL = {
    "desktop.core.history.PAGE": 5,
    "desktop.core.timeline.PAGE": 5,
    "desktop.core.timeline.CONTEXT": 2,
    "server.services.sync.FRESH_BEYOND": 12,
    "server.services.sync.SYNC_ROWS_PER_CONVERSATION": 6,
    "server.services.sync.PAGE_DEFAULT": 5,
}
STEPS = 12


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """A server for any number of stories, with small pages for as long."""
    with ExitStack() as stack:
        for name, value in _SMALL.items():
            stack.enter_context(mock.patch(name, value))
        # In memory where the system has such a folder: crashes of the disk are not what is told here.
        shared = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None))
        server = ModelServer(Path(folder))
        stack.callback(server.close)
        yield server


def tell_stories(examples: int, *, steps: int = STEPS, kind: type[Stories] = Stories, **how: Any) -> None:
    """So many stories of a kind; raises the shortest one found that ends badly."""
    health = [hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much]
    settings = hypothesis.settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=health, **how
    )
    with model_server() as server:
        told = type("Stories", (kind,), {"server": server})
        run_state_machine_as_test(told, settings=settings)
