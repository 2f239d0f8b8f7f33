"""A call on the fake Asterisk: whatever happens at whatever moment, it ends once and leaves nothing behind."""

import asyncio
import contextlib
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from core.errors import Conflict, Forbidden, HotlineError
from cti.events import (
    AgentMissed,
    AgentRang,
    CallEnded,
    CallHeld,
    CallQueued,
    CallReleased,
    CallResumed,
    CallTransferred,
)
from cti.messages import ChannelGone, Hold, Resume, SendDigits, Transfer
from cti.messages import HangUp as HangUpByAgent
from cti.model import CallState
from cti.ringing import Rang, enter_queue, leave_queue, ring
from cti.session import CallSession, Program
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


@types.coroutine
def stepped(work: Any, at_each: Callable[[], None]) -> Generator[Any, Any, None]:
    """Run a coroutine and call `at_each` whenever it is suspended."""
    step, given = work.send, None
    while True:
        try:
            waits_for = step(given)
        except StopIteration:
            return
        at_each()
        try:
            step, given = work.send, (yield waits_for)
        except BaseException as error:  # noqa: BLE001 - passed on into the coroutine
            step, given = work.throw, error


async def whole(session: CallSession) -> None:
    """A caller who is rung for twice, talks, is held, handed on, and comes back to the menu."""
    await session.answer()
    await session.play(["sound:hello"])
    await session.digit(0.01)
    await enter_queue(session, "general")
    assert await ring(session, offer("busy")) is Rang.MISSED
    assert await ring(session, offer("away")) is Rang.MISSED
    assert await ring(session, offer("answer")) is Rang.ANSWERED
    assert (await talk(session)).to == "vip"
    await enter_queue(session, "vip")
    await leave_queue(session, "too_long")
    await session.play(["sound:goodbye"])


async def transferring(exchange: Exchange, call_id: str) -> None:
    for command in (Hold("a1"), Resume("a1"), SendDigits("a1", "1"), Hold("a1"), Transfer("a1", "vip")):
        await exchange.command(call_id, command)


async def short(session: CallSession) -> None:
    """A caller whose agent ends the talk on the desktop."""
    await session.answer()
    await enter_queue(session, "general")
    assert await ring(session, offer("answer")) is Rang.ANSWERED
    assert (await talk(session)).to is None
    await session.play(["sound:goodbye"])


async def hanging_up(exchange: Exchange, call_id: str) -> None:
    await exchange.command(call_id, HangUpByAgent("a1"))


async def obey(exchange: Exchange, call_id: str, commands: Callable[[Exchange, str], Awaitable[None]]) -> None:
    """Press the agent's buttons once the talk is there; a caller who is gone meanwhile ends that."""
    try:
        await until(lambda: _talking(exchange, call_id), what="talk or end")
        await commands(exchange, call_id)
    except HotlineError:
        return


def _talking(exchange: Exchange, call_id: str) -> bool:
    return all(s.call.state is CallState.TALKING for s in exchange.service.live() if s.call.id == call_id)


@pytest.mark.parametrize(("program", "commands"), [(whole, transferring), (short, hanging_up)])
async def test_a_caller_may_hang_up_at_every_moment(
    exchange: Exchange, program: Program, commands: Callable[[Exchange, str], Awaitable[None]]
) -> None:
    moment, reached = 0, True
    while reached:
        moment += 1
        assert moment < 300
        reached = await hang_up_at(exchange, moment, program, commands)
    assert moment > 15, "the story has that many moments at least"


async def hang_up_at(
    exchange: Exchange, moment: int, program: Program, commands: Callable[[Exchange, str], Awaitable[None]]
) -> bool:
    """Hang up at the n-th suspension of the call's task; False when the story ended before."""
    count = 0

    async def stepping(session: CallSession) -> None:
        def at_each() -> None:
            nonlocal count
            count += 1
            if count == moment:
                exchange.fake.phone_hangs_up(session.call.id)
                session.deliver(ChannelGone(session.call.id, 16, ""))

        await stepped(program(session), at_each)

    exchange.program = stepping
    call_id = exchange.fake.arrive(NUMBER)
    await until(lambda: count > 0, what="the call has begun")
    exchange.tasks.start(obey(exchange, call_id, commands), "agent")
    story = await exchange.over(call_id)
    ended = story[-1]
    assert isinstance(ended, CallEnded)
    assert ended.by == ("caller" if count >= moment else "system"), f"moment {moment}"
    return count >= moment


