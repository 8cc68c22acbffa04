"""The operator's settings: one TOML file, the environment above it, the command line above both.

    command line  >  HEARTH_* environment  >  data-dir/hearth.toml (or --config)  >  the defaults here

An unknown key is an error that names the nearest valid one: a misspelt setting must not be silently the default.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import Struct

from protocol.accounts import Registration
from protocol.limits import Limits

PREFIX = "HEARTH_"
_LIMITS_PREFIX = "LIMITS_"
_NOT_IN_FILE = ("data_dir",)
_WORKERS_MAX = 64
_REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
_ON = ("1", "true", "on", "yes")
_OFF = ("0", "false", "off", "no")


class ConfigError(Exception):
    """A setting that cannot be used; the message says which one and what to do."""


class Config(Struct, frozen=True, kw_only=True):
    """Every setting with its default. So named in TOML; HEARTH_<NAME> (HEARTH_LIMITS_<NAME>) in the environment."""

    data_dir: Path
    name: str = "Hearth"
    """Shown on the log-in page."""
    host: str = "127.0.0.1"
    port: int = 8765
    tls_cert: Path | None = None
    tls_key: Path | None = None
    database_url: str = ""
    """SQLAlchemy address; empty is `hearth.db` in the data directory."""
    redis_url: str = ""
    """Redis that carries news between several processes: `redis://…`, `rediss://…` or `unix://…`."""
    workers: int = 1
    """How many processes `serve` starts; more than one needs PostgreSQL and Redis."""
    worker: int = 0
    """Which of several this process is, from 1; `serve --workers` gives it to each. 0: the only one."""
    registration: Registration = "invite"
    cors_origins: list[str] = []
    """Origins of web pages that may use REST and socket; none by default."""
    rate_limits: bool = True
    """Off only for benchmarks and tests."""
    connects_per_s: int = 50
    """Log-ins of sockets a second (in each process), twice as many at once; the others are told when to come again."""
    metrics_open: bool = False
    """Whether /metrics answers beyond loopback."""
    trusted_proxies: int = 0
    """How many proxies in front set X-Forwarded-For; 0 believes nobody."""
    log_level: str = "info"
    refresh_days: int = 90
    """A session not used for so long ends."""
    free_bytes_min: int = 512 * 1000 * 1000
    """Below so much free disk space uploads are refused (507)."""
    ping_interval_s: int = 20
    """How often each socket is asked whether it is there; shorter than what a proxy in front cuts (reliability L12)."""
    ping_timeout_s: int = 15
    """How long it may take to answer before it is gone."""
    link_previews: bool = False
    """Whether the server looks at the pages that people link to: it then asks the public internet for them."""
    restart_spread_ms: int = 3_000
    """Over how long desktops spread their return after a planned restart."""
    limits: Limits = Limits()

    @property
    def database(self) -> str:
        """The SQLAlchemy address of the database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'hearth.db'}"


def load_config(
    environment: Mapping[str, str], *, file: Path | None = None, overrides: Mapping[str, Any] | None = None
) -> Config:
    """The settings in force.

    `file` must exist when given; without it `hearth.toml` in the data directory is read where there is one.
    `overrides` are the command line's, None standing for "not given". Raises ConfigError.
    """
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    environ = _from_environment(environment)
    data_dir = Path(given.get("data_dir") or environ.get("data_dir") or "hearth-data").expanduser().absolute()
    values = _from_file(file or data_dir / "hearth.toml", required=file is not None)
    limits = {**values.get("limits", {}), **environ.pop("limits", {})}
    merged = {**values, **environ, **given, "data_dir": data_dir, "limits": limits}
    return _checked(_convert(merged))


