"""The table of announcements."""

from sqlalchemy import Boolean, Column, Integer, String, Table

from core.db import Utc, metadata

announcements = Table(
    "announcements",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("festival", String(24), nullable=False),
    Column("text", String(300), nullable=False),
    Column("areas", String(2000), nullable=False),
    Column("begins", Utc, nullable=False),
    Column("ends", Utc),
    Column("place", Integer, nullable=False),
    Column("on", Boolean, nullable=False, index=True),
    Column("by", String(32), nullable=False),
    Column("live_since", Utc),
    Column("version", Integer, nullable=False),
)
"""`areas` stand one a line."""
