"""docs/operating.md tells every command and setting, and none that is not there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from protocol.limits import Limits
from server.config import Config

_DOCUMENT = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")


def test_every_setting_is_told_with_its_default() -> None:
    told = set(re.findall(r"`(\w+)`", _DOCUMENT.partition("## Settings")[2].partition("## The data")[0]))
    assert set(Config.__struct_fields__) - {"data_dir", "limits"} <= told
    for name in Limits.__struct_fields__:
        assert re.search(rf"`{name}`\s+{getattr(Limits(), name)}\b", _DOCUMENT), name


def test_the_service_file_starts_what_there_is() -> None:
    unit = (Path(__file__).parents[2] / "resources" / "hearth-server.service").read_text(encoding="utf-8")
    assert re.search(r"^ExecStart=.*/hearth-server serve --data-dir /var/lib/hearth$", unit, re.MULTILINE)


def test_an_installed_server_has_its_pages_and_templates() -> None:
    """What is no Python comes along only where the package says so."""
    root = Path(__file__).parents[2]
    taken = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["package-data"]
    there = {path for path in (root / "server").rglob("*.*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert {path.name for path in there} >= {"docs.html", "docs.css", "script.py.mako"}
    assert there == {path for pattern in taken["server"] for path in (root / "server").glob(pattern)}
