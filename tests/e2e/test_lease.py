"""The presence lease on the real PBX: a page or a phone that is gone gets no call within three seconds."""

import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import WSMsgType

from core.tasks import TaskOwner
from tests.e2e.heard import come_to_state
from tests.phone import caller, seat_phone
from tests.service import Service
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

BOUND_S = 3.0
RING_AGAIN_S = 1.0
"""desktop_offer_grace: how long a phone goes on ringing after silence was seen."""
SLACK_S = 1.0
"""Of a loaded machine: this process, the PBX and the service share it with other tests."""


@dataclass
class Page:
    """A desktop's socket that answers pings until it is told to play dead."""

    socket: aiohttp.ClientWebSocketResponse
    dead: bool = False

    async def run(self) -> None:
        async for message in self.socket:
            if message.type is WSMsgType.PING and not self.dead:
                await self.socket.pong(message.data)


@contextlib.asynccontextmanager
async def page_of(hotline: Service, who: str) -> AsyncIterator[Page]:
    headers, tasks = {"Authorization": f"Bearer {hotline.tokens[who]}"}, TaskOwner("page")
    address = f"{hotline.base}/api/v1/desktop"
    async with hotline.api.ws_connect(address, headers=headers, autoping=False) as socket:
        page = Page(socket)
        tasks.start(page.run(), "page")
        try:
            yield page
        finally:
            await tasks.close()


async def state_of(hotline: Service, who: str) -> str:
    return str((await hotline.agent(who))["state"])


async def at(hotline: Service, number: str) -> list[str]:
    calls = await hotline.calls(number)
    return [e["event"] for e in await hotline.timeline(calls[0]["id"])]


async def test_p08_p27_who_is_gone_is_offered_nothing_and_the_caller_keeps_the_place(hotline: Service) -> None:
    pbx, first, second = hotline.pbx, "13900000081", "13900000082"
    async with contextlib.AsyncExitStack() as stack:
        phones = {}
        for who, seat in zip(("anna", "bert", "carl"), pbx.seats, strict=False):
            phones[who] = await stack.enter_async_context(seat_phone(pbx, seat.sip_username, seat.sip_password))
        await hotline.make_ready("anna")
        page = await stack.enter_async_context(page_of(hotline, "anna"))
        calls = {}
        for number in (first, second):
            calls[number] = await stack.enter_async_context(caller(pbx, number))
            await calls[number].wait_answered(5)
            await calls[number].send_digits("w0.3,0")
            await come_to_state(hotline, number, "ringing" if number == first else "queued")
        leg = await phones["anna"].ringing()

        page.dead, began = True, time.monotonic()
        await until(lambda: leg.ended, 10, what="anna's phone rings no more")
        took = time.monotonic() - began
        assert took <= BOUND_S + RING_AGAIN_S + SLACK_S, f"{took:.1f} s"
        await come_to_state(hotline, first, "queued")
        missed = [e["data"]["cause"] for e in await timeline(hotline, first) if e["event"] == "AgentMissed"]
        assert missed == ["desktop_gone"]
        assert (await hotline.agent("anna"))["cause"] == "desktop_gone"

        await hotline.make_ready("bert")
        leg = await phones["bert"].answer()
        call_id = await come_to_state(hotline, first, "talking")
        assert (await at(hotline, first)).count("AgentRequested") == 1, "it is the place of the first request"
        async with page_of(hotline, "bert") as other:
            other.dead = True
            await until(lambda: closed(other), 25, what="bert's page is given up")
        assert await state_of(hotline, "bert") == "talking"
        assert (await hotline.calls(first))[0]["id"] == call_id
        assert leg.ended is None

        await calls[second].hangup()
        await hotline.make_ready("carl")
        phones["carl"].ua.transactions.lose = lambda wire: True  # type: ignore[method-assign]
        began = time.monotonic()
        await until(lambda: phone_gone(hotline, "1003"), 15, every=0.05, what="carl's phone is seen as gone")
        lost = time.monotonic() - began
        assert lost <= BOUND_S + SLACK_S, f"{lost:.1f} s"
        assert await state_of(hotline, "carl") == "ready", "an answer that is late is no logout"
        await until(lambda: in_state(hotline, "carl", "not_ready"), 15, what="carl is taken out in the end")
        print(f"ringing ended after {took:.1f} s, phone seen as gone after {lost:.1f} s")


async def in_state(hotline: Service, who: str, state: str) -> bool:
    return await state_of(hotline, who) == state


async def timeline(hotline: Service, number: str) -> list[dict[str, dict[str, str]]]:
    return await hotline.timeline((await hotline.calls(number))[0]["id"])


def closed(page: Page) -> bool:
    return page.socket.closed


async def phone_gone(hotline: Service, seat_id: str) -> bool:
    seats = (await hotline.request("lead", "GET", "/seats"))["items"]
    return not next(seat["registered"] for seat in seats if seat["id"] == seat_id)
