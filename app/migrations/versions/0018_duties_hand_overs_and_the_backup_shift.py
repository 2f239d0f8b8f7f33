"""Duties, hand-overs and the backup shift."""

import sqlalchemy as sa
from alembic import op

from core import db

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "backup_activations",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("open_key", sa.String(length=8), nullable=True),
        sa.Column("at", db.Utc(), nullable=False),
        sa.Column("trigger", sa.String(length=16), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=32), nullable=False),
        sa.Column("agent_ids", sa.JSON(), nullable=False),
        sa.Column("released_at", db.Utc(), nullable=True),
        sa.Column("released_by", sa.String(length=32), nullable=False),
        sa.Column("release_why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backup_activations")),
        sa.UniqueConstraint("open_key", name=op.f("uq_backup_activations_open_key")),
    )
    with op.batch_alter_table("backup_activations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_backup_activations_at"), ["at"], unique=False)

    op.create_table(
        "duties",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("agent_id", sa.String(length=32), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("shift", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("begins", db.Utc(), nullable=False),
        sa.Column("ends", db.Utc(), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duties")),
    )
    with op.batch_alter_table("duties", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_duties_agent_id"), ["agent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_duties_begins"), ["begins"], unique=False)
        batch_op.create_index(batch_op.f("ix_duties_day"), ["day"], unique=False)

    op.create_table(
        "hand_overs",
        sa.Column("shift_id", sa.String(length=40), nullable=False),
        sa.Column("opened_at", db.Utc(), nullable=False),
        sa.Column("opened_by", sa.String(length=32), nullable=False),
        sa.Column("closed_at", db.Utc(), nullable=True),
        sa.Column("closed_by", sa.String(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("taken_at", db.Utc(), nullable=True),
        sa.Column("taken_by", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("shift_id", name=op.f("pk_hand_overs")),
    )
    op.create_table(
        "weather_notices",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("begins", db.Utc(), nullable=False),
        sa.Column("ends", db.Utc(), nullable=False),
        sa.Column("by", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weather_notices")),
    )
    with op.batch_alter_table("weather_notices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_weather_notices_ends"), ["ends"], unique=False)


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("weather_notices", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_weather_notices_ends"))

    op.drop_table("weather_notices")
    op.drop_table("hand_overs")
    with op.batch_alter_table("duties", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_duties_day"))
        batch_op.drop_index(batch_op.f("ix_duties_begins"))
        batch_op.drop_index(batch_op.f("ix_duties_agent_id"))

    op.drop_table("duties")
    with op.batch_alter_table("backup_activations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_backup_activations_at"))

    op.drop_table("backup_activations")
