"""Account managers of customers."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("manager", sa.String(length=64), server_default="", nullable=False))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.drop_column("manager")
