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
    Column("category", String(20), nullable=False, server_default=""),
    Column("address", String(200), nullable=False, server_default=""),
    Column("area", String(60), nullable=False, server_default=""),
    Column("language", String(32), nullable=False, server_default=""),
    Column("key", String(120), unique=True),
)
"""`key`: which agent's form a customer was made of; null: imported."""

customer_phones = Table(
    "customer_phones",
    metadata,
    Column("number", String(20), primary_key=True),
    Column("customer_id", String(32), ForeignKey(customers.c.id), primary_key=True, index=True),
    Column("added_by", String(32), nullable=False, server_default=""),
)
"""`added_by`: the id of the agent who wrote the number down; empty: imported, and an import takes it away again."""

customer_calls = Table(
    "customer_calls",
    metadata,
    Column("call_id", String(64), primary_key=True),
    Column("customer_id", String(32), ForeignKey(customers.c.id), nullable=False, index=True),
    Column("at", Utc, nullable=False),
)
"""Who called, as an agent said."""

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
