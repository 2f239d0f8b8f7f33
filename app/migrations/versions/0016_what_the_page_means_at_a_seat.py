"""What the page means at a seat."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("seats", schema=None) as batch_op:
        batch_op.add_column(sa.Column("page", sa.String(length=16), server_default="while_open", nullable=False))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("seats", schema=None) as batch_op:
        batch_op.drop_column("page")
