"""An index for who has blocked whom, and what messages are searched by."""

from __future__ import annotations

import logging

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_log = logging.getLogger(__name__)

_INDEXED = "old.message_id <= (SELECT indexed_to FROM message_search_progress)"
_FORGET = """
INSERT INTO message_search(message_search, rowid, content)
SELECT 'delete', old.message_id, old.content WHERE old.content IS NOT NULL;
"""
_AS_FAR_AS = "INSERT INTO message_search_progress (indexed_to) SELECT coalesce(max(message_id), 0) FROM messages"
_SQLITE = (
    """
    CREATE VIRTUAL TABLE message_search
    USING fts5(content, content = 'messages', content_rowid = 'message_id', tokenize = 'trigram')
    """,
    # Whatever there is so far; none of it is the system's.
    "INSERT INTO message_search(message_search) VALUES ('rebuild')",
    _AS_FAR_AS,
    f"""
    CREATE TRIGGER message_search_changed AFTER UPDATE OF content ON messages
    WHEN old.content IS NOT new.content AND old.type <> 'system' AND {_INDEXED}
    BEGIN
    {_FORGET}
    INSERT INTO message_search(rowid, content)
    SELECT new.message_id, new.content WHERE new.content IS NOT NULL;
    END
    """,
    f"""
    CREATE TRIGGER message_search_gone AFTER DELETE ON messages WHEN old.type <> 'system' AND {_INDEXED}
    BEGIN
    {_FORGET}
    END
    """,
)
_POSTGRESQL = (
    "CREATE TABLE message_search (message_id BIGINT PRIMARY KEY, content TEXT NOT NULL)",
    "INSERT INTO message_search SELECT message_id, content FROM messages WHERE content IS NOT NULL",
    # Without `fastupdate`, which lets one of many inserts wait for 200 ms.
    "CREATE INDEX ix_message_search_content ON message_search USING gin (content gin_trgm_ops) WITH (fastupdate = off)",
    _AS_FAR_AS,
    """
    CREATE FUNCTION message_search_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' OR NEW.content IS NULL THEN
            DELETE FROM message_search WHERE message_id = OLD.message_id;
        ELSE
            UPDATE message_search SET content = NEW.content WHERE message_id = OLD.message_id;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER message_search_changed AFTER UPDATE OF content OR DELETE ON messages
    FOR EACH ROW EXECUTE FUNCTION message_search_follow()
    """,
)
"""The index holds messages up to a number, and is brought further beside the sends (storage/search.py)."""


def upgrade() -> None:
    """Add the index, and what this database searches by."""
    op.create_index(
        "ix_members_blocked",
        "members",
        ["user_id", "conversation_id"],
        sqlite_where=sa.text("blocked = 1"),
        postgresql_where=sa.text("blocked"),
    )
    # Without a row where there is no index.
    op.create_table("message_search_progress", sa.Column("indexed_to", sa.BigInteger(), nullable=False))
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        _with_trigrams(connection)
        return
    for statement in _SQLITE:
        connection.exec_driver_sql(statement)


def _with_trigrams(connection: sa.Connection) -> None:
    """Have pg_trgm's index. Where the extension is not to be had, search walks, and the start says so."""
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except sa.exc.DBAPIError as error:
        _log.warning("search will be slow: %s", str(error.orig).strip())
        return
    for statement in _POSTGRESQL:
        connection.exec_driver_sql(statement)
