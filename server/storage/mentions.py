"""Rows of `mentions`: where somebody is named, so that what is unread of it is counted on an index."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete, insert

from server.storage.tables import mentions


def among(named: Collection[int], member_ids: Collection[int]) -> list[int]:
    """The members among those that somebody names; whoever else is named, and how often, counts for nothing."""
    return sorted({*named}.intersection(member_ids)) if named else []


def add(connection: Connection, conversation_id: int, position: int, user_ids: Collection[int]) -> None:
    """These people are named in the message at a place."""
    rows = [{"user_id": user_id, "conversation_id": conversation_id, "position": position} for user_id in user_ids]
    if rows:
        connection.execute(insert(mentions), rows)


def remove(connection: Connection, conversation_id: int, position: int, user_ids: Collection[int]) -> None:
    """These people are named there no more."""
    here = (mentions.c.conversation_id == conversation_id, mentions.c.position == position)
    if user_ids:
        connection.execute(delete(mentions).where(*here, mentions.c.user_id.in_(user_ids)))
