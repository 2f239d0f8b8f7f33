"""Agents, seats, queues, customers, bills, outages, settings through the API."""

from datetime import timedelta

import pytest

from core.journal import since
from core.switches import STORM, SettingChanged, Switches
from desk.surveys.model import Reason
from desk.workorders.model import Kind, Report, Scope
from tests.web.world import World

pytestmark = pytest.mark.integration


async def test_agents_are_listed_with_where_they_stand(world: World) -> None:
    await world.ready("1001", "1004")
    async with world.client("lead") as lead:
        rows = {row["username"]: row for row in (await lead.ask("GET", "/agents"))["items"]}
        assert set(rows) == {"1001", "1002", "lead", "deputy", "supervisor"}
        assert rows["1001"] | {"since": None} == {
            "id": world.users["1001"].id,
            "username": "1001",
            "display_name": "坐席1001",
            "job_number": "1001",
            "role": "agent",
            "state": "ready",
            "reason": None,
            "cause": "asked",
            "since": None,
            "seat_id": "1004",
            "seat_registered": True,
            "call_id": None,
        }
        assert rows["1002"]["state"] == "logged_out"
        one = await lead.ask("GET", f"/agents/{world.users['1001'].id}")
        assert one == rows["1001"]
        assert await lead.refused("GET", "/agents/nobody", status=404) == "no_such_agent"


async def test_an_agent_changes_their_own_state_and_a_lead_that_of_others(world: World) -> None:
    await world.phone("1001")
    async with world.client("1001", seat="1001") as agent, world.client("lead") as lead:
        anna = world.users["1001"].id
        assert (await agent.ask("POST", "/agents/me/state", {"state": "ready"}))["state"] == "ready"
        assert await agent.refused("POST", "/agents/me/state", {"state": "not_ready"}, status=400) == "bad_input"
        assert await agent.refused("POST", "/agents/me/state", {"state": "asleep"}, status=400) == "bad_input"
        row = await lead.ask("POST", f"/agents/{anna}/state", {"state": "not_ready", "reason": "培训"})
        assert (row["state"], row["reason"]) == ("not_ready", "training")
        bert = world.users["1002"].id
        body = {"state": "not_ready", "reason": "x"}
        assert await agent.refused("POST", f"/agents/{bert}/state", body, status=403) == "forbidden"


async def test_ready_without_a_phone_says_the_cure(world: World) -> None:
    async with world.client("1001", seat="1001") as agent:
        error = (await agent.ask("POST", "/agents/me/state", {"state": "ready"}, expect=409))["error"]
        assert error["code"] == "phone_not_registered"
        assert "password" in error["message"]


async def test_queues_tell_their_figures_and_why_an_agent_got_a_call(world: World) -> None:
    await world.ready("1001", "1001")
    call_id = await world.talking("13800000001")
    async with world.client("lead") as lead:
        (queue,) = (await lead.ask("GET", "/queues"))["items"]
        assert (queue["id"], queue["name"], queue["agents_busy"], queue["waiting"]) == ("general", "综合业务", 1, 0)
        assert (await lead.ask("GET", "/queues/general"))["agents_busy"] == 1
        why = await lead.ask("GET", f"/queues/general/explain?call={call_id}")
        assert why["decisions"][0]["agent_id"] == world.users["1001"].id
        assert why["rule"] == "longest_idle"
        assert why["decisions"][0]["by_queue"] == "general"
        beside = {one["agent_id"]: one for one in why["agents"]}
        assert beside == {}, "nobody is told beside a call that waits no more"
        assert await lead.refused("GET", "/queues/none", status=404) == "no_such_queue"


async def test_a_lead_says_what_agents_can_and_agents_read_it(world: World) -> None:
    one, two = world.users["1001"].id, world.users["1002"].id
    async with world.client("lead") as lead, world.client("1001") as agent:
        known = await lead.ask("GET", "/skills")
        assert known["levels"] == 5
        assert {"id": "english", "name": "英语", "names": {"zh": "英语", "en": "English"}} in known["skills"]
        given = {"skills": {"english": 3, "fault": 1}, "groups": ["main"]}
        assert await lead.ask("POST", f"/agents/{one}/skills", given) == {"agent_id": one, **given}
        assert await agent.ask("GET", "/agents/me/skills") == {"agent_id": one, **given}
        assert await agent.refused("GET", f"/agents/{two}/skills", status=403) == "forbidden"
        assert await agent.refused("POST", "/agents/me/skills", {"skills": {"english": 5}}, status=403) == "forbidden"
        for skills in ({"englisch": 1}, {"english": 6}, {"fault": 2, "english": 0}):
            assert await lead.refused("POST", f"/agents/{one}/skills", {"skills": skills}, status=400) == "bad_input"
        assert await lead.refused("POST", "/agents/nobody/skills", given, status=404) == "no_such_agent"
        assert (await lead.ask("GET", "/skills/agents"))["items"] == [{"agent_id": one, **given}]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("phone=13800000001", ["张伟"]),
        ("phone=%2B8613800000001", ["张伟"]),
        ("account=3200000002", ["王芳"]),
        ("q=国泰", ["国泰医院"]),
        ("phone=13800000006", []),
        ("account=1", []),
    ],
)
async def test_customers_are_found_by_number_account_or_name(world: World, query: str, names: list[str]) -> None:
    async with world.client("1001") as agent:
        found = (await agent.ask("GET", f"/customers?{query}"))["items"]
        assert [customer["name"] for customer in found] == names
        assert all("****" in phone for customer in found for phone in customer["phones"])


