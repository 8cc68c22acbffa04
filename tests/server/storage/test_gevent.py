"""Under gevent, as the server runs: nothing that waits for a database stops the other greenlets."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from tests.server.databases import Cluster, new_address

_BEGINNING = """
    from gevent import monkey
    monkey.patch_all()
    import sys, time
    import gevent
    from server.storage.unit import Database
    from tests.server.storage.notes import note, noted
    really_sleep, native = monkey.get_original("time", "sleep"), monkey.get_original("_thread", "get_ident")
    hub, announced, ticks = native(), [], []
    database = Database(sys.argv[1], lambda names: announced.append((native(), names[0])))
    database.migrate()

    def tick():
        while True:
            ticks.append(time.monotonic())
            gevent.sleep(0.01)

    def ticked(act):
        ticks.clear()
        ticking = gevent.spawn(tick)
        act()
        ticking.kill()
        assert len(ticks) > 6, "other greenlets ran meanwhile"
"""
_WRITING = """
    def slow(unit):
        really_sleep(0.3)
        return note("slow")(unit)

    writing = [gevent.spawn(database.write, job) for job in (slow, note("one"), note("two"))]
    ticked(lambda: gevent.joinall(writing, raise_error=True))
    assert database.write(lambda unit: native()) != hub, "written in a thread of its own"
    assert [one.value for one in writing] == ["slow", "one", "two"]
    assert [name for _, name in announced] == ["slow", "one", "two"]
    assert {thread for thread, _ in announced} == {hub}, "announced in the hub's own thread"
    assert noted(database) == {"slow", "one", "two"}

    def fail(unit):
        raise LookupError
    try:
        database.write(fail)
    except LookupError:
        print("raised")
"""
_LATER = """
    order = []
    database.announce_to(lambda names: order.append(("told", names[0], native())))
    def done(outcome):
        order.append(("done", outcome if isinstance(outcome, str) else type(outcome).__name__, native()))
    for job in (note("a"), fail, note("b")):
        database.write_later(job, done)
    while len(order) < 5:
        gevent.sleep(0.001)
    assert {thread for *_, thread in order} == {hub}
    assert [(what, which) for what, which, _ in order] == [
        ("done", "a"), ("done", "LookupError"), ("done", "b"), ("told", "a"), ("told", "b")
    ]
"""
_SLEEPING = """
    # Each waits until all four are there, for ever where they only came one after the other; then for a moment more.
    meeting = '''DO $$ BEGIN
        PERFORM pg_advisory_xact_lock_shared(4);
        WHILE (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4) < 4 LOOP
            PERFORM pg_sleep(0.01);
        END LOOP;
        PERFORM pg_sleep(0.4);
    END $$'''
    def meet():
        with database.read() as snapshot:
            snapshot.exec_driver_sql(meeting)
    ticked(lambda: gevent.joinall([gevent.spawn(meet) for _ in range(4)], raise_error=True))

    def sleep(seconds):
        with database.read() as snapshot:
            snapshot.exec_driver_sql("SELECT pg_sleep(%s)", (seconds,))
    ticked(lambda: database.write(lambda unit: unit.connection.exec_driver_sql("SELECT pg_sleep(0.3)").rowcount))

    killed = gevent.spawn(sleep, 60)
    gevent.sleep(0.2)
    killed.kill()
    for _ in range(25):
        with database.read() as snapshot:
            assert snapshot.exec_driver_sql("SELECT 42").scalar_one() == 42, "nobody read what was left of an answer"
"""
_STANDING_STILL = """
    from server.storage import hosts
    hosts.STANDSTILL_S, cuts = 0.3, []
    database._backend.interrupt = lambda: cuts.append(time.monotonic())
    def still(unit):
        really_sleep(2)
        return note("still")(unit)
    worked = time.process_time()
    assert database.write(still) == "still", "what cannot be cut is waited for"
    assert time.process_time() - worked < 1
    assert len(cuts) <= 7 and all(later - one > 0.2 for one, later in zip(cuts, cuts[1:])), cuts
    assert cuts
"""
_END = """
    database.close()
    print("closed")
"""


def _run(url: str, *parts: str) -> tuple[str, str, int]:
    """What a process of its own printed, and how it ended."""
    program = "".join(textwrap.dedent(part) for part in (_BEGINNING, *parts, _END))
    done = subprocess.run([sys.executable, "-c", program, url], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout, done.stderr, done.returncode


def test_a_slow_disk_stops_no_other_greenlet(tmp_path: Path) -> None:
    assert _run(f"sqlite:///{tmp_path / 'hearth.db'}", _WRITING, _LATER) == ("raised\nclosed\n", "", 0)


def test_a_batch_that_stands_still_is_waited_for_between_cuts(tmp_path: Path) -> None:
    assert _run(f"sqlite:///{tmp_path / 'hearth.db'}", _STANDING_STILL) == ("closed\n", "", 0)


def test_a_slow_postgresql_stops_no_other_greenlet(tmp_path: Path, cluster: Cluster) -> None:
    with new_address("postgresql", tmp_path, cluster) as url:
        assert _run(url, _WRITING, _LATER, _SLEEPING) == ("raised\nclosed\n", "", 0)
