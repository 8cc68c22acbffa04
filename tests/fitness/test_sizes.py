"""Small on purpose: files up to 400 lines, functions about 8 in the median, 40 as a rule, never over 60."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from statistics import median

from tests.fitness.sources import SHIPPED, FunctionNode, Source, all_sources, functions, source, sources_in

MOST_LINES_IN_A_FILE = 400
MOST_LINES_IN_A_FUNCTION = 60
USUAL_LINES_IN_A_FUNCTION = 40
# "About 8": code without its docstring, all rooms together.
MOST_LINES_IN_THE_MEDIAN = 10
SHARE_OF_LONGER_ONES = 0.03


def long_files(sources: Iterable[Source]) -> list[str]:
    """Files that want to be split along a noun. A migration is a record and may be as long as its tables."""
    return [
        f"{one.path}: {lines} lines"
        for one in sources
        if "/migrations/" not in one.path and (lines := len(one.text.splitlines())) > MOST_LINES_IN_A_FILE
    ]


def long_functions(sources: Iterable[Source]) -> list[str]:
    """Functions beyond the limit, counted from `def` to their last line."""
    return [
        f"{one.at(node)}: {node.name} has {lines} lines"
        for one in sources
        if "/migrations/" not in one.path
        for node in functions(one.tree)
        if (lines := length(node)) > MOST_LINES_IN_A_FUNCTION
    ]


def length(node: FunctionNode) -> int:
    """Lines from `def` to the end."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def code_length(node: FunctionNode) -> int:
    """Lines of a function without its docstring."""
    first = node.body[0]
    has_docstring = ast.get_docstring(node, clean=False) is not None
    return length(node) - ((first.end_lineno or first.lineno) - first.lineno + 1 if has_docstring else 0)


def test_files_are_short() -> None:
    assert long_files(all_sources()) == []


def test_functions_are_short() -> None:
    assert long_functions(all_sources()) == []


def test_functions_are_usually_very_short() -> None:
    lengths = [code_length(node) for one in sources_in(*SHIPPED) for node in functions(one.tree)]
    assert median(lengths) <= MOST_LINES_IN_THE_MEDIAN
    longer = sum(lines > USUAL_LINES_IN_A_FUNCTION for lines in lengths)
    assert longer <= SHARE_OF_LONGER_ONES * len(lengths), f"{longer} of {len(lengths)} functions are over 40 lines"


def test_the_rules_see_what_is_long() -> None:
    body = "    x = 1\n"
    fits = source(f"def f():\n{body * 59}")
    long = source(f"class A:\n  def f(self):\n{body * 60}")
    assert long_functions([fits]) == []
    assert long_functions([long]) == ["server/example.py:2: f has 61 lines"]
    assert long_files([source("x = 1\n" * 400)]) == []
    assert long_files([source("x = 1\n" * 401)]) == ["server/example.py: 401 lines"]
    documented = next(functions(source('def f():\n    """Say.\n\n    More.\n    """\n    return 1\n').tree))
    assert code_length(documented) == 2
