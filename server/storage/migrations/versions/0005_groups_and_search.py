"""An index for who has blocked whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        "ix_members_blocked",
        "members",
        ["user_id", "conversation_id"],
        sqlite_where=sa.text("blocked = 1"),
        postgresql_where=sa.text("blocked"),
    )
