"""The service is killed with callers in the menu, in the queue and in talk: each is served to the end."""

import asyncio
import time

import pytest

from app.robot_voice import babble
from cti.ua import OutgoingCall
from tests.e2e.heard import come_to, come_to_state, heard, hears, ids, way, words
from tests.e2e.test_self_service import come_to_next
from tests.e2e.test_talk import audio, in_state, seconds, stored
from tests.pbx import Pbx, started_pbx
from tests.phone import caller, seat_phone
from tests.service import Service, started_service
from tests.stalls import Stalls
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

MENU, QUEUE, TALK, LATE, PART = "13800000001", "13900000042", "13800000004", "13900000044", "13900000045"
"""The last one is of no customer: account and PIN are asked for, in the part of the flow that bill and outage share."""
ACCOUNT, PIN = "3200000003", "000003"
"""Of a customer whose power is out."""


async def test_sigkill_with_callers_in_menu_queue_and_talk() -> None:
    async with started_pbx() as pbx, started_service(pbx) as hotline:
        seat = pbx.seats[0]
        async with (
            seat_phone(pbx, seat.sip_username, seat.sip_password) as phone,
            caller(pbx, TALK) as talking,
            Stalls(time.monotonic() - talking.now()) as stalls,
        ):
            await hotline.make_ready("anna")
            await talking.wait_answered(5)
            await talking.send_digits("w0.3,0")
            leg = await phone.answer(60)
            await come_to_state(hotline, TALK, "talking")
            await talking.play(babble(1.5, 180, 7), wait=True)  # who is never heard is kept when the phone hangs up
            talking.tone(440)
            leg.tone(700)
            async with (
                caller(pbx, QUEUE) as waiting,
                caller(pbx, MENU) as choosing,
                caller(pbx, PART) as proving,
            ):
                for call in (waiting, choosing, proving):
                    await call.wait_answered(5)
                await proving.send_digits("w0.3,3")
                await come_to(hotline, PART, "ask_account")
                await hears(proving, 1.5)
                await proving.send_digits(f"{ACCOUNT}#")
                await waiting.send_digits("w0.3,0")
                await come_to_state(hotline, QUEUE, "queued")
                await come_to(hotline, MENU, "main")
                await come_to(hotline, PART, "ask_pin")
                before = talking.now()
                await hotline.kill()
                assert await lifeboat_speaks(pbx), "a new caller is spoken to while nobody controls"
                await hotline.start()
                after = talking.now()
                await asyncio.gather(chooses_again(hotline, choosing), proves_who_it_is(hotline, proving))
                await asyncio.sleep(1)
                gaps = stalls.left_of(talking.received.gaps(100, before, after + 1), 100)
                assert not gaps, f"the talk was heard without a gap: {gaps}"
                assert leg.ended is None
                await leg.hangup()
                await until(lambda: hotline.calls(TALK, "ended"), 30, what="the talk is over")
                await until(lambda: in_state(hotline, "anna", "wrap_up"), 3, what="wrap-up")
                phone.calls.clear()
                await hotline.request("anna", "POST", "/agents/me/state", {"state": "ready"})
                second = await phone.answer(20)
                await come_to_state(hotline, QUEUE, "talking")
                await second.hangup()
                await until(lambda: hotline.calls(QUEUE, "ended"), 30, what="the waiting caller was served")
        told = ids(await heard(hotline, choosing))
        assert told.count("menu") == 2, f"the same node again: {told}"
        assert (await hotline.story(QUEUE)).count("CallQueued") == 1, "the place was kept"
        await heard_the_part(hotline, proving)
        recording = await stored(hotline, TALK)
        at = {e["event"]: e["at"] for e in await hotline.timeline(recording["call_id"])}
        sound, rate = await audio(hotline, recording["id"])
        assert abs(len(sound) / rate - seconds(at["AgentAnswered"], at["CallReleased"])) <= 1, "not begun anew"


async def chooses_again(hotline: Service, call: OutgoingCall) -> None:
    """Choose the bill when the adopted call has said its menu again (nothing new is journaled of that)."""
    await hears(call, 1.3)
    assert (await hotline.calls(MENU))[0]["state"] == "menu"
    await call.send_digits("2")
    await come_to(hotline, MENU, "after", 60)
    await call.hangup()


async def proves_who_it_is(hotline: Service, call: OutgoingCall) -> None:
    """Type in the PIN that is asked for again; the part of the flow returns to the outage, where it was entered."""
    await hears(call, 1.5)
    await call.send_digits(f"{PIN}#")
    await come_to(hotline, PART, "watch_outage", 60)
    await hears(call, 1.3)
    await call.send_digits("*")
    await come_to_next(hotline, PART, "main")
    await hears(call, 1.2)
    await call.hangup()


async def heard_the_part(hotline: Service, call: OutgoingCall) -> None:
    told = await heard(hotline, call)
    names = [name for name in ids(told) if name not in ("please_wait", "menu_speech")]
    assert names[1:] == ["account_ask", "pin_ask", "pin_ask", "said", "outage_more", "watch_offer", "menu"], names
    assert "城东片区" in words(told)
    nodes = way(await hotline.timeline((await hotline.calls(PART))[0]["id"]))
    part = ["outage", "outage_account", "ask_account", "ask_pin", "check", "identified", "outage"]
    assert nodes[nodes.index("main") + 1 :][: len(part)] == part, nodes


async def lifeboat_speaks(pbx: Pbx) -> bool:
    """Whether a caller hears the lifeboat.

    One who comes in the very milliseconds before the PBX notices the loss waits for the next service instead, so
    it is tried again.
    """
    for _ in range(3):
        async with caller(pbx, LATE) as late:
            try:
                await late.wait_answered(3)
            except TimeoutError:
                continue
            await asyncio.sleep(3)
            return late.received.count > 50
    return False
