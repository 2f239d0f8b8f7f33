"""The end of a call when the world is unkind: a hang-up told late, a database that takes nothing."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from cti.events import AgentMissed, AgentRang, CallEnded
from cti.messages import ChannelGone
from cti.model import CallState
from cti.ringing import Rang, enter_queue, ring
from cti.session import CallSession
from cti.talk import talk
from tests.cti.exchange import Exchange, offer, opened_exchange, silence
from tests.until import until

pytestmark = pytest.mark.integration

NUMBER = "13800000001"


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    async with opened_exchange(tmp_path) as exchange:
        await exchange.serve()
        yield exchange


async def test_a_request_refused_before_the_hang_up_is_told_still_ends_the_call(exchange: Exchange) -> None:
    async def program(session: CallSession) -> None:
        await session.answer()
        exchange.fake.channels.pop(session.call.id)
        # The refusal comes first, the hang-up while the session waits for it.
        asyncio.get_running_loop().call_later(0.2, session.deliver, ChannelGone(session.call.id, 16, ""))
        await session.play(["sound:hello"])

    exchange.program = program
    story = await exchange.over(exchange.fake.arrive(NUMBER))
    ended = story[-1]
    assert isinstance(ended, CallEnded)
    assert (ended.by, ended.why) == ("caller", "hung_up")


@contextlib.contextmanager
def full_disk(exchange: Exchange) -> Iterator[None]:
    """As long as this lasts, the database takes nothing more, as when its disk is full."""

    def refuse(_connection: object) -> None:
        raise OperationalError("COMMIT", None, sqlite3.OperationalError("database or disk is full"))

    event.listen(exchange.db.engine, "commit", refuse)
    try:
        yield
    finally:
        event.remove(exchange.db.engine, "commit", refuse)


@pytest.mark.parametrize("who", ["caller", "agent"])
async def test_a_talk_that_ends_while_the_database_takes_nothing_is_in_the_books_when_it_does_again(
    exchange: Exchange, who: str
) -> None:
    async def program(session: CallSession) -> None:
        await session.answer()
        await enter_queue(session, "general")
        assert await ring(session, offer("answer")) is Rang.ANSWERED
        await talk(session)

    exchange.program = program
    call_id = exchange.fake.arrive(NUMBER)
    await exchange.state(call_id, CallState.TALKING)
    await until(lambda: exchange.fake.bridges.get(f"{call_id}-talk") == {call_id, f"{call_id}-seat-1"}, what="joined")
    with full_disk(exchange):
        exchange.fake.phone_hangs_up(call_id if who == "caller" else f"{call_id}-seat-1")
        await until(lambda: not exchange.fake.channels, what="nobody is left on the line")
        await until(lambda: all(s._finishing for s in exchange.service.live()), what="the end is being stored")
    story = await exchange.over(call_id)
    assert [type(e).__name__ for e in story[-2:]] == ["CallReleased", "CallEnded"]


async def test_a_caller_who_cannot_be_put_into_the_books_is_refused_at_once(exchange: Exchange) -> None:
    with full_disk(exchange):
        call_id = exchange.fake.arrive(NUMBER)
        await until(lambda: call_id not in exchange.fake.channels, what="the caller is let go")
        await until(lambda: not exchange.service.live(), what="nothing is left of the call")
    call_id = exchange.fake.arrive(NUMBER)
    await exchange.state(call_id, CallState.MENU)


async def test_a_move_that_is_not_stored_has_not_happened(exchange: Exchange) -> None:
    async def program(session: CallSession) -> None:
        await session.answer()
        await enter_queue(session, "general")
        with full_disk(exchange), pytest.raises(OperationalError):
            await ring(session, offer("answer"))
        assert session.call.state is CallState.QUEUED

    exchange.program = program
    story = await exchange.over(exchange.fake.arrive(NUMBER))
    assert AgentRang not in [type(e) for e in story]


async def test_a_seat_that_went_while_nobody_controlled_its_call_is_not_blamed(exchange: Exchange) -> None:
    async def program(session: CallSession) -> None:
        if session.call.state is CallState.ARRIVED:
            await session.answer()
            await enter_queue(session, "general")
            await ring(session, offer("ring"))
        elif session.call.state is CallState.RINGING:
            assert await ring(session, None) is Rang.MISSED
        await silence(session)

    exchange.program = program
    call_id = exchange.fake.arrive(NUMBER)
    await until(lambda: f"{call_id}-seat-1" in exchange.fake.channels, what="the seat rings")
    del exchange.fake.channels[f"{call_id}-seat-1"]
    await exchange.fake.drop()
    await exchange.state(call_id, CallState.QUEUED)
    assert [e.cause for e in await exchange.story(call_id) if isinstance(e, AgentMissed)] == ["restart"]


async def test_the_caller_leaves_the_bridge_before_it_is_closed_and_hears_what_follows(exchange: Exchange) -> None:
    async def program(session: CallSession) -> None:
        await session.answer()
        await enter_queue(session, "general")
        assert await ring(session, offer("answer")) is Rang.ANSWERED
        await talk(session)
        await session.play(["sound:goodbye"])

    exchange.program = program
    call_id = exchange.fake.arrive(NUMBER)
    bridge, seat = f"{call_id}-talk", f"{call_id}-seat-1"
    await until(lambda: exchange.fake.bridges.get(bridge) == {call_id, seat}, what="joined")
    exchange.fake.phone_hangs_up(seat)
    await exchange.over(call_id)
    asked = exchange.fake.asked
    left, closed = (
        asked.index(("POST", f"bridges/{bridge}/removeChannel")),
        asked.index(("DELETE", f"bridges/{bridge}")),
    )
    assert left < closed < asked.index(("POST", f"channels/{call_id}/play/{call_id}-play-0"))


async def test_a_database_that_fails_when_the_pbx_is_found_again_does_not_leave_the_service_deaf(
    exchange: Exchange,
) -> None:
    with full_disk(exchange):
        await exchange.fake.drop()
        await until(lambda: exchange.service.pbx_trouble is not None, what="trouble is told")
        await until(lambda: exchange.fake.closed > 2, what="it tries again and again")
    await until(lambda: exchange.service.pbx_trouble is None, what="calls are taken again")
    await exchange.state(exchange.fake.arrive(NUMBER), CallState.MENU)
