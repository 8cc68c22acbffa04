"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table, referred ones first."""
    _create_invites()
    _create_marks()
    _create_server_facts()
    _create_users()
    _create_conversations()
    _create_sessions()
    _create_members()
    _create_messages()
    _create_attachments()
    _create_reactions()


def downgrade() -> None:
    """Drop them again, referring ones first."""
    for table in (
        "reactions",
        "attachments",
        "messages",
        "members",
        "sessions",
        "conversations",
        "users",
        "server_facts",
        "marks",
        "invites",
    ):
        op.drop_table(table)


def _create_invites() -> None:
    """The table `invites` with its indexes."""
    op.create_table(
        "invites",
        sa.Column("invite_id", _BIG_ID, autoincrement=True, nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("invite_id", name=op.f("pk_invites")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_invites_code_hash")),
    )


def _create_marks() -> None:
    """The table `marks` with its indexes."""
    op.create_table(
        "marks",
        sa.Column("conversation_id", _BIG_ID, nullable=False),
        sa.Column("user_id", _BIG_ID, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "user_id", "position", name=op.f("pk_marks")),
    )
    op.create_index("ix_marks_conversation_id_position", "marks", ["conversation_id", "position"], unique=False)


def _create_server_facts() -> None:
    """The table `server_facts` with its indexes."""
    op.create_table(
        "server_facts",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_server_facts")),
    )


def _create_users() -> None:
    """The table `users` with its indexes."""
    op.create_table(
        "users",
        sa.Column("user_id", _BIG_ID, autoincrement=True, nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("username_key", sa.String(length=128), nullable=False),
        sa.Column("display_name", sa.String(length=128), nullable=False),
        sa.Column("search_key", sa.String(length=256), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("status_text", sa.String(length=256), nullable=False),
        sa.Column("avatar_attachment_id", _BIG_ID, nullable=True),
        sa.Column("is_bot", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("deactivated_at", sa.BigInteger(), nullable=True),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("user_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_users")),
        sa.UniqueConstraint("username_key", name=op.f("uq_users_username_key")),
    )
    op.create_index("ix_users_search_key", "users", ["search_key"], unique=False)


def _create_conversations() -> None:
    """The table `conversations` with its indexes."""
    op.create_table(
        "conversations",
        sa.Column("conversation_id", _BIG_ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=256), nullable=True),
        sa.Column("user1_id", _BIG_ID, nullable=True),
        sa.Column("user2_id", _BIG_ID, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("last_message_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.BigInteger(), nullable=False),
        sa.Column("last_position", sa.BigInteger(), nullable=False),
        sa.Column("member_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user1_id"], ["users.user_id"], name=op.f("fk_conversations_user1_id")),
        sa.ForeignKeyConstraint(["user2_id"], ["users.user_id"], name=op.f("fk_conversations_user2_id")),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_conversations")),
        sa.UniqueConstraint("user1_id", "user2_id", name=op.f("uq_conversations_user1_id_user2_id")),
    )


def _create_sessions() -> None:
    """The table `sessions` with its indexes."""
    op.create_table(
        "sessions",
        sa.Column("session_id", _BIG_ID, autoincrement=True, nullable=False),
        sa.Column("user_id", _BIG_ID, nullable=False),
        sa.Column("device_name", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("refresh_counter", sa.BigInteger(), nullable=False),
        sa.Column("refresh_hash", sa.String(length=64), nullable=True),
        sa.Column("previous_hash", sa.String(length=64), nullable=True),
        sa.Column("rotated_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name=op.f("fk_sessions_user_id")),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_previous_hash", "sessions", ["previous_hash"], unique=False)
    op.create_index("ix_sessions_refresh_hash", "sessions", ["refresh_hash"], unique=True)
    op.create_index("ix_sessions_user_id_revoked_at", "sessions", ["user_id", "revoked_at"], unique=False)


def _create_members() -> None:
    """The table `members` with its indexes."""
    op.create_table(
        "members",
        sa.Column("conversation_id", _BIG_ID, nullable=False),
        sa.Column("user_id", _BIG_ID, nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=True),
        sa.Column("read_position", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unread_from", sa.BigInteger(), nullable=True),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("muted_until", sa.BigInteger(), nullable=True),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("own_version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.conversation_id"], name=op.f("fk_members_conversation_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name=op.f("fk_members_user_id")),
        sa.PrimaryKeyConstraint("conversation_id", "user_id", name=op.f("pk_members")),
    )
    op.create_index("ix_members_conversation_id_version", "members", ["conversation_id", "version"], unique=False)
    op.create_index("ix_members_user_id_left_at", "members", ["user_id", "left_at"], unique=False)
    op.create_index("ix_members_user_id_own_version", "members", ["user_id", "own_version"], unique=False)


def _create_messages() -> None:
    """The table `messages` with its indexes."""
    op.create_table(
        "messages",
        sa.Column("message_id", _BIG_ID, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("conversation_id", _BIG_ID, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("sender_id", _BIG_ID, nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("reply_to_uid", sa.String(length=36), nullable=True),
        sa.Column("mentions", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("edited_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.conversation_id"], name=op.f("fk_messages_conversation_id")
        ),
        sa.ForeignKeyConstraint(["sender_id"], ["users.user_id"], name=op.f("fk_messages_sender_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_messages")),
        sa.UniqueConstraint("conversation_id", "position", name=op.f("uq_messages_conversation_id_position")),
        sa.UniqueConstraint("uid", name=op.f("uq_messages_uid")),
    )
    op.create_index("ix_messages_conversation_id_version", "messages", ["conversation_id", "version"], unique=False)
    op.create_index(
        "ix_messages_reply_to_uid",
        "messages",
        ["reply_to_uid"],
        unique=False,
        sqlite_where=sa.text("reply_to_uid IS NOT NULL"),
        postgresql_where=sa.text("reply_to_uid IS NOT NULL"),
    )


def _create_attachments() -> None:
    """The table `attachments` with its indexes."""
    op.create_table(
        "attachments",
        sa.Column("attachment_id", _BIG_ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("blob_hash", sa.String(length=64), nullable=False),
        sa.Column("owner_id", _BIG_ID, nullable=False),
        sa.Column("message_id", _BIG_ID, nullable=True),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("file_name", sa.String(length=256), nullable=False),
        sa.Column("file_type", sa.String(length=128), nullable=False),
        sa.Column("file_size", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("has_thumbnail", sa.Boolean(), nullable=False),
        sa.Column("blurhash", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["messages.message_id"], name=op.f("fk_attachments_message_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.user_id"], name=op.f("fk_attachments_owner_id")),
        sa.PrimaryKeyConstraint("attachment_id", name=op.f("pk_attachments")),
        sa.UniqueConstraint("key", name=op.f("uq_attachments_key")),
    )
    op.create_index("ix_attachments_blob_hash", "attachments", ["blob_hash"], unique=False)
    op.create_index("ix_attachments_expires_at", "attachments", ["expires_at"], unique=False)
    op.create_index("ix_attachments_message_id_place", "attachments", ["message_id", "place"], unique=False)
    op.create_index("ix_attachments_owner_id_expires_at", "attachments", ["owner_id", "expires_at"], unique=False)


def _create_reactions() -> None:
    """The table `reactions` with its indexes."""
    op.create_table(
        "reactions",
        sa.Column("message_id", _BIG_ID, nullable=False),
        sa.Column("emoji", sa.String(length=64), nullable=False),
        sa.Column("user_id", _BIG_ID, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.message_id"], name=op.f("fk_reactions_message_id")),
        sa.PrimaryKeyConstraint("message_id", "emoji", "user_id", name=op.f("pk_reactions")),
    )
