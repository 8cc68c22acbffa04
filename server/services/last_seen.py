"""When people were last there: what presence remembers over restarts."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from server.storage import users
from server.storage.unit import Database, Unit


class LastSeen:
    """Reads and stores the last times, in milliseconds since 1970; a time never goes back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, user_ids: Collection[int]) -> dict[int, int]:
        """When each of these was last there; those never seen are left out."""
        with self._database.read() as connection:
            return users.last_seen(connection, user_ids)

    def store(self, seen: Mapping[int, int]) -> None:
        """Store when each of these was last there."""

        def job(unit: Unit) -> None:
            for user_id, at_ms in seen.items():
                users.set_last_seen(unit.connection, user_id, at_ms)

        self._database.write(job)
