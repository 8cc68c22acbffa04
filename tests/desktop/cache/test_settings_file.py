"""Settings: remembered over a restart, whole or not at all, and never in the way of a start."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.cache.settings_file import Settings, SettingsFile
from protocol.limits import Limits
from protocol.shapes import User
from tests.conftest import ExpectLog

ME = User(user_id=7, username="ada", display_name="Ada")


def test_changes_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.json"
    settings = SettingsFile(path)
    told: list[Settings] = []
    settings.current.subscribe(told.append)
    settings.change(theme="dark")
    settings.change(me=ME, limits=Limits(content_chars=99), server="https://chat.example.org")
    settings.close()
    again = SettingsFile(path)
    assert (again.current.value.theme, again.current.value.me) == ("dark", ME)
    assert again.current.value.limits == Limits(content_chars=99)
    assert [one.theme for one in told] == ["dark", "dark"]
    again.close()


@pytest.mark.parametrize("content", [b"", b"{", b'{"theme": "purple"}', b"\xff\xfe", b'{"geometry": 3}'])
def test_a_broken_file_is_set_aside_and_the_app_starts(
    tmp_path: Path, content: bytes, expected_logs: ExpectLog
) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    expected_logs("settings cannot be read")
    settings = SettingsFile(path)
    assert settings.current.value == Settings()
    settings.close()
    assert path.with_suffix(".broken").read_bytes() == content


def test_a_newer_programs_settings_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(b'{"theme": "light", "something_new": [1, 2]}')
    settings = SettingsFile(path)
    assert settings.current.value.theme == "light"
    settings.close()


def test_a_disk_that_refuses_is_told_and_nothing_breaks(tmp_path: Path, expected_logs: ExpectLog) -> None:
    expected_logs("settings cannot be written")
    settings = SettingsFile(tmp_path / "file" / "settings.json")
    (tmp_path / "file").write_text("no folder")
    settings.change(theme="dark")
    settings.close()
    assert settings.current.value.theme == "dark"
