"""The project's own files as the fitness tests read them: what git tracks, parsed once."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

# The rooms whose code ships; tests and scripts keep most rules too, but not all.
SHIPPED = ("protocol", "server", "desktop", "resources")


@dataclass(frozen=True)
class Source:
    """One Python file: where it is, its text and its syntax tree."""

    path: str
    text: str
    tree: ast.Module

    def at(self, node: ast.AST) -> str:
        """Where a node stands, as editors jump to it."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"


FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def source(text: str, path: str = "server/example.py") -> Source:
    """A source out of a snippet, to show that a rule sees what it should."""
    return Source(path, text, ast.parse(text))


@cache
def tracked_files() -> tuple[Path, ...]:
    """All files that git tracks and that are there, absolute."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


@cache
def all_sources() -> tuple[Source, ...]:
    """Every tracked Python file; migrations too."""
    paths = [path for path in tracked_files() if path.suffix in {".py", ".spec"}]
    return tuple(source(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()) for path in paths)


def sources_in(*rooms: str) -> list[Source]:
    """The Python files of the given top-level folders."""
    return [one for one in all_sources() if one.path.split("/", 1)[0] in rooms]


def functions(tree: ast.AST) -> Iterator[FunctionNode]:
    """All functions and methods, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, FunctionNode))


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """All calls with the last name of what is called: `a.b.exec()` gives "exec"."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Attribute(attr=name) | ast.Name(id=name):
                    yield name, node
                case _:
                    pass
