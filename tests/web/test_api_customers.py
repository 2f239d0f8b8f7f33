"""A new customer out of the call, and a customer found by hand: made once, joined with the call, told in the pop."""

import asyncio
import contextlib
from typing import Any

import pytest

from core.journal import since
from desk.customers.events import CustomerCreated, CustomerNumberAdded
from ivr.events import CallerIdentified
from tests.until import until
from tests.web.test_api_orders import form, order
from tests.web.test_socket_pop import ready_desk
from tests.web.world import Client, Desk, World

pytestmark = pytest.mark.integration

KNOWN, STRANGER = "13800000001", "13800000006"
ADDRESS = "城东区和平路 6 号 2 单元 301 室"


def newcomer(call_id: str, **changes: Any) -> dict[str, Any]:
    """A filled form about who calls."""
    told = {"key": "form-0001", "call_id": call_id, "name": "周敏", "category": "residential", "phone": "138 0000-0006"}
    return told | {"address": ADDRESS, "area": "城东片区", "language": "客家话"} | changes


async def made(agent: Client, told: dict[str, Any]) -> dict[str, Any]:
    answer = await agent.ask("POST", "/customers", told, expect=201)
    assert isinstance(answer, dict)
    return answer


async def shown(desk: Desk, call_id: str, customer_id: str | None) -> dict[str, Any]:
    """Wait until the pop of the call on the screen is this customer's."""

    def last() -> dict[str, Any] | None:
        pops = [pop for pop in desk.all("screen_pop") if pop["call_id"] == call_id]
        one = pops[-1] if pops else None
        return one if one is not None and (one["customer"] or {}).get("id") == customer_id else None

    pop = await until(last, what=f"the pop of {customer_id}")
    assert pop is not None
    return pop


async def story(world: World, *kinds: type) -> list[Any]:
    return [r.event for r in await world.db.read(lambda c: since(c, 0)) if isinstance(r.event, kinds)]


async def test_a_new_customer_is_one_however_often_the_form_is_sent_and_the_call_is_theirs(world: World) -> None:
    async with ready_desk(world) as (agent, desk):
        call_id = await world.talking(STRANGER)
        first = await shown(desk, call_id, None)
        assert first["by_hand"] is False
        told = newcomer(call_id)
        twice = await asyncio.gather(made(agent, told), made(agent, told))
        one = await made(agent, told)
        assert twice[0] == twice[1] == one
        assert one | {"id": ""} == {
            "id": "",
            "name": "周敏",
            "category": "residential",
            "vip": False,
            "important": False,
            "manager": None,
            "phones": [STRANGER],
            "address": ADDRESS,
            "area": "城东片区",
            "language": "客家话",
        }
        pop = await shown(desk, call_id, one["id"])
        assert (pop["by_hand"], pop["customer"]["phones"], pop["waited_s"]) == (True, [STRANGER], first["waited_s"])
        assert (await agent.ask("GET", f"/calls/{call_id}"))["customer_id"] == one["id"]
        assert await agent.refused("POST", "/customers", told | {"name": "周明"}, status=409) == "customer_made"
        taken = await order(agent, form(call_id, account="", address=ADDRESS))
        assert [o["id"] for o in (await agent.ask("GET", f"/customers/{one['id']}"))["open_work_orders"]] == [
            taken["order"]["id"]
        ]
        history = (await agent.ask("GET", f"/customers/{one['id']}/history"))["items"]
        assert [contact["call_id"] for contact in history] == [call_id]
    me = world.users["1001"].id
    assert [(e.customer_id, e.call_id, e.by) for e in await story(world, CustomerCreated)] == [(one["id"], call_id, me)]
    assert [(e.customer_id, e.how, e.by) for e in await story(world, CallerIdentified)] == [(one["id"], "agent", me)]
    async with world.client("admin") as admin:
        (act,) = (await admin.ask("GET", "/audit", params={"area": "callers"}))["items"]
        assert (act["event"], act["by"], act["data"]["customer_id"]) == ("CustomerCreated", me, one["id"])
        assert "周敏" not in str(act)


