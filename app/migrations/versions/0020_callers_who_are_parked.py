"""Callers who are parked."""

import sqlalchemy as sa
from alembic import op

from core import db

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.add_column(sa.Column("park_place", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("parked_by", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("parked_at", db.Utc(), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_calls_park_place"), ["park_place"])


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_calls_park_place"), type_="unique")
        batch_op.drop_column("parked_at")
        batch_op.drop_column("parked_by")
        batch_op.drop_column("park_place")
