"""Seats whose phone is a page."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("seats", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(length=16), server_default="phone", nullable=False))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("seats", schema=None) as batch_op:
        batch_op.drop_column("kind")
