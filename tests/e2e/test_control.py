"""Call control over the real PBX: who hears whom is told by tones, one for each person."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from asterisk_conf.spec import Trunk
from cti.ua import IncomingCall, OutgoingCall, UserAgent
from tests.e2e.heard import come_to, come_to_state
from tests.e2e.test_talk import audio, in_state, seconds, stored
from tests.noon import noon
from tests.pbx import started_pbx
from tests.phone import caller, seat_phone
from tests.service import PASSWORD, Service, started_service
from tests.stalls import Stalls
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.sound, pytest.mark.asyncio(loop_scope="module")]

CALLER, ANNA, BERT, LEAD, OUTSIDE = 440.0, 700.0, 1000.0, 1300.0, 1600.0
TONES = (CALLER, ANNA, BERT, LEAD, OUTSIDE)
HEARD_DB = -25
LOOKED_AT_S = 0.5
SPECIALIST = "02112345678"
Leg = IncomingCall | OutgoingCall


@dataclass
class Carrier:
    """The far side of the trunk."""

    rung: list[IncomingCall] = field(default_factory=list)

    async def comes(self, call: IncomingCall) -> None:
        self.rung.append(call)
        call.ring()


@dataclass
class House:
    hotline: Service
    carrier: Carrier


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncIterator[House]:
    """The service on a PBX whose trunk leads to a carrier of ours."""
    carrier = Carrier()
    async with UserAgent() as far:
        far.on_call(carrier.comes)
        host, port = far.address
        trunk = Trunk(("127.0.0.1",), ("95598",), 100, "95598", outbound_to=f"{host}:{port}")
        async with started_pbx(trunk=trunk) as pbx, started_service(pbx, zone=noon().key) as hotline:
            yield House(hotline, carrier)


def tones(leg: Leg) -> set[float]:
    """The tones of whom this phone has heard in the last half second."""
    now = leg.now()
    return {hz for hz in TONES if leg.received.tone_power(hz, now - LOOKED_AT_S, now - 0.05) > HEARD_DB}


async def hear(legs: dict[str, tuple[Leg, set[float]]]) -> None:
    """Wait until each phone hears exactly these tones, and goes on to do so for longer than what is looked at."""
    since: float | None = None

    def as_wanted() -> bool:
        nonlocal since
        if any(tones(leg) != wanted for leg, wanted in legs.values()):
            since = None
        elif since is None:
            since = time.monotonic()
        return since is not None and time.monotonic() - since > LOOKED_AT_S

    await until(as_wanted, 10, every=0.05, what=lambda: str({name: tones(leg) for name, (leg, _) in legs.items()}))


async def sits(hotline: Service, who: str, seat: str) -> None:
    """Sign somebody in at a seat."""
    body = {"username": who, "password": PASSWORD, "seat": seat}
    async with hotline.api.post(f"{hotline.base}/api/v1/session", json=body) as answer:
        assert answer.status == 201, await answer.text()
        hotline.tokens[who] = str((await answer.json())["token"])


async def do(hotline: Service, who: str, call_id: str, verb: str, **body: Any) -> None:
    await hotline.request(who, "POST", f"/calls/{call_id}/{verb}", body)


async def registered(hotline: Service, who: str) -> None:
    """Wait until the service knows that the phone of somebody's seat is there."""

    async def there() -> bool:
        return bool((await hotline.agent(who))["seat_registered"])

    await until(there, 10, what=f"{who}'s phone")


