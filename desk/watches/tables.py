"""The table of watches."""

from sqlalchemy import Column, String, Table

from core.db import Utc, metadata

watches = Table(
    "watches",
    metadata,
    Column("thing", String(32), primary_key=True),
    Column("phone", String(32), primary_key=True),
    Column("call_id", String(64), nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("closed_at", Utc),
)
"""`thing` is the id of an outage notice or of a main fault order; one watch for each of them and telephone."""
