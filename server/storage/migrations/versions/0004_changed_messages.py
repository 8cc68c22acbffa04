"""Messages that change, groups, and what is somebody's own in a conversation."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_OF_MESSAGES = ("happening", "forwarded_from", "preview")
_NAME = "INSERT INTO mentions (user_id, conversation_id, position) SELECT CAST(named.value AS BIGINT), "
_THEM = " AS named WHERE mentions IS NOT NULL AND CAST(named.value AS BIGINT) <> sender_id"
_MENTIONS = {
    "sqlite": _NAME + "conversation_id, position FROM messages, json_each(mentions)" + _THEM,
    "postgresql": _NAME + "conversation_id, position FROM messages, json_array_elements_text(mentions::json)" + _THEM,
}
"""Who is named in what others wrote before."""


def _of_members() -> list[sa.Column[Any]]:
    """What is somebody's own, newly made: a column belongs to one table."""
    return [
        sa.Column("notify", sa.String(16), nullable=False, server_default="all"),
        sa.Column("blocked", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("hides_typing", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("hides_receipts", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("own_read_position", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("draft", sa.Text()),
        sa.Column("draft_reply_to_uid", sa.String(36)),
        sa.Column("draft_written_at", sa.BigInteger()),
    ]


def upgrade() -> None:
    """Add columns with constant values, which rewrites no rows, and tables."""
    for column in _of_members():
        op.add_column("members", column)
    for name in _OF_MESSAGES:
        op.add_column("messages", sa.Column(name, sa.Text()))
    op.add_column("conversations", sa.Column("uid", sa.String(36)))
    op.create_index("ix_conversations_uid", "conversations", ["uid"], unique=True)
    op.create_table(
        "edits",
        sa.Column("message_id", _BIG_ID, sa.ForeignKey("messages.message_id"), nullable=False),
        sa.Column("edited_at", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text()),
        sa.PrimaryKeyConstraint("message_id", "edited_at"),
    )
    op.create_table(
        "pins",
        sa.Column("message_id", _BIG_ID, sa.ForeignKey("messages.message_id"), nullable=False),
        sa.Column("conversation_id", _BIG_ID, sa.ForeignKey("conversations.conversation_id"), nullable=False),
        sa.Column("user_id", _BIG_ID, sa.ForeignKey("users.user_id"), nullable=False),
        sa.Column("pinned_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_index("ix_pins_conversation_id", "pins", ["conversation_id"])
    op.create_table(
        "stars",
        sa.Column("user_id", _BIG_ID, sa.ForeignKey("users.user_id"), nullable=False),
        sa.Column("message_id", _BIG_ID, sa.ForeignKey("messages.message_id"), nullable=False),
        sa.Column("conversation_id", _BIG_ID, nullable=False),
        sa.Column("starred_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "message_id"),
    )
    op.create_index("ix_stars_user_id_conversation_id", "stars", ["user_id", "conversation_id"])
    op.create_index("ix_stars_message_id", "stars", ["message_id"])
    op.create_table(
        "mentions",
        sa.Column("user_id", _BIG_ID, nullable=False),
        sa.Column("conversation_id", _BIG_ID, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "conversation_id", "position"),
    )
    op.execute(_MENTIONS[op.get_bind().dialect.name])


def downgrade() -> None:
    """Take them away again."""
    for table in ("mentions", "stars", "pins", "edits"):
        op.drop_table(table)
    op.drop_index("ix_conversations_uid", table_name="conversations")
    op.drop_column("conversations", "uid")
    for name in _OF_MESSAGES:
        op.drop_column("messages", name)
    for column in _of_members():
        op.drop_column("members", column.name)