async def test_p24_who_hears_whom_while_a_lead_monitors_and_a_colleague_is_consulted(house: House) -> None:
    hotline, number = house.hotline, "13800000004"
    seats = hotline.pbx.seats
    await sits(hotline, "lead", "1004")
    async with (
        seat_phone(hotline.pbx, seats[0].sip_username, seats[0].sip_password) as first,
        seat_phone(hotline.pbx, seats[1].sip_username, seats[1].sip_password) as second,
        seat_phone(hotline.pbx, seats[3].sip_username, seats[3].sip_password) as leads,
        caller(hotline.pbx, number) as call,
        Stalls(time.monotonic() - call.now()) as stalls,
    ):
        await hotline.make_ready("anna")
        await call.wait_answered(5)
        await call.send_digits("w0.3,0")
        anna = await first.answer(60)
        call_id = await come_to_state(hotline, number, "talking")
        await hotline.make_ready("bert")
        await registered(hotline, "lead")
        call.tone(CALLER)
        anna.tone(ANNA)
        await hear({"caller": (call, {ANNA}), "anna": (anna, {CALLER})})

        # a shift lead listens, whispers, barges in, and is gone: the talk itself has no gap
        before = call.now()
        await asyncio.sleep(1.5)
        began = call.now()
        usual = max((gap.ms for gap in stalls.left_of(call.received.gaps(0, before, began), 0)), default=0.0)
        await do(hotline, "lead", call_id, "monitor")
        lead = await leads.answer(10)
        lead.tone(LEAD)
        heard = {"caller": (call, {ANNA}), "anna": (anna, {CALLER}), "lead": (lead, {CALLER, ANNA})}
        await hear(heard)
        await do(hotline, "lead", call_id, "whisper")
        await hear(heard | {"anna": (anna, {CALLER, LEAD})})
        await do(hotline, "lead", call_id, "barge")
        await hear(heard | {"anna": (anna, {CALLER, LEAD}), "caller": (call, {ANNA, LEAD})})
        await do(hotline, "lead", call_id, "monitor")
        await hear(heard)
        await do(hotline, "lead", call_id, "monitor", on=False)
        await until(lambda: lead.ended is not None, 5, what="the lead is let go")
        await hear({"caller": (call, {ANNA}), "anna": (anna, {CALLER})})
        allowed = max(100.0, usual)
        gaps = stalls.left_of(call.received.gaps(allowed, began, call.now()), allowed)
        assert not gaps, f"the talk had no gap longer than {allowed:.0f} ms: {gaps}"

        # nobody hears who is muted
        await do(hotline, "anna", call_id, "mute")
        await hear({"caller": (call, set()), "anna": (anna, {CALLER})})
        await do(hotline, "anna", call_id, "mute", on=False)
        await hear({"caller": (call, {ANNA})})

        # a colleague is consulted, swapped with, brought in, and left with the caller
        agents = (await hotline.request("lead", "GET", "/agents"))["items"]
        bert_id = next(agent["id"] for agent in agents if agent["username"] == "bert")
        await do(hotline, "anna", call_id, "consult", agent=bert_id)
        bert = await second.answer(10)
        bert.tone(BERT)
        await hear({"caller": (call, set()), "anna": (anna, {BERT}), "bert": (bert, {ANNA})})
        assert await in_state(hotline, "bert", "talking")
        await do(hotline, "anna", call_id, "consult", do="swap")
        await hear({"caller": (call, {ANNA}), "anna": (anna, {CALLER}), "bert": (bert, set())})
        await do(hotline, "anna", call_id, "conference")
        await hear({"caller": (call, {ANNA, BERT}), "anna": (anna, {CALLER, BERT}), "bert": (bert, {CALLER, ANNA})})
        await do(hotline, "anna", call_id, "conference", do="leave")
        await until(lambda: anna.ended is not None, 5, what="anna is let go")
        await hear({"caller": (call, {BERT}), "bert": (bert, {CALLER})})
        await until(lambda: in_state(hotline, "anna", "wrap_up"), 3, what="anna's wrap-up")

        # the lead takes the talk over
        await do(hotline, "lead", call_id, "take-over")
        lead = await leads.answer(10)
        lead.tone(LEAD)
        await hear({"caller": (call, {LEAD}), "lead": (lead, {CALLER})})
        await until(lambda: in_state(hotline, "bert", "wrap_up"), 3, what="bert's wrap-up")
        assert await in_state(hotline, "lead", "talking")
        await call.hangup()
        await until(lambda: hotline.calls(number, "ended"), 30, what="the call is over")
        await until(lambda: lead.ended is not None, 5, what="the lead is let go")


