"""Two user agents against each other on loopback: real SIP, real RTP."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import numpy as np
import pytest

from cti.ua import BadDigits, CallRefused, CallState, Ended, IncomingCall, OutgoingCall, UserAgent
from tests.until import until

pytestmark = pytest.mark.integration


@dataclass
class Pair:
    """A caller, a called one, and the calls that the called one got."""

    caller: UserAgent
    called: UserAgent
    got: list[IncomingCall]

    def call(self, **plan: object) -> OutgoingCall:
        host, port = self.called.address
        return self.caller.call(f"sip:95598@{host}:{port}", "13800000001", **plan)  # type: ignore[arg-type]

    async def talking(self, **plan: object) -> tuple[OutgoingCall, IncomingCall]:
        call = self.call(**plan)
        await until(lambda: self.got)
        assert await self.got[-1].answer()
        await call.wait_answered()
        return call, self.got[-1]


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    async with UserAgent() as caller, UserAgent() as called:
        got: list[IncomingCall] = []

        async def keep(call: IncomingCall) -> None:
            got.append(call)

        called.on_call(keep)
        yield Pair(caller, called, got)


def outcome(ended: Ended | None) -> tuple[str, int]:
    assert ended is not None
    return ended.by, ended.code


async def test_a_call_rings_is_answered_and_hung_up_by_the_caller(pair: Pair) -> None:
    call = pair.call()
    await until(lambda: pair.got)
    there = pair.got[0]
    assert (there.caller, there.user, there.state) == ("13800000001", "95598", CallState.CALLING)
    there.ring()
    await call.wait_ringing()
    assert call.state is CallState.RINGING
    assert await there.answer()
    await call.wait_answered()
    await call.wait_rtp()
    await there.wait_rtp()
    await call.hangup()
    await there.wait_ended()
    assert outcome(call.ended) == ("us", 200)
    assert outcome(there.ended) == ("them", 200)
    times = call.times
    assert times.trying is not None
    assert times.ringing is not None
    assert times.answered is not None
    assert times.bye_sent is not None
    assert times.trying <= times.ringing <= times.answered <= times.bye_sent
    assert times.ringing <= (call.first_rtp or 0) <= times.bye_sent
    assert there.times.bye_received is not None
    assert pair.caller.calls == []
    assert pair.called.calls == []


async def test_the_called_one_hangs_up(pair: Pair) -> None:
    call, there = await pair.talking()
    await there.hangup()
    assert outcome(await call.wait_ended()) == ("them", 200)
    assert outcome(there.ended) == ("us", 200)


async def test_answer_after_a_while_of_ringing(pair: Pair) -> None:
    call = pair.call()
    await until(lambda: pair.got)
    assert await pair.got[0].answer(after=0.3)
    await call.wait_answered()
    assert call.times.ringing is not None
    assert call.times.answered is not None
    assert 0.28 <= call.times.answered - call.times.ringing <= 0.6


@pytest.mark.parametrize("code", [486, 603, 480])
async def test_a_refusal_says_its_code(pair: Pair, code: int) -> None:
    call = pair.call()
    await until(lambda: pair.got)
    await pair.got[0].reject(code)
    with pytest.raises(CallRefused) as refused:
        await call.wait_answered()
    assert refused.value.details["sip_code"] == code
    assert outcome(call.ended) == ("them", code)
    assert outcome(pair.got[0].ended) == ("us", code)


async def test_nobody_at_that_user_is_404() -> None:
    async with UserAgent() as caller, UserAgent() as called:
        call = caller.call(f"sip:nobody@127.0.0.1:{called.address[1]}", "1")
        assert outcome(await call.wait_ended()) == ("them", 404)


async def test_cancel_while_ringing_ends_both_sides(pair: Pair) -> None:
    call = pair.call()
    await until(lambda: pair.got)
    pair.got[0].ring()
    await call.wait_ringing()
    await call.cancel()
    assert outcome(call.ended) == ("us", 487)
    assert outcome(await pair.got[0].wait_ended()) == ("them", 487)
    assert not await pair.got[0].answer(after=0.1)


async def test_cancel_before_anything_came_back_waits_for_the_first_answer(pair: Pair) -> None:
    call = pair.call()
    await call.cancel()
    assert outcome(call.ended) == ("us", 487)
    assert outcome(await pair.got[0].wait_ended()) == ("them", 487)


async def test_a_200_that_crosses_the_cancel_is_acknowledged_and_hung_up(pair: Pair) -> None:
    pair.caller.transactions.lose = lambda wire: wire.startswith(b"CANCEL")
    call = pair.call()
    await until(lambda: pair.got)
    pair.got[0].ring()
    await call.wait_ringing()
    cancelling = asyncio.gather(call.cancel())
    await until(lambda: call.times.cancelled)
    assert await pair.got[0].answer()
    await cancelling
    assert outcome(call.ended) == ("us", 487)
    assert call.times.answered is None
    assert outcome(await pair.got[0].wait_ended()) == ("them", 200)


async def test_both_hang_up_at_once(pair: Pair) -> None:
    call, there = await pair.talking()
    await asyncio.wait_for(asyncio.gather(call.hangup(), there.hangup()), 1.5)
    assert outcome(call.ended) == ("us", 200)
    assert outcome(there.ended) == ("us", 200)
    assert call.times.bye_received is not None
    assert there.times.bye_received is not None


@pytest.mark.parametrize("codec", ["PCMA", "PCMU"])
async def test_tones_are_heard_both_ways_and_nothing_else(pair: Pair, codec: str) -> None:
    call, there = await pair.talking(codec=codec)
    call.tone(440)
    there.tone(1250, level_db=-20)
    await until(lambda: there.received.count > 30 and call.received.count > 30)
    begin, end = call.now() - 0.4, call.now() - 0.1
    assert there.rtp.law == codec
    assert call.received.tone_share(1250, begin, end) > 0.98
    assert call.received.tone_share(440, begin, end) < 0.01
    assert abs(call.received.tone_power(1250, begin, end) + 20) < 0.5
    assert there.received.tone_share(440, begin, end) > 0.98
    assert call.received.tone_power(440, begin, end) < -60


async def test_hold_stops_what_the_other_side_sends_until_resume(pair: Pair) -> None:
    call, there = await pair.talking()
    await call.wait_rtp()
    await call.hold("inactive")
    assert there.held_by_peer
    held = call.now()
    await asyncio.sleep(0.3)  # the time in which nothing may come
    assert call.received.gaps(250, held + 0.03, held + 0.29)
    assert there.received.last_at is not None
    assert there.received.last_at < held + 0.05
    await call.resume()
    assert not there.held_by_peer
    before = call.received.count
    await until(lambda: call.received.count > before + 5)


async def test_hold_sendonly_goes_on_sending(pair: Pair) -> None:
    call, there = await pair.talking()
    await call.hold("sendonly")
    before, ours = there.received.count, call.received.count
    await until(lambda: there.received.count > before + 10)
    assert call.received.count <= ours + 2
    await there.hold("inactive")
    await there.resume()
    assert there.received.count > before


async def test_both_offer_at_once_and_both_get_through(pair: Pair) -> None:
    call, there = await pair.talking()
    sent: list[bytes] = []
    pair.called.transactions.lose = lambda wire: bool(sent.append(wire))
    await asyncio.wait_for(asyncio.gather(call.hold("sendonly"), there.hold("sendonly")), 12)
    assert any(wire.startswith(b"SIP/2.0 491") for wire in sent)
    assert call.held_by_peer
    assert there.held_by_peer


async def test_digits_are_heard_once_each_in_order_with_their_waits(pair: Pair) -> None:
    call, there = await pair.talking()
    assert await call.send_digits("12,w0.5,#*0")
    await until(lambda: len(there.received.keys) == 5)
    assert there.received.digits == "12#*0"
    times = [key.at for key in there.received.keys]
    assert times[1] - times[0] > 0.15, "heard when the machine came to it, so only roughly"
    assert times[2] - times[1] > 0.55


async def test_no_key_is_lost_or_hurried_by_a_loop_that_stands_still(pair: Pair) -> None:
    call, there = await pair.talking()
    sending = asyncio.gather(call.send_digits("123456"))
    for _ in range(3):
        await asyncio.sleep(0.15)
        time.sleep(0.4)  # noqa: ASYNC251 - a machine that gives us no processor
    assert await sending == [True]
    await until(lambda: len(there.received.keys) == 6)
    assert there.received.digits == "123456"


async def test_digits_stop_when_the_call_ends(pair: Pair) -> None:
    call, there = await pair.talking()
    sending = asyncio.gather(call.send_digits("1,w0.2,2"))
    await until(lambda: there.received.digits == "1")
    await there.hangup()
    assert await sending == [False]
    assert there.received.digits == "1"


@pytest.mark.parametrize("script", ["x", "1,w", "1;2", "w-1"])
async def test_wrong_digits_are_refused_before_any_is_sent(pair: Pair, script: str) -> None:
    call, _ = await pair.talking()
    with pytest.raises(BadDigits):
        await call.send_digits(script)


async def test_a_muted_phone_sends_no_packet_at_all(pair: Pair) -> None:
    call, there = await pair.talking()
    await there.wait_rtp()
    call.stop_rtp()
    await asyncio.sleep(0.25)
    call.start_rtp()
    before = there.received.count
    await until(lambda: there.received.count > before + 3)
    gaps = there.received.gaps(100)
    assert len(gaps) == 1
    assert 230 < gaps[0].ms < 350


async def test_played_sound_arrives_whole_and_in_step(pair: Pair) -> None:
    call, there = await pair.talking()
    sound = (8000 * np.sin(np.arange(8000) ** 1.4 / 40)).astype(np.int16)
    await call.play(sound, wait=True)
    await until(lambda: there.received.count >= 52)
    heard = there.received.pcm().astype(np.float64)
    fits = np.correlate(heard, sound.astype(np.float64), "valid")
    best = int(np.argmax(fits))
    piece = heard[best : best + len(sound)]
    assert float(piece @ sound) / float(np.linalg.norm(piece) * np.linalg.norm(sound)) > 0.999
    assert there.received.lost == 0


async def test_the_user_agent_hangs_up_what_is_left_when_it_closes() -> None:
    async with UserAgent() as called:
        called.on_call(lambda call: call.answer())
        async with UserAgent() as caller:
            call = caller.call(f"sip:1@127.0.0.1:{called.address[1]}", "2")
            await call.wait_answered()
        assert outcome(call.ended) == ("us", 200)
        await until(lambda: not called.calls)


async def test_a_refer_is_reported(pair: Pair) -> None:
    call, _ = await pair.talking()
    with pytest.raises(CallRefused) as refused:
        await call.refer("sip:1002@127.0.0.1")
    assert refused.value.details["sip_code"] == 405
