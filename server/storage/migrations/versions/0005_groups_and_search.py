"""An index for who has blocked whom, and what messages are searched by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

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
"""The index holds messages up to a number, and is brought further beside the sends (storage/search.py)."""


def upgrade() -> None:
    """Add the index, and what SQLite searches by; PostgreSQL's part waits for its extension (storage/trigrams.py)."""
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
    if connection.dialect.name == "sqlite":
        for statement in _SQLITE:
            connection.exec_driver_sql(statement)
