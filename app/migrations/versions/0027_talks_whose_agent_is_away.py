"""Talks whose agent is away."""

import sqlalchemy as sa
from alembic import op

from core import db

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.add_column(sa.Column("away_at", db.Utc(), nullable=True))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.drop_column("away_at")
