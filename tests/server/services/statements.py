"""Listens to what is asked of a database, by either way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from server.storage import driver


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """The statements run inside the block, with their values."""
    seen: list[tuple[str, Any]] = []

    def see(statement: str, values: Any) -> None:
        if statement.split(maxsplit=1)[0] in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"):
            seen.append((statement, values))

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        see(statement, values)

    def run(connection: Connection, text: str, values: Any, take: Callable[[Any], Any]) -> Any:
        see(text, values)
        return quietly(connection, text, values, take)

    quietly = driver.run
    event.listen(Engine, "before_cursor_execute", note)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(driver, "run", run)
            yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
