"""Questions that are asked often: turned into a database's own text once, then run as that text.

SQLAlchemy finds a statement's text anew at each run: it walks the whole statement for a key, writes lists out into
placeholders, and makes something of the answer's columns. To catch up on ten messages took 8.8 ms of processor that
way and 0.5 this way, of which the database itself takes 0.2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec
from sqlalchemy import Boolean, ColumnElement, Connection, Insert, Select, Update, bindparam, cast
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from server.storage import driver
from server.storage.tables import BigId

T = TypeVar("T")
Statement: TypeAlias = Select[Any] | Insert | Update


_ONE_VALUE = "one_value"
"""Our word to SQLAlchemy's compiler: a list is given as the one value that it holds."""


class Within(FunctionElement[bool]):
    """Whether a column has one of the values in a list that is given at the run, under this name.

    PostgreSQL takes an array, SQLite a list in JSON: the text is the same however many values there are.
    """

    type = Boolean()
    inherit_cache = True

    def __init__(self, of: ColumnElement[Any], name: str) -> None:
        super().__init__(of, bindparam(name, type_=ARRAY(of.type)))

    def self_group(self, against: object = None) -> Within:
        """Itself: SQLite asks `… = 1` of what is grouped as a truth value, and then uses no index."""
        del against
        return self


class _Pairs(FunctionElement[Any]):
    """A JSON object as a table of keys and values."""

    inherit_cache = True


@compiles(Within)
def _within(element: Within, compiler: SQLCompiler, **rest: Any) -> str:  # noqa: ANN401 - SQLAlchemy's options
    """The condition in PostgreSQL's words."""
    of, values = element.clauses
    return f"{compiler.process(of, **rest)} = ANY ({compiler.process(values, **rest)})"


@compiles(Within, "sqlite")
def _within_on_sqlite(element: Within, compiler: SQLCompiler, **rest: Any) -> str:  # noqa: ANN401 - SQLAlchemy's options
    """The condition in SQLite's words."""
    of, values = (compiler.process(part, **rest) for part in element.clauses)
    if rest.get(_ONE_VALUE):
        return f"{of} = {values}"
    return f"{of} IN (SELECT value FROM json_each({values}) AS asked)"  # noqa: S608 - both parts are the compiler's


@compiles(_Pairs)
def _pairs(element: _Pairs, compiler: SQLCompiler, **rest: Any) -> str:  # noqa: ANN401 - SQLAlchemy's options
    """The table in PostgreSQL's words."""
    return f"json_each_text({compiler.process(element.clauses, **rest)})"


@compiles(_Pairs, "sqlite")
def _pairs_on_sqlite(element: _Pairs, compiler: SQLCompiler, **rest: Any) -> str:  # noqa: ANN401 - SQLAlchemy's options
    """The table in SQLite's words."""
    return f"json_each({compiler.process(element.clauses, **rest)})"


class Asked:
    """Numbers with a number each, given at the run as a mapping under the name `asked`: a table to join."""

    def __init__(self) -> None:
        self.table = _Pairs(bindparam("asked", type_=JSON())).table_valued("key", "value", name="asked")
        self.key = cast(self.table.c.key, BigId)
        self.value = cast(self.table.c.value, BigId)


class Text:
    """A statement as one dialect's driver takes it."""

    def __init__(self, statement: Statement, dialect: Any, *, one_value: bool = False) -> None:  # noqa: ANN401 - SQLAlchemy leaves it untyped
        """With `one_value`, the lists that are given hold one value each."""
        compiled = statement.compile(dialect=dialect, compile_kwargs={_ONE_VALUE: one_value})
        lists = [name for name, bind in compiled.binds.items() if isinstance(bind.type, ARRAY)]
        objects = [name for name, bind in compiled.binds.items() if isinstance(bind.type, JSON)]
        self.text = str(compiled)
        self._order: list[str] | None = getattr(compiled, "positiontup", None)
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        # SQLite has neither lists nor truth values of its own.
        poor = dialect.name == "sqlite"
        self._written = objects if one_value or not poor else [*objects, *lists]
        self.listed = lists[0] if poor and len(lists) == 1 and not one_value else None
        """The list for which there is a shorter text, `of_one`, where it holds one value and that is given instead."""
        # A list in JSON is a table of its own to SQLite: to open it takes longer than to find one row.
        self.of_one = Text(statement, dialect, one_value=True) if self.listed else self
        shown = [column.type for column in statement.selected_columns] if isinstance(statement, Select) else []
        self.truths = [place for place, kind in enumerate(shown) if poor and isinstance(kind, Boolean)]

    def values(self, given: dict[str, Any]) -> Any:  # noqa: ANN401 - a tuple or a mapping, as the driver takes it
        """What goes with the text. Raises KeyError where a value is missing."""
        for name in self._written:
            given[name] = msgspec.json.encode(given[name]).decode()
        if self._fixed:
            given = {**self._fixed, **given}
        return given if self._order is None else tuple([given[name] for name in self._order])


class Texts:
    """One statement in the words of each database that it was asked of."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._texts: dict[str, Text] = {}

    def of(self, connection: Connection) -> Text:
        """In the words of this connection's database."""
        dialect = connection.dialect
        text = self._texts.get(dialect.name)
        if text is None:
            text = self._texts[dialect.name] = Text(self._statement, dialect)
        return text


class Query(Generic[T]):
    """One question; its rows come as what `row` makes of their columns.

    Made where its module is loaded. What changes from run to run is a `bindparam` in the statement, a `Within`, or an
    `Asked`, and is given by name.
    """

    def __init__(self, statement: Select[Any], row: Callable[..., T]) -> None:
        """`row` takes the columns in the statement's order."""
        self._texts = Texts(statement)
        self._row = row

    def all(self, connection: Connection, **given: Any) -> list[T]:  # noqa: ANN401 - values of any column
        """Every row. Raises TypeError or KeyError where a value is missing."""
        text = self._texts.of(connection)
        if text.listed and len(given[text.listed]) == 1:
            given[text.listed] = given[text.listed][0]
            text = text.of_one
        rows = driver.rows(connection, text.text, text.values(given))
        make, truths = self._row, text.truths
        if not truths:
            return [make(*row) for row in rows]
        return [make(*[bool(value) if place in truths else value for place, value in enumerate(row)]) for row in rows]

    def first(self, connection: Connection, **given: Any) -> T | None:  # noqa: ANN401 - values of any column
        """The first row, or None."""
        return next(iter(self.all(connection, **given)), None)


def only(value: T) -> T:
    """The row of a question for one column."""
    return value


def pair(one: Any, other: Any) -> tuple[Any, Any]:  # noqa: ANN401 - of any two columns
    """The row of a question for two columns."""
    return one, other
