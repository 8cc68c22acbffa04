"""Rows of invites: codes by which people may open an account; only their hashes are kept."""

from __future__ import annotations

from sqlalchemy import Connection, insert, update

from server.storage.tables import invites


def add(connection: Connection, *, code_hash: str, now_ms: int, expires_at: int, uses: int) -> None:
    """Store an invite that `uses` people may use until `expires_at` (milliseconds)."""
    connection.execute(
        insert(invites).values(code_hash=code_hash, created_at=now_ms, expires_at=expires_at, uses_left=uses)
    )


def spend(connection: Connection, code_hash: str, now_ms: int) -> bool:
    """Use an invite once; False where there is none, or it is used up or too old.

    One conditional update: two people with one last use cannot both have it.
    """
    open_ = (invites.c.code_hash == code_hash) & (invites.c.uses_left > 0) & (invites.c.expires_at > now_ms)
    done = connection.execute(update(invites).where(open_).values(uses_left=invites.c.uses_left - 1))
    return done.rowcount == 1
