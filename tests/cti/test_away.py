"""An agent's page that is the phone goes and comes back in mid-call: music meanwhile, and nobody is lost (P9-P11)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cti.events import AgentAway, AgentBack, AgentCalledBack, AgentMuted, CallReleased, CallTransferred
from cti.messages import Conference, Consult, Hold, Mute, PageGone, Resume
from cti.messages import HangUp as HangUpByAgent
from cti.model import CallState, Third
from cti.session import CallSession
from tests.cti.exchange import Exchange, opened_exchange
from tests.cti.lines import SEATS
from tests.cti.test_consult import COLLEAGUE, heard_together, in_talk, music, queueing, session_of
from tests.cti.test_session import stepped
from tests.until import until

pytestmark = pytest.mark.integration

NO_SOUND = 44
"""Q.850 cause with which the PBX ends a leg that sends nothing."""


@dataclass
class Pages:
    """Every seat is a page, and `is_there` or not."""

    is_there: bool = True

    def phone_of(self, seat_id: str) -> str | None:
        return SEATS["answer"]

    def there(self, seat_id: str) -> bool:
        return self.is_there


@dataclass
class Desk:
    """An exchange whose agent a1 sits at a page."""

    exchange: Exchange
    pages: Pages

    def goes(self, call_id: str) -> None:
        """The page is closed: the PBX tells that its phone is gone, the leg is not told of."""
        self.pages.is_there = False
        assert self.exchange.service.deliver(call_id, PageGone("a1", "phone_lost"))

    async def alone(self, call_id: str) -> None:
        """Wait until the caller hears music and the agent's leg is gone."""
        fake = self.exchange.fake
        await until(
            lambda: set(fake.channels) == {call_id} and music(self.exchange, call_id), what="music, and no agent"
        )

    async def together(self, call_id: str, leg: int) -> None:
        """Wait until caller and agent hear each other, the agent on leg number `leg`."""
        await heard_together(self.exchange, call_id, call_id, f"{call_id}-seat-{leg}")
        assert not music(self.exchange, call_id)

    async def ends(self, call_id: str) -> list[type]:
        """Let the caller hang up, and return the kinds of the story's events."""
        self.exchange.fake.phone_hangs_up(call_id)
        return [type(event) for event in await self.exchange.over(call_id)]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    pages = Pages()
    async with opened_exchange(tmp_path, pages=pages, browser_return=2.0, browser_returns=3) as exchange:
        exchange.program = queueing
        await exchange.serve()
        yield Desk(exchange, pages)


async def test_p09_a_page_that_is_loaded_anew_is_in_the_same_talk_again(desk: Desk) -> None:
    call_id = await in_talk(desk.exchange)
    await desk.exchange.command(call_id, Mute("a1", True))
    desk.goes(call_id)
    await desk.alone(call_id)
    assert session_of(desk.exchange, call_id).call.state is CallState.TALKING
    desk.pages.is_there = True
    await desk.together(call_id, 2)
    await until(lambda: desk.exchange.fake.channels[f"{call_id}-seat-2"].muted, what="who was muted is muted still")
    names = await desk.ends(call_id)
    assert [n for n in names if n in (AgentAway, AgentCalledBack, AgentBack)] == [AgentAway, AgentCalledBack, AgentBack]
    assert names.count(CallReleased) == 1
    assert AgentMuted in names


async def test_a_caller_on_hold_stays_on_hold(desk: Desk) -> None:
    call_id = await in_talk(desk.exchange)
    await desk.exchange.command(call_id, Hold("a1"))
    desk.goes(call_id)
    await desk.alone(call_id)
    desk.pages.is_there = True
    await heard_together(desk.exchange, call_id, f"{call_id}-seat-2")
    assert music(desk.exchange, call_id)
    await desk.exchange.command(call_id, Resume("a1"))
    await desk.together(call_id, 2)
    await desk.ends(call_id)


async def test_p10_a_leg_without_sound_is_replaced_and_one_that_says_goodbye_is_not(desk: Desk) -> None:
    call_id = await in_talk(desk.exchange)
    desk.exchange.fake.phone_hangs_up(f"{call_id}-seat-1", NO_SOUND)
    await desk.together(call_id, 2)
    desk.exchange.fake.phone_hangs_up(f"{call_id}-seat-2")
    names = [type(event) for event in await desk.exchange.over(call_id)]
    assert names.count(AgentAway) == 1


async def test_a_second_page_takes_the_call_over_also_while_the_first_one_rings(desk: Desk) -> None:
    call_id = await in_talk(desk.exchange)
    desk.exchange.service.deliver(call_id, PageGone("a1", "moved"))
    await desk.together(call_id, 2)
    desk.exchange.service.deliver(call_id, PageGone("a1", "moved"))
    desk.exchange.service.deliver(call_id, PageGone("a1", "moved"))
    await until(lambda: _talks(desk.exchange, call_id, rung=3), what="back")
    await until(lambda: len(desk.exchange.fake.channels) == 2, what="one leg is left")
    await heard_together(desk.exchange, call_id, *desk.exchange.fake.channels)
    await desk.ends(call_id)


