"""Who listens to a talk."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.add_column(sa.Column("watcher_id", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("watch_channel_id", sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column("watch_mode", sa.String(length=16), nullable=True))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.drop_column("watch_mode")
        batch_op.drop_column("watch_channel_id")
        batch_op.drop_column("watcher_id")
