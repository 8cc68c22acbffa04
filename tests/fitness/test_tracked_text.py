"""What no tracked file may hold: places of one machine, hosts of package registries, and marks of unfinished work."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.fitness.sources import ROOT, tracked_files

# Put together here, so that this file passes its own test.
REGISTRY_HOSTS = ["py" + "pi.org", "python" + "hosted.org", "registry.npm" + "js.org", "deb." + "debian.org"]
MACHINE_PATHS = [
    r"(?<![\w.])/(?:work|farm)" + "/",
    r"(?<![\w.])/ro" + r"ot/[\w.]",
    r"(?<![\w.])/(?:home|Users)" + r"/[a-z]\w*",
    r"file:" + "///(?:opt|tmp|var)/",
]
UNFINISHED = [
    "TO" + "DO",
    "FIX" + "ME",
    "XX" + "X",
    "NotImplemented" + "Error",
    "coming " + "soon",
    "not " + "implemented",
]

MACHINE = re.compile("|".join([*map(re.escape, REGISTRY_HOSTS), *MACHINE_PATHS]))
MARK = re.compile(r"\b(?:" + "|".join(UNFINISHED) + r")\b", re.IGNORECASE)
# Upper-case marks only: "todo" is a word people write in sample messages.
CASELESS = {"coming " + "soon", "not " + "implemented"}


def machine_places(text: str) -> list[str]:
    """Paths and hosts that only one machine knows."""
    return MACHINE.findall(text)


def unfinished_marks(text: str) -> list[str]:
    """Marks that say that something is left to do."""
    return [mark for mark in MARK.findall(text) if mark in UNFINISHED or mark.lower() in CASELESS]


def texts(paths: Iterable[Path]) -> Iterable[tuple[str, str]]:
    """Name and text of each file that is text."""
    for path in paths:
        data = path.read_bytes()
        if b"\0" not in data:
            yield path.relative_to(ROOT).as_posix(), data.decode("utf-8")


def test_no_file_knows_this_machine() -> None:
    found = {name: places for name, text in texts(tracked_files()) if (places := machine_places(text))}
    assert found == {}


def test_nothing_is_left_unfinished() -> None:
    python = [path for path in tracked_files() if path.suffix in {".py", ".spec"}]
    found = {name: marks for name, text in texts(python) if (marks := unfinished_marks(text))}
    assert found == {}


@pytest.mark.parametrize(
    "line", [f"see https://{host}/x" for host in REGISTRY_HOSTS] + ["cd /wo" + "rk/main", "/ro" + "ot/.venv"]
)
def test_a_place_is_seen(line: str) -> None:
    assert len(machine_places(line)) == 1


@pytest.mark.parametrize("line", ["# TO" + "DO: later", "raise NotImplemented" + "Error", 'label("Coming ' + 'soon")'])
def test_a_mark_is_seen(line: str) -> None:
    assert len(unfinished_marks(line)) == 1


@pytest.mark.parametrize(
    "line", ["server/work/queue", "a network/path", "/var/lib/hearth", "my todo list", "return NotImplemented"]
)
def test_an_innocent_line_passes(line: str) -> None:
    assert machine_places(line) + unfinished_marks(line) == []
