"""The writer: batches in which nobody pays for another's failure, answers after the commit, and how it ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from protocol.errors import ErrorCode, Refused
from server.storage import writer
from server.storage.unit import Database, Unit
from tests.conftest import ExpectLog
from tests.server.storage.notes import note, noted, on_disk


def _gather(database: Database, jobs: Mapping[str, Callable[[Unit], object]]) -> dict[str, object]:
    """Write all jobs in one batch: the first holds the writer until the others wait. Results or exceptions by name."""
    started, go = threading.Event(), threading.Event()

    def hold(_unit: Unit) -> None:
        started.set()
        go.wait()

    def write(name: str) -> object:
        try:
            return database.write(jobs[name])
        except Exception as error:  # noqa: BLE001 - the test looks at it
            return error

    with ThreadPoolExecutor(len(jobs) + 1) as pool:
        holding = pool.submit(database.write, hold)
        started.wait()
        waiting = {name: pool.submit(write, name) for name in jobs}
        while len(database._writer._waiting) < len(jobs):  # noqa: SLF001 - there is no other sign of waiting
            threading.Event().wait(0.001)
        go.set()
        holding.result()
        return {name: future.result() for name, future in waiting.items()}


def test_a_failing_job_undoes_only_itself(database: Database) -> None:
    announced: list[object] = []
    database.announce_to(announced.extend)

    def fail(unit: Unit) -> None:
        note("half")(unit)
        raise LookupError

    jobs = {"one": note("one"), "fail": fail, "again": note("one"), "two": note("two")}
    results = _gather(database, jobs)
    assert results["one"] == "one" or isinstance(results["one"], IntegrityError)
    assert isinstance(results["fail"], LookupError)
    assert results["two"] == "two"
    assert noted(database) == {"one", "two"}
    assert sorted(map(str, announced)) == ["one", "two"]


def test_jobs_that_wait_together_are_written_in_one_transaction(database: Database, tmp_path: Path) -> None:
    seen: list[int] = []
    database.announce_to(lambda _: seen.append(on_disk(tmp_path / "hearth.db")))
    _gather(database, {str(number): note(str(number)) for number in range(20)})
    assert seen == [20] * 20, "all were on disk before the first was told"


def test_the_answer_comes_after_the_commit(database: Database, tmp_path: Path) -> None:
    for number in range(1, 6):
        assert database.write(note(str(number))) == str(number)
        assert on_disk(tmp_path / "hearth.db") == number


def test_a_transaction_that_breaks_costs_the_guilty_job_alone(database: Database, expected_logs: ExpectLog) -> None:
    expected_logs("the database refused a transaction: .*full")

    def flood(unit: Unit) -> None:
        pages = unit.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        unit.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
        note("flood", "x" * 1_000_000)(unit)

    results = _gather(database, {"one": note("one"), "flood": flood, "two": note("two")})
    flooded = results["flood"]
    assert results["one"] == "one"
    assert results["two"] == "two"
    assert isinstance(flooded, Refused)
    assert flooded.code == ErrorCode.STORAGE_FULL
    assert noted(database) == {"one", "two"}
    assert database.write(note("three")) == "three"


def test_a_commit_that_fails_is_no_answer_of_success(database: Database, expected_logs: ExpectLog) -> None:
    expected_logs("the database refused a transaction: FOREIGN KEY")

    def dangle(unit: Unit) -> None:
        note("half")(unit)
        unit.connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        unit.connection.exec_driver_sql(
            "INSERT INTO reactions (message_id, emoji, user_id, created_at) VALUES (9, '!', 9, 0)"
        )

    results = _gather(database, {"dangle": dangle, "one": note("one")})
    dangled = results["dangle"]
    assert isinstance(dangled, Refused)
    assert (dangled.code, dangled.retryable) == (ErrorCode.UNAVAILABLE, True)
    assert results["one"] == "one"
    assert noted(database) == {"one"}


def test_an_announcer_that_raises_costs_nobody_their_answer(database: Database, expected_logs: ExpectLog) -> None:
    expected_logs("an announcement failed after its commit")

    def broken(_: object) -> None:
        raise RuntimeError

    database.announce_to(broken)
    assert database.write(note("one")) == "one"
    assert database.write(lambda unit: unit.after_commit(lambda: None)) is None


def test_what_waits_is_written_before_closing_and_nothing_after(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'hearth.db'}")
    database.migrate()
    with ThreadPoolExecutor(8) as pool:
        writing = [pool.submit(database.write, note(str(number))) for number in range(8)]
        while not any(future.done() for future in writing):
            threading.Event().wait(0.001)
        database.close()
        stored = sum(future.exception() is None for future in writing)
    assert on_disk(tmp_path / "hearth.db") == stored
    assert not (tmp_path / "hearth.db-wal").exists(), "the log was copied into the file"
    with pytest.raises(Refused) as caught:
        database.write(note("late"))
    assert caught.value.code == ErrorCode.UNAVAILABLE


def test_when_too_many_wait_the_next_is_refused_at_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_WAITING_MAX", 2)
    held, go = threading.Event(), threading.Event()

    def hold(_unit: Unit) -> None:
        held.set()
        go.wait()

    with ThreadPoolExecutor(3) as pool:
        pool.submit(database.write, hold)
        held.wait()
        for number in range(2):
            pool.submit(database.write, note(str(number)))
        while len(database._writer._waiting) < 2:  # noqa: SLF001 - there is no other sign of waiting
            threading.Event().wait(0.001)
        with pytest.raises(Refused) as caught:
            database.write(note("too many"))
        go.set()
    assert (caught.value.code, caught.value.retry_after_s) == (ErrorCode.UNAVAILABLE, 1.0)
    assert noted(database) == {"0", "1"}


_ACKNOWLEDGE = """
    import sys
    from server.storage.unit import Database
    from tests.server.storage.notes import note
    database = Database(sys.argv[1])
    database.migrate()
    for number in range(100_000):
        print(database.write(note(str(number))), flush=True)
