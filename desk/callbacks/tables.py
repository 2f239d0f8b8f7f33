"""The table of callbacks."""

from sqlalchemy import Column, Index, Integer, String, Table, text

from core.db import Utc, metadata

callbacks = Table(
    "callbacks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("token", String(80), nullable=False, unique=True),
    Column("call_id", String(64), nullable=False, index=True),
    Column("phone", String(32), nullable=False),
    Column("queue", String(40), nullable=False),
    Column("waiting_since", Utc, nullable=False),
    Column("booked_at", Utc, nullable=False, index=True),
    Column("not_before", Utc, nullable=False),
    Column("not_after", Utc),
    Column("state", String(12), nullable=False),
    Column("calls", Integer, nullable=False, server_default="0"),
    Column("misses", Integer, nullable=False, server_default="0"),
    Column("due_at", Utc),
    Column("agent_id", String(32)),
    Column("outcome", String(12)),
    Column("reason", String(200), nullable=False, server_default=""),
    Column("closed_at", Utc),
    Index(
        "ix_callbacks_open",
        "phone",
        unique=True,
        sqlite_where=text("state <> 'closed'"),
        postgresql_where=text("state <> 'closed'"),
    ),
)
"""`token` names the wish; a number has one open callback at a time. For each of its `calls` there is one id only."""
