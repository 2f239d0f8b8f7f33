"""Work orders of an agent's form: filled from the call, one for each form, folded, urged, refused with the reason."""

import asyncio
from typing import Any

import pytest

from core.journal import since
from desk.workorders.events import WorkOrderCreated, WorkOrderMerged, WorkOrderUrged
from tests.web.world import Client, World

pytestmark = pytest.mark.integration

KNOWN, STRANGER, ACCOUNT = "13800000001", "13800000006", "3200000001"


def form(call_id: str, **changes: Any) -> dict[str, Any]:
    """A filled form: the whole home of a known account is out, nobody is in danger."""
    told = {"key": "form-0001", "call_id": call_id, "kind": "fault", "scope": "home", "danger": False}
    return told | {"account": ACCOUNT} | changes


async def order(agent: Client, told: dict[str, Any]) -> dict[str, Any]:
    answer = await agent.ask("POST", "/work-orders", told, expect=201)
    assert isinstance(answer, dict)
    return answer


async def test_a_form_is_one_order_however_often_it_is_sent(world: World) -> None:
    await world.ready("1001", "1001")
    async with world.client("1001", seat="1001") as agent:
        call_id = await world.talking(KNOWN)
        told = form(call_id, text="表后开关没跳", began_at="2026-11-22T09:30:00+08:00")
        twice = await asyncio.gather(order(agent, told), order(agent, told))
        again = await order(agent, told)
        assert twice[0] == twice[1] == again
        one = again["order"]
        assert (one["kind"], one["scope"], one["priority"], one["state"]) == ("fault", "home", "normal", "created")
        assert (one["account_no"], one["area"], one["caller"]) == (ACCOUNT, "城西片区", KNOWN)
        assert one["address"]
        assert one["began_at"] == "2026-11-22T01:30:00Z"
        assert one["text"] in one["summary"]
        assert again["main_number"] is None
        assert await agent.refused("POST", "/work-orders", told | {"text": "x"}, status=409) == "order_made"
        assert await agent.refused("POST", "/work-orders", told | {"danger": True}, status=409) == "order_made"
        assert len((await agent.ask("GET", "/work-orders"))["items"]) == 1
    story = [r.event for r in await world.db.read(lambda c: since(c, 0)) if isinstance(r.event, WorkOrderCreated)]
    assert [(e.call_id, e.agent_id) for e in story] == [(call_id, world.users["1001"].id)]


async def test_the_same_fault_is_folded_and_urged_and_danger_raises_it(world: World) -> None:
    await world.ready("1001", "1001")
    async with world.client("1001", seat="1001") as agent:
        call_id = await world.talking(KNOWN)
        main = (await order(agent, form(call_id)))["order"]
        folded = await order(agent, form(call_id, key="form-0002", danger=True, phone="138 0013 8000"))
        assert (folded["order"]["main_id"], folded["main_number"]) == (main["id"], main["number"])
        assert folded["order"]["caller"] == "13800138000"
        assert (await agent.ask("GET", f"/work-orders/{main['id']}"))["priority"] == "urgent"
        urged = await agent.ask("POST", f"/work-orders/{folded['order']['id']}/urge", {"call_id": call_id})
        assert (urged["outcome"], urged["order"]["number"], urged["order"]["urges"]) == ("done", main["number"], 1)
        again = await agent.ask("POST", f"/work-orders/{main['id']}/urge", {"call_id": call_id})
        assert (again["outcome"], again["order"]["urges"]) == ("done", 1)
    story = [r.event for r in await world.db.read(lambda c: since(c, 0))]
    assert len([e for e in story if isinstance(e, WorkOrderMerged)]) == 1
    assert [e.agent_id for e in story if isinstance(e, WorkOrderUrged)] == [world.users["1001"].id]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"danger": None}, "bad_input", "danger"),
        ({"scope": ""}, "bad_input", "scope"),
        ({"account": ""}, "bad_input", "address"),
        ({"account": "3299999999"}, "no_such_account", None),
        ({"phone": "no number"}, "bad_input", "phone"),
        ({"kind": "complaint"}, "bad_input", "scope"),
        ({"kind": "complaint", "scope": ""}, "bad_input", "text"),
        ({"kind": "return_visit", "scope": "", "text": "x"}, "bad_input", "kind"),
        ({"began_at": "2026-11-22T09:30:00"}, "bad_input", None),
        ({"key": "x"}, "bad_input", None),
    ],
)
async def test_a_form_on_which_nobody_could_act_is_refused(
    world: World, changes: dict[str, Any], code: str, field: str | None
) -> None:
    await world.ready("1001", "1001")
    async with world.client("1001", seat="1001") as agent:
        call_id = await world.talking(STRANGER)
        status = 404 if code == "no_such_account" else 400
        error = (await agent.ask("POST", "/work-orders", form(call_id, **changes), expect=status))["error"]
        assert error["code"] == code
        if field:
            assert error["details"]["field"] == field
        assert (await agent.ask("GET", "/work-orders"))["items"] == []


async def test_only_who_has_the_call_makes_orders_of_it(world: World) -> None:
    await world.ready("1001", "1001")
    async with world.client("1001", seat="1001") as agent, world.client("1002") as other:
        call_id = await world.talking(STRANGER)
        told = form(call_id, account="", address="建设路 9 号", kind="suggestion", scope="", text="开通夜间缴费")
        assert await other.refused("POST", "/work-orders", told, status=403) == "forbidden"
        assert await agent.refused("POST", "/work-orders", told | {"call_id": "none"}, status=404) == "no_such_call"
        for name in ("quality", "admin"):
            async with world.client(name) as stranger:
                assert await stranger.refused("POST", "/work-orders", told, status=403) == "forbidden"
                assert (
                    await stranger.refused("POST", "/work-orders/x/urge", {"call_id": "x"}, status=403) == "forbidden"
                )
        made = (await order(agent, told))["order"]
        assert (made["kind"], made["account_no"], made["address"]) == ("suggestion", "", "建设路 9 号")
        path = f"/work-orders/{made['id']}/urge"
        assert await other.refused("POST", path, {"call_id": call_id}, status=403) == "forbidden"
        assert await agent.refused("POST", "/work-orders/none/urge", {"call_id": call_id}, status=404) == (
            "no_such_work_order"
        )
