"""Alembic's entry: runs revisions on the connection that server/storage/schema.py hands in, in its transaction."""

from __future__ import annotations

from alembic import context

from server.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite changes columns only by rebuilding the table.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
