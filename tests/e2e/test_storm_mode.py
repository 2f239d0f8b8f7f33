"""A stormy evening on the real PBX: switched on with callers waiting, and switched off again."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.heard import come_to, come_to_state, heard, ids, words
from tests.pbx import started_pbx
from tests.phone import caller, seat_phone
from tests.service import Service, started_service
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.sound, pytest.mark.asyncio(loop_scope="module")]

WAITS, NEW, DANGER, AFTER = (f"139000007{n}" for n in (71, 72, 73, 74))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Service]:
    """A service whose queue takes nobody new in a storm once a single caller waits."""
    async with started_pbx() as pbx, started_service(pbx, start=False) as service:
        rule = '{value: 1, source: "this story: one caller fills the queue"}'
        (service.config.parent / "ours.yaml").write_text(f"storm_shed_waiting: {rule}\n", "utf-8")
        before = service.config.read_text("utf-8")
        assert "[site]\n" in before
        service.config.write_text(before.replace("[site]\n", '[site]\npolicy = "ours.yaml"\n'), "utf-8")
        await service.start()
        yield service


async def shed(hotline: Service, number: str) -> None:
    """Call for a person in the storm, hear that there is no room, and take the way to a callback."""
    async with caller(hotline.pbx, number) as call:
        await call.wait_answered(10)
        await come_to(hotline, number, "main", 60)
        await call.send_digits("0")
        await come_to(hotline, number, "storm_full", 30)
        await call.send_digits("5")
        await come_to(hotline, number, "book_callback", 30)
        await call.hangup()
    told = await heard(hotline, call)
    assert ids(told)[:2] == ["storm_notice", "said"], ids(told)
    assert "城东片区" in words(told), words(told)
    story = await hotline.timeline((await hotline.calls(number))[0]["id"])
    (full,) = [e["data"] for e in story if e["event"] == "CallShed"]
    assert (full["queue"], full["waiting"]) == ("general", 1)
    assert "AgentRequested" not in [e["event"] for e in story], "no place in the line was given"


async def in_danger(hotline: Service, number: str) -> None:
    """Report danger in the storm: the queue that is full takes this call."""
    async with caller(hotline.pbx, number) as call:
        await call.wait_answered(10)
        await call.send_digits("w0.5,1")
        await come_to(hotline, number, "fault", 30)
        await call.send_digits("1")
        await come_to(hotline, number, "danger_person", 30)
        await come_to_state(hotline, number, "queued", 30)
        await call.hangup()
    assert "CallShed" not in await hotline.story(number)


async def test_a_storm_is_switched_on_over_waiting_callers_and_off_again(hotline: Service) -> None:
    seat = hotline.pbx.seats[0]
    await hotline.request("anna", "GET", "/agents/me")
    async with (
        seat_phone(hotline.pbx, seat.sip_username, seat.sip_password),  # anna is there, not ready: callers wait
        caller(hotline.pbx, WAITS) as waits,
    ):
        await waits.wait_answered(10)
        await waits.send_digits("w0.5,0")
        await come_to_state(hotline, WAITS, "queued", 40)

        on = await hotline.request("lead", "PUT", "/storm", {"on": True, "why": "台风"})
        assert (on["on"], on["by_name"], on["why"], on["queues"][0]["full"]) == (True, "Lead", "台风", True)
        await asyncio.gather(shed(hotline, NEW), in_danger(hotline, DANGER))
        assert (await hotline.calls(WAITS))[0]["state"] == "queued", "who waits is never sent away"

        off = await hotline.request("lead", "PUT", "/storm", {"on": False, "why": "over"})
        assert off["on"] is False
        async with caller(hotline.pbx, AFTER) as call:
            await call.wait_answered(10)
            await come_to(hotline, AFTER, "main", 30)
            await call.send_digits("0")
            await come_to_state(hotline, AFTER, "queued", 40)
            await call.hangup()
        told = ids(await heard(hotline, call))
        assert told[0] in ("greeting_morning", "greeting_day"), told
        assert not {"storm_notice", "storm_full"} & set(told)
        await waits.hangup()
    await until(lambda: ended(hotline, WAITS), 10, what="the call that waited is over")


async def ended(hotline: Service, number: str) -> bool:
    return bool((await hotline.calls(number))[0]["state"] == "ended")
