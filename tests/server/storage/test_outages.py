"""PostgreSQL killed, restarted, held by a stranger, cut off around a commit: no false answer, and it goes on."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from protocol.errors import ErrorCode, Refused
from server.storage import postgres
from server.storage.unit import Database
from tests.conftest import ExpectLog
from tests.private_services import PrivatePostgres
from tests.server.storage.cutting import CuttingLine
from tests.server.storage.notes import note, noted


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivatePostgres]:
    """A cluster of this module's own, as durable as it comes."""
    with PrivatePostgres(tmp_path_factory.mktemp("outages")) as made:
        yield made


@pytest.fixture
def url(server: PrivatePostgres) -> str:
    """An empty database."""
    return server.new_database()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """The database with its tables."""
    made = Database(url)
    made.migrate()
    yield made
    made.close()


def _refused(database: Database, name: str) -> Refused:
    """The refusal of a write that must be one."""
    with pytest.raises(Refused) as caught:
        database.write(note(name))
    return caught.value


def test_a_restart_between_two_batches_is_not_noticed(server: PrivatePostgres, database: Database) -> None:
    database.write(note("before"))
    assert noted(database) == {"before"}
    server.stop()
    server.start()
    assert database.write(note("after")) == "after"
    assert noted(database) == {"before", "after"}


def test_while_it_is_away_everything_is_refused_and_it_goes_on_afterwards(
    server: PrivatePostgres, database: Database, expected_logs: ExpectLog
) -> None:
    expected_logs("the database refused a transaction")
    server.kill()
    refusal = _refused(database, "lost")
    with pytest.raises(Refused) as reading, database.read():
        pass
    for refused in (refusal, reading.value):
        assert (refused.code, refused.retryable, refused.retry_after_s) == (ErrorCode.UNAVAILABLE, True, 1.0)
    with pytest.raises(ConnectionError, match="cannot be reached"):
        database.migrate()
    server.start()
    assert database.write(note("stored")) == "stored"
    assert noted(database) == {"stored"}


@pytest.mark.allow_logs("the database refused")
def test_what_was_acknowledged_survives_a_kill_in_the_middle_of_it(server: PrivatePostgres, database: Database) -> None:
    acknowledged: list[str] = []
    over = threading.Event()

    def send(line: int) -> None:
        number = 0
        while not over.is_set():
            number += 1
            try:
                acknowledged.append(database.write(note(f"{line}.{number}")))
            except Refused:
                time.sleep(0.02)

    with ThreadPoolExecutor(4) as pool:
        sending = [pool.submit(send, line) for line in range(4)]
        for _ in range(3):
            _grown(acknowledged)
            server.kill()
            server.start()
        _grown(acknowledged)
        over.set()
        for one in sending:
            one.result()
    assert set(acknowledged) <= noted(database)
    assert len(acknowledged) == len(set(acknowledged))


def _grown(acknowledged: list[str]) -> None:
    """Return once twenty more were acknowledged."""
    until, wanted = time.monotonic() + 30, len(acknowledged) + 20
    while len(acknowledged) < wanted:
        assert time.monotonic() < until, "it does not go on"
        time.sleep(0.01)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_line_cut_around_a_commit_writes_once_and_says_so(
    server: PrivatePostgres, database: Database, url: str, moment: str
) -> None:
    announced: list[object] = []
    with CuttingLine(server.port) as line:
        beside = Database(url.replace(f":{server.port}/", f":{line.port}/"), announced.extend)
        beside.write(note("first"))
        line.armed = moment
        # A second row of this name would be refused: trying blindly again would not do.
        assert beside.write(note("second")) == "second"
        assert beside.write(note("third")) == "third"
        assert line.cuts == 1
        beside.close()
    assert noted(database) == {"first", "second", "third"}
    assert announced == ["first", "second", "third"]


def test_a_commit_nobody_can_tell_about_is_refused(
    server: PrivatePostgres, database: Database, url: str, monkeypatch: pytest.MonkeyPatch, expected_logs: ExpectLog
) -> None:
    expected_logs("the database refused a transaction")
    monkeypatch.setattr(postgres, "_OUTCOME_WAIT_S", 0.3)
    with CuttingLine(server.port) as line:
        beside = Database(url.replace(f":{server.port}/", f":{line.port}/"))
        beside.write(note("first"))
        line.armed = "after"
        line.close()
        assert _refused(beside, "second").code == ErrorCode.UNAVAILABLE
        beside.close()
    assert noted(database) == {"first", "second"}, "which is why a retry must be known by its uid"