def _from_file(path: Path, *, required: bool) -> dict[str, Any]:
    """The file's table; raises ConfigError where it is missing but named, no TOML, or has unknown keys."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if required:
            raise ConfigError(f"There is no settings file {path}. Name another with --config.") from None
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path} cannot be read: {error}. Correct the file.") from error
    names = [name for name in Config.__struct_fields__ if name not in _NOT_IN_FILE]
    _refuse_unknown(table, names, str(path))
    limits = table.get("limits", {})
    if not isinstance(limits, dict):
        raise ConfigError(f"{path}: 'limits' is a table. Write [limits] and the limits below it.")
    _refuse_unknown(limits, list(Limits.__struct_fields__), f"{path}, [limits]")
    return table


def _refuse_unknown(given: Mapping[str, Any], valid: list[str], where: str) -> None:
    """Raise ConfigError for the first key that is not valid, naming the nearest that is."""
    for key in given:
        if key not in valid:
            near = difflib.get_close_matches(key, valid, n=1, cutoff=0)
            raise ConfigError(f"{where}: there is no setting '{key}'. Did you mean '{near[0]}'?")


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """The HEARTH_* variables as settings; empty ones are absent. Raises ConfigError for an unknown one."""
    hints = get_type_hints(Config)
    valid = [PREFIX + name.upper() for name in hints if name != "limits"]
    valid += [PREFIX + _LIMITS_PREFIX + name.upper() for name in Limits.__struct_fields__]
    values: dict[str, Any] = {"limits": {}}
    for key, text in environment.items():
        if not key.startswith(PREFIX) or not text:
            continue
        _refuse_unknown({key: text}, valid, "The environment")
        name = key.removeprefix(PREFIX)
        if name.startswith(_LIMITS_PREFIX):
            values["limits"][name.removeprefix(_LIMITS_PREFIX).lower()] = _parsed(key, text, int)
        else:
            values[name.lower()] = _parsed(key, text, hints[name.lower()])
    return values


def _parsed(key: str, text: str, annotation: object) -> object:
    """A variable's text as a value of its setting's type. Raises ConfigError."""
    if annotation is bool:
        if text.lower() in _ON + _OFF:
            return text.lower() in _ON
        raise ConfigError(f"{key} is '{text}'. Say on or off.")
    if annotation is int:
        if text.lstrip("-").isdecimal():
            return int(text)
        raise ConfigError(f"{key} is '{text}'. Give a whole number.")
    if annotation == list[str]:
        return [part.strip() for part in text.split(",") if part.strip()]
    if isinstance(annotation, UnionType) and Path in get_args(annotation):
        return Path(text)
    return text


def _convert(values: dict[str, Any]) -> Config:
    """Plain values as settings. Raises ConfigError naming the setting of the wrong type."""
    paths = {key: str(value) for key, value in values.items() if isinstance(value, Path)}
    try:
        return msgspec.convert({**values, **paths}, Config, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise ConfigError(f"A setting is of the wrong kind: {error}. Correct it.") from error


def _path(kind: type, value: object) -> Path:
    """Paths are text in TOML."""
    if kind is Path and isinstance(value, str):
        return Path(value).expanduser()
    raise msgspec.ValidationError(f"Expected {kind.__name__}, got {type(value).__name__}")


def _checked(config: Config) -> Config:
    """The settings, if they fit together. Raises ConfigError."""
    if not 0 <= config.port <= 65535:  # noqa: PLR2004 - the range of TCP ports
        raise ConfigError(f"port is {config.port}. Choose one between 0 and 65535.")
    _check_several(config)
    if (config.tls_cert is None) != (config.tls_key is None):
        raise ConfigError("TLS needs both tls_cert and tls_key. Give both, or neither.")
    for file in (config.tls_cert, config.tls_key):
        if file is not None and not file.is_file():
            raise ConfigError(f"There is no TLS file {file}. Correct tls_cert or tls_key.")
    if "*" in config.cors_origins:
        raise ConfigError("cors_origins must name origins; '*' would let every web page in. List them.")
    if config.log_level not in ("debug", "info", "warning", "error"):
        raise ConfigError(f"log_level is '{config.log_level}'. Choose debug, info, warning or error.")
    for name in ("ping_interval_s", "ping_timeout_s", "connects_per_s"):
        if getattr(config, name) < 1:
            raise ConfigError(f"{name} must be at least 1. Correct it.")
    below = [name for name in Limits.__struct_fields__ if getattr(config.limits, name) < 1]
    if below:
        raise ConfigError(f"limits.{below[0]} must be at least 1. Correct it.")
    return config


def without_password(value: object) -> object:
    """A setting as it may be shown: the password is left out of an address."""
    return re.sub(r"(://[^/@]*:)[^/@]*@", r"\1…@", value) if isinstance(value, str) else value


def _check_several(config: Config) -> None:
    """Raise ConfigError where the settings for several processes are none (`check_processes`: what else they need)."""
    if not 1 <= config.workers <= _WORKERS_MAX:
        raise ConfigError(f"workers is {config.workers}. Choose between 1 and {_WORKERS_MAX}.")
    if not 0 <= config.worker <= _WORKERS_MAX:
        raise ConfigError(f"worker is {config.worker}. Give each worker a number of its own, from 1.")
    if config.redis_url and not config.redis_url.startswith(_REDIS_SCHEMES):
        raise ConfigError("redis_url is no Redis address. Give redis://host:6379/0, rediss:// or unix://.")
