"""Customers that agents write down, and calls of which they said who called."""

import sqlalchemy as sa
from alembic import op

from core import db

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

ADDED = {"category": 20, "address": 200, "area": 60, "language": 32}
"""Length of what was added, by column."""


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("customers", schema=None) as batch_op:
        for name, length in ADDED.items():
            batch_op.add_column(sa.Column(name, sa.String(length=length), server_default="", nullable=False))
        batch_op.add_column(sa.Column("key", sa.String(length=120), nullable=True))
        batch_op.create_unique_constraint(op.f("uq_customers_key"), ["key"])
    with op.batch_alter_table("customer_phones", schema=None) as batch_op:
        batch_op.add_column(sa.Column("added_by", sa.String(length=32), server_default="", nullable=False))
    op.create_table(
        "customer_calls",
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("at", db.Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_customer_calls_customer_id_customers")
        ),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_customer_calls")),
    )
    op.create_index(op.f("ix_customer_calls_customer_id"), "customer_calls", ["customer_id"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("customer_calls")
    with op.batch_alter_table("customer_phones", schema=None) as batch_op:
        batch_op.drop_column("added_by")
    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("uq_customers_key"), type_="unique")
        batch_op.drop_column("key")
        for name in ADDED:
            batch_op.drop_column(name)
