"""Nobody is signed in: the caller is told so and what can be done, never endless music."""

import asyncio

import pytest

from tests.e2e.heard import come_to, heard, ids
from tests.phone import caller
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
        await come_to(hotline, number, "ask_account_outage")
        await call.hangup()
    assert "no_agent" in ids(await heard(hotline, call))
    story = await hotline.story(number)
    assert story.index("CallQueued") < story.index("CallDequeued")
    assert "AgentReserved" not in story


async def test_the_last_agent_who_leaves_does_not_leave_callers_with_music(hotline: Service) -> None:
    number = "13900000052"
    await hotline.request("anna", "GET", "/agents/me")
    async with caller(hotline.pbx, number) as call:
        await call.wait_answered(5)
        await call.send_digits("w0.3,0")
        await until(lambda: hotline.calls(number, "live"), 10)

        async def queued() -> bool:
            return (await hotline.calls(number))[0]["state"] == "queued"

        await until(queued, 40, what="the caller waits while anna is there but not ready")
        await hotline.request("anna", "DELETE", "/session", expect=204)
        hotline.tokens.pop("anna")
        await come_to(hotline, number, "nobody", 10)
        await call.hangup()
