"""Readings and terms that bills are reckoned of."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "bill_supplies",
        sa.Column("account", sa.String(length=20), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.number"], name=op.f("fk_bill_supplies_account_accounts")),
        sa.PrimaryKeyConstraint("account", "period", name=op.f("pk_bill_supplies")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("bill_supplies")
