"""Ends that Asterisk tells nobody: seats, places and ringing phones are free again within five seconds, and why."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from cti.ari.wire import WANTED
from tests.e2e.heard import come_to_state
from tests.phone import caller, seat_phone
from tests.service import Service
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

ENDS = {"StasisEnd", "ChannelHangupRequest", "ChannelDestroyed"}
BOUND_S = 5.0


async def heard_of(hotline: Service, kinds: list[str]) -> None:
    """Have Asterisk tell the service of these kinds of events only."""
    spec = hotline.pbx.spec
    url = f"http://127.0.0.1:{spec.ports.http}/ari/applications/hotline/eventFilter"
    login = aiohttp.encode_basic_auth(spec.secrets.ari_user, spec.secrets.ari_password)
    allowed = {"allowed": [{"type": kind} for kind in kinds]}
    async with hotline.api.put(url, json=allowed, headers={"Authorization": login}) as answer:
        assert answer.status == 200, await answer.text()


@contextlib.asynccontextmanager
async def ends_untold(hotline: Service) -> AsyncIterator[None]:
    await heard_of(hotline, [kind for kind in WANTED if kind not in ENDS])
    try:
        yield
    finally:
        await heard_of(hotline, WANTED)


async def state_of(hotline: Service, who: str) -> str:
    return str((await hotline.agent(who))["state"])


async def repairs(hotline: Service, call_id: str) -> list[Any]:
    return [e["data"] for e in await hotline.timeline(call_id) if e["event"] == "Reconciled"]


async def test_p01_p02_p03_ends_that_nobody_tells_are_found_within_five_seconds(hotline: Service) -> None:
    pbx = hotline.pbx
    talks, lost_phone, rings, waits = (f"1390000007{n}" for n in range(1, 5))
    async with contextlib.AsyncExitStack() as stack:
        phones, calls = {}, {}
        for who, seat, answer in zip(("anna", "bert", "carl"), pbx.seats, (0.0, 0.0, None), strict=False):
            phone = seat_phone(pbx, seat.sip_username, seat.sip_password, answer_after=answer)
            phones[who] = await stack.enter_async_context(phone)
        ids = {}
        for who, number in (("anna", talks), ("bert", lost_phone), ("carl", rings), (None, waits)):
            if who is not None:
                await hotline.make_ready(who)
            calls[number] = await stack.enter_async_context(caller(pbx, number))
            await calls[number].wait_answered(5)
            await calls[number].send_digits("w0.3,0")
            wanted = {"carl": "ringing", None: "queued"}.get(who, "talking")
            ids[number] = await come_to_state(hotline, number, wanted)
        leg = await phones["carl"].ringing()

        async with ends_untold(hotline):
            began = time.monotonic()
            for number in (talks, rings, waits):
                await calls[number].hangup()
            await phones["bert"].calls[-1].hangup()

            async def all_right() -> bool:
                states = [await state_of(hotline, who) for who in ("anna", "bert", "carl")]
                queue = await hotline.request("lead", "GET", "/queues/general")
                return states == ["wrap_up", "wrap_up", "ready"] and queue["waiting"] == 0 and bool(leg.ended)

            await until(all_right, 3 * BOUND_S, what="seats, place and phone are free")
            took = time.monotonic() - began
            print(f"free again after {took:.1f} s")
        assert took <= BOUND_S, f"{took:.1f} s"
        assert leg.times.answered is None
        lost = await hotline.calls(lost_phone)
        assert lost[0]["state"] == "menu", "the caller whose agent is gone stays"
    assert {number: [one["what"] for one in await repairs(hotline, call_id)] for number, call_id in ids.items()} == {
        talks: ["call was talking, its caller is gone"],
        lost_phone: ["call was talking, the seat's phone is gone"],
        rings: ["call was ringing, its caller is gone"],
        waits: ["call was queued, its caller is gone"],
    }
    await asyncio.gather(*(over(hotline, number) for number in ids))


async def over(hotline: Service, number: str) -> None:
    await until(lambda: hotline.calls(number, "ended"), 30, what=f"the call of {number} is over")
