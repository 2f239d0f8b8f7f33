"""Payments, refunds and adjustments of the utility's books."""

import sqlalchemy as sa
from alembic import op

from core import db

revision = "0033"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "bill_bookings",
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("amount", db.Exact(), nullable=False),
        sa.Column("period", sa.Date(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.number"], name=op.f("fk_bill_bookings_account_accounts")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_bill_bookings")),
    )
    op.create_index(op.f("ix_bill_bookings_account"), "bill_bookings", ["account"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("bill_bookings")
