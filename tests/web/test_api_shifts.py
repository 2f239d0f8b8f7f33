"""The shifts of the API: plan, hand-over, backup shift, weather, and how an agent kept the roster."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from agents.shifts import store
from agents.shifts.model import Duty, Kind
from tests.web.world import World, open_world

pytestmark = pytest.mark.integration


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as world:
        yield world


async def on_duty(world: World, who: str, kind: Kind) -> Duty:
    now = world.clock.now()
    day = now.astimezone(world.settings.site.zone).date()
    begins, ends = now - timedelta(hours=1), now + timedelta(hours=1)
    duty = Duty(agent_id=world.users[who].id, day=day, shift="early", kind=kind, begins=begins, ends=ends)
    await world.db.write(lambda connection: store.save_duties(connection, [duty]))
    return duty


async def test_the_plan_of_the_day_and_the_hand_over(world: World) -> None:
    duty = await on_duty(world, "1001", Kind.MAIN)
    name = f"{duty.day}-early"
    async with world.client("lead") as lead, world.client("1001") as agent:
        plan = await agent.ask("GET", "/shifts")
        assert [(d["agent_id"], d["kind"]) for d in plan["duties"]] == [(duty.agent_id, "main")]
        assert (plan["backup"], plan["on_backup"], plan["books"]) == (None, [], [])
        assert {s["code"] for s in plan["shifts"]} >= {"early", "middle", "night"}
        assert plan["uncovered"], "one person does not cover a day"
        await agent.ask("POST", f"/shifts/{name}/open", expect=403)
        assert (await lead.ask("POST", f"/shifts/{name}/open", expect=201))["state"] == "open"
        assert (await lead.ask("POST", f"/shifts/{name}/open", expect=409))["error"]["code"] == "shift_was_opened"
        refused = await lead.ask("POST", f"/shifts/{name}/close", {}, expect=400)
        assert refused["error"]["code"] == "note_needed"
        closed = await lead.ask("POST", f"/shifts/{name}/close", {"note": "两张故障工单未闭环，待跟踪。"})
        assert (closed["state"], closed["closed_by"]) == ("closed", world.users["lead"].name)
        assert (await lead.ask("POST", f"/shifts/{name}/take-over"))["state"] == "taken_over"
        assert [b["shift_id"] for b in (await agent.ask("GET", "/shifts/books"))["items"]] == [name]
        assert (await lead.ask("POST", "/shifts/2026-01-01-tea/open", expect=404))["error"]["code"] == "no_such_shift"


async def test_the_backup_shift_is_called_in_and_its_people_are_told_on_their_desktops(world: World) -> None:
    await on_duty(world, "1002", Kind.BACKUP)
    async with world.client("lead") as lead, world.client("1001") as other, world.client("1002") as called:
        await other.ask("POST", "/shifts/backup/activate", {"why": "雷雨"}, expect=403)
        async with lead.desktop() as leads, called.desktop() as desk, other.desktop() as bystander:
            for one in (leads, desk, bystander):
                await one.next("hello")
            row = await lead.ask("POST", "/shifts/backup/activate", {"why": "雷雨"}, expect=201)
            assert (row["trigger"], row["agents"]) == ("person", [world.users["1002"].id])
            for one in (leads, desk):
                assert "雷雨" in (await one.next("notice", code="backup_activated"))["text"]
            again = await lead.ask("POST", "/shifts/backup/activate", {"why": "x"}, expect=409)
            assert again["error"]["code"] == "backup_active"
            assert (await other.ask("GET", "/shifts"))["backup"]["why"] == "雷雨"
            assert (await lead.ask("POST", "/shifts/backup/release", {"why": "雨停"}))["release_why"] == "雨停"
            await desk.next("notice", code="backup_released")
            assert bystander.all("notice") == []


async def test_a_weather_notice_is_entered(world: World) -> None:
    until = (world.clock.now() + timedelta(hours=3)).isoformat()
    async with world.client("lead") as lead:
        row = await lead.ask("POST", "/shifts/weather", {"level": "orange", "text": "雷暴", "until": until}, expect=201)
        assert (row["level"], row["text"]) == ("orange", "雷暴")
        assert [w["level"] for w in (await lead.ask("GET", "/shifts"))["weather"]] == ["orange"]
        await lead.ask("POST", "/shifts/weather", {"level": "pink", "text": "x", "until": until}, expect=400)


async def test_agents_see_how_they_kept_their_own_shift_only(world: World) -> None:
    duty = await on_duty(world, "1001", Kind.MAIN)
    other = world.users["1002"].id
    async with world.client("lead") as lead, world.client("1001") as agent:
        mine = await agent.ask("GET", "/agents/me/shift")
        assert [d["shift"] for d in mine["duties"]] == ["early"]
        assert 0 < mine["scheduled_minutes"] <= 61
        assert (mine["worked_minutes"], mine["adherence"]) == (0, 0)
        await agent.ask("GET", f"/agents/{other}/shift", expect=403)
        theirs = await lead.ask("GET", f"/agents/{other}/shift")
        assert (theirs["duties"], theirs["adherence"]) == ([], None)
        await lead.ask("GET", f"/agents/{duty.agent_id}/shift?from=2026-11-01&to=2026-12-31", expect=400)
        await lead.ask("GET", "/agents/nobody/shift", expect=404)
        await lead.ask("GET", "/agents/nobody%00/shift", expect=400)
        for day in ("0001-01-01", "9999-12-31"):
            await lead.ask("GET", f"/shifts?day={day}", expect=400)
            await lead.ask("GET", f"/agents/me/shift?from={day}", expect=400)
