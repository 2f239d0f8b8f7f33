"""The table of calls that wait for a person."""

from sqlalchemy import JSON, Column, Float, String, Table

from core.db import Utc, metadata

queue_entries = Table(
    "queue_entries",
    metadata,
    Column("call_id", String(64), primary_key=True),
    Column("queue", String(32), nullable=False),
    Column("enqueued_at", Utc, nullable=False),
    Column("ahead_s", Float, nullable=False, server_default="0"),
    Column("causes", String(120), nullable=False, server_default=""),
    Column("skills", JSON, nullable=False, server_default="{}"),
    Column("preferred", String(32)),
    Column("preferred_until", Utc),
    Column("also", JSON, nullable=False, server_default="{}"),
)
"""`causes` stand between spaces, the weightiest first; `skills` with levels; `also`: queues, each with its moment."""
