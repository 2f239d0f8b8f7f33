"""The table of callbacks."""

from sqlalchemy import Column, Index, String, Table, text

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
    Index(
        "ix_callbacks_open",
        "phone",
        unique=True,
        sqlite_where=text("state = 'booked'"),
        postgresql_where=text("state = 'booked'"),
    ),
)
"""`token` names the wish; a number has one open callback at a time."""
