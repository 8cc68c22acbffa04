"""`python -m tests.proof.server serve …`: the shipped server with places at which it kills itself, and a clock to move.

Nothing of this is in the product: the points are put around its libraries from outside, before it is imported.

    PROOF_POINT=after_commit:3     SIGKILL to itself when this point is passed for the third time
    PROOF_CLOCK=<file>             its wall clock is as many seconds ahead as the file says; read again at SIGUSR1

A point that cannot be put in place, or has no such name, ends the process at once: a proof that kills nothing is none.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402 - nothing may be imported before gevent has taken the standard library over
import signal  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from datetime import datetime, timedelta, tzinfo  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import jwt.api_jwt  # noqa: E402
from sqlalchemy import Engine, event  # noqa: E402
from sqlalchemy.engine.default import DefaultDialect  # noqa: E402

plain_fork: Callable[[], int] = monkey.get_original("os", "fork")
"""gevent's own watches its children, for which it would begin its loop in the parent."""
POINT, CLOCK = "PROOF_POINT", "PROOF_CLOCK"


class Fuse:
    """Counts how often its point is passed, and kills the process at the given time."""

    def __init__(self, nth: int) -> None:
        self._left = nth

    def burn(self) -> None:
        """The point is passed."""
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _mark_sends() -> set[int]:
    """The raw connections whose open transaction holds a new message, by their identity."""
    # Imported here: gevent's parts above have to be in place before any of the server's modules is.
    from server.storage import driver  # noqa: PLC0415

    marked: set[int] = set()
    plain = driver.run

    @event.listens_for(Engine, "before_cursor_execute")
    def _note(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "INSERT INTO messages" in statement:
            marked.add(id(connection.connection.dbapi_connection))

    def run(connection: Any, text: str, values: Any, take: Callable[[Any], Any]) -> Any:
        _note(connection, None, text)
        return plain(connection, text, values, take)

    driver.run = run
    return marked


def _around_commit(before: Callable[[], None], after: Callable[[], None]) -> None:
    """Around the commit of a transaction that holds a new message."""
    marked = _mark_sends()
    plain = DefaultDialect.do_commit

    def do_commit(self: DefaultDialect, connection: Any) -> None:
        raw = id(getattr(connection, "dbapi_connection", connection))
        holds_sends = raw in marked
        marked.discard(raw)
        if holds_sends:
            before()
        plain(self, connection)
        if holds_sends:
            after()

    DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]


def before_commit(fuse: Fuse) -> None:
    """Messages are written, nothing is committed."""
    _around_commit(fuse.burn, lambda: None)


def after_commit(fuse: Fuse) -> None:
    """Messages are committed, nobody has been answered."""
    _around_commit(lambda: None, fuse.burn)


def after_ack(fuse: Fuse) -> None:
    """The answer to a send has left for its sender; what else was due is not done."""
    # Imported here: gevent's parts above have to be in place before any of the server's modules is.
    from server.socket.outlet import Outlet  # noqa: PLC0415

    plain = Outlet.flush

    def flush(self: Outlet) -> None:
        holds_answers = any(b'"ok":true,"message":' in frame for frame, _ in self._waiting or ())
        plain(self)
        if holds_answers and self.is_drained:
            fuse.burn()

    Outlet.flush = flush  # type: ignore[method-assign]


def before_publish(fuse: Fuse) -> None:
    """A batch is committed, and nothing of it has been told to anybody's sockets."""
    from server.socket.publisher import Publisher  # noqa: PLC0415

    plain = Publisher.announce

    def announce(self: Publisher, announcements: Any) -> None:
        if any(one.event == "new_message" for one in announcements):
            fuse.burn()
        plain(self, announcements)

    Publisher.announce = announce  # type: ignore[method-assign]


def after_rename(fuse: Fuse) -> None:
    """A file has its place among the blobs, and no row names it."""
    plain = Path.replace

    def replace(self: Path, target: Any) -> Path:
        moved = plain(self, target)
        if "blobs" in Path(target).parts and Path(target).parent.name != "tmp":
            fuse.burn()
        return moved

    Path.replace = replace  # type: ignore[method-assign, assignment]


def mid_migration(fuse: Fuse) -> None:
    """Some tables of a migration are made, others are not."""

    @event.listens_for(Engine, "after_cursor_execute")
    def _note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith(("CREATE TABLE", "CREATE INDEX", "CREATE UNIQUE INDEX", "ALTER")):
            fuse.burn()


POINTS: dict[str, Callable[[Fuse], None]] = {
    point.__name__: point
    for point in (before_commit, after_commit, after_ack, before_publish, after_rename, mid_migration)
}


class MovedClock:
    """Owns how far this process's wall clock is from the computer's."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ahead_s = 0.0
        self._time, self._time_ns = time.time, time.time_ns
        self.look()

    def look(self, *_signal: object) -> None:
        """Take the distance from the file."""
        if self._file.exists():
            self._ahead_s = float(self._file.read_text(encoding="ascii"))

    def install(self) -> None:
        """Be the process's clock: `time`, and the library that decides whether a token has ended."""
        time.time = lambda: self._time() + self._ahead_s
        time.time_ns = lambda: self._time_ns() + int(self._ahead_s * 1_000_000_000)
        ahead = self

        class Moved(datetime):
            """`datetime` with this clock."""

            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Any:
                """The moved moment."""
                return datetime.now(tz) + timedelta(seconds=ahead.seconds)

        assert hasattr(jwt.api_jwt, "datetime")
        jwt.api_jwt.datetime = Moved
        signal.signal(signal.SIGUSR1, self.look)

    @property
    def seconds(self) -> float:
        """How far ahead it is."""
        return self._ahead_s


def main() -> int:
    """Put in place what is asked for, then run the shipped server."""
    asked = os.environ.pop(POINT, "")
    if asked:
        name, _, nth = asked.partition(":")
        POINTS[name](Fuse(int(nth or 1)))
    clock = os.environ.pop(CLOCK, "")
    if clock:
        MovedClock(Path(clock)).install()
    from server.cli import main as serve  # noqa: PLC0415 - the clock has to be moved before anybody keeps it

    return serve()


if __name__ == "__main__":
    raise SystemExit(main())
