"""Figures through the API: ranges, today as it happens, who sees what, and what is wrong with an asking."""

from datetime import timedelta

import pytest

from tests.until import until
from tests.web.world import ZONE, World

pytestmark = pytest.mark.integration


async def talk(world: World) -> str:
    """Let a caller talk to 1001 and hang up."""
    await world.ready("1001", "1001")
    call_id = await world.talking("13800000001")
    world.pbx.gone(call_id)
    await until(lambda: not world.calls.live(), what="the call is over")
    return call_id


def today(world: World) -> str:
    return world.clock.now().astimezone(ZONE).date().isoformat()


async def test_a_call_is_in_the_figures_of_today_live_and_read(world: World) -> None:
    await talk(world)
    async with world.client("lead") as lead:
        live = await lead.ask("GET", "/kpi/today?variant=all")
        read = await lead.ask("GET", f"/kpi?from={today(world)}&to={today(world)}&variant=all")
        for one in (live, read):
            assert one["laws_hold"] is True
            assert (one["total"]["counts"]["O"], one["total"]["counts"]["A"]) == (1, 1)
            assert one["total"]["figures"]["SL-3"] == "100.00"
            assert [row["group"] for row in one["rows"]] == [{"queue": "general"}]
            assert one["rows_add_up"] is True
        assert live["endings"] == read["endings"]
        for path in ("/kpi/today?", f"/kpi?from={today(world)}&to={today(world)}&"):
            skilled = await lead.ask("GET", f"{path}group=skill")
            assert skilled["rows_add_up"] is False
            assert [(row["group"], row["counts"]["A"]) for row in skilled["rows"]] == [({"skill": "-"}, 1)]
        (queue,) = [one for one in (await lead.ask("GET", "/queues"))["items"] if one["id"] == "general"]
        assert queue["service_level"] == {"variant": "SL-8", "percent": "100.00", "threshold_s": 20.0}
        assert (await lead.ask("GET", "/queues/general"))["service_level"] == queue["service_level"]


async def test_an_agent_sees_what_is_their_own(world: World) -> None:
    await talk(world)
    anna, bert = world.users["1001"].id, world.users["1002"].id
    async with world.client("1001") as agent, world.client("1002") as other, world.client("quality") as quality:
        mine = await agent.ask("GET", "/kpi/today")
        assert mine["groups"] == ["day"]
        assert mine["total"]["counts"]["A"] == 1
        assert "O" not in mine["total"]["counts"]
        assert mine["endings"] == []
        assert await agent.ask("GET", "/kpi/today?agent=me") | {"as_of": 0, "total": 0, "rows": 0} == mine | {
            "as_of": 0,
            "total": 0,
            "rows": 0,
        }
        assert "A" not in (await other.ask("GET", "/kpi/today"))["total"]["counts"]
        range_ = f"/kpi?from={today(world)}&to={today(world)}"
        assert await agent.refused("GET", f"{range_}&agent={bert}", status=403) == "forbidden"
        assert (await agent.ask("GET", range_))["total"]["counts"]["A"] == 1
        assert (await quality.ask("GET", f"{range_}&agent={anna}"))["total"]["counts"]["A"] == 1
        assert (await quality.ask("GET", f"{range_}&agent=1001"))["total"]["counts"]["A"] == 1
        assert await quality.refused("GET", f"{range_}&agent=nobody", status=404) == "no_such_user"


async def test_a_wrong_asking_is_told_as_what_it_is(world: World) -> None:
    await talk(world)
    last_year = (world.clock.now() - timedelta(days=300)).date().isoformat()
    async with world.client("lead") as lead:
        for query, status, code in (
            ("from=2026-11-23&to=2026-11-22", 400, "bad_range"),
            ("from=2026-11-23T08:00&to=2026-11-24", 400, "bad_range"),
            ("from=2020-01-01&to=2026-11-24", 400, "bad_range"),
            (f"from={last_year}&to={last_year}", 404, "no_data"),
            (f"from={today(world)}&to={today(world)}&variant=SL-9", 400, "no_such_variant"),
            (f"from={today(world)}&to={today(world)}&group=week", 400, "no_such_group"),
            ("from=2026-11-23", 400, "bad_input"),
        ):
            assert await lead.refused("GET", f"/kpi?{query}", status=status) == code, query
    async with world.client() as nobody:
        assert await nobody.refused("GET", "/kpi/today", status=401) == "not_signed_in"