async def test_who_calls_again_is_known(world: World) -> None:
    async with ready_desk(world) as (agent, desk):
        call_id = await world.talking(STRANGER)
        one = await made(agent, newcomer(call_id))
        world.pbx.gone(call_id)
        await desk.state("wrap_up")
        await desk.do("wrap-up", call_id=call_id, result_code="consult")
        pop = await shown(desk, world.call(STRANGER), one["id"])
        assert (pop["by_hand"], [contact["call_id"] for contact in pop["history"]]) == (False, [call_id])


async def test_a_likely_duplicate_is_told_before_it_is_made(world: World) -> None:
    async with ready_desk(world) as (agent, desk):
        call_id = await world.talking(STRANGER)
        told = newcomer(call_id, phone=KNOWN)
        error = (await agent.ask("POST", "/customers", told, expect=409))["error"]
        assert (error["code"], error["details"]["by"]) == ("customer_known", "phone")
        (match,) = error["details"]["customers"]
        assert (match["name"], match["phones"]) == ("张伟", ["138****0001"])
        assert await story(world, CustomerCreated) == []
        home = (await agent.ask("GET", "/customers", params={"account": "3200000002"}))["items"][0]["address"]
        alike = newcomer(call_id, name=" 王  芳", address=home, phone="13911112222")
        details = (await agent.ask("POST", "/customers", alike, expect=409))["error"]["details"]
        assert (details["by"], [one["name"] for one in details["customers"]]) == ("name_and_address", ["王芳"])
        one = await made(agent, told | {"although_known": True})
        assert (await shown(desk, call_id, one["id"]))["customer"]["phones"] == [KNOWN]
        assert len((await agent.ask("GET", "/customers", params={"phone": KNOWN}))["items"]) == 2
        assert await made(agent, told) == one


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "周" * 101}, "name"),
        ({"phone": "no number"}, "phone"),
        ({"phone": "", "address": ""}, "phone"),
        ({"address": "路" * 201}, "address"),
        ({"language": "话" * 33}, "language"),
        ({"category": "castle"}, "category"),
        ({"key": "x"}, "key"),
        ({"vip": True}, "vip"),
    ],
)
async def test_a_form_with_which_nobody_could_be_found_again_is_refused(
    world: World, changes: dict[str, Any], field: str
) -> None:
    await world.ready("1001", "1001")
    async with world.client("1001", seat="1001") as agent:
        call_id = await world.talking(STRANGER)
        error = (await agent.ask("POST", "/customers", newcomer(call_id, **changes), expect=400))["error"]
        assert error["code"] == "bad_input"
        assert field in str(error["details"])
    assert await story(world, CustomerCreated, CallerIdentified) == []


async def test_only_who_has_the_call_says_who_calls(world: World) -> None:
    await world.ready("1001", "1001")
    async with world.client("1001", seat="1001") as agent, world.client("1002") as other:
        call_id = await world.talking(STRANGER)
        wish = {"customer_id": "CD01"}
        for name in ("quality", "admin"):
            async with world.client(name) as stranger:
                assert await stranger.refused("POST", "/customers", newcomer(call_id), status=403) == "forbidden"
                assert await stranger.refused("POST", f"/calls/{call_id}/identify", wish, status=403) == "forbidden"
        assert await other.refused("POST", "/customers", newcomer(call_id), status=403) == "forbidden"
        assert await other.refused("POST", f"/calls/{call_id}/identify", wish, status=403) == "forbidden"
        assert await agent.refused("POST", "/customers", newcomer("none"), status=404) == "no_such_call"
        path = f"/calls/{call_id}/identify"
        assert await agent.refused("POST", path, {"customer_id": "none"}, status=404) == "no_such_customer"


