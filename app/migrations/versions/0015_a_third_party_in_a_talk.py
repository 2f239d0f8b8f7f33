"""A third party in a talk."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.add_column(sa.Column("muted", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("third", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("third_agent_id", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("third_seat_id", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("third_number", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("third_channel_id", sa.String(length=80), nullable=True))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.drop_column("third_channel_id")
        batch_op.drop_column("third_number")
        batch_op.drop_column("third_seat_id")
        batch_op.drop_column("third_agent_id")
        batch_op.drop_column("third")
        batch_op.drop_column("muted")
