"""Tables of duties, hand-overs, activations of the backup shift, and weather notices."""

from sqlalchemy import JSON, Column, Integer, String, Table, Text

from core.db import Utc, metadata

duties = Table(
    "duties",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("agent_id", String(32), nullable=False, index=True),
    Column("day", String(10), nullable=False, index=True),
    Column("shift", String(24), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("begins", Utc, nullable=False, index=True),
    Column("ends", Utc, nullable=False),
    Column("phone", String(32), nullable=False),
)

hand_overs = Table(
    "hand_overs",
    metadata,
    Column("shift_id", String(40), primary_key=True),
    Column("opened_at", Utc, nullable=False),
    Column("opened_by", String(32), nullable=False),
    Column("closed_at", Utc),
    Column("closed_by", String(32), nullable=False),
    Column("note", Text, nullable=False),
    Column("taken_at", Utc),
    Column("taken_by", String(32), nullable=False),
)

activations = Table(
    "backup_activations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("open_key", String(8), unique=True),
    Column("at", Utc, nullable=False, index=True),
    Column("trigger", String(16), nullable=False),
    Column("why", Text, nullable=False),
    Column("by", String(32), nullable=False),
    Column("agent_ids", JSON, nullable=False),
    Column("released_at", Utc),
    Column("released_by", String(32), nullable=False),
    Column("release_why", Text, nullable=False),
)
"""`open_key` is the same for all that go on and empty for all that are over, so that only one goes on."""

weather_notices = Table(
    "weather_notices",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("level", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("begins", Utc, nullable=False),
    Column("ends", Utc, nullable=False, index=True),
    Column("by", String(32), nullable=False),
)