@pytest.mark.parametrize("comes_back", [False, True])
async def test_who_is_not_back_in_time_leaves_the_caller_to_the_queue_at_the_old_place(
    desk: Desk, comes_back: bool
) -> None:
    call_id = await in_talk(desk.exchange)
    place = session_of(desk.exchange, call_id).call.queued_at
    desk.goes(call_id)
    if comes_back:  # again and again, without sound: as often as the policy allows, and no more
        desk.pages.is_there = True
        for leg in range(2, 5):
            await desk.together(call_id, leg)
            desk.exchange.fake.phone_hangs_up(f"{call_id}-seat-{leg}", NO_SOUND)
    await desk.exchange.state(call_id, CallState.QUEUED)
    call = session_of(desk.exchange, call_id).call
    assert (call.queued_at, call.agent_id, call.away_at) == (place, None, None)
    await desk.alone(call_id)
    names = await desk.ends(call_id)
    assert names.count(CallTransferred) == 1


async def test_who_is_in_a_conference_goes_on_without_the_agent(desk: Desk) -> None:
    call_id = await in_talk(desk.exchange)
    await desk.exchange.command(call_id, Consult("a1", COLLEAGUE))
    await until(lambda: session_of(desk.exchange, call_id).call.third is Third.TALKING, what="the colleague is there")
    third = f"{call_id}-seat-2"
    desk.goes(call_id)
    await until(lambda: music(desk.exchange, third) and music(desk.exchange, call_id), what="both hear music")
    desk.pages.is_there = True
    await heard_together(desk.exchange, call_id, third, f"{call_id}-seat-3")
    assert not music(desk.exchange, third)
    await desk.exchange.command(call_id, Conference("a1"))
    desk.goes(call_id)
    await heard_together(desk.exchange, call_id, third, call_id)
    desk.pages.is_there = True
    await heard_together(desk.exchange, call_id, third, call_id, f"{call_id}-seat-4")
    await desk.ends(call_id)


async def test_the_agent_may_end_the_talk_from_the_page_before_its_phone_is_back(desk: Desk) -> None:
    call_id = await in_talk(desk.exchange)
    desk.goes(call_id)
    await desk.alone(call_id)
    await desk.exchange.command(call_id, HangUpByAgent("a1"))
    names = [type(event) for event in await desk.exchange.over(call_id)]
    assert names.count(CallReleased) == 1


@pytest.mark.parametrize("how", ["caller", "restart"])
async def test_a_hang_up_or_a_restart_between_any_two_steps_loses_nobody(desk: Desk, how: str) -> None:
    moment, reached = 0, True
    while reached:
        moment += 1
        assert moment < 60
        reached = await _disturbed_at(desk, moment, how)
    assert moment > 5


async def _disturbed_at(desk: Desk, moment: int, how: str) -> bool:
    """Disturb at the n-th suspension of the call's task after the page went; False: it came not so far."""
    exchange, count, begun = desk.exchange, 0, False

    async def stepping(session: CallSession) -> None:
        def at_each() -> None:
            nonlocal count
            count += begun
            if not begun or count != moment:
                return
            if how == "caller":
                exchange.fake.phone_hangs_up(session.call.id)
            else:
                exchange.tasks.start(exchange.fake.drop(), "restart")

        await stepped(queueing(session), at_each)

    exchange.program = stepping
    call_id = await in_talk(exchange)
    begun = True
    desk.goes(call_id)
    desk.pages.is_there = True
    if how == "restart":
        await until(
            lambda: _talks(exchange, call_id), 10, what=lambda: f"{exchange.fake.bridges}, {exchange.fake.channels}"
        )
    else:
        await until(lambda: call_id not in exchange.fake.channels or _talks(exchange, call_id), what="over, or back")
    reached = count >= moment
    if call_id in exchange.fake.channels:
        exchange.fake.phone_hangs_up(call_id)
    await until(lambda: exchange.service.pbx_trouble is None, what="the PBX is there")
    await exchange.over(call_id)
    return reached


def _talks(exchange: Exchange, call_id: str, rung: int = 2) -> bool:
    """Whether caller and agent hear each other on a leg that is not the first, by the books and in fact."""
    live = [one.call for one in exchange.service.live() if one.call.id == call_id]
    legs = exchange.fake.bridges.get(f"{call_id}-talk", set())
    back = bool(live) and live[0].away_at is None and live[0].seats_rung >= rung
    return back and legs == {call_id, live[0].seat_channel_id} and exchange.service.pbx_trouble is None