"""


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hearth.db'}"
    command = [sys.executable, "-c", textwrap.dedent(_ACKNOWLEDGE), url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        acknowledged = [child.stdout.readline().strip() for _ in range(40)]
        os.kill(child.pid, signal.SIGKILL)
        acknowledged += child.stdout.read().splitlines()
    database = Database(url)
    stored = noted(database)
    database.close()
    assert set(acknowledged[:-1]) <= stored
    assert len(stored) <= len(acknowledged) + 1


def test_a_job_that_is_alone_and_fails_leaves_nothing(either: Database) -> None:
    def fail(unit: Unit) -> None:
        note("half")(unit)
        raise LookupError

    assert either.write(note("one")) == "one"
    with pytest.raises(LookupError):
        either.write(fail)
    with pytest.raises(IntegrityError):
        either.write(lambda unit: [note(name)(unit) for name in ("half", "one")])
    assert noted(either) == {"one"}
    assert either.write(note("two")) == "two"
    assert noted(either) == {"one", "two"}


@pytest.mark.parametrize("serving", [True, False])
def test_a_quiet_moment_copies_the_log_into_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, serving: bool
) -> None:
    """Beside a running server only that one may (decision 0005)."""
    monkeypatch.setattr(writer, "_TIDY_AFTER", 3)
    database = Database(f"sqlite:///{tmp_path / 'hearth.db'}", exclusive=serving)
    database.migrate()
    copy = tmp_path / "without-log.db"
    for number in range(3):
        database.write(note(str(number)))
    until = time.monotonic() + (30 if serving else 0.1)
    while time.monotonic() < until:
        shutil.copy(tmp_path / "hearth.db", copy)
        if serving and on_disk(copy) == 3:
            break
        threading.Event().wait(0.005)
    assert database.write(note("later")) == "later"
    assert (on_disk(copy) == 3) is serving
    database.close()
