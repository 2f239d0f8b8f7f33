"""Nobody is signed in: the caller is told so and what can be done, never endless music."""

import asyncio

import pytest

from tests.e2e.heard import come_to, heard, hears, ids
from tests.phone import caller, seat_phone
from tests.service import Service
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.sound, pytest.mark.asyncio(loop_scope="module")]


async def test_nobody_signed_in_is_told_and_what_to_do(hotline: Service) -> None:
    number = "13900000051"
    async with caller(hotline.pbx, number) as call:
        await call.wait_answered(5)
        await call.send_digits("w0.3,0")
        await come_to(hotline, number, "nobody", 40)
        await asyncio.sleep(9)
        await call.send_digits("3")
        await come_to(hotline, number, "outage_account")
        await call.hangup()
    assert "no_agent" in ids(await heard(hotline, call))
    story = await hotline.story(number)
    assert story.index("CallQueued") < story.index("CallDequeued")
    assert "AgentReserved" not in story


async def test_star_leaves_the_queue_while_the_phone_of_an_agent_rings(hotline: Service) -> None:
    number, seat = "13900000053", hotline.pbx.seats[0]
    async with seat_phone(hotline.pbx, seat.sip_username, seat.sip_password) as phone:
        await hotline.make_ready("anna")
        async with caller(hotline.pbx, number) as call:
            await call.wait_answered(5)
            await call.send_digits("w0.3,0")
            leg = await phone.ringing(60)
            await call.send_digits("*")
            await come_to(hotline, number, "too_long", 10)
            assert leg.times.answered is None
            await until(lambda: leg.ended, 5, what="the phone rings no more")

            async def free() -> bool:
                return str((await hotline.agent("anna"))["state"]) == "ready"

            await until(free, 2, what="anna is free at once")
            await call.send_digits("w3,*")
            await until(lambda: back_in_the_menu(hotline, number), 30, what="the caller is in the menu")
            await hears(call, 2)
            await call.hangup()
    names = ids(await heard(hotline, call))
    assert [name for name in names if name in ("queue_enter", "too_long_choice", "menu")][-3:] == [
        *("queue_enter", "too_long_choice", "menu"),
    ], names
    story = await hotline.timeline((await hotline.calls(number))[0]["id"])
    why = [e["data"]["why"] for e in story if e["event"] == "CallDequeued"]
    causes = [e["data"]["cause"] for e in story if e["event"] == "ReservationReleased"]
    assert (why, causes) == (["caller_left"], ["caller_left"])
    assert "AgentMissed" not in [e["event"] for e in story]


async def back_in_the_menu(hotline: Service, number: str) -> bool:
    story = await hotline.timeline((await hotline.calls(number))[0]["id"])
    return [e["data"].get("node") for e in story if e["event"] == "IvrNodeEntered"].count("main") == 2


async def test_who_waits_hears_the_place_and_is_not_left_when_the_last_agent_leaves(hotline: Service) -> None:
    number, seat = "13900000052", hotline.pbx.seats[0]
    await hotline.request("anna", "GET", "/agents/me")
    async with (
        # An agent whose phone is missing is not waited for, which is another story (tests/routing/test_service.py).
        seat_phone(hotline.pbx, seat.sip_username, seat.sip_password),
        caller(hotline.pbx, number) as call,
    ):
        await call.wait_answered(5)
        await call.send_digits("w0.3,0")
        await until(lambda: hotline.calls(number, "live"), 10)

        async def queued() -> bool:
            return (await hotline.calls(number))[0]["state"] == "queued"

        async def announced() -> bool:
            return "QueueAnnounced" in await hotline.story(number)

        await until(queued, 40, what="the caller waits while anna is there but not ready")
        await until(announced, 30, what="the caller is told the place")
        await asyncio.sleep(4)  # to hear it
        await hotline.request("anna", "DELETE", "/session", expect=204)
        hotline.tokens.pop("anna")
        await come_to(hotline, number, "nobody", 10)
        await call.hangup()
    told = ids(await heard(hotline, call))
    assert "queue_ahead_0" in told, told
    assert not [prompt for prompt in told if prompt.startswith("queue_wait")], (
        "anna is not ready: nobody knows how long"
    )