async def test_an_agent_dials_out_is_recorded_and_consults_a_number_outside(house: House) -> None:
    hotline, number = house.hotline, "13800000002"
    seat = hotline.pbx.seats[0]
    async with seat_phone(hotline.pbx, seat.sip_username, seat.sip_password) as phone:
        await registered(hotline, "anna")
        await hotline.make_ready("anna")  # a wrap-up of another story is over
        await hotline.request("anna", "POST", "/agents/me/state", {"state": "not_ready", "reason": "paperwork"})
        call_id = (await hotline.request("anna", "POST", "/calls", {"number": number}))["id"]
        anna = await phone.ringing(10)
        assert house.carrier.rung == [], "nobody outside is rung before the agent is there"
        await anna.answer()
        callee = await rung(house, 1)
        assert (callee.called, callee.caller) == (number, "95598")
        await callee.answer()
        callee.tone(CALLER)
        anna.tone(ANNA)
        await hear({"callee": (callee, {ANNA}), "anna": (anna, {CALLER})})

        await do(hotline, "anna", call_id, "consult", number=SPECIALIST)
        specialist = await rung(house, 2)
        assert specialist.called == SPECIALIST
        await specialist.answer()
        specialist.tone(OUTSIDE)
        await hear({"callee": (callee, set()), "anna": (anna, {OUTSIDE}), "specialist": (specialist, {ANNA})})
        await hotline.kill()
        await hotline.start()
        await hear({"callee": (callee, set()), "anna": (anna, {OUTSIDE}), "specialist": (specialist, {ANNA})})
        await do(hotline, "anna", call_id, "consult", do="complete")
        await until(lambda: anna.ended is not None, 5, what="anna is let go")
        await hear({"callee": (callee, {OUTSIDE}), "specialist": (specialist, {CALLER})})
        await until(lambda: in_state(hotline, "anna", "wrap_up"), 3, what="anna's wrap-up")
        await specialist.hangup()
        await until(lambda: callee.ended is not None, 10, what="the other side is let go")
        recording = await stored(hotline, number)
        story = await hotline.timeline(call_id)
        at = {e["event"]: e["at"] for e in story}
        sound, rate = await audio(hotline, recording["id"])
        talk_s = seconds(at["CalleeAnswered"], at["CallTransferred"])
        assert abs(len(sound) / rate - talk_s) <= 1
        beside = await stored(hotline, number, "consult")
        assert abs(beside["length_s"] - seconds(at["ConsultAnswered"], at["CallTransferred"])) <= 1


async def rung(house: House, times: int) -> IncomingCall:
    """Wait until the carrier is rung for so many times, and return the latest."""
    await until(lambda: len(house.carrier.rung) >= times, 15, what="the carrier is rung")
    return house.carrier.rung[-1]


async def agent_id(hotline: Service, who: str) -> str:
    agents = (await hotline.request("lead", "GET", "/agents"))["items"]
    return str(next(agent["id"] for agent in agents if agent["username"] == who))


async def stands(hotline: Service, call_id: str, **wanted: Any) -> None:
    """Wait until the call has these values."""

    async def so() -> bool:
        call = await hotline.request("lead", "GET", f"/calls/{call_id}")
        return all(call[name] == value for name, value in wanted.items())

    await until(so, 10, every=0.03, what=f"the call is {wanted}")


