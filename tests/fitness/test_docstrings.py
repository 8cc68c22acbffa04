"""Every module and every class says what it is and owns."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from tests.fitness.sources import Source, all_sources, source


def undocumented(sources: Iterable[Source]) -> list[str]:
    """Modules and classes without a docstring; an empty `__init__.py` is a module too."""
    return [
        f"{one.at(node)}: {getattr(node, 'name', 'the module')} has no docstring"
        for one in sources
        for node in ast.walk(one.tree)
        if isinstance(node, ast.Module | ast.ClassDef) and not ast.get_docstring(node)
    ]


def test_modules_and_classes_say_what_they_are() -> None:
    assert undocumented(all_sources()) == []


def test_the_rule_sees_what_is_missing() -> None:
    assert undocumented([source('"""A room."""\n\nclass Box:\n    """Holds one thing."""\n')]) == []
    assert undocumented([source("")]) == ["server/example.py:1: the module has no docstring"]
    nested = '"""A room."""\n\ndef f():\n    class Inner:\n        pass\n'
    assert undocumented([source(nested)]) == ["server/example.py:4: Inner has no docstring"]
