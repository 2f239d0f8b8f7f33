"""Nuisance calls and numbers that are not served."""

import sqlalchemy as sa
from alembic import op

from core import db

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "nuisance_marks",
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("agent_id", sa.String(length=32), nullable=False),
        sa.Column("at", db.Utc(), nullable=False),
        sa.Column("released", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_nuisance_marks")),
    )
    with op.batch_alter_table("nuisance_marks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_nuisance_marks_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_nuisance_marks_phone"), ["phone"], unique=False)

    op.create_table(
        "number_blocks",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("since", db.Utc(), nullable=False),
        sa.Column("until", db.Utc(), nullable=False),
        sa.Column("by", sa.String(length=32), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("lifted_at", db.Utc(), nullable=True),
        sa.Column("lifted_by", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_blocks")),
    )
    with op.batch_alter_table("number_blocks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_number_blocks_phone"), ["phone"], unique=False)
        batch_op.create_index(batch_op.f("ix_number_blocks_until"), ["until"], unique=False)


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("number_blocks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_number_blocks_until"))
        batch_op.drop_index(batch_op.f("ix_number_blocks_phone"))

    op.drop_table("number_blocks")
    with op.batch_alter_table("nuisance_marks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_nuisance_marks_phone"))
        batch_op.drop_index(batch_op.f("ix_nuisance_marks_at"))

    op.drop_table("nuisance_marks")
