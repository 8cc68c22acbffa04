"""Questions asked past SQLAlchemy: the same answers on both databases, and failures told as any other's."""

from __future__ import annotations

import traceback

import pytest
from sqlalchemy import bindparam, column, insert, select, table, true
from sqlalchemy.exc import DBAPIError

from server.storage.query import Asked, Query, Within, only, pair
from server.storage.tables import server_facts, users
from server.storage.unit import Database

_NAMES = ["plain", "it's", '"quoted"', "%s %(here)s ? :x", "[1, 2]", "ключ"]
_VALUE_OF = Query(select(server_facts.c.value).where(server_facts.c.name == bindparam("named")), only)
_AMONG = Query(
    select(server_facts.c.name, server_facts.c.value)
    .where(Within(server_facts.c.name, "names"), server_facts.c.name != "epoch")
    .order_by(server_facts.c.value)
    .limit(bindparam("most")),
    pair,
)


@pytest.fixture
def stored(either: Database) -> Database:
    """A database with facts of awkward names, each its place as text."""
    rows = [{"name": name, "value": str(place)} for place, name in enumerate(_NAMES)]
    either.write(lambda unit: unit.connection.execute(insert(server_facts), rows).rowcount)
    return either


def test_what_is_given_is_compared_and_never_read_as_a_part_of_the_question(stored: Database) -> None:
    with stored.read() as snapshot:
        assert [_VALUE_OF.first(snapshot, named=name) for name in _NAMES] == [str(place) for place in range(6)]
        assert _VALUE_OF.first(snapshot, named="' OR 1=1 --") is None
        found = _AMONG.all(snapshot, names=["ключ", "it's", "% nobody", "it's"], most=9)
        assert found == [("it's", "1"), ("ключ", "5")]
        assert _AMONG.all(snapshot, names=_NAMES, most=2) == [("plain", "0"), ("it's", "1")]
        assert _AMONG.all(snapshot, names=[], most=9) == []
        for place, name in enumerate(_NAMES):
            assert _AMONG.all(snapshot, names=[name], most=9) == [(name, str(place))], "asked without a list"


def test_truth_values_and_pairs_of_numbers_come_as_what_they_are(either: Database) -> None:
    bots = {1: True, 2: False, 3: True}
    rows = [
        {
            "username": str(number),
            "username_key": str(number),
            "display_name": "x",
            "search_key": "x",
            "role": "member",
            "is_bot": is_bot,
            "created_at": 2**40,
        }
        for number, is_bot in bots.items()
    ]
    either.write(lambda unit: unit.connection.execute(insert(users), rows).rowcount)
    asked = Asked()
    query = select(
        users.c.user_id, users.c.is_bot, users.c.deactivated_at.is_not(None), asked.value, users.c.created_at
    )
    query = query.join_from(users, asked.table, asked.key == users.c.user_id).order_by(users.c.user_id)
    with either.read() as snapshot:
        found = Query(query, lambda *row: row).all(snapshot, asked={3: 2**50, 1: 0, 9: 1})
    assert found == [(1, True, False, 0, 2**40), (3, True, False, 2**50, 2**40)]
    assert [type(value) for value in found[0]] == [int, bool, bool, int, int]


def test_a_failure_is_a_database_error_that_tells_no_values(either: Database) -> None:
    nothing = Query(select(column("x")).select_from(table("nothing")).where(column("x") == bindparam("given")), only)
    with pytest.raises(DBAPIError) as caught, either.read() as snapshot:
        nothing.all(snapshot, given="canary".upper())
    assert "CANARY" not in "".join(traceback.format_exception(caught.value))
    with either.read() as snapshot:
        assert Query(select(server_facts.c.name).where(true()), only).all(snapshot) == ["epoch"]
