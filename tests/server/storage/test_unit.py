"""The database as services see it: snapshots, numbers, who may open the file, and its tables."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import textwrap
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import delete, func, insert, literal, select, text
from sqlalchemy.exc import DBAPIError

from protocol.errors import ErrorCode, Refused
from server.storage import conversations, schema, sqlite, users
from server.storage.engines import check_address
from server.storage.locks import DataInUse
from server.storage.tables import metadata, server_facts
from server.storage.unit import Database, Unit
from tests.conftest import ExpectLog
from tests.running import ROOT
from tests.server.storage.notes import note, noted


def _room(unit: Unit) -> int:
    """A conversation of two new people."""
    people = [
        users.add(unit.connection, users.NewUser(username=name, display_name=name, password_hash=""), unit.now_ms)
        for name in ("ada", "ben")
    ]
    return conversations.add_direct(unit.connection, people[0] or 0, people[1] or 0, unit.now_ms)


def test_one_snapshot_is_of_one_moment(either: Database) -> None:
    with either.read() as snapshot:
        count = select(func.count()).select_from(metadata.tables["server_facts"])
        before = snapshot.execute(count).scalar_one()
        either.write(note("meanwhile"))
        assert snapshot.execute(count).scalar_one() == before
    assert noted(either) == {"meanwhile"}


def test_a_reader_cannot_write(either: Database) -> None:
    with pytest.raises(DBAPIError, match=r"read-?only"), either.read() as snapshot:
        snapshot.execute(delete(metadata.tables["server_facts"]))


def test_a_statement_that_fails_tells_no_values(either: Database) -> None:
    """An unexpected failure is logged with its traceback, and the log holds no texts."""
    nothing = select(literal("canary")).select_from(text("nothing"))
    with pytest.raises(DBAPIError) as caught, either.read() as snapshot:
        snapshot.execute(nothing)
    assert "canary" not in "".join(traceback.format_exception(caught.value))
    for row in ({"name": "canary", "value": "twice"}, {"name": "canary", "value": None}):
        with pytest.raises(DBAPIError) as caught:
            either.write(lambda unit, row=row: unit.connection.execute(insert(server_facts), [row, row]))  # type: ignore[misc]
        assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_a_reader_waits_for_a_connection_only_so_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected_logs: ExpectLog
) -> None:
    expected_logs("the database refused a reader: QueuePool limit")
    monkeypatch.setattr(sqlite, "POOL_WAIT_S", 0.1)
    database = Database(f"sqlite:///{tmp_path / 'hearth.db'}")
    database.migrate()
    with ExitStack() as reading:
        for _ in range(64):
            reading.enter_context(database.read())
        with pytest.raises(Refused) as caught, database.read():
            pass
        assert caught.value.code == ErrorCode.UNAVAILABLE
    assert noted(database) == set()
    database.close()


def test_numbers_are_contiguous_under_many_writers(either: Database) -> None:
    room = either.write(_room)

    def take(_: int) -> tuple[int, int]:
        return either.write(lambda unit: (unit.next_version(room), unit.next_user_version(1)))

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(80)))
    assert sorted(version for version, _ in taken) == list(range(1, 81))
    assert sorted(version for _, version in taken) == list(range(1, 81))


def test_a_number_of_a_failed_job_is_given_again(either: Database) -> None:
    room = either.write(_room)

    def fail(unit: Unit) -> None:
        unit.next_version(room)
        raise LookupError

    assert either.write(lambda unit: unit.next_version(room)) == 1
    with pytest.raises(LookupError):
        either.write(fail)
    assert either.write(lambda unit: unit.next_version(room)) == 2


def test_callbacks_run_after_the_announcements_of_a_commit_only(either: Database) -> None:
    order: list[str] = []
    either.announce_to(order.extend)

    def job(unit: Unit) -> None:
        unit.after_commit(lambda: order.append("callback"))
        note("told")(unit)

    def fail(unit: Unit) -> None:
        unit.after_commit(lambda: order.append("never"))
        note("never told")(unit)
        raise LookupError

    either.write(job)
    with pytest.raises(LookupError):
        either.write(fail)
    either.write(note("last"))
    assert order == ["told", "callback", "last"]


def test_the_file_is_the_operators_alone_and_durable(database: Database, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "hearth.db").stat().st_mode) == 0o600
    pragmas = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}

    def ask(unit: Unit) -> dict[str, object]:
        return {name: unit.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in pragmas}

    assert database.write(ask) == pragmas


def test_a_second_server_is_refused_and_an_operators_command_is_not(database: Database, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hearth.db'}"
    with pytest.raises(DataInUse, match="Another hearth-server"):
        Database(url)
    beside = Database(url, exclusive=False)
    assert beside.write(note("by the operator")) == "by the operator"
    beside.close()
    assert database.write(note("by the server")) == "by the server"
    assert noted(database) == {"by the operator", "by the server"}


def test_a_job_that_reads_and_then_writes_waits_for_a_stranger(database: Database, tmp_path: Path) -> None:
    stranger = sqlite3.connect(tmp_path / "hearth.db", isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    stranger.execute("INSERT INTO server_facts VALUES ('by a stranger', '')")

    def job(unit: Unit) -> int:
        found = unit.connection.execute(select(func.count()).select_from(metadata.tables["server_facts"])).scalar_one()
        note("ours")(unit)
        return found

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(database.write, job)
        while not writing.running():
            time.sleep(0.01)
        time.sleep(0.2)
        stranger.execute("COMMIT")
        assert writing.result() == 2, "its reading was of after the stranger's commit"
    stranger.close()
    assert noted(database) == {"by a stranger", "ours"}


_SERVE = """
    import sys
    from server.storage.unit import Database
    database = Database(sys.argv[1])
    print("serving", flush=True)
    sys.stdin.read()
