"""What the server's tests share: a running server with people in it, and a house in this process."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from gevent.hub import get_hub
from gevent.libev.corecext import io

from server.app import build_house
from server.config import Config
from server.services.house import House
from server.services.ports import Silence
from tests.running import RunningServer, Unique
from tests.server.databases import new_file

ServerFactory = Callable[..., RunningServer]
HouseFactory = Callable[..., House]


@pytest.fixture(autouse=True)
def _no_watcher_left() -> Iterator[None]:
    """No test leaves gevent watching a socket: once its number is used again, libev aborts the whole process."""
    hub = get_hub()
    before = hub.loop.activecnt
    yield
    if hub.loop.activecnt > before:
        # By its type: asking a weak proxy for its class fails where what it stands for is gone.
        left = [one for one in gc.get_objects() if issubclass(type(one), io) and one.active]
        assert not left, f"drop the line before its socket closes: {left}"


@contextmanager
def watched(server: RunningServer, expected: Sequence[str] = ()) -> Iterator[RunningServer]:
    """A running server whose log must hold nothing loud but what is expected."""
    with server:
        yield server
    unexpected = [line for line in server.complaints() if not any(re.search(text, line) for text in expected)]
    assert not unexpected, "\n".join(unexpected)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for the tests of a module: people need names of their own (`unique`)."""
    with watched(RunningServer(tmp_path_factory.mktemp("server"))) as running:
        yield running


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[ServerFactory]:
    """A function that starts a server of the test's own: `start_server(env={…}, expected=["regular expression"])`."""
    with ExitStack() as stack:
        count = iter(range(100))

        def start(
            *,
            env: Mapping[str, str] | None = None,
            expected: list[str] | None = None,
            arguments: list[str] | None = None,
        ) -> RunningServer:
            running = RunningServer(tmp_path / f"server-{next(count)}", env=env, arguments=arguments)
            return stack.enter_context(watched(running, expected or []))

        yield start


@pytest.fixture
def unique(request: pytest.FixtureRequest) -> Unique:
    """A function that makes a user name of the test's own: `unique("ada")`."""
    mark = format(abs(hash(request.node.nodeid)) % 16**10, "010x")
    return lambda name: f"{name}-{mark}"


@pytest.fixture
def make_house(tmp_path: Path) -> Iterator[HouseFactory]:
    """A function that builds a house in this process: `make_house(announcer=…, registration="open")`."""
    with ExitStack() as stack:

        def make(*, announcer: Any = None, presence: Any = None, folder: str = "data", **settings: Any) -> House:
            values = {"registration": "open", "rate_limits": False, "free_bytes_min": 1, **settings}
            config = Config(data_dir=tmp_path / folder, **values)
            if not config.data_dir.exists():
                config.data_dir.mkdir(mode=0o700)
                new_file(config.data_dir)
            house = build_house(config, announcer or Silence(), presence or Silence())
            stack.callback(house.database.close)
            return house

        yield make


@pytest.fixture
def house(make_house: HouseFactory) -> House:
    """A house in this process, with open registration and nobody listening."""
    return make_house()
