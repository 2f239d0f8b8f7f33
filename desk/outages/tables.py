"""Tables of outage notices and whom they concern."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from core.db import Utc, metadata

outages = Table(
    "outages",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("cause", String(200), nullable=False),
    Column("begins", Utc, nullable=False),
    Column("ends", Utc, nullable=False),
    Column("status", String(12), nullable=False),
    Column("version", Integer, nullable=False),
    Column("overdue_told", Utc),
    Index(None, "status", "ends"),
)
"""`overdue_told` is the announced end of which was told that it has passed while the power is not back."""

outage_scopes = Table(
    "outage_scopes",
    metadata,
    Column("outage_id", String(32), ForeignKey(outages.c.id), primary_key=True),
    Column("of", String(8), primary_key=True),
    Column("value", String(60), primary_key=True, index=True),
    Column("position", Integer, nullable=False),
)
"""Whom a notice concerns: `of` is `area` or `account`, `value` its name or number."""
