"""Uploads that come in pieces."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table `uploads` with its indexes."""
    op.create_table(
        "uploads",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("owner_id", _BIG_ID, nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("file_name", sa.String(length=256), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("attachment_id", _BIG_ID, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.user_id"], name=op.f("fk_uploads_owner_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_uploads")),
    )
    op.create_index("ix_uploads_expires_at", "uploads", ["expires_at"], unique=False)
    op.create_index("ix_uploads_owner_id_expires_at", "uploads", ["owner_id", "expires_at"], unique=False)


def downgrade() -> None:
    """Drop it again."""
    op.drop_table("uploads")
