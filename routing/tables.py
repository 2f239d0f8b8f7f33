"""The table of calls that wait for a person."""

from sqlalchemy import Column, String, Table

from core.db import Utc, metadata

queue_entries = Table(
    "queue_entries",
    metadata,
    Column("call_id", String(64), primary_key=True),
    Column("queue", String(32), nullable=False),
    Column("enqueued_at", Utc, nullable=False),
)
