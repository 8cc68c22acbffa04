"""The operations that lead from one list of keyed rows to another (docs/architecture.md, idea 5)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import TypeVar

from desktop.core.listops import Facet, Insert, ListOp, Move, Remove, Replace

R = TypeVar("R")


def diff(
    old: Sequence[R], new: Sequence[R], key: Callable[[R], object], facets: Callable[[R, R], frozenset[Facet]]
) -> list[ListOp[R]]:
    """Operations that turn `old` into `new`; keys are unique in each. Rows that stay are moved seldom."""
    head = _common(old, new, key)
    tail = _common(old[head:][::-1], new[head:][::-1], key)
    old_keys = [key(row) for row in old[head : len(old) - tail]]
    middle = new[head : len(new) - tail]
    operations: list[ListOp[R]] = []
    if old_keys or middle:
        new_keys = [key(row) for row in middle]
        wanted, known = set(new_keys), set(old_keys)
        operations += _removals(old_keys, wanted, head)
        kept = [one for one in old_keys if one in wanted]
        operations += _moves(kept, [one for one in new_keys if one in known], head)
        operations += _inserts(middle, new_keys, known, head)
    before = {key(row): row for row in old}
    for index, row in enumerate(new):
        previous = before.get(key(row))
        if previous is not None and previous is not row and previous != row:
            operations.append(Replace(index, row, facets(previous, row)))
    return operations


def _common(old: Sequence[R], new: Sequence[R], key: Callable[[R], object]) -> int:
    """How many rows at the beginning have the same keys."""
    count = 0
    for left, right in zip(old, new, strict=False):
        if left is not right and key(left) != key(right):
            break
        count += 1
    return count


def _removals(old_keys: Sequence[object], wanted: set[object], offset: int) -> list[ListOp[R]]:
    """Remove what is not wanted, from the end, in runs."""
    operations: list[ListOp[R]] = []
    index = len(old_keys)
    while index > 0:
        end = index
        while index > 0 and old_keys[index - 1] not in wanted:
            index -= 1
        if index < end:
            operations.append(Remove(offset + index, end - index))
        else:
            index -= 1
    return operations


def _moves(kept: list[object], ordered: Sequence[object], offset: int) -> list[ListOp[R]]:
    """Bring what is kept into its new order: rows of a longest rise stand still, each other one moves once."""
    places = {one: place for place, one in enumerate(ordered)}
    still = {kept[index] for index in _longest_rise([places[one] for one in kept])}
    operations: list[ListOp[R]] = []
    for place, one in enumerate(ordered):
        if one in still:
            continue
        source = kept.index(one)
        del kept[source]
        target = kept.index(ordered[place - 1]) + 1 if place else 0
        kept.insert(target, one)
        if source != target:
            operations.append(Move(offset + source, offset + target))
    return operations


def _inserts(middle: Sequence[R], keys: Sequence[object], kept: set[object], offset: int) -> list[ListOp[R]]:
    """Put in what is new, from the beginning on, in runs."""
    operations: list[ListOp[R]] = []
    index = 0
    while index < len(middle):
        start = index
        while index < len(middle) and keys[index] not in kept:
            index += 1
        if index > start:
            operations.append(Insert(offset + start, tuple(middle[start:index])))
        index += 1
    return operations


def _longest_rise(places: Sequence[int]) -> list[int]:
    """Indices of a longest increasing subsequence: the rows that need not move."""
    tops: list[int] = []
    last_of: list[int] = []
    previous: list[int] = []
    for index, place in enumerate(places):
        length = bisect_left(tops, place)
        previous.append(last_of[length - 1] if length else -1)
        if length == len(tops):
            tops.append(place)
            last_of.append(index)
        else:
            tops[length] = place
            last_of[length] = index
    rise: list[int] = []
    index = last_of[-1] if last_of else -1
    while index >= 0:
        rise.append(index)
        index = previous[index]
    return rise[::-1]
