"""The demo's robots at work on the real service: callers are served by the menu and by robot agents."""

from contextlib import AsyncExitStack

import pytest

from app.robots import People, RobotCaller, Robots, RobotSeat
from core.tasks import TaskOwner
from cti.ua import UserAgent
from tests.service import AGENTS, PASSWORD, Service
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.sound, pytest.mark.asyncio(loop_scope="module")]


async def test_robots_sign_in_serve_callers_and_become_ready_again(hotline: Service) -> None:
    sip = hotline.pbx.sip
    seats = [
        RobotSeat(name, PASSWORD, seat.sip_username, seat.sip_password, seat.id)
        for name, seat in zip(AGENTS[:2], hotline.pbx.seats, strict=False)
    ]
    tasks = TaskOwner("robots test")
    async with AsyncExitStack() as stack:
        robots = await stack.enter_async_context(Robots(sip, hotline.base, seats))
        ua = await stack.enter_async_context(UserAgent())
        stack.push_async_callback(tasks.close)

        async def ready() -> bool:
            states = [a["state"] for a in (await hotline.request("lead", "GET", "/agents"))["items"]]
            return states.count("ready") >= 2

        await until(ready, 20, every=0.2, what="both robots are ready")
        caller = RobotCaller(sip, People(), robots.counts)
        for story in ("person", "bill", "person"):
            tasks.start(caller.tell(ua, story), story)
        await until(lambda: robots.counts.by_agent == 2, 45, what="both who asked for a person have one")
        await until(lambda: robots.counts.served_by_menu == 1, 60, what="the bill was heard")
        await tasks.close()
        await until(ready, 60, every=0.2, what="both robots are ready again")
