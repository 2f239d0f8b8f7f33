"""Tables of customers, their numbers, accounts and complaints."""

from sqlalchemy import Boolean, Column, ForeignKey, String, Table

from core.db import Utc, metadata

customers = Table(
    "customers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(100), nullable=False, index=True),
    Column("vip", Boolean, nullable=False),
    Column("important", Boolean, nullable=False),
    Column("manager", String(64), nullable=False, server_default=""),
)

customer_phones = Table(
    "customer_phones",
    metadata,
    Column("number", String(20), primary_key=True),
    Column("customer_id", String(32), ForeignKey(customers.c.id), primary_key=True, index=True),
)

accounts = Table(
    "accounts",
    metadata,
    Column("number", String(20), primary_key=True),
    Column("customer_id", String(32), ForeignKey(customers.c.id), nullable=False, index=True),
    Column("address", String(200), nullable=False),
    Column("area", String(60), nullable=False, index=True),
    Column("category", String(20), nullable=False),
    Column("voltage", String(20), nullable=False),
    Column("supply_state", String(20), nullable=False),
    Column("pin_hash", String(120)),
)

complaints = Table(
    "complaints",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("customer_id", String(32), ForeignKey(customers.c.id), nullable=False, index=True),
    Column("at", Utc, nullable=False),
    Column("about", String(200), nullable=False),
)
