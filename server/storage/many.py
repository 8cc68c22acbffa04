"""Many rows in one statement of constant text, in each database's own way, run past SQLAlchemy.

PostgreSQL takes columns as arrays: with 400 rows of placeholders its driver spends three times as long on reading the
statement as the server on running it. SQLite has no arrays and takes placeholders; it reads them in no time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Table, bindparam, column, func, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from server.storage import driver
from server.storage.query import Texts

_POSTGRES = "postgresql"
Rows = Sequence[Mapping[str, Any]]


class InsertMany:
    """An insert of rows into some columns of a table; tells of each row its number and one of the columns given.

    The other columns are filled by the database; defaults that SQLAlchemy would fill in are not.
    """

    def __init__(self, table: Table, names: Sequence[str], number: Column[Any], told: Column[Any]) -> None:
        """The columns that are given; the key that the database gives; and what tells one row from another."""
        given = _given(table, names)
        whole = select(*[given.c[name] for name in names])
        self._by_array = Texts(insert(table).from_select(list(names), whole).returning(number, told))
        self._names = list(names)
        self._told = told.name
        self._one = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 - names of ours
        self._more = f", ({', '.join('?' * len(names))})"
        self._returning = f" RETURNING {number.name}, {told.name}"

    def run(self, connection: Connection, rows: Rows) -> Sequence[Any]:
        """Insert; pairs of number and what was to be told, in any order."""
        if not rows:
            return []
        if connection.dialect.name == _POSTGRES:
            text = self._by_array.of(connection)
            return driver.rows(connection, text.text, text.values(_columns(rows)))
        values = tuple([row[name] for row in rows for name in self._names])
        if len(rows) == 1:
            # RETURNING makes a table of its own for the answer, which takes 20 µs; the insert itself takes 8.
            return [(driver.run(connection, self._one, values, driver.row_id), rows[0][self._told])]
        return driver.rows(connection, self._one + self._more * (len(rows) - 1) + self._returning, values)


class UpdateMany:
    """An update of some columns of many rows of a table, each found by the value of one column; all are numbers."""

    def __init__(self, table: Table, key: str, names: Sequence[str]) -> None:
        """`key` finds a row, `names` are set; every row of a run gives all of them."""
        given = _given(table, [key, *names])
        self._by_array = Texts(
            update(table).where(table.c[key] == given.c[key]).values({name: given.c[name] for name in names})
        )
        self._names = [*names, key]
        one = ", ".join(f"{name} = ?" for name in names)
        self._one = f"UPDATE {table.name} SET {one} WHERE {key} = ?"  # noqa: S608 - names of ours
        parts = [f"json_extract(asked.value, '$[{place}]')" for place in range(len(self._names))]
        each = ", ".join(f"{name} = {part}" for name, part in zip(names, parts, strict=False))
        self._each = f"UPDATE {table.name} SET {each} FROM json_each(?) AS asked WHERE {table.name}.{key} = {parts[-1]}"  # noqa: S608 - names of ours

    def run(self, connection: Connection, rows: Rows) -> None:
        """Update each row."""
        if not rows:
            return
        if connection.dialect.name == _POSTGRES:
            text = self._by_array.of(connection)
            driver.run(connection, text.text, text.values(_columns(rows)), driver.nothing)
            return
        values = [tuple([row[name] for name in self._names]) for row in rows]
        if len(values) == 1:
            driver.run(connection, self._one, values[0], driver.nothing)
            return
        driver.run(connection, self._each, (msgspec.json.encode(values).decode(),), driver.nothing)


def _given(table: Table, names: Sequence[str]) -> Any:  # noqa: ANN401 - a table whose columns are these
    """The rows of a run as a table: one array a column."""
    arrays = [bindparam(f"all_{name}", type_=ARRAY(table.c[name].type)) for name in names]
    shown = [column(name, table.c[name].type) for name in names]
    return func.unnest(*arrays).table_valued(*shown, name="given").render_derived(name="given")


def _columns(rows: Rows) -> dict[str, list[Any]]:
    """Rows turned into one list a column."""
    return {f"all_{name}": [row[name] for row in rows] for name in rows[0]}