"""


def test_a_server_that_died_holds_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hearth.db'}"
    command = [sys.executable, "-c", textwrap.dedent(_SERVE), url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "serving\n"
        with pytest.raises(DataInUse):
            Database(url)
        other.kill()
    Database(url).close()


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "mysql://localhost/hearth"])
def test_only_a_file_or_a_postgresql_server_is_a_database(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:///FILE or postgresql"):
        Database(url)
    with pytest.raises(ValueError, match="sqlite:///FILE or postgresql"):
        check_address(url)
    check_address("postgresql://localhost/hearth")
    check_address("sqlite:////var/lib/hearth.db")


def _is_table_of_ours(name: str | None, _kind: str, _parent: object) -> bool:
    """Search has tables of its own in each database."""
    return name is None or not name.startswith("message_search")


def test_the_revisions_make_exactly_the_tables(either: Database) -> None:
    with either.read() as snapshot:
        context = MigrationContext.configure(
            snapshot, opts={"compare_type": True, "compare_server_default": True, "include_name": _is_table_of_ours}
        )
        assert compare_metadata(context, metadata) == []
    assert either.is_current()


def test_a_start_with_nothing_to_bring_up_to_date_does_without_alembic(tmp_path: Path) -> None:
    asked = f"""import sys
from server.storage.unit import Database
opened = Database("sqlite:///{tmp_path / "hearth.db"}")
opened.migrate()
print(opened.is_current(), "alembic" in sys.modules)
opened.close()"""
    for told in ("True True\n", "True False\n"):
        done = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True, cwd=ROOT)
        assert done.stdout == told


def test_a_new_database_has_an_epoch_that_stays(either: Database) -> None:
    with either.read() as snapshot:
        epoch = schema.epoch(snapshot)
    either.migrate()
    with either.read() as snapshot:
        assert schema.epoch(snapshot) == epoch
    assert len(epoch) == 36


def test_a_database_of_a_newer_program_is_left_alone(either: Database) -> None:
    either.write(
        lambda unit: unit.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'").rowcount
    )
    assert not either.is_current()
    with pytest.raises(schema.TooNew, match="9999"):
        either.migrate()


def test_a_name_with_a_nul_is_nobodys(either: Database) -> None:
    either.write(_room)
    with either.read() as snapshot:
        assert users.by_name(snapshot, "ada") is not None
        assert users.by_name(snapshot, "ada\0") is None
        assert [user.username for user in users.find(snapshot, "ada", 10)] == ["ada"]
        assert users.find(snapshot, "a\0da", 10) == []
