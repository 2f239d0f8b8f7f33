"""Nuisance callers: what agents do about one on the line, what they report, and which numbers are not served."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from desk.nuisance.model import Block
from desk.nuisance.service import NOTE_LENGTH
from web import shapes
from web.masking import number_for
from web.route import STEERING, Ask, Routes
from web.shapes import Given, Shape

routes = Routes("nuisance")


class NewBlock(Given):
    """A number that is not to be served, for so many days."""

    number: Annotated[str, Field(min_length=3, max_length=24)]
    days: float | None = None
    note: Annotated[str, Field(max_length=NOTE_LENGTH)] = ""


class MarkRow(Shape):
    """A call that an agent has reported; `released`: and ended."""

    call_id: str
    number: str
    agent_id: str
    at: datetime
    released: bool
    note: str


class BlockRow(Shape):
    """A number that is not served until `until`; `holds`: now."""

    id: str
    number: str
    since: datetime
    until: datetime
    by: str
    note: str
    lifted_at: datetime | None
    lifted_by: str | None
    holds: bool


class MarkQuery(Given):
    """How many of the latest reports."""

    limit: Annotated[int, Field(ge=1, le=200)] = 100


@routes.add("GET", "/nuisance", roles=STEERING)
async def list_marks(ask: Ask, query: MarkQuery) -> shapes.Items[MarkRow]:
    """List the nuisance calls that agents have reported, the latest first."""
    role = ask.user.role.value
    return shapes.Items(
        items=[
            MarkRow(
                call_id=mark.call_id,
                number=number_for(mark.phone, role, own=False),
                agent_id=mark.agent_id,
                at=mark.at,
                released=mark.released,
                note=mark.note,
            )
            for mark in await ask.services.nuisance.marks(query.limit)
        ]
    )


@routes.add("GET", "/blocked-numbers", roles=STEERING)
async def list_blocks(ask: Ask) -> shapes.Items[BlockRow]:
    """List the numbers that are not served, and those that were in the last 90 days."""
    return shapes.Items(items=[_row(ask, block) for block in await ask.services.nuisance.blocks()])


@routes.add("POST", "/blocked-numbers", roles=STEERING, status=201)
async def block_number(ask: Ask, body: NewBlock) -> BlockRow:
    """Serve a number no more for some days; who presses 0 in danger still comes to a person."""
    block = await ask.services.nuisance.block(body.number, ask.user.id, days=body.days, note=body.note)
    return _row(ask, block)


@routes.add("DELETE", "/blocked-numbers/{id}", roles=STEERING)
async def lift_block(ask: Ask) -> BlockRow:
    """Serve a number again."""
    return _row(ask, await ask.services.nuisance.lift(ask.part("id"), ask.user.id))


def _row(ask: Ask, block: Block) -> BlockRow:
    return BlockRow(
        id=block.id,
        number=number_for(block.phone, ask.user.role.value, own=False),
        since=block.since,
        until=block.until,
        by=block.by,
        note=block.note,
        lifted_at=block.lifted_at,
        lifted_by=block.lifted_by,
        holds=block.holds(ask.services.clock.now()),
    )
