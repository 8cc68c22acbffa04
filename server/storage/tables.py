"""The tables, with the index behind every query; SQLAlchemy Core. Times are whole milliseconds since 1970 UTC.

Every row that belongs to a conversation carries `version`, taken from the conversation's `head` in the transaction that
changed it (docs/architecture.md, Versions). Facts of one user alone count on `users.user_version`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

BigId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite gives row ids only to a column declared INTEGER."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

server_facts = Table(
    "server_facts",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
"""Facts of the server as a whole: `epoch` (UUID text, replaced when a backup is restored)."""

users = Table(
    "users",
    metadata,
    Column("user_id", BigId, primary_key=True, autoincrement=True),
    Column("username", String(64), nullable=False),
    Column("username_key", String(128), nullable=False, unique=True),
    Column("display_name", String(128), nullable=False),
    Column("search_key", String(256), nullable=False),
    Column("password_hash", Text),
    Column("role", String(16), nullable=False),
    Column("status_text", String(256), nullable=False, default=""),
    Column("avatar_attachment_id", BigId),
    Column("is_bot", Boolean, nullable=False, default=False),
    Column("created_at", BigInteger, nullable=False),
    Column("deactivated_at", BigInteger),
    Column("last_seen_at", BigInteger),
    Column("version", BigInteger, nullable=False, default=1),
    Column("user_version", BigInteger, nullable=False, default=0),
    Index("ix_users_search_key", "search_key"),
)
"""`username_key`: NFKC and casefold of the name: look-alikes collide. `search_key`: folded names for look-up."""

sessions = Table(
    "sessions",
    metadata,
    Column("session_id", BigId, primary_key=True, autoincrement=True),
    Column("user_id", BigId, ForeignKey("users.user_id"), nullable=False),
    Column("device_name", String(128), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("refresh_counter", BigInteger, nullable=False, default=0),
    Column("refresh_hash", String(64)),
    Column("previous_hash", String(64)),
    Column("rotated_at", BigInteger),
    Index("ix_sessions_user_id_revoked_at", "user_id", "revoked_at"),
    Index("ix_sessions_refresh_hash", "refresh_hash", unique=True),
    Index("ix_sessions_previous_hash", "previous_hash"),
)
"""One signed-in device or script (`kind` device|token). Only SHA-256 hex of tokens is kept."""

invites = Table(
    "invites",
    metadata,
    Column("invite_id", BigId, primary_key=True, autoincrement=True),
    Column("code_hash", String(64), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("uses_left", Integer, nullable=False),
)

conversations = Table(
    "conversations",
    metadata,
    Column("conversation_id", BigId, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("title", String(256)),
    Column("user1_id", BigId, ForeignKey("users.user_id")),
    Column("user2_id", BigId, ForeignKey("users.user_id")),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("last_message_at", BigInteger),
    Column("version", BigInteger, nullable=False, default=0),
    Column("head", BigInteger, nullable=False, default=0),
    Column("last_position", BigInteger, nullable=False, default=0),
    Column("member_count", Integer, nullable=False, default=0),
    Column("uid", String(36)),
    UniqueConstraint("user1_id", "user2_id"),
    Index("ix_conversations_uid", "uid", unique=True),
)
"""`head`: the last number given out; `last_position`: the last message's place; `version`: this row's own number.

`uid`: the client's own, where it gave one to a group, so that making it twice makes one.
"""

members = Table(
    "members",
    metadata,
    Column("conversation_id", BigId, ForeignKey("conversations.conversation_id"), primary_key=True),
    Column("user_id", BigId, ForeignKey("users.user_id"), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("joined_at", BigInteger, nullable=False),
    Column("left_at", BigInteger),
    Column("read_position", BigInteger, nullable=False, default=0),
    Column("read_at", BigInteger),
    Column("version", BigInteger, nullable=False),
    Column("unread_from", BigInteger),
    Column("pinned", Boolean, nullable=False, default=False),
    Column("muted_until", BigInteger),
    Column("archived", Boolean, nullable=False, default=False),
    Column("notify", String(16), nullable=False, default="all", server_default="all"),
    Column("blocked", Boolean, nullable=False, default=False, server_default=false()),
    Column("hides_typing", Boolean, nullable=False, default=False, server_default=false()),
    Column("hides_receipts", Boolean, nullable=False, default=False, server_default=false()),
    Column("own_read_position", BigInteger, nullable=False, default=0, server_default="0"),
    Column("draft", Text),
    Column("draft_reply_to_uid", String(36)),
    Column("draft_written_at", BigInteger),
    Column("own_version", BigInteger, nullable=False, default=0),
    Index("ix_members_user_id_left_at", "user_id", "left_at"),
    Index("ix_members_conversation_id_version", "conversation_id", "version"),
    Index("ix_members_user_id_own_version", "user_id", "own_version"),
    Index(
        "ix_members_blocked",
        "user_id",
        "conversation_id",
        sqlite_where=text("blocked = 1"),
        postgresql_where=text("blocked"),
    ),
)
"""A seat. `left_at`: removed (the row stays as a tombstone). `unread_from` … `draft_written_at` are the viewer's own.

