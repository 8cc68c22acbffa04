"""What a desktop shows of the installed app: icons of every size, its entry in the menu, its version."""

from __future__ import annotations

import configparser
import re
import tomllib
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]
APP = ROOT / "resources" / "app"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def test_windows_shows_the_projects_version() -> None:
    text = (APP / "windows_version.txt").read_text(encoding="utf-8")
    assert set(re.findall(r'"(\d+\.\d+\.\d+)"', text)) == {VERSION}
    numbers = tuple(int(part) for part in VERSION.split("."))
    found = {tuple(map(int, match)) for match in re.findall(r"vers=\((\d+), (\d+), (\d+), 0\)", text)}
    assert found == {numbers}


def test_the_icons_have_the_sizes_each_system_asks_for() -> None:
    with Image.open(APP / "hearth.ico") as icon:
        assert {(16, 16), (32, 32), (48, 48), (256, 256)} <= icon.info["sizes"]
    with Image.open(APP / "hearth.icns") as icon:
        assert {(512, 512, 2), (512, 512, 1), (128, 128, 1), (16, 16, 2)} <= set(icon.info["sizes"])
    with Image.open(APP / "hearth.png") as icon:
        assert icon.size == (512, 512)
        assert icon.getpixel((0, 0)) == (0, 0, 0, 0), "the corners are transparent"


def test_the_menu_entry_starts_the_app_with_its_icon() -> None:
    entry = configparser.ConfigParser(interpolation=None)
    entry.optionxform = str  # type: ignore[assignment, method-assign]  # the keys of a desktop entry have capitals
    entry.read(APP / "hearth.desktop", encoding="utf-8")
    values = entry["Desktop Entry"]
    assert (values["Type"], values["Name"], values["Icon"], values["Terminal"]) == (
        "Application",
        "Hearth",
        "hearth",
        "false",
    )
    assert values["Exec"].split()[0] == "hearth"


def test_the_changelog_tells_of_this_version() -> None:
    assert f"\n## {VERSION}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
