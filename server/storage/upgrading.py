"""Runs revisions with Alembic: imported only where there are any to run."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def run_revisions(connection: Connection, folder: Path, current: str | None) -> bool:
    """Bring a database from the revision `current` (None: a new one) to the newest of those in `folder`.

    False, with nothing done, where `current` is none of them.
    """
    config = Config()
    # Alembic's settings read % as the beginning of a name.
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    if current not in {None, *(script.revision for script in ScriptDirectory.from_config(config).walk_revisions())}:
        return False
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return True
