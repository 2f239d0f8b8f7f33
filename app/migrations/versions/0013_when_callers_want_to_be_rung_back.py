"""When callers want to be rung back."""

import sqlalchemy as sa
from alembic import op

from core import db

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("callbacks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("not_after", db.Utc(), nullable=True))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("callbacks", schema=None) as batch_op:
        batch_op.drop_column("not_after")
