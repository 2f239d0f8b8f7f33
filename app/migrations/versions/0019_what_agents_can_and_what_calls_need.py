"""What agents can and what calls need."""

import sqlalchemy as sa
from alembic import op

from core import db

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "agent_groups",
        sa.Column("agent_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["users.id"], name=op.f("fk_agent_groups_agent_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("agent_id", "name", name=op.f("pk_agent_groups")),
    )
    op.create_table(
        "agent_skills",
        sa.Column("agent_id", sa.String(length=32), nullable=False),
        sa.Column("skill", sa.String(length=32), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["users.id"], name=op.f("fk_agent_skills_agent_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("agent_id", "skill", name=op.f("pk_agent_skills")),
    )
    with op.batch_alter_table("queue_entries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("skills", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("preferred", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("preferred_until", db.Utc(), nullable=True))
        batch_op.add_column(sa.Column("also", sa.JSON(), server_default="{}", nullable=False))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("queue_entries", schema=None) as batch_op:
        batch_op.drop_column("also")
        batch_op.drop_column("preferred_until")
        batch_op.drop_column("preferred")
        batch_op.drop_column("skills")

    op.drop_table("agent_skills")
    op.drop_table("agent_groups")
