"""Tables of accounts, seats, sessions and presence."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table

from core.db import Utc, metadata

seats = Table(
    "seats",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("sip_username", String(64), nullable=False, unique=True),
    Column("sip_password", String(64), nullable=False),
    Column("page", String(16), nullable=False, server_default="while_open"),
    Column("kind", String(16), nullable=False, server_default="phone"),
)

users = Table(
    "users",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("username", String(64), nullable=False, unique=True),
    Column("name", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("seat_id", ForeignKey("seats.id", ondelete="SET NULL")),
    Column("disabled", Boolean, nullable=False, default=False),
    Column("password_hash", String(160), nullable=False),
    Column("created_at", Utc, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("opened_at", Utc, nullable=False),
    Column("used_at", Utc, nullable=False),
    Column("address", String(64), nullable=False),
)

presence = Table(
    "presence",
    metadata,
    Column("agent_id", String(32), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("since", Utc, nullable=False),
    Column("cause", String(24), nullable=False),
    Column("reason", String(64)),
    Column("seat_id", String(32)),
    Column("call_id", String(64)),
    Column("until", Utc),
    Column("idle_since", Utc),
    Column("wish", String(16)),
    Column("wish_reason", String(64)),
    Column("desktop", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)

agent_skills = Table(
    "agent_skills",
    metadata,
    Column("agent_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("skill", String(32), primary_key=True),
    Column("level", Integer, nullable=False),
)

agent_groups = Table(
    "agent_groups",
    metadata,
    Column("agent_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(32), primary_key=True),
)
