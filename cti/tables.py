"""The table of calls: the state of each as the journal left it."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, false

from core.db import Utc, metadata

calls = Table(
    "calls",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("caller", String(32), nullable=False, index=True),
    Column("caller_known", Boolean, nullable=False),
    Column("number", String(32), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("direction", String(8), nullable=False),
    Column("queue", String(32)),
    Column("agent_id", String(32)),
    Column("seat_id", String(32)),
    Column("seat_channel_id", String(80)),
    Column("seats_rung", Integer, nullable=False),
    Column("muted", Boolean, nullable=False, server_default=false()),
    Column("away_at", Utc),
    Column("third", String(16)),
    Column("third_agent_id", String(32)),
    Column("third_seat_id", String(32)),
    Column("third_number", String(32)),
    Column("third_channel_id", String(80)),
    Column("watcher_id", String(32)),
    Column("watch_channel_id", String(80)),
    Column("watch_mode", String(16)),
    Column("park_place", Integer, unique=True),
    Column("parked_by", String(32)),
    Column("parked_at", Utc),
    Column("started_at", Utc, nullable=False, index=True),
    Column("answered_at", Utc),
    Column("queued_at", Utc),
    Column("talking_at", Utc),
    Column("released_at", Utc),
    Column("ended_at", Utc),
    Column("ended_by", String(16)),
    Column("end_cause", String(80)),
    Index("ix_calls_agent_id_started_at", "agent_id", "started_at"),
)
