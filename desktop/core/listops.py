"""The operations a list tells its replicas, and how a replica replays them (docs/architecture.md, idea 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Generic, TypeVar, assert_never

R = TypeVar("R")


class Facet(Enum):
    """What changed in a row. Facts of LAYOUT move other pixels; the rest repaint in place."""

    LAYOUT = auto()
    TICK = auto()
    PROGRESS = auto()
    PRESENCE = auto()
    TIME = auto()
    PICTURE = auto()


@dataclass(frozen=True, slots=True)
class Insert(Generic[R]):
    """These rows now stand from `index` on."""

    index: int
    rows: tuple[R, ...]


@dataclass(frozen=True, slots=True)
class Remove:
    """`count` rows from `index` on are gone."""

    index: int
    count: int


@dataclass(frozen=True, slots=True)
class Move:
    """The row at `source` now stands at `target`, counted after it was taken out."""

    source: int
    target: int


@dataclass(frozen=True, slots=True)
class Replace(Generic[R]):
    """The row at `index` has a new content; `facets` says in which respect."""

    index: int
    row: R
    facets: frozenset[Facet]


ListOp = Insert[R] | Remove | Move | Replace[R]


def replay(rows: list[R], operation: ListOp[R]) -> None:
    """Bring a replica up to date by one operation."""
    match operation:
        case Insert(index, new):
            rows[index:index] = new
        case Remove(index, count):
            del rows[index : index + count]
        case Move(source, target):
            rows.insert(target, rows.pop(source))
        case Replace(index, row, _):
            rows[index] = row
        case _:
            assert_never(operation)


def replay_all(rows: Sequence[R], operations: Sequence[ListOp[R]]) -> list[R]:
    """A copy of `rows` after all the operations, in order."""
    copy = list(rows)
    for operation in operations:
        replay(copy, operation)
    return copy
