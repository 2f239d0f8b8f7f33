"""The tables of flows: every version with its files, and which one is live."""

from sqlalchemy import JSON, Boolean, Column, ForeignKeyConstraint, Integer, String, Table

from core.db import Utc, metadata

flow_versions = Table(
    "flow_versions",
    metadata,
    Column("flow", String(40), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("files", JSON, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("note", String(500), nullable=False),
    Column("author", String(64), nullable=False),
    Column("shipped", Boolean, nullable=False),
    Column("based_on", Integer),
    Column("created_at", Utc, nullable=False),
    Column("published_at", Utc),
)

flows = Table(
    "flows",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("live", Integer, nullable=False),
    Column("live_by", String(64), nullable=False),
    ForeignKeyConstraint(("id", "live"), ("flow_versions.flow", "flow_versions.number")),
)
"""One row a flow names the live version, so there is never none and never two."""
