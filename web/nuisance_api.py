"""Nuisance callers: what agents do about one on the line, what they report, and which numbers are not served."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from desk.nuisance.model import Block
from desk.nuisance.service import NOTE_LENGTH
from web import shapes, store
from web.masking import number_for
from web.route import DESKTOPS, STEERING, Ask, Routes
from web.shapes import Given, Shape

routes = Routes("nuisance")


class NewBlock(Given):
    """A number that is not to be served, for so many days."""

    number: Annotated[str, Field(min_length=3, max_length=24)]
    days: float | None = None
    note: Annotated[str, Field(max_length=NOTE_LENGTH)] = ""


class Prolonging(Given):
    """For how many days from now on, and the reason when it is another one."""

    days: float | None = None
    note: Annotated[str, Field(max_length=NOTE_LENGTH)] = ""


class Lifting(Given):
    """Why a number is served again."""

    note: Annotated[str, Field(min_length=1, max_length=NOTE_LENGTH)]


class MarkRow(Shape):
    """A call that an agent has reported; `released`: and ended."""

    call_id: str
    number: str
    agent_id: str
    at: datetime
    released: bool
    note: str


class BlockRow(Shape):
    """A number that is not served until `until`; `holds`: now. `turned_away`: calls that did not come to a person."""

    id: str
    number: str
    since: datetime
    until: datetime
    by: str
    by_name: str
    note: str
    turned_away: int
    lifted_at: datetime | None
    lifted_by: str | None
    lifted_by_name: str | None
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
    found = await ask.services.nuisance.blocks()
    return shapes.Items(items=await _rows(ask, found))


@routes.add("POST", "/blocked-numbers", roles=STEERING, status=201)
async def block_number(ask: Ask, body: NewBlock) -> BlockRow:
    """Serve a number no more for some days; who presses 0 in danger still comes to a person."""
    block = await ask.services.nuisance.block(body.number, ask.user.id, days=body.days, note=body.note)
    return (await _rows(ask, [block]))[0]


@routes.add("POST", "/blocked-numbers/{id}/prolong", roles=STEERING)
async def prolong_block(ask: Ask, body: Prolonging) -> BlockRow:
    """Let a block last some days from now on."""
    nuisance, block_id = ask.services.nuisance, ask.part("id")
    block = await nuisance.prolong(block_id, ask.user.id, days=body.days, note=body.note)
    return (await _rows(ask, [block]))[0]


@routes.add("POST", "/blocked-numbers/{id}/lift", roles=STEERING)
async def lift_for(ask: Ask, body: Lifting) -> BlockRow:
    """Serve a number again, for a reason that the audit keeps."""
    block = await ask.services.nuisance.lift(ask.part("id"), ask.user.id, body.note)
    return (await _rows(ask, [block]))[0]


@routes.add("DELETE", "/blocked-numbers/{id}", roles=STEERING)
async def lift_block(ask: Ask) -> BlockRow:
    """Serve a number again."""
    block = await ask.services.nuisance.lift(ask.part("id"), ask.user.id)
    return (await _rows(ask, [block]))[0]


async def _rows(ask: Ask, blocks: Sequence[Block]) -> list[BlockRow]:
    now, people = ask.services.clock.now(), ask.request.app[DESKTOPS].people
    whom = [(block.phone, block.since, min(block.until, block.lifted_at or now, now)) for block in blocks]
    away = await ask.services.db.read(lambda connection: [store.turned_away(connection, *one) for one in whom])
    return [
        BlockRow(
            id=block.id,
            number=number_for(block.phone, ask.user.role.value, own=False),
            since=block.since,
            until=block.until,
            by=block.by,
            by_name=people.name(block.by) or block.by,
            note=block.note,
            turned_away=count,
            lifted_at=block.lifted_at,
            lifted_by=block.lifted_by,
            lifted_by_name=people.name(block.lifted_by) or block.lifted_by,
            holds=block.holds(now),
        )
        for block, count in zip(blocks, away, strict=True)
    ]
