"""The outbox: notes to customers, waiting, sent or given up."""

from sqlalchemy import Column, Index, Integer, String, Table

from core.db import Utc, metadata

notifications = Table(
    "notifications",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("to", String(32), nullable=False),
    Column("text", String(500), nullable=False),
    Column("about", String(32), nullable=False, index=True),
    Column("state", String(12), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("due_at", Utc),
    Column("sent_at", Utc),
    Index(None, "state", "due_at"),
)
