"""The tables of nuisance calls and of numbers that are not served."""

from sqlalchemy import Boolean, Column, String, Table

from core.db import Utc, metadata

nuisance_marks = Table(
    "nuisance_marks",
    metadata,
    Column("call_id", String(64), primary_key=True),
    Column("phone", String(32), nullable=False, index=True),
    Column("agent_id", String(32), nullable=False),
    Column("at", Utc, nullable=False, index=True),
    Column("released", Boolean, nullable=False),
    Column("note", String(500), nullable=False),
)
"""A call is reported once."""

number_blocks = Table(
    "number_blocks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("phone", String(32), nullable=False, index=True),
    Column("since", Utc, nullable=False),
    Column("until", Utc, nullable=False, index=True),
    Column("by", String(32), nullable=False),
    Column("note", String(500), nullable=False),
    Column("lifted_at", Utc),
    Column("lifted_by", String(32)),
)
