"""The table of recordings: one row for each talk, also for one that has no sound."""

from sqlalchemy import BigInteger, Column, Float, Index, String, Table, Text

from core.db import Utc, metadata

recordings = Table(
    "recordings",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("call_id", String(64), nullable=False, index=True),
    Column("channel_id", String(64), nullable=False),
    Column("agent_id", String(32), nullable=False),
    Column("answered_seq", BigInteger, unique=True),
    Column("talk_started_at", Utc, nullable=False, index=True),
    Column("talk_ended_at", Utc),
    Column("state", String(16), nullable=False, index=True),
    Column("captured_at", Utc),
    Column("reason", Text),
    Column("verdict", String(16)),
    Column("length_s", Float),
    Column("path", String(160)),
    Column("size", BigInteger),
    Column("sha256", String(64)),
    Column("kind", String(8), nullable=False, server_default="talk"),
    Index("ix_recordings_agent_id_talk_started_at", "agent_id", "talk_started_at"),
)