async def test_a_customer_found_by_search_is_joined_and_the_number_added_only_when_asked(world: World) -> None:
    async with ready_desk(world) as (agent, desk):
        call_id = await world.talking(STRANGER)
        (found,) = (await agent.ask("GET", "/customers", params={"account": "3200000007"}))["items"]
        assert (await desk.do("identify", call_id=call_id, customer_id=found["id"]))["type"] == "ok"
        pop = await shown(desk, call_id, found["id"])
        assert (pop["by_hand"], pop["customer"]["name"], STRANGER in pop["customer"]["phones"]) == (True, "陈静", False)
        assert pop["accounts"][0]["supply_state"] == "cut_for_arrears"
        history = (await agent.ask("GET", f"/customers/{found['id']}/history"))["items"]
        assert [contact["call_id"] for contact in history] == [call_id], "a call counts though its number is not theirs"
        wish = {"customer_id": found["id"], "add_number": True}
        for _ in range(2):
            await agent.ask("POST", f"/calls/{call_id}/identify", wish)
        await until(lambda: STRANGER in desk.all("screen_pop")[-1]["customer"]["phones"])
        assert (await agent.ask("GET", "/customers", params={"phone": STRANGER}))["items"][0]["id"] == found["id"]
    assert len(await story(world, CallerIdentified)) == 1
    assert [(e.customer_id, e.caller, e.by) for e in await story(world, CustomerNumberAdded)] == [
        (found["id"], STRANGER, world.users["1001"].id)
    ]
    async with world.client("admin") as admin:
        (act,) = (await admin.ask("GET", "/audit", params={"area": "callers"}))["items"]
        assert (act["event"], act["data"]["caller"]) == ("CustomerNumberAdded", "138****0006")


async def test_a_wrong_choice_is_taken_back(world: World) -> None:
    async with ready_desk(world) as (agent, desk):
        call_id = await world.talking(STRANGER)
        one = await made(agent, newcomer(call_id, phone="", key="form-0002"))
        await shown(desk, call_id, one["id"])
        await agent.ask("POST", f"/calls/{call_id}/identify", {"customer_id": None})
        pop = (await shown(desk, call_id, None)) or {}
        assert pop["by_hand"] is False
        assert (await agent.ask("GET", f"/calls/{call_id}"))["customer_id"] is None
        assert (await agent.ask("GET", f"/customers/{one['id']}/history"))["items"] == []


async def test_a_withheld_number_is_nobodys(world: World) -> None:
    async with ready_desk(world) as (agent, desk):
        call_id = await world.talking("anonymous")
        one = await made(agent, newcomer(call_id, phone=""))
        assert (await shown(desk, call_id, one["id"]))["customer"]["phones"] == []
        wish = {"customer_id": one["id"], "add_number": True}
        assert await agent.refused("POST", f"/calls/{call_id}/identify", wish, status=400) == "bad_input"


async def test_it_is_known_after_a_reload_a_restart_and_in_wrap_up(world: World) -> None:
    async with ready_desk(world) as (agent, desk):
        call_id = await world.talking(STRANGER)
        one = await made(agent, newcomer(call_id))
        await shown(desk, call_id, one["id"])
        async with agent.desktop() as again:
            hello = await again.next("hello")
            assert (hello["pop"]["customer"]["id"], hello["pop"]["by_hand"]) == (one["id"], True)
            assert hello["call"]["customer_id"] == one["id"]
    await world.stop_web()
    await world.start_web()
    async with world.client("1001") as agent, agent.desktop() as desk:
        hello = await desk.next("hello")
        assert (hello["pop"]["customer"]["id"], hello["pop"]["by_hand"]) == (one["id"], True)
        assert await made(agent, newcomer(call_id)) == one
        world.pbx.gone(call_id)
        await desk.state("wrap_up")
        (found,) = (await agent.ask("GET", "/customers", params={"account": "3200000007"}))["items"]
        await agent.ask("POST", f"/calls/{call_id}/identify", {"customer_id": found["id"]})
        await shown(desk, call_id, found["id"])


async def test_nothing_is_kept_of_a_form_whose_writing_fails(world: World) -> None:
    """Customer, join and events are one transaction: a service killed in it has all or nothing."""
    async with ready_desk(world) as (agent, _):
        call_id = await world.talking(STRANGER)
        with contextlib.closing(world.db.engine.raw_connection()) as books:
            books.cursor().execute(
                "CREATE TRIGGER full BEFORE INSERT ON customer_calls BEGIN SELECT RAISE(ABORT, 'full'); END"
            )
            books.commit()
            await agent.refused("POST", "/customers", newcomer(call_id), status=500)
            assert (await agent.ask("GET", "/customers", params={"q": "周敏"}))["items"] == []
            books.cursor().execute("DROP TRIGGER full")
            books.commit()
        await made(agent, newcomer(call_id))
    assert len(await story(world, CustomerCreated)) == 1