async def test_parked_picked_up_and_handed_on_by_the_phones_own_keys(house: House) -> None:
    hotline, number = house.hotline, "13800000005"
    seats, pbx = hotline.pbx.seats, hotline.pbx
    async with (
        seat_phone(pbx, seats[0].sip_username, seats[0].sip_password) as first,
        seat_phone(pbx, seats[1].sip_username, seats[1].sip_password) as second,
        caller(pbx, number) as call,
    ):
        await registered(hotline, "anna")
        await hotline.make_ready("anna")
        await call.wait_answered(5)
        await call.send_digits("w0.3,0")
        anna = await first.answer(60)
        call_id = await come_to_state(hotline, number, "talking")
        await hotline.request("bert", "POST", "/agents/me/state", {"state": "not_ready", "reason": "paperwork"})
        call.tone(CALLER)
        anna.tone(ANNA)
        await hear({"caller": (call, {ANNA}), "anna": (anna, {CALLER})})

        # the phone's own transfer key finds nobody free there, and the talk goes on; its hold key is a hold
        seat = f"sip:{{}}@{pbx.sip[0]}:{pbx.sip[1]}"
        await anna.refer(seat.format("1002"))
        await until(lambda: any("603" in told for told in anna.transfer_reports), 5, what="the phone is told no")
        await anna.hold()
        await stands(hotline, call_id, state="held")
        await hear({"caller": (call, set())})
        await anna.resume()
        await hear({"caller": (call, {ANNA}), "anna": (anna, {CALLER})})

        # parked by the phone's key, picked up by a colleague on a break, whose phone the page answers
        await anna.refer(seat.format("700"))
        await stands(hotline, call_id, state="parked", park_place=701)
        await until(lambda: anna.ended is not None, 5, what="anna is free")
        assert any("200" in told for told in anna.transfer_reports)
        await do(hotline, "bert", call_id, "pickup")
        bert = await second.ringing(10)
        await do(hotline, "bert", call_id, "answer")
        bert.tone(BERT)
        await hear({"caller": (call, {BERT}), "bert": (bert, {CALLER})})

        # handed on by the key to who rejects it, so back to who handed on, in the wrap-up still
        await hotline.make_ready("anna")
        await bert.refer(seat.format("1001"))
        await first.ringing(10)
        await do(hotline, "anna", call_id, "reject", reason="meal")
        again = await second.answer(10)
        again.tone(BERT)
        await hear({"caller": (call, {BERT}), "bert": (again, {CALLER})})
        assert (await hotline.agent("anna"))["reason"] == "meal"
        await call.hangup()
        await until(lambda: again.ended is not None, 5, what="bert is let go")
        story = [one["event"] for one in await hotline.timeline(call_id)]
        assert [story.count(name) for name in ("CallParked", "CallUnparked", "AgentAnswered", "CallTransferred")] == [
            1,
            1,
            3,
            2,
        ]


STEPS, PARTIES, MOMENTS_S = ("rings", "talks", "joined", "completes"), ("callee", "anna", "bert"), (0.0, 0.02, 0.15)


async def test_p23_whoever_hangs_up_at_whatever_step_nobody_is_lost_and_no_leg_is_left(house: House) -> None:
    hotline = house.hotline
    seats, pbx = hotline.pbx.seats, hotline.pbx
    async with (
        seat_phone(pbx, seats[0].sip_username, seats[0].sip_password) as first,
        seat_phone(pbx, seats[1].sip_username, seats[1].sip_password) as second,
    ):
        await registered(hotline, "anna")
        await registered(hotline, "bert")
        bert_id = await agent_id(hotline, "bert")
        for turn, (step, who) in enumerate((step, who) for step in STEPS for who in PARTIES):
            await free(hotline, "anna")
            await free(hotline, "bert")
            before = len(house.carrier.rung)
            call_id = (await hotline.request("anna", "POST", "/calls", {"number": "13800000002"}))["id"]
            anna = await first.answer(10)
            callee = await rung(house, before + 1)
            await callee.answer()
            await stands(hotline, call_id, state="talking")
            await do(hotline, "anna", call_id, "consult", agent=bert_id)
            bert = await second.ringing(10)
            if step != "rings":
                await bert.answer()
                await stands(hotline, call_id, third={"state": "talking", "agent_id": bert_id, "number": None})
            if step == "joined":
                await do(hotline, "anna", call_id, "conference")
            hang_up = hang_up_soon({"callee": callee, "anna": anna, "bert": bert}[who], MOMENTS_S[turn % 3])
            complete = (
                do(hotline, "anna", call_id, "consult", do="complete") if step == "completes" else asyncio.sleep(0)
            )
            await asyncio.gather(hang_up, complete, return_exceptions=True)
            await nobody_is_lost(hotline, call_id, callee, f"{who} when it {step}")
            for leg in (anna, bert, callee):
                await leg.wait_ended(10)
            repairs = [one["data"] for one in await hotline.timeline(call_id) if one["event"] == "Reconciled"]
            assert not repairs, f"{who} when it {step}: nothing was left for the sweep"
    assert await left_at_the_pbx(hotline) == []


