"""The table of surveys."""

from sqlalchemy import Column, Integer, String, Table

from core.db import Utc, metadata

surveys = Table(
    "surveys",
    metadata,
    Column("call_id", String(64), primary_key=True),
    Column("agent_id", String(32), nullable=False, index=True),
    Column("queue", String(40), nullable=False),
    Column("score", Integer, nullable=False),
    Column("reason", String(20)),
    Column("at", Utc, nullable=False, index=True),
)