@pytest.mark.parametrize(("name", "found"), [("1001", 0), ("quality", 0), ("admin", 0), ("lead", 1)])
async def test_a_masked_number_is_not_found_out_digit_by_digit(world: World, name: str, found: int) -> None:
    async with world.client(name) as client:
        for begin in ("1380000000", "13800000", "+8613800000002"[3:-1]):
            items = (await client.ask("GET", "/customers", params={"q": begin}))["items"]
            assert bool(items) == bool(found), begin
        [whole] = (await client.ask("GET", "/customers", params={"q": "13800000002"}))["items"]
        assert whole["name"] == "王芳"


async def test_a_search_needs_one_thing_to_go_by(world: World) -> None:
    async with world.client("1001") as agent:
        assert await agent.refused("GET", "/customers", status=400) == "bad_input"
        assert await agent.refused("GET", "/customers?q=a&phone=1", status=400) == "bad_input"


async def test_a_customer_is_shown_with_what_is_owed(world: World) -> None:
    async with world.client("lead") as lead:
        (found,) = (await lead.ask("GET", "/customers?account=3200000002"))["items"]
        file = await lead.ask("GET", f"/customers/{found['id']}")
        assert file["customer"]["phones"] == ["13800000002"]
        assert file["accounts"][0]["arrears_yuan"] == "100.00"
        assert (file["bill"]["late_fee_yuan"], file["bill"]["total_due_yuan"]) == ("1.00", "101.00")
        assert (await lead.ask("GET", f"/customers/{found['id']}/history"))["items"] == []
        assert await lead.refused("GET", "/customers/none", status=404) == "no_such_customer"


async def test_the_agent_sees_the_numbers_of_the_customer_who_is_on_the_line(world: World) -> None:
    await world.ready("1001", "1001")
    await world.talking("13800000002")
    async with world.client("1001") as agent, world.client("1002") as other:
        (found,) = (await agent.ask("GET", "/customers?account=3200000002"))["items"]
        assert (await agent.ask("GET", f"/customers/{found['id']}"))["customer"]["phones"] == ["13800000002"]
        assert (await other.ask("GET", f"/customers/{found['id']}"))["customer"]["phones"] == ["138****0002"]


async def test_a_lead_publishes_changes_and_ends_an_outage(world: World) -> None:
    now = world.clock.now()
    body = {
        "kind": "fault",
        "cause": "线路故障",
        "from": now.isoformat(),
        "until": (now + timedelta(hours=2)).isoformat(),
        "areas": ["城西片区"],
    }
    async with world.client("lead") as lead:
        made = await lead.ask("POST", "/outages", body, expect=201)
        assert (made["kind"], made["status"], made["area"]) == ("电网故障停限电", "published", "城西片区")
        assert "城西片区" in made["text"]
        where = f"/outages/{made['id']}"
        listed = (await lead.ask("GET", "/outages?area=城西片区"))["items"]
        assert [one["id"] for one in listed] == [made["id"]]
        changed = await lead.ask("PATCH", where, {"cause": "变压器故障"})
        assert (changed["cause"], changed["version"]) == ("变压器故障", made["version"] + 1)
        assert (await lead.ask("PATCH", where, {"status": "ended"}))["status"] == "ended"
        assert await lead.refused("PATCH", where, {"cause": "x"}, status=409) == "outage_closed"
        bad = body | {"until": body["from"]}
        assert await lead.refused("POST", "/outages", bad, status=400) == "bad_outage"


async def test_the_prompts_to_choose_from(world: World) -> None:
    async with world.client("quality") as one, world.client("1001") as agent:
        items = {item["id"]: item for item in (await one.ask("GET", "/prompts"))["items"]}
        assert items["menu"]["text"].startswith("故障报修请按一")
        assert world.settings.site.name in items["greeting_morning"]["text"]
        assert (items["menu"]["language"], items["queue_enter"]["english"][:12]) == ("zh-CN", "Please hold.")
        assert (items["en_offer"]["language"], items["en_offer"]["english"]) == ("en", None)
        assert await agent.refused("GET", "/prompts", status=403) == "forbidden"


