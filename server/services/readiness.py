"""Whether the server can do its work: database, migrations and storage, each looked at when somebody asks."""

from __future__ import annotations

import shutil
import uuid

from protocol.errors import Refused
from server.config import Config
from server.services.house import House
from server.storage.unit import Database

_WELL = "ok"
_DEGRADED = "degraded: "
"""What is so is worth mending, but takes nothing from anybody."""


def checks(house: House) -> dict[str, str]:
    """Each part with "ok" or what is wrong with it, in words for the operator."""
    database = house.database
    parts = {
        "database": _database(database),
        "migrations": _migrations(database),
        "storage": _storage(house.config),
    }
    if house.config.redis_url:
        trouble = house.bus.trouble()
        parts["redis"] = _WELL if trouble is None else _DEGRADED + trouble
    return parts


def is_ready(parts: dict[str, str]) -> bool:
    """Whether every part does its work. Without Redis everything is sent, stored and answered: that is ready."""
    return all(state == _WELL or state.startswith(_DEGRADED) for state in parts.values())


def _database(database: Database) -> str:
    """Whether an empty unit of work can be committed."""
    try:
        database.write(lambda _unit: None)
    except Refused as refusal:
        return refusal.message
    return _WELL


def _migrations(database: Database) -> str:
    """Whether the tables are this program's."""
    try:
        return _WELL if database.is_current() else "The tables are older than the program. Restart it."
    except Refused as refusal:
        return refusal.message


def _storage(config: Config) -> str:
    """Whether files can be written, and enough room is left."""
    probe = config.data_dir / f".ready-{uuid.uuid4().hex}"
    try:
        probe.write_bytes(b"ready")
        probe.unlink()
    except OSError as error:
        return f"The data directory cannot be written: {error.strerror}."
    if shutil.disk_usage(config.data_dir).free < config.free_bytes_min:
        return "The disk is nearly full; uploads are refused."
    return _WELL
