"""Many rows in one statement of constant text, in each database's own way.

PostgreSQL takes columns as arrays: with 400 rows of placeholders its driver spends three times as long on reading the
statement as the server on running it. SQLite has no arrays and takes placeholders; it reads them in no time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Executable,
    Table,
    bindparam,
    column,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

_POSTGRES = "postgresql"


class InsertMany:
    """An insert of many rows into some columns of a table that tells other columns of them, in any order."""

    def __init__(self, table: Table, names: Sequence[str], *returning: Column[Any]) -> None:
        """The columns that are given and those that are told."""
        given = _given(table, names)
        whole = select(*[given.c[name] for name in names])
        self._by_array = insert(table).from_select(list(names), whole).returning(*returning)
        self._by_list = insert(table).returning(*returning)

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> Sequence[Any]:
        """Insert, and what was asked for of each row."""
        if not rows:
            return []
        if connection.dialect.name == _POSTGRES:
            return connection.execute(self._by_array, _columns(rows)).all()
        return connection.execute(self._by_list, rows).all()


class UpdateMany:
    """An update of some columns of many rows of a table, each found by the value of one column."""

    def __init__(self, table: Table, key: str, names: Sequence[str]) -> None:
        """`key` finds a row, `names` are set; every row of a run gives all of them."""
        given = _given(table, [key, *names])
        self._key = key
        self._by_array: Executable = (
            update(table).where(table.c[key] == given.c[key]).values({name: given.c[name] for name in names})
        )
        self._by_list: Executable = (
            update(table)
            .where(table.c[key] == bindparam("to_be_found"))
            .values({name: bindparam(f"to_{name}") for name in names})
        )
        self._names = list(names)

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Update each row."""
        if not rows:
            return
        if connection.dialect.name == _POSTGRES:
            connection.execute(self._by_array, _columns(rows))
            return
        named = [{"to_be_found": row[self._key], **{f"to_{name}": row[name] for name in self._names}} for row in rows]
        connection.execute(self._by_list, named)


def _given(table: Table, names: Sequence[str]) -> Any:  # noqa: ANN401 - a table whose columns are these
    """The rows of a run as a table: one array a column."""
    arrays = [bindparam(f"all_{name}", type_=ARRAY(table.c[name].type)) for name in names]
    shown = [column(name, table.c[name].type) for name in names]
    return func.unnest(*arrays).table_valued(*shown, name="given").render_derived(name="given")


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows turned into one list a column."""
    return {f"all_{name}": [row[name] for row in rows] for name in rows[0]}