`own_read_position`: how far they have read where `read_position`, which others see, stands still (`hides_receipts`).
"""

marks = Table(
    "marks",
    metadata,
    Column("conversation_id", BigId, primary_key=True),
    Column("user_id", BigId, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("read_at", BigInteger, nullable=False),
    Index("ix_marks_conversation_id_position", "conversation_id", "position"),
)
"""Each advance of a read cursor, kept: `read_at` of a message is the first mark at or past its position."""

messages = Table(
    "messages",
    metadata,
    Column("message_id", BigId, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("conversation_id", BigId, ForeignKey("conversations.conversation_id"), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("sender_id", BigId, ForeignKey("users.user_id"), nullable=False),
    Column("type", String(16), nullable=False),
    Column("content", Text),
    Column("content_hash", String(64), nullable=False),
    Column("reply_to_uid", String(36)),
    Column("mentions", Text),
    Column("happening", Text),
    Column("forwarded_from", Text),
    Column("preview", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("edited_at", BigInteger),
    Column("deleted_at", BigInteger),
    UniqueConstraint("conversation_id", "position"),
    Index("ix_messages_conversation_id_version", "conversation_id", "version"),
    Index("ix_messages_conversation_id_sender_id_position", "conversation_id", "sender_id", "position"),
    Index(
        "ix_messages_deleted",
        "conversation_id",
        "position",
        "sender_id",
        sqlite_where=text("deleted_at IS NOT NULL"),
        postgresql_where=text("deleted_at IS NOT NULL"),
    ),
    Index(
        "ix_messages_reply_to_uid",
        "reply_to_uid",
        sqlite_where=text("reply_to_uid IS NOT NULL"),
        postgresql_where=text("reply_to_uid IS NOT NULL"),
    ),
)
"""`content_hash`: SHA-256 of the original type, text, reply and attachments, to tell a retry from a conflict.

`mentions`, `happening`, `forwarded_from` and `preview` are JSON of the wire's shapes, null for nothing.
"""

edits = Table(
    "edits",
    metadata,
    Column("message_id", BigId, ForeignKey("messages.message_id"), primary_key=True),
    Column("edited_at", BigInteger, primary_key=True),
    Column("content", Text),
)
"""What a message said until then. Deleted with it."""

pins = Table(
    "pins",
    metadata,
    Column("message_id", BigId, ForeignKey("messages.message_id"), primary_key=True),
    Column("conversation_id", BigId, ForeignKey("conversations.conversation_id"), nullable=False),
    Column("user_id", BigId, ForeignKey("users.user_id"), nullable=False),
    Column("pinned_at", BigInteger, nullable=False),
    Index("ix_pins_conversation_id", "conversation_id"),
)
"""A message that `user_id` has pinned for all."""

stars = Table(
    "stars",
    metadata,
    Column("user_id", BigId, ForeignKey("users.user_id"), primary_key=True),
    Column("message_id", BigId, ForeignKey("messages.message_id"), primary_key=True),
    Column("conversation_id", BigId, nullable=False),
    Column("starred_at", BigInteger, nullable=False),
    Index("ix_stars_user_id_conversation_id", "user_id", "conversation_id"),
    Index("ix_stars_message_id", "message_id"),
)
"""A message that somebody keeps for themselves."""

reactions = Table(
    "reactions",
    metadata,
    Column("message_id", BigId, ForeignKey("messages.message_id"), primary_key=True),
    Column("emoji", String(64), primary_key=True),
    Column("user_id", BigId, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
)

mentions = Table(
    "mentions",
    metadata,
    Column("user_id", BigId, primary_key=True),
    Column("conversation_id", BigId, primary_key=True),
    Column("position", BigInteger, primary_key=True),
)
"""Where somebody is named: what `messages.mentions` says, by the named, so that unread ones are counted on an index."""

attachments = Table(
    "attachments",
    metadata,
    Column("attachment_id", BigId, primary_key=True, autoincrement=True),
    Column("key", String(32), nullable=False, unique=True),
    Column("blob_hash", String(64), nullable=False),
    Column("owner_id", BigId, ForeignKey("users.user_id"), nullable=False),
    Column("message_id", BigId, ForeignKey("messages.message_id")),
    Column("place", Integer, nullable=False, default=0),
    Column("purpose", String(16), nullable=False),
    Column("file_name", String(256), nullable=False),
    Column("file_type", String(128), nullable=False),
    Column("file_size", BigInteger, nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    Column("duration_s", Float),
    Column("has_thumbnail", Boolean, nullable=False, default=False),
    Column("blurhash", String(64)),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Index("ix_attachments_message_id_place", "message_id", "place"),
    Index("ix_attachments_owner_id_expires_at", "owner_id", "expires_at"),
    Index("ix_attachments_expires_at", "expires_at"),
    Index("ix_attachments_blob_hash", "blob_hash"),
)
"""A file as a message or profile shows it. `key`: 128 random bits in hex; `expires_at` is null once bound.

`purpose` is `message` or `avatar`. Several rows may share a blob; the hash stays inside storage.
"""

uploads = Table(
    "uploads",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("owner_id", BigId, ForeignKey("users.user_id"), nullable=False),
    Column("told", Text, nullable=False),
    Column("file_name", String(256), nullable=False),
    Column("sha256", String(64)),
    Column("size", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False, default=0),
    Column("attachment_id", BigId),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("ix_uploads_owner_id_expires_at", "owner_id", "expires_at"),
    Index("ix_uploads_expires_at", "expires_at"),
)
"""A file that comes in pieces. `received`: how many of its `size` bytes are on the disk for certain.

`told` is the client's own description, given back as it came; `sha256` the client's hash of the whole, where it sent
one. `attachment_id` is set once the file is whole; the row stays until it expires, so that a lost answer can be asked
for again.
"""
