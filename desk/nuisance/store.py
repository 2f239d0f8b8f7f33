"""Rows of nuisance calls and blocked numbers to dataclasses and back."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from desk.nuisance.model import Block, Mark
from desk.nuisance.tables import nuisance_marks, number_blocks


def add_mark(connection: Connection, mark: Mark) -> None:
    """Write a report; that the call was then released is added to the one it has. Raises IntegrityError otherwise."""
    if mark.released:
        there = nuisance_marks.c.call_id == mark.call_id, ~nuisance_marks.c.released
        note = {"note": mark.note} if mark.note else {}
        changed = connection.execute(update(nuisance_marks).where(*there).values(released=True, at=mark.at, **note))
        if changed.rowcount:
            return
    connection.execute(insert(nuisance_marks).values(**asdict(mark)))


def marks(connection: Connection, limit: int) -> list[Mark]:
    """Return the latest reports, newest first."""
    query = select(nuisance_marks).order_by(nuisance_marks.c.at.desc(), nuisance_marks.c.call_id).limit(limit)
    return [Mark(**row._mapping) for row in connection.execute(query)]


def put_block(connection: Connection, block: Block) -> None:
    """Write a block, new or changed."""
    row = asdict(block)
    there = connection.execute(update(number_blocks).where(number_blocks.c.id == block.id).values(**row))
    if there.rowcount == 0:
        connection.execute(insert(number_blocks).values(**row))


def blocks(connection: Connection, since: datetime) -> list[Block]:
    """Return the blocks that hold, or held after `since`, those that end last first."""
    query = select(number_blocks).where(number_blocks.c.until > since)
    query = query.order_by(number_blocks.c.until.desc(), number_blocks.c.id)
    return [Block(**row._mapping) for row in connection.execute(query)]
