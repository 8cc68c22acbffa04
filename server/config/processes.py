"""What several processes need before they may serve one team: a database for many, and a bus between them."""

from __future__ import annotations

from importlib.util import find_spec

from server.config.settings import Config, ConfigError

_INSTALL = 'Run: pip install "hearth[server,cluster]"'


def _are_several(config: Config) -> bool:
    """Whether this process is one of several, or is to start several."""
    return config.workers > 1 or config.worker > 0


def check_processes(config: Config) -> None:
    """Whether as many processes as are set could serve. Raises ConfigError, saying what to set or to install."""
    on_postgres = config.database.startswith("postgresql")
    if _are_several(config) and not on_postgres:
        message = (
            f"SQLite serves one process, and {_said(config)}. Set HEARTH_DATABASE_URL=postgresql+psycopg://… and "
            "HEARTH_REDIS_URL=redis://…, or workers to 1."
        )
        raise ConfigError(message)
    if _are_several(config) and not config.redis_url:
        message = f"Several processes need Redis between them, and {_said(config)}. Set HEARTH_REDIS_URL=redis://…, "
        raise ConfigError(message + "or workers to 1.")
    if on_postgres and find_spec("psycopg") is None:
        raise ConfigError(f"PostgreSQL is reached through psycopg, which is not installed. {_INSTALL}")
    if config.redis_url and find_spec("redis") is None:
        raise ConfigError(f"Redis is reached through redis-py, which is not installed. {_INSTALL}")


def _said(config: Config) -> str:
    """The setting that asks for several."""
    return f"workers is {config.workers}" if config.workers > 1 else f"worker is {config.worker}"
