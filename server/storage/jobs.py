"""What waits to be written: jobs with their callers, and jobs of one kind that are written together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")
Item = TypeVar("Item")

Done = Callable[[Any], object]
"""Takes what a job returned, or the exception that it ended with; must not block or raise."""


class Grouped(Generic[U, Item, T]):
    """A job that is written together with the jobs of its kind that wait next to it.

    `work` takes the unit and every item, and answers each in its place: with a result, or with the exception that
    refuses this item alone and for which nothing was written.
    """

    __slots__ = ("item", "work")

    def __init__(self, work: Callable[[U, Sequence[Item]], Sequence[T | Exception]], item: Item) -> None:
        self.work = work
        self.item = item


Run = Callable[[U], T] | Grouped[U, Any, T]
"""What a caller hands in."""


class _Unsettled:
    """Stands for the outcome of a job whose transaction has not ended."""


UNSETTLED = _Unsettled()


class Job(Generic[U]):
    """One waiting job; `outcome` is its result or its exception once its transaction is over."""

    __slots__ = ("done", "outcome", "run")

    def __init__(self, run: Run[U, Any], done: Done) -> None:
        self.run = run
        self.done = done
        self.outcome: Any = UNSETTLED


class Batch(Generic[U]):
    """The jobs of one turn of the writer, and the units that were committed for them, in the order of commits."""

    __slots__ = ("jobs", "units")

    def __init__(self, jobs: list[Job[U]]) -> None:
        self.jobs = jobs
        self.units: list[U] = []

    def refuse(self, refusal: Exception) -> None:
        """Give this to every job that has no outcome yet."""
        for job in self.jobs:
            if job.outcome is UNSETTLED:
                job.outcome = refusal


def neighbours(jobs: Sequence[Job[U]]) -> Iterator[list[Job[U]]]:
    """The jobs in their order, those together that are written together."""
    group: list[Job[U]] = []
    for job in jobs:
        if group and not _alike(group[-1].run, job.run):
            yield group
            group = []
        group.append(job)
    if group:
        yield group


def _alike(one: Run[U, Any], other: Run[U, Any]) -> bool:
    """Whether two jobs are of one kind."""
    return isinstance(one, Grouped) and isinstance(other, Grouped) and one.work == other.work


def outcomes(unit: U, group: Sequence[Job[U]]) -> list[Any]:
    """Run a group on its unit: the outcome of each job. Raises what makes the group as a whole impossible."""
    first = group[0].run
    if not isinstance(first, Grouped):
        return [first(unit)]
    answered = list(first.work(unit, [job.run.item for job in group if isinstance(job.run, Grouped)]))
    if len(answered) != len(group):
        message = f"{first.work} answered {len(answered)} of {len(group)} items"
        raise AssertionError(message)
    return answered