# --- what an agent may ask -----------------------------------------------------------------------


async def in_talk(exchange: Exchange) -> str:
    """A call that talks with agent a1."""

    async def program(session: CallSession) -> None:
        await session.answer()
        await enter_queue(session, "general")
        assert await ring(session, offer("answer")) is Rang.ANSWERED
        await talk(session)

    exchange.program = program
    call_id = exchange.fake.arrive(NUMBER)
    await exchange.state(call_id, CallState.TALKING)
    await until(lambda: exchange.fake.bridges.get(f"{call_id}-talk") == {call_id, f"{call_id}-seat-1"}, what="joined")
    return call_id


async def test_holding_parts_them_with_music_and_resuming_joins_them(exchange: Exchange) -> None:
    call_id = await in_talk(exchange)
    bridge, caller = exchange.fake.bridges[f"{call_id}-talk"], exchange.fake.channels[call_id]
    await exchange.command(call_id, Hold("a1"))
    assert (caller.music, call_id in bridge) == (True, False)
    await exchange.command(call_id, Hold("a1"))
    await exchange.command(call_id, Resume("a1"))
    assert (caller.music, call_id in bridge) == (False, True)
    await exchange.command(call_id, Resume("a1"))
    await exchange.command(call_id, SendDigits("a1", "12#"))
    assert caller.digits == "12#"
    await exchange.command(call_id, HangUpByAgent("a1"))
    names = [type(e) for e in await exchange.over(call_id)]
    assert (names.count(CallHeld), names.count(CallResumed), names.count(CallReleased)) == (1, 1, 1)


async def test_another_agent_is_refused(exchange: Exchange) -> None:
    call_id = await in_talk(exchange)
    for command in (Hold("a2"), HangUpByAgent("a2"), Transfer("a2", "vip"), SendDigits("a2", "1")):
        with pytest.raises(Forbidden):
            await exchange.command(call_id, command)
    assert (await exchange.call(call_id)).state is CallState.TALKING  # type: ignore[union-attr]


async def test_the_phone_may_hold_and_resume_by_itself(exchange: Exchange) -> None:
    call_id = await in_talk(exchange)
    seat = exchange.fake.channels[f"{call_id}-seat-1"]
    exchange.fake.tell("ChannelHold", seat)
    await exchange.state(call_id, CallState.HELD)
    exchange.fake.tell("ChannelUnhold", seat)
    await exchange.state(call_id, CallState.TALKING)


async def test_an_agent_who_hangs_up_on_the_phone_while_holding_releases_the_caller(exchange: Exchange) -> None:
    call_id = await in_talk(exchange)
    await exchange.command(call_id, Hold("a1"))
    exchange.fake.phone_hangs_up(f"{call_id}-seat-1")
    story = await exchange.over(call_id)
    released = next(e for e in story if isinstance(e, CallReleased))
    assert (released.by, released.why) == ("agent", "hung_up")


async def test_a_seat_that_is_gone_before_it_is_joined_ends_the_talk_not_the_call(exchange: Exchange) -> None:
    exchange.program = whole
    call_id = exchange.fake.arrive(NUMBER)
    seat = f"{call_id}-seat-3"
    await until(lambda: seat in exchange.fake.channels, what="the third seat is dialled")
    exchange.fake.gone_at_add = seat
    story = await exchange.over(call_id)
    released = next(e for e in story if isinstance(e, CallReleased))
    assert released.by == "agent"


async def test_commands_outside_a_talk_are_refused_with_the_state(exchange: Exchange) -> None:
    call_id = exchange.fake.arrive(NUMBER)
    await exchange.state(call_id, CallState.MENU)
    for command in (Hold("a1"), Resume("a1"), HangUpByAgent("a1"), Transfer("a1", "vip"), SendDigits("a1", "1")):
        with pytest.raises(Conflict, match="the call is menu"):
            await exchange.command(call_id, command)


async def test_a_command_to_a_call_that_ends_is_told_so_at_once(exchange: Exchange) -> None:
    call_id = await in_talk(exchange)
    exchange.fake.phone_hangs_up(call_id)
    (session,) = exchange.service.live()
    await until(lambda: session._gone is not None, what="the hang-up is told")
    with pytest.raises(HotlineError):
        await exchange.command(call_id, Hold("a1"))
    assert CallHeld not in [type(e) for e in await exchange.over(call_id)]