def test_a_stranger_who_stands_still_in_its_turn_costs_a_refusal(
    server: PrivatePostgres, url: str, monkeypatch: pytest.MonkeyPatch, expected_logs: ExpectLog
) -> None:
    expected_logs("the database refused a transaction: .*lock timeout")
    monkeypatch.setattr(postgres, "LOCK_TIMEOUT_S", 1)
    database = Database(url)
    database.migrate()
    with psycopg.connect(f"postgresql://hearth@{server.address}/{url.rsplit('/', 1)[1]}") as stranger:
        stranger.execute(f"SELECT pg_advisory_xact_lock({postgres._TURN})")  # noqa: SLF001 - what another process does
        with ThreadPoolExecutor(8) as pool:
            refusals = list(pool.map(lambda number: _refused(database, str(number)), range(8)))
        assert len({id(refusal) for refusal in refusals}) < 5, "all of a batch are refused together"
        assert {refusal.code for refusal in refusals} == {ErrorCode.UNAVAILABLE}
        assert noted(database) == set(), "others keep reading"
    assert database.write(note("after")) == "after"
    database.close()


def test_a_process_that_stands_still_in_its_turn_loses_it(
    url: str, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setattr(postgres, "_IDLE_TIMEOUT_S", 1)
    frozen = Database(url)
    began, go = threading.Event(), threading.Event()

    def stand_still(unit: object) -> str:
        began.set()
        go.wait()
        return note("late")(unit)  # type: ignore[arg-type]

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(frozen.write, stand_still)
        began.wait()
        assert database.write(note("meanwhile")) == "meanwhile"
        assert noted(database) == {"meanwhile"}
        go.set()
        assert late.result() == "late", "its first transaction was undone, the second stored it"
    assert noted(database) == {"meanwhile", "late"}
    frozen.close()


def test_a_server_that_never_answers_is_asked_once_for_all_who_wait(
    monkeypatch: pytest.MonkeyPatch, expected_logs: ExpectLog
) -> None:
    """Asked once for each, a batch of 40 kept everybody waiting for three minutes."""
    expected_logs("the database refused")
    monkeypatch.setattr(postgres, "_CONNECT_TIMEOUT_S", 2)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        database = Database(f"postgresql+psycopg://hearth@127.0.0.1:{silent.getsockname()[1]}/hearth")
        with ThreadPoolExecutor(12) as pool:
            refusals = list(pool.map(lambda number: _refused(database, str(number)), range(12)))
        with pytest.raises(Refused) as reading, database.read():
            pass
        database.close()
        asked = _waiting_to_be_accepted(silent)
    assert {refused.code for refused in (*refusals, reading.value)} == {ErrorCode.UNAVAILABLE}
    # The first who came, all who came meanwhile, the reader; and the first ones may have been two.
    assert asked <= 4


def _waiting_to_be_accepted(silent: socket.socket) -> int:
    """How many have connected."""
    silent.setblocking(False)
    count = 0
    while True:
        try:
            silent.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


_BESIDE_ONE_THAT_STANDS_STILL = """
    from gevent import monkey
    monkey.patch_all()
    import sys, time
    import gevent
    from protocol.errors import Refused
    from server.storage import hosts, postgres, readers
    from server.storage.unit import Database
    from tests.server.storage.notes import note, noted
    hosts.STANDSTILL_S = readers.STANDSTILL_S = postgres._OUTCOME_WAIT_S = 1.0
    postgres._CONNECT_TIMEOUT_S = 2
    database = Database(sys.argv[1])
    database.write(note("before"))

    def refusal(act):
        try:
            return act()
        except Refused as refused:
            return refused.code.value

    def beat(beats):
        while True:
            beats.append(None)
            gevent.sleep(0.05)

    print(sorted(noted(database)), flush=True)
    sys.stdin.readline()
    beats = []
    beating = gevent.spawn(beat, beats)
    acts = [lambda: database.write(note("lost")), lambda: noted(database), lambda: database.write(note("lost too"))]
    began = time.monotonic(), time.process_time()
    asked = [gevent.spawn(refusal, act) for act in acts]
    gevent.joinall(asked)
    took, worked = time.monotonic() - began[0], time.process_time() - began[1]
    print([one.value for one in asked], len(beats) > 20, worked < took / 2, flush=True)
    sys.stdin.readline()
    print(database.write(note("after")), sorted(noted(database)), flush=True)
    database.close()
"""


def test_one_that_stands_still_is_left_and_taken_up_again(
    server: PrivatePostgres, database: Database, url: str
) -> None:
    """No time-out of its own helps: its connections are cut, nobody else waits, and nothing turns without waiting."""
    command = [sys.executable, "-c", textwrap.dedent(_BESIDE_ONE_THAT_STANDS_STILL), url]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as beside:  # type: ignore[call-overload]
        assert beside.stdout.readline() == "['before']\n"
        server.freeze()
        beside.stdin.write("frozen\n")
        beside.stdin.flush()
        told = beside.stdout.readline()
        server.thaw()
        rest, errors = beside.communicate("thawed\n", timeout=60)
    assert told == "['unavailable', 'unavailable', 'unavailable'] True True\n", errors
    assert rest == "after ['after', 'before']\n", errors
    assert noted(database) == {"before", "after"}
