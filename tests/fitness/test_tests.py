"""The suite itself: every test runs, and proves what it says on the real thing."""

from __future__ import annotations

import ast
from collections.abc import Iterable

import pytest

from tests.fitness.sources import Source, source, sources_in

WAYS_NOT_TO_RUN = {"skip", "skipif", "skipIf", "skipUnless", "skipTest", "xfail", "importorskip", "SkipTest"}


def left_out(sources: Iterable[Source]) -> list[str]:
    """Places where a test may decide not to run, or not to count."""
    return [
        f"{one.at(node)}: {name}"
        for one in sources
        for node in ast.walk(one.tree)
        if (name := getattr(node, "attr", None) or getattr(node, "id", None)) in WAYS_NOT_TO_RUN
    ]


def test_every_test_runs() -> None:
    assert left_out(one for one in sources_in("tests") if "/fitness/" not in one.path) == []


@pytest.mark.parametrize(
    "snippet",
    [
        "@pytest.mark.skip\ndef test(): ...",
        "pytest.skip()",
        "x = pytest.importorskip('y')",
        "from p import skip\nskip()",
    ],
)
def test_a_way_out_is_seen(snippet: str) -> None:
    assert len(left_out([source(snippet)])) == 1