async def test_storm_mode_is_switched_while_the_service_runs(world: World) -> None:
    async with (
        world.client("lead") as lead,
        world.client("1001", seat="1001") as agent,
        agent.desktop() as desk,
    ):
        await desk.next("hello")
        settings = await lead.ask("GET", "/settings")
        assert settings["settings"]["site"]["storm"] is False
        assert settings["switches"]["storm"] == {"on": False, "since": None, "by": None, "by_name": None, "why": ""}
        for on in (True, True, False):
            shown = await lead.ask("PATCH", "/settings", {"site": {"storm": on}})
            assert shown["settings"]["site"]["storm"] is on
            assert (shown["switches"]["storm"]["on"], shown["switches"]["storm"]["by_name"]) == (on, "坐席lead")
            assert world.switches.on(STORM) is on
        await desk.next("notice", code="storm_off")
        assert [m["code"] for m in desk.all("notice")] == ["storm_on", "storm_off"], "told once for each turn"
        assert await agent.refused("PATCH", "/settings", {"site": {"storm": True}}, status=403) == "forbidden"
        for wrong in ({"name": "x"}, {"storm": "yes"}):
            assert await lead.refused("PATCH", "/settings", {"site": wrong}, status=400) == "bad_input"
    told = [r.event for r in await world.db.read(lambda c: since(c, 0, [SettingChanged]))]
    assert [(e.setting, e.before, e.value) for e in told if isinstance(e, SettingChanged)] == [
        (STORM, False, True),
        (STORM, True, False),
    ]
    again = Switches(world.journal, world.db, world.clock, {STORM: True})
    await again.load(world.bus)
    assert again.on(STORM) is False, "after a restart what was turned counts, not the file"
    turned = again.turned(STORM)
    assert turned is not None
    assert (turned.on, turned.user_id) == (False, world.users["lead"].id)


async def test_settings_show_no_secret_and_rules_their_source(world: World) -> None:
    async with world.client("admin") as admin:
        shown = await admin.ask("GET", "/settings")
        assert shown["settings"]["site"]["name"] == "供电服务热线"
        assert "password" not in str(shown["settings"])
        assert shown["rules"]["ring_timeout"]["source"]
        assert (await admin.ask("GET", "/flows"))["items"] == []
        assert await admin.refused("GET", "/flows/none", status=404) == "no_such_flow"


async def test_answers_of_the_survey_are_for_leads_and_for_whom_they_concern(world: World) -> None:
    anna, ben = world.users["1001"].id, world.users["1002"].id
    await world.surveys.answer("c1", anna, "general", 1)
    await world.surveys.reason("c1", Reason.ATTITUDE)
    await world.surveys.answer("c2", ben, "general", 5)
    async with world.client("supervisor") as lead, world.client("1001", seat="1001") as agent:
        rows = (await lead.ask("GET", "/surveys"))["items"]
        assert [(row["call_id"], row["score"], row["reason"]) for row in rows] == [
            ("c2", 5, None),
            ("c1", 1, "attitude"),
        ]
        assert [row["call_id"] for row in (await lead.ask("GET", "/surveys?worst=2"))["items"]] == ["c1"]
        assert [row["call_id"] for row in (await agent.ask("GET", "/surveys"))["items"]] == ["c1"]
        assert await agent.refused("GET", f"/surveys?agent={ben}", status=403) == "forbidden"
        assert await lead.refused("GET", "/surveys?worst=9", status=400) == "bad_input"
        [visit] = (await lead.ask("GET", "/work-orders"))["items"]
        assert (visit["kind"], visit["call_id"], visit["priority"]) == ("return_visit", "c1", "normal")
        assert visit["survey"] == {"agent_id": anna, "score": 1, "reason": "attitude"}
        assert (await agent.ask("GET", f"/work-orders/{visit['id']}"))["survey"]["score"] == 1
    async with world.client("1002", seat="1002") as other:
        [visit] = (await other.ask("GET", "/work-orders"))["items"]
        assert visit["survey"] is None, "an answer about a colleague"


async def test_a_fault_that_was_reported_is_listed_and_stands_in_the_customers_file(world: World) -> None:
    told = Report(
        key="c1:fault:3200000001",
        kind=Kind.FAULT,
        scope=Scope.HOME,
        call_id="c1",
        caller="13800000001",
        caller_known=True,
        account="3200000001",
        customer_id="C0001",
        area="城西片区",
        address="人民路1号",
    )
    order = await world.orders.take(told)
    async with world.client("lead") as lead, world.client("1001", seat="1001") as agent:
        [row] = (await lead.ask("GET", "/work-orders?state=created"))["items"]
        assert (row["id"], row["number"], row["kind"], row["scope"]) == (order.id, order.number, "fault", "home")
        assert row["summary"] == f"{order.number} 全家没电 人民路1号"
        assert (row["caller"], row["main_id"], row["closed_at"]) == ("13800000001", None, None)
        assert (await agent.ask("GET", f"/work-orders/{order.id}"))["caller"] == "138****0001"
        assert (await lead.ask("GET", "/work-orders?account=3200000002"))["items"] == []
        assert await lead.refused("GET", "/work-orders/nothing", status=404) == "no_such_work_order"
        file = await lead.ask("GET", "/customers/C0001")
        assert [one["id"] for one in file["open_work_orders"]] == [order.id]
        await world.orders.close(order.id)
        assert (await lead.ask("GET", "/customers/C0001"))["open_work_orders"] == []
