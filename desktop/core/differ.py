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
        wanted = {key(row): place for place, row in enumerate(middle)}
        operations += _removals(old_keys, wanted, head)
        kept = [one for one in old_keys if one in wanted]
        operations += _placements(kept, middle, key, wanted, head)
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


def _removals(old_keys: Sequence[object], wanted: dict[object, int], offset: int) -> list[ListOp[R]]:
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


def _placements(
    kept: list[object], middle: Sequence[R], key: Callable[[R], object], wanted: dict[object, int], offset: int
) -> list[ListOp[R]]:
    """Insert what is new and move what stands elsewhere, from the beginning on."""
    standing = _longest_rise([wanted[one] for one in kept])
    still = {kept[place] for place in standing}
    working = list(kept)
    present = set(kept)
    operations: list[ListOp[R]] = []
    index = 0
    while index < len(middle):
        one = key(middle[index])
        if one not in present:
            end = index + 1
            while end < len(middle) and key(middle[end]) not in present:
                end += 1
            operations.append(Insert(offset + index, tuple(middle[index:end])))
            working[index:index] = [key(row) for row in middle[index:end]]
            index = end
            continue
        if working[index] != one:
            _take_away_or_fetch(working, index, one, operations, offset, still)
            if working[index] != one:
                continue
        index += 1
    return operations


def _take_away_or_fetch(
    working: list[object], index: int, one: object, operations: list[ListOp[R]], offset: int, still: set[object]
) -> None:
    """Bring `one` to `index`: by moving it here, or what stands in its way out of it when `one` is to stay."""
    source = working.index(one, index)
    if one in still:
        # Everything between is a wanderer that will be fetched later: each goes behind `one`, one at a time.
        operations.append(Move(offset + index, offset + source))
        working.insert(source, working.pop(index))
    else:
        operations.append(Move(offset + source, offset + index))
        working.insert(index, working.pop(source))


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
