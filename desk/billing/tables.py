"""Tables of stored bills and their lines, of readings and terms, and of what the utility's books have on bills."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Integer, String, Table, Text, UniqueConstraint, false

from core.db import Exact, Utc, metadata

bills = Table(
    "bills",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account", String(20), ForeignKey("accounts.number"), nullable=False),
    Column("period", Date, nullable=False),
    Column("usage_kwh", Exact, nullable=False),
    Column("amount", Exact, nullable=False),
    Column("due_date", Date, nullable=False),
    Column("paid_at", Utc),
    Column("estimated", Boolean, nullable=False, server_default=false()),
    Column("balance", Exact),
    UniqueConstraint("account", "period"),
)

bill_lines = Table(
    "bill_lines",
    metadata,
    Column("bill_id", String(32), ForeignKey(bills.c.id), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("kwh", Exact, nullable=False),
    Column("price", Exact, nullable=False),
    Column("amount", Exact, nullable=False),
    Column("tier", Integer),
    Column("part", String(8)),
)

bill_supplies = Table(
    "bill_supplies",
    metadata,
    Column("account", String(20), ForeignKey("accounts.number"), primary_key=True),
    Column("period", Date, primary_key=True),
    Column("document", Text, nullable=False),
)

bill_bookings = Table(
    "bill_bookings",
    metadata,
    Column("number", String(64), primary_key=True),
    Column("account", String(20), ForeignKey("accounts.number"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("day", Date, nullable=False),
    Column("amount", Exact, nullable=False),
    Column("period", Date),
    Column("cause", Text, nullable=False),
)
