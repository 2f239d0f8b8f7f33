"""The wallboard's one answer: queues, skills, agents, today, alarms; made once a second; the same after a restart."""

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agents import store as agent_store
from agents.model import Qualification
from core.journal import append
from core.switches import STORM
from figures.live import LiveFigures
from routing.events import AgentRequested
from tests.until import until
from tests.web.world import ZONE, World, open_world

pytestmark = pytest.mark.integration


async def fresh(world: World) -> None:
    """Let the second pass in which the wallboard is not made again."""
    made = world.clock.monotonic()
    await until(lambda: world.clock.monotonic() - made > 1.05, what="a second has passed")


async def test_everything_on_the_wall_is_in_one_answer(world: World) -> None:
    anna = world.users["1001"].id
    await world.db.write(lambda c: agent_store.set_qualification(c, anna, Qualification({"english": 3}, frozenset())))
    await world.ready("1001", "1001")
    call_id = await world.talking("13800000001")
    async with world.client("1002") as viewer:
        shown = await viewer.ask("GET", "/wallboard")
        (queue,) = [one for one in shown["queues"] if one["id"] == "general"]
        assert (queue["counts"]["O"], queue["counts"]["A"], queue["figures"]["SL-8"]) == (1, 1, "100.00")
        assert (queue["waiting"], queue["agents_busy"], queue["agents_ready"]) == (0, 1, 0)
        assert queue["name"] == "综合业务"
        assert len(queue["halves"]) == 1
        assert queue["halves"][0]["counts"]["A"] == 1
        assert shown["whole"]["counts"]["N"] == 1
        (agent,) = shown["agents"]
        assert (agent["id"], agent["state"], agent["call_id"]) == (anna, "talking", call_id)
        assert 0 <= agent["seconds"] < 60
        assert agent["skills"] == {"english": 3}
        assert shown["states"]["talking"] == 1
        (english,) = shown["skills"]
        assert (shown["threshold_s"], shown["goal_percent"]) == (20, 80)
        assert (english["id"], english["name"], english["agents_busy"], english["counts"]) == ("english", "英语", 1, {})
        assert shown["alarms"] == []
        assert sum(half["answered"] for half in shown["day"]) == 1
        assert len(shown["day"]) == 48
        assert [one["id"] for one in shown["variants"]][:2] == ["SL-8", "SL-4"]
    async with world.client() as nobody:
        assert await nobody.refused("GET", "/wallboard", status=401) == "not_signed_in"


async def test_however_many_look_it_is_made_once_a_second(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0
    stock = LiveFigures.stock

    def counted(figures: LiveFigures) -> object:
        nonlocal made
        made += 1
        return stock(figures)

    monkeypatch.setattr(LiveFigures, "stock", counted)
    async with world.client("lead") as lead:
        first = await lead.ask("GET", "/wallboard")
        began = time.monotonic()
        looks = [await lead.ask("GET", "/wallboard") for _ in range(20)]
        assert made <= 1 + (time.monotonic() - began) + 1
        assert made < 20
        assert looks[0]["as_of"] == first["as_of"]
        await fresh(world)
        assert (await lead.ask("GET", "/wallboard"))["as_of"] > first["as_of"]


async def test_alarms_of_the_house_stand_on_the_wall(world: World) -> None:
    async with world.client("lead") as lead:
        await world.switches.turn(STORM, world.users["lead"].id, on=True)
        shown = await lead.ask("GET", "/wallboard")
        assert [(one["code"], one["level"]) for one in shown["alarms"]] == [("storm", "info")]
        assert shown["alarms"][0]["since"] is not None


async def test_what_goes_wrong_stands_on_the_wall(tmp_path: Path) -> None:
    async def lost() -> tuple[bool, str]:
        return False, "gone"

    async with open_world(tmp_path, probes={"pbx": lost}) as world:
        rules = world.policy.rules
        rules["board_break"] = replace(rules["board_break"], value=0.01)
        await world.stop_web()
        await world.start_web()
        anna = world.users["1001"].id
        await world.phone("1001")
        await world.agents.sign_in(anna, "1001")
        await world.until_state(world.call("13800000001"), "queued")
        async with world.client("lead") as lead:
            told = (await lead.ask("GET", "/wallboard"))["alarms"]
    assert [(one["code"], one["about"]) for one in told] == [
        ("pbx_lost", ""),
        ("nobody_at_work", "general"),
        ("not_ready_long", anna),
    ]


async def test_p15_the_wall_is_the_same_after_a_restart(world: World) -> None:
    await world.ready("1001", "1001")
    call_id = await world.talking("13800000001")
    world.pbx.gone(call_id)
    await until(lambda: not world.calls.live(), what="the call is over")
    await fresh(world)  # so long the number at work is kept
    async with world.client("lead") as lead:
        before = await lead.ask("GET", "/wallboard")
        world.figures._fold = None
        refused = await until_fresh(world, lead)
        assert refused == "not_counted"
        await world.figures.load()
        after = await lead.ask("GET", "/wallboard")
    for one in (before, after):
        del one["as_of"]
        for agent in one["agents"]:
            del agent["seconds"]
    assert after == before | {"foretold": after["foretold"]}


async def until_fresh(world: World, lead: object) -> str:
    await fresh(world)
    told: str = await lead.refused("GET", "/wallboard", status=503)  # type: ignore[attr-defined]
    return told


async def test_today_stands_beside_what_was_foretold(world: World) -> None:
    now = world.clock.now().astimezone(ZONE)
    noon = now.replace(hour=12, minute=5, second=0, microsecond=0)
    events = [
        AgentRequested(at=(noon - timedelta(days=days)).astimezone(), call_id=f"x{days}{n}", queue="general")
        for days in (3, 2, 1)
        for n in range(6)
    ]
    await world.db.write(lambda connection: append(connection, events))
    async with world.client("lead") as lead:

        async def told() -> object:
            shown = await lead.ask("GET", "/wallboard")
            return shown["foretold"] and shown

        shown = await until(told, 10, every=0.3, what="today is foretold")
        expected = {half["begins"][11:16]: half["expected"] for half in shown["day"]}  # type: ignore[index]
        assert len(expected) == 48
        assert 5 < sum(expected.values()) < 7
