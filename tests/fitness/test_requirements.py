"""The lock and what it was made from agree, and the lock is the same wherever it is installed."""

from __future__ import annotations

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.fitness.sources import ROOT

LOCK = ROOT / "requirements" / "all.txt"


def asked_for() -> list[Requirement]:
    """Every direct dependency of pyproject.toml: the app's, the server's and the developer's."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["server"]]
    return [Requirement(line) for line in [*lines, *project["dependency-groups"]["dev"]]]


def locked(text: str) -> dict[str, set[str]]:
    """Locked versions by package; more than one where the platforms differ."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([\w.+!-]+)", text, re.MULTILINE):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


def test_the_lock_has_every_dependency_at_a_version_that_was_asked_for() -> None:
    versions = locked(LOCK.read_text(encoding="utf-8"))
    wrong = {
        str(requirement): versions.get(canonicalize_name(requirement.name), set())
        for requirement in asked_for()
        if not any(requirement.specifier.contains(v) for v in versions.get(canonicalize_name(requirement.name), set()))
    }
    assert wrong == {}, "run make lock"


def test_direct_dependencies_are_the_same_on_every_python() -> None:
    versions = locked(LOCK.read_text(encoding="utf-8"))
    assert {r.name for r in asked_for() if len(versions[canonicalize_name(r.name)]) > 1} == set()


def test_every_locked_package_has_hashes_and_no_address() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        entries = [entry for entry in re.split(r"\n(?=[\w])", text) if "==" in entry]
        assert entries
        assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
        assert re.findall(r"\w+://|--(?:extra-)?index|--find-links", text) == []


def test_the_demo_and_the_tests_go_through_setup() -> None:
    rules = dict(
        re.findall(r"^([\w-]+):[ \t]*([\w -]*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert rules["demo"] == "setup-demo"
    assert (rules["test"], rules["check"]) == ("check", "setup-test")
    assert {"setup", "demo", "test", "check", "bench", "installer"} <= rules.keys()
