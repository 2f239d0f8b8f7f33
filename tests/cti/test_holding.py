"""An agent who leaves a caller on hold is reminded, again and again, and who is taken back is not spoken of."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from core.errors import BadInput
from cti.events import CallReleased, HoldReminded
from cti.holding import HoldReminder
from cti.messages import Consult, Hold, Resume, ToMenu
from cti.model import CallState
from cti.ringing import enter_queue, ring
from cti.session import CallSession
from cti.talk import Unguarded, talk
from tests.cti.exchange import Exchange, offer, opened_exchange
from tests.cti.test_consult import COLLEAGUE, RINGS, heard_together, in_talk, session_of
from tests.until import until

pytestmark = pytest.mark.integration


class Menu(Unguarded):
    """A guard that knows one way of the menu, and a sentence for the agent's ear."""

    def leads_to(self, way: str) -> None:
        if way != "survey":
            raise BadInput("no such way", field="menu")

    def reminder(self) -> Sequence[str]:
        return ["sound:hold_reminder"]


async def guarded(session: CallSession) -> None:
    """A talk with a guard; who is sent to the menu waits there."""
    if session.call.state is CallState.ARRIVED:
        await session.answer()
        await enter_queue(session, "general")
        await ring(session, offer("answer"))
    await talk(session, Menu())
    while True:
        await session.receive()


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    async with opened_exchange(tmp_path, hold_reminder=0.15) as exchange:
        exchange.program = guarded
        await exchange.serve()
        yield exchange


def whispered(exchange: Exchange, channel: str) -> int:
    return len([1 for method, uri in exchange.fake.asked if uri.startswith(f"channels/{channel}/play/")])


async def reminded(exchange: Exchange, call_id: str) -> list[int]:
    await exchange.journal.settle()
    return [event.held_s for event in await exchange.story(call_id) if isinstance(event, HoldReminded)]


async def test_the_agent_is_reminded_again_and_again_until_the_caller_is_back(exchange: Exchange) -> None:
    call_id = await in_talk(exchange)
    seat = f"{call_id}-seat-1"
    await exchange.command(call_id, Hold("a1"))
    await until(lambda: whispered(exchange, seat) == 2, what="said twice in the agent's ear")
    assert whispered(exchange, call_id) == 0, "the caller hears music alone"
    await exchange.command(call_id, Resume("a1"))
    said = whispered(exchange, seat)
    await exchange.command(call_id, Hold("a1"))
    await exchange.command(call_id, Resume("a1"))
    await asyncio.sleep(0.2)
    assert whispered(exchange, seat) == said, "the time begins anew with each hold"
    exchange.fake.phone_hangs_up(call_id)
    await exchange.over(call_id)


async def test_the_time_to_the_reminder_is_that_of_the_policy_and_begins_anew_with_each_hold(tmp_path: Path) -> None:
    async with opened_exchange(tmp_path, hold_reminder=0.6) as exchange:
        exchange.program = guarded
        await exchange.serve()
        call_id = await in_talk(exchange)
        reminder = HoldReminder(session_of(exchange, call_id))
        assert reminder.left() is None
        await exchange.command(call_id, Hold("a1"))
        assert reminder.left() == pytest.approx(0.6)
        await until(lambda: (reminder.left() or 0.0) < 0.3, what="half of the time is over")
        await until(lambda: whispered(exchange, f"{call_id}-seat-1") == 1, what="reminded")
        assert await reminded(exchange, call_id) == [1]
        await exchange.command(call_id, Resume("a1"))
        assert reminder.left() is None
        await exchange.command(call_id, Hold("a1"))
        assert reminder.left() == pytest.approx(0.6)
        exchange.fake.phone_hangs_up(call_id)
        await exchange.over(call_id)


@pytest.mark.parametrize("answers", [False, True])
async def test_a_consultation_is_not_talked_into(exchange: Exchange, answers: bool) -> None:
    call_id = await in_talk(exchange)
    seat = f"{call_id}-seat-1"
    await exchange.command(call_id, Consult("a1", COLLEAGUE if answers else RINGS))
    if answers:
        await heard_together(exchange, call_id, seat, f"{call_id}-seat-2")

    async def told() -> bool:
        return len(await reminded(exchange, call_id)) >= 2

    await until(told, what="reminded by the page")
    assert (whispered(exchange, seat) > 0) is not answers
    exchange.fake.phone_hangs_up(call_id)
    await exchange.over(call_id)


@pytest.mark.parametrize("held", [False, True])
async def test_a_caller_is_sent_on_by_a_way_of_the_menu(exchange: Exchange, held: bool) -> None:
    call_id = await in_talk(exchange)
    if held:
        await exchange.command(call_id, Hold("a1"))
    with pytest.raises(BadInput):
        await exchange.command(call_id, ToMenu("a1", "nowhere"))
    await exchange.command(call_id, ToMenu("a1", "survey"))
    assert session_of(exchange, call_id).call.state is CallState.MENU
    await until(lambda: list(exchange.fake.channels) == [call_id], what="the agent is free")
    assert not exchange.fake.channels[call_id].music
    exchange.fake.phone_hangs_up(call_id)
    story = await exchange.over(call_id)
    assert [(e.why, e.menu) for e in story if isinstance(e, CallReleased)] == [("sent_to_menu", "survey")]
