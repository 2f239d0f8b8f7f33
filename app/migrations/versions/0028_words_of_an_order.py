"""Words, beginning and taker of a work order."""

import sqlalchemy as sa
from alembic import op

from core import db

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("work_orders", schema=None) as batch_op:
        batch_op.add_column(sa.Column("text", sa.String(length=2000), server_default="", nullable=False))
        batch_op.add_column(sa.Column("began_at", db.Utc(), nullable=True))
        batch_op.add_column(sa.Column("taken_by", sa.String(length=32), server_default="", nullable=False))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("work_orders", schema=None) as batch_op:
        batch_op.drop_column("taken_by")
        batch_op.drop_column("began_at")
        batch_op.drop_column("text")
