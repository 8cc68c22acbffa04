"""Statements that are ready as text, run by the database's driver: past SQLAlchemy, but failing as it fails.

SQLAlchemy takes 20 to 50 µs to come to a statement's text and to make something of its answer, where SQLite takes 2 to
answer. What a send needs goes this way (decision 0025).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")


def run(connection: Connection, text: str, values: Any, take: Callable[[Any], T]) -> T:  # noqa: ANN401 - as the driver takes them
    """What `take` makes of the driver's cursor. Raises DBAPIError.

    Failures go SQLAlchemy's way: it knows which of them end a connection, and who wants to hear of them.
    """
    line: Any = connection.connection.driver_connection
    try:
        return take(line.execute(text, values))
    except connection.dialect.loaded_dbapi.Error as error:
        connection._handle_dbapi_exception(error, text, values, None, None)  # noqa: SLF001 - raises it as its own
        raise


def rows(connection: Connection, text: str, values: Any) -> list[Any]:  # noqa: ANN401 - as the driver takes them
    """The answer's rows as the driver has them. Raises DBAPIError."""
    return run(connection, text, values, _all)


def _all(cursor: Any) -> list[Any]:  # noqa: ANN401 - the driver's own object
    """Every row."""
    found: list[Any] = cursor.fetchall()
    return found


def row_id(cursor: Any) -> int:  # noqa: ANN401 - the driver's own object
    """The number that SQLite gave the row just inserted."""
    return int(cursor.lastrowid)


def nothing(cursor: Any) -> None:  # noqa: ANN401 - the driver's own object
    """For statements without an answer."""
    del cursor
