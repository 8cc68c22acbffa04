"""PostgreSQL's part in search: a table of what is said, with pg_trgm's index, where the extension can be had."""

from __future__ import annotations

import logging

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

_EXTENSION = "CREATE EXTENSION IF NOT EXISTS pg_trgm"
_MADE = "SELECT EXISTS (SELECT FROM message_search_progress)"
_TABLE = (
    "CREATE TABLE message_search (message_id BIGINT PRIMARY KEY, content TEXT NOT NULL)",
    """
    INSERT INTO message_search
    SELECT message_id, content FROM messages WHERE content IS NOT NULL AND type <> 'system'
    """,
    # Without `fastupdate`, which lets one of many inserts wait for 200 ms.
    "CREATE INDEX ix_message_search_content ON message_search USING gin (content gin_trgm_ops) WITH (fastupdate = off)",
    "INSERT INTO message_search_progress (indexed_to) SELECT coalesce(max(message_id), 0) FROM messages",
    """
    CREATE FUNCTION message_search_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' OR NEW.content IS NULL THEN
            DELETE FROM message_search WHERE message_id = OLD.message_id;
        ELSIF NEW.message_id <= (SELECT indexed_to FROM message_search_progress) THEN
            -- A file without a caption had no row.
            INSERT INTO message_search VALUES (NEW.message_id, NEW.content)
            ON CONFLICT (message_id) DO UPDATE SET content = EXCLUDED.content;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER message_search_changed AFTER UPDATE OF content OR DELETE ON messages
    FOR EACH ROW EXECUTE FUNCTION message_search_follow()
    """,
)

_log = logging.getLogger(__name__)


def ensure(connection: Connection) -> None:
    """Make them where they are not yet, with everything said so far; without the extension say so, at each start."""
    if connection.dialect.name != "postgresql" or connection.exec_driver_sql(_MADE).scalar_one():
        return
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(_EXTENSION)
    except DBAPIError as error:
        _log.warning("search sees only the newest messages (docs/operating.md, Search): %s", str(error.orig).strip())
        return
    for statement in _TABLE:
        connection.exec_driver_sql(statement)
