"""What an agent's desktop is told of a silent caller."""

import pytest

from ivr.events import (
    SilenceBroken,
    SilenceNoticed,
    SilenceOver,
    SilencePromptGiven,
    SilenceRecalled,
    SilenceScriptBegun,
    SilenceUnheard,
)
from tests.until import until
from tests.web.world import Desk, World

pytestmark = pytest.mark.integration


def shown(desk: Desk) -> list[tuple[str | None, int | None]]:
    return [(m["call"]["silence"], m["call"]["silent_prompt"]) for m in desk.all("call_state")]


async def test_the_agent_sees_the_offer_the_script_and_at_once_that_the_caller_is_heard(world: World) -> None:
    await world.ready("1001", "1001")
    call_id = await world.talking("13800000001")
    at, agent = world.clock.now(), world.users["1001"].id
    about = {"at": at, "call_id": call_id}
    async with world.client("1001") as client, client.desktop() as desk:
        assert (await desk.next("hello"))["call"]["silence"] is None
        await world.record(SilenceNoticed(agent_id=agent, **about))
        assert (await desk.next("notice"))["code"] == "caller_silent"
        await world.record(SilenceScriptBegun(agent_id=agent, **about))
        await world.record(SilencePromptGiven(node="person", prompt=2, **about))
        await world.record(SilenceRecalled(agent_id=agent, prompt=2, **about))
        await world.record(SilenceScriptBegun(agent_id=agent, **about))
        await world.record(SilenceBroken(node="person", prompt=1, by="speech", **about))
        await until(lambda: len(desk.all("notice")) == 2, what="told at once")
        await world.record(SilenceUnheard(node="person", why="behind", **about))
        await world.record(SilenceOver(agent_id=agent, by="key", **about))
        await until(lambda: len(desk.all("notice")) == 4, what="told")
        await world.record(SilenceNoticed(agent_id=agent, **about))
        await world.record(SilenceOver(agent_id=agent, by="unknown", **about))
        await until(lambda: shown(desk)[-2:] == [("noticed", None), (None, None)], what="listened to no more")
        codes = [m["code"] for m in desk.all("notice")]
        assert codes == ["caller_silent", "caller_heard", "silence_unheard", "caller_heard", "caller_silent"]
        assert shown(desk)[:6] == [
            ("noticed", None),
            ("script", None),
            ("script", 2),
            ("noticed", None),
            ("script", None),
            (None, None),
        ]
        live = await client.ask("GET", f"/calls/{call_id}")
        assert (live["silence"], live["silent_prompt"]) == (None, None)
