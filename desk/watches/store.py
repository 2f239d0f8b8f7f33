"""Rows of watches."""

from datetime import datetime

from sqlalchemy import Connection, and_, insert, select, update

from desk.watches.tables import watches


def there(connection: Connection, thing: str, phone: str) -> bool:
    """Tell whether a telephone has a watch on a thing, open or closed."""
    query = select(watches.c.thing).where(and_(watches.c.thing == thing, watches.c.phone == phone))
    return connection.execute(query).first() is not None


def add(connection: Connection, thing: str, phone: str, call_id: str, at: datetime) -> None:
    """Write a new watch. Raises IntegrityError when there is one."""
    row = {"thing": thing, "phone": phone, "call_id": call_id, "created_at": at}
    connection.execute(insert(watches).values(row))


def phones(connection: Connection, thing: str) -> list[str]:
    """Return the telephones that watch a thing, those that asked first before the others."""
    watching = select(watches.c.phone).where(and_(watches.c.thing == thing, watches.c.closed_at.is_(None)))
    return list(connection.execute(watching.order_by(watches.c.created_at, watches.c.phone)).scalars())


def close(connection: Connection, thing: str, at: datetime) -> None:
    """End the watches of a thing: there is nothing more to tell."""
    connection.execute(
        update(watches).where(and_(watches.c.thing == thing, watches.c.closed_at.is_(None))).values(closed_at=at)
    )
