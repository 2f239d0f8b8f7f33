"""Tables of messages, of those whom they are for, and of who has read them."""

from sqlalchemy import JSON, Column, ForeignKey, String, Table, Text

from core.db import Utc, metadata

messages = Table(
    "messages",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key", String(120), nullable=False, unique=True),
    Column("sender_id", String(32), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("at", Utc, nullable=False, index=True),
    Column("recipients", JSON, nullable=False),
)
"""`key` names the form it was written in, so that one that is sent twice is one message; no `recipients`: everybody."""

message_reads = Table(
    "message_reads",
    metadata,
    Column("message_id", ForeignKey(messages.c.id, ondelete="CASCADE"), primary_key=True),
    Column("agent_id", String(32), primary_key=True),
    Column("read_at", Utc, nullable=False),
)
