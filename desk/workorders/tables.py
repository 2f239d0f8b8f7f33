"""Tables of work orders, of those who urged them, and of the count by which they are numbered."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, text

from core.db import Utc, metadata

work_orders = Table(
    "work_orders",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("number", String(16), nullable=False, unique=True),
    Column("key", String(160), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("scope", String(8), nullable=False),
    Column("state", String(12), nullable=False),
    Column("call_id", String(64), nullable=False, index=True),
    Column("caller", String(32), nullable=False),
    Column("caller_known", Boolean, nullable=False),
    Column("account", String(20), nullable=False, index=True),
    Column("customer_id", String(32), nullable=False, index=True),
    Column("area", String(60), nullable=False),
    Column("address", String(200), nullable=False),
    Column("outage_id", String(32)),
    Column("recording_id", String(80), index=True),
    Column("priority", String(8), nullable=False, server_default="normal"),
    Column("main_id", String(32), ForeignKey("work_orders.id"), index=True),
    Column("created_at", Utc, nullable=False),
    Column("closed_at", Utc),
    Column("urges", Integer, nullable=False, server_default=text("0")),
    Column("urged_at", Utc),
    Column("text", String(2000), nullable=False, server_default=""),
    Column("began_at", Utc),
    Column("taken_by", String(32), nullable=False, server_default=""),
    Index(None, "state", "area"),
)
"""`key` names the report, so that one that is told twice makes one order."""

work_order_counts = Table(
    "work_order_counts",
    metadata,
    Column("day", String(8), primary_key=True),
    Column("last", Integer, nullable=False, default=0),
)
"""How many orders a day has had (`day` is YYYYMMDD at the site)."""

work_order_urges = Table(
    "work_order_urges",
    metadata,
    Column("order_id", String(32), ForeignKey(work_orders.c.id), primary_key=True),
    Column("call_id", String(64), primary_key=True),
    Column("at", Utc, nullable=False),
)
"""Who urged which order: a call urges an order once."""