async def free(hotline: Service, who: str) -> None:
    """Wait until somebody's last call is over, and let them be ready."""

    async def over() -> bool:
        return str((await hotline.agent(who))["state"]) not in ("reserved", "ringing", "talking")

    await until(over, 10, what=f"{who} is free")
    await hotline.make_ready(who)


async def hang_up_soon(leg: Leg, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await leg.hangup()


async def left_at_the_pbx(hotline: Service) -> list[str]:
    """Wait until the PBX has no channel any more; return those that it still has."""
    left: list[str] = []

    async def none() -> bool:
        secrets = hotline.pbx.spec.secrets
        headers = {"Authorization": aiohttp.encode_basic_auth(secrets.ari_user, secrets.ari_password)}
        async with hotline.api.get(f"{hotline.pbx.ari_url}/channels", headers=headers) as answer:
            left[:] = [channel["id"] for channel in await answer.json()]
        return not left

    with contextlib.suppress(AssertionError):
        await until(none, 10)
    return left


async def nobody_is_lost(hotline: Service, call_id: str, callee: IncomingCall, when: str) -> None:
    """Whoever was called talks to somebody or hears music, or the call is over; then they hang up."""

    async def settled() -> str:
        call = await hotline.request("lead", "GET", f"/calls/{call_id}")
        return str(call["state"]) if call["state"] in ("talking", "held", "ended") else ""

    state = await until(settled, 10, every=0.03, what=f"it is quiet after {when}")
    assert callee.ended is not None or state != "ended" or await callee.wait_ended(5), when
    await callee.hangup()
    await stands(hotline, call_id, state="ended")


async def test_p18_who_leaves_the_queue_is_rung_back_once_by_the_agent_whose_turn_it_is(house: House) -> None:
    """The agent first, then the customer, through a kill while the agent's phone rings."""
    hotline, number, before = house.hotline, "13900000066", len(house.carrier.rung)
    seat = hotline.pbx.seats[0]
    async with seat_phone(hotline.pbx, seat.sip_username, seat.sip_password) as phone:
        await registered(hotline, "anna")
        await hotline.make_ready("anna")  # a wrap-up of another story is over
        await hotline.request("anna", "POST", "/agents/me/state", {"state": "not_ready", "reason": "paperwork"})
        async with caller(hotline.pbx, number) as call:
            await call.wait_answered(5)
            await call.send_digits("w0.3,0")
            first = await come_to_state(hotline, number, "queued", 60)
            await call.send_digits("*")
            await come_to(hotline, number, "too_long", 30)
            await call.send_digits("w0.5,5")
            await come_to(hotline, number, "book_callback", 30)
            await call.send_digits("w1,1,w1.5,1")
            await come_to(hotline, number, "bye", 60)
            [booked] = (await hotline.request("lead", "GET", "/callbacks?state=booked"))["items"]
            await hotline.make_ready("anna")
            await call.wait_ended(30)
        await phone.ringing(15)
        assert len(house.carrier.rung) == before, "nobody outside is rung before the agent is there"
        await hotline.kill()
        await hotline.start()
        anna = await phone.answer(30)  # rings on, or again where the start took longer than phones ring
        customer = await rung(house, before + 1)
        assert (customer.called, customer.caller) == (number, "95598")
        await customer.answer()
        customer.tone(CALLER)
        anna.tone(ANNA)
        await hear({"customer": (customer, {ANNA}), "anna": (anna, {CALLER})})
        await anna.hangup()
        await until(lambda: customer.ended is not None, 10, what="the customer is let go")
    [done] = (await hotline.request("lead", "GET", "/callbacks"))["items"]
    assert (done["id"], done["call_id"], done["waiting_since"]) == (booked["id"], first, booked["waiting_since"])
    assert (done["state"], done["outcome"], done["misses"]) == ("closed", "answered", 0)
    assert len(house.carrier.rung) == before + 1
    assert [one for one in phone.calls if one.ended is None] == []
