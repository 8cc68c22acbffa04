"""Indexes by which unread messages are counted without looking at each of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_DELETED = sa.text("deleted_at IS NOT NULL")


def upgrade() -> None:
    """Create them; a million messages take a few seconds."""
    op.create_index(
        "ix_messages_conversation_id_sender_id_position",
        "messages",
        ["conversation_id", "sender_id", "position"],
        unique=False,
    )
    op.create_index(
        "ix_messages_deleted",
        "messages",
        ["conversation_id", "position", "sender_id"],
        unique=False,
        sqlite_where=_DELETED,
        postgresql_where=_DELETED,
    )


def downgrade() -> None:
    """Drop them again."""
    op.drop_index("ix_messages_deleted", table_name="messages")
    op.drop_index("ix_messages_conversation_id_sender_id_position", table_name="messages")
