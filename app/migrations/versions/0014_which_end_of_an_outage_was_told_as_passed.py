"""Which end of an outage was told as passed."""

import sqlalchemy as sa
from alembic import op

from core import db

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("outages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("overdue_told", db.Utc(), nullable=True))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("outages", schema=None) as batch_op:
        batch_op.drop_column("overdue_told")
