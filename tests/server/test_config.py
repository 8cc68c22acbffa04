"""The operator's settings: who wins, and that no mistake is silently a default; and the keys, made once."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from protocol.limits import Limits
from server.cli import _SETTINGS
from server.config import Config, ConfigError, load_config, load_keys


def _load(folder: Path, toml: str = "", **environment: str) -> Config:
    """The settings with this file and environment."""
    (folder / "hearth.toml").write_text(toml, encoding="utf-8")
    return load_config(environment, overrides={"data_dir": folder})


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    config = load_config({}, overrides={"data_dir": tmp_path, "host": None})
    assert config == Config(data_dir=tmp_path)
    assert (config.registration, config.cors_origins, config.limits) == ("invite", [], Limits())
    assert config.database == f"sqlite:///{tmp_path / 'hearth.db'}"


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(tmp_path: Path) -> None:
    (tmp_path / "hearth.toml").write_text("port = 1\nname = 'File'\nhost = 'file'\n[limits]\nfile_bytes = 1\n")
    environment = {"HEARTH_PORT": "2", "HEARTH_HOST": "environment", "HEARTH_LIMITS_IMAGE_BYTES": "2"}
    config = load_config(environment, overrides={"data_dir": tmp_path, "port": 3})
    assert (config.name, config.host, config.port) == ("File", "environment", 3)
    assert (config.limits.file_bytes, config.limits.image_bytes) == (1, 2)


def test_the_environment_says_where_everything_is(tmp_path: Path) -> None:
    (tmp_path / "hearth.toml").write_text("port = 7\n")
    config = load_config({"HEARTH_DATA_DIR": str(tmp_path)})
    assert (config.data_dir, config.port) == (tmp_path, 7)


@pytest.mark.parametrize(
    ("toml", "environment", "told"),
    [
        ("registraton = 'open'", {}, "'registraton'.*'registration'"),
        ("[limits]\nfile_byte = 1", {}, "'file_byte'.*'file_bytes'"),
        ("limits = 3", {}, "table"),
        ("data_dir = '/x'", {}, "'data_dir'"),
        ("port = 'x'", {}, "port"),
        ("port = 70000", {}, "65535"),
        ("port = true", {}, "port"),
        ("registration = 'maybe'", {}, "registration"),
        ("cors_origins = ['*']", {}, "origins"),
        ("cors_origins = 'x'", {}, "cors_origins"),
        ("tls_cert = '/nowhere.pem'", {}, "both"),
        ("tls_cert = '/nowhere.pem'\ntls_key = '/nowhere.key'", {}, "no TLS file"),
        ("log_level = 'loud'", {}, "log_level"),
        ("[limits]\nfile_bytes = 0", {}, "at least 1"),
        ("this is no TOML", {}, "cannot be read"),
        ("", {"HEARTH_REGISTRATON": "open"}, "HEARTH_REGISTRATION"),
        ("", {"HEARTH_LIMITS_FILE_BYTE": "1"}, "HEARTH_LIMITS_FILE_BYTES"),
        ("", {"HEARTH_PORT": "x"}, "whole number"),
        ("", {"HEARTH_RATE_LIMITS": "maybe"}, "on or off"),
        ("", {"HEARTH_REGISTRATION": "maybe"}, "registration"),
    ],
)
def test_a_mistake_is_an_error_that_names_it(tmp_path: Path, toml: str, environment: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError) as error:
        _load(tmp_path, toml, **environment)
    assert re.search(told, str(error.value), re.DOTALL), str(error.value)
    assert str(error.value).rstrip()[-1] in ".?"


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no settings file"):
        load_config({}, file=tmp_path / "elsewhere.toml")


def test_empty_variables_are_absent(tmp_path: Path) -> None:
    assert _load(tmp_path, HEARTH_PORT="", HEARTH_REGISTRATION="").port == 8765


@pytest.mark.parametrize(
    ("text", "value"), [("on", True), ("TRUE", True), ("1", True), ("off", False), ("no", False), ("0", False)]
)
def test_yes_and_no_in_words(tmp_path: Path, text: str, value: object) -> None:
    assert _load(tmp_path, HEARTH_RATE_LIMITS=text).rate_limits is value


def test_every_setting_can_be_given_in_the_environment(tmp_path: Path) -> None:
    cert = tmp_path / "cert.pem"
    cert.touch()
    values: dict[str, Any] = {"tls_cert": cert, "tls_key": cert, "registration": "closed", "log_level": "debug"}
    values["redis_url"] = "redis://127.0.0.1:6379/0"
    for name in Config.__struct_fields__:
        if name in ("limits", "data_dir"):
            continue
        default = getattr(Config(data_dir=tmp_path), name)
        value = values.get(name, "7" if isinstance(default, int) else "x")
        text = "off" if isinstance(default, bool) else str(value)
        given = {f"HEARTH_{name.upper()}": text}
        if name.startswith("tls"):
            given = {"HEARTH_TLS_CERT": str(cert), "HEARTH_TLS_KEY": str(cert)}
        assert str(getattr(_load(tmp_path, **given), name)) in (str(value), "False", "['x']")


def test_the_settings_file_that_init_writes_is_right(tmp_path: Path) -> None:
    """Every line of it, uncommented, is a setting that exists with its default."""
    lines = [re.sub(r"^# (?=[\w\[])", "", line) for line in _SETTINGS.splitlines()]
    settings = "\n".join(line for line in lines if re.match(r"\[|\w+ = ", line))
    assert _load(tmp_path, settings) == Config(data_dir=tmp_path)
    assert "port = 8765" in settings


def test_the_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: load_keys(folder).key("x"), range(8)))
    assert len(set(made)) == 1
    assert len(made[0]) == 32
    [file] = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert load_keys(folder).key("x") == made[0] != load_keys(folder).key("y")
    assert file.read_bytes().hex() not in repr(load_keys(folder))


def test_two_servers_never_share_a_secret(tmp_path: Path) -> None:
    assert load_keys(tmp_path / "one").key("x") != load_keys(tmp_path / "other").key("x")


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    load_keys(tmp_path)
    (tmp_path / "secret.key").chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        load_keys(tmp_path)


def test_a_damaged_secret_is_refused_rather_than_replaced(tmp_path: Path) -> None:
    load_keys(tmp_path)
    (tmp_path / "secret.key").write_bytes(b"short")
    with pytest.raises(ConfigError, match="damaged"):
        load_keys(tmp_path)