async def test_handing_on_frees_the_agent_and_queues_the_caller(exchange: Exchange) -> None:
    call_id = await in_talk(exchange)
    await exchange.command(call_id, Transfer("a1", "vip"))
    await until(lambda: f"{call_id}-seat-1" not in exchange.fake.channels, what="the seat is free")
    story = await exchange.story(call_id)
    assert CallTransferred in [type(e) for e in story]
    assert CallReleased not in [type(e) for e in story]


# --- ringing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phone", "cause"), [("busy", "busy"), ("reject", "rejected"), ("away", "unreachable"), ("ring", "no_answer")]
)
async def test_why_a_seat_was_missed(exchange: Exchange, phone: str, cause: str) -> None:
    rules = exchange.world.policy.rules
    rules["ring_timeout"] = type(rules["ring_timeout"])(0.3, "s", "", "")

    async def program(session: CallSession) -> None:
        await session.answer()
        await enter_queue(session, "general")
        assert await ring(session, offer(phone)) is Rang.MISSED

    exchange.program = program
    story = await exchange.over(exchange.fake.arrive(NUMBER))
    assert [e.cause for e in story if isinstance(e, AgentMissed)] == [cause]
    assert [type(e) for e in story].count(AgentRang) == 1


# --- what the caller hears and presses -----------------------------------------------------------------


async def test_a_key_cuts_a_prompt_short_and_is_kept(exchange: Exchange) -> None:
    keys: list[str | None] = []

    async def program(session: CallSession) -> None:
        await session.answer()
        await session.play(["sound:long"])
        await session.play(["sound:next"])
        keys.extend([await session.digit(1), await session.digit(1), await session.digit(0.01)])

    exchange.fake.plays_by_itself = False
    exchange.program = program
    call_id = exchange.fake.arrive(NUMBER)
    await until(lambda: exchange.fake.playbacks, what="it plays")
    exchange.fake.press(call_id, "12")
    await exchange.over(call_id)
    assert keys == ["1", "2", None]
    assert sum("/play/" in uri for _, uri in exchange.fake.asked) == 1, "the second prompt was not begun"


async def test_a_program_that_fails_apologises_and_ends_the_call(exchange: Exchange) -> None:
    async def program(session: CallSession) -> None:
        await session.answer()
        raise ZeroDivisionError

    exchange.program = program
    call_id = exchange.fake.arrive(NUMBER)
    story = await exchange.over(call_id)
    assert (story[-1].by, story[-1].why) == ("system", "error")  # type: ignore[attr-defined]
    assert sum("/play/" in uri for _, uri in exchange.fake.asked) == 1


async def test_a_caller_who_is_gone_before_we_begin_is_ended_at_once(exchange: Exchange) -> None:
    call_id = exchange.fake.arrive(NUMBER)
    exchange.fake.phone_hangs_up(call_id)
    story = await exchange.over(call_id)
    assert (story[-1].by, story[-1].why) == ("caller", "hung_up")  # type: ignore[attr-defined]
    assert CallQueued not in [type(e) for e in story]


async def test_what_tidies_up_after_a_hang_up_is_not_cancelled_by_its_repetition(exchange: Exchange) -> None:
    tidied: list[str] = []

    async def program(session: CallSession) -> None:
        try:
            await silence(session)
        finally:
            for sign in ("StasisEnd", "ChannelDestroyed"):
                session.deliver(ChannelGone(session.call.id, 0, sign))
                await session.tell()
                tidied.append(sign)

    exchange.program = program
    call_id = exchange.fake.arrive(NUMBER)
    await exchange.state(call_id, CallState.MENU)
    exchange.fake.phone_hangs_up(call_id)
    await exchange.over(call_id)
    assert tidied == ["StasisEnd", "ChannelDestroyed"]


async def test_a_hang_up_that_was_caught_on_its_way_still_ends_the_call(exchange: Exchange) -> None:
    async def program(session: CallSession) -> None:
        await session.answer()
        with contextlib.suppress(asyncio.CancelledError):
            await session.receive()
        await silence(session)

    exchange.program = program
    call_id = exchange.fake.arrive(NUMBER)
    await exchange.state(call_id, CallState.MENU)
    exchange.fake.phone_hangs_up(call_id)
    assert (await exchange.over(call_id))[-1].by == "caller"  # type: ignore[attr-defined]
