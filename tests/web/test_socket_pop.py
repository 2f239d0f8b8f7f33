"""The screen pop: what it says of each demo customer, and that it is there before the phone is answered."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from agents.events import AgentReserved
from core.events import Event, Recorded
from cti.events import CallAnswered, CallArrived
from desk.customers import store as customers
from desk.customers.model import Customer
from desk.customers.service import CustomerService
from ivr.events import IvrNodeEntered, NeedStated
from routing.precedence import Cause
from tests.until import until
from tests.web.world import Client, Desk, World, open_world
from web.route import DESKTOPS

pytestmark = pytest.mark.integration


@asynccontextmanager
async def ready_desk(world: World, name: str = "1001") -> AsyncIterator[tuple[Client, Desk]]:
    """An agent who is ready, with an open desktop."""
    await world.phone(name)
    async with world.client(name, seat=name) as client, client.desktop() as desk:
        await desk.next("hello")
        assert (await desk.do("state", state="ready"))["type"] == "ok"
        yield client, desk


async def pop_of(world: World, caller: str, *, known: bool = True) -> dict[str, Any]:
    """The pop of one call from `caller`; of who is known the whole one, which follows where the fetch takes long."""
    async with ready_desk(world) as (_, desk):
        call_id = world.call(caller)

        def shown() -> Any:
            pops = [pop for pop in desk.all("screen_pop") if pop["call_id"] == call_id]
            return next((pop for pop in pops if not known or pop["customer"] or pop["matches"]), None)

        pop: dict[str, Any] = await until(shown, what=f"{caller} on the desktop")
        world.pbx.gone(call_id)
        return pop


async def test_a_known_caller_with_a_paid_bill(world: World) -> None:
    pop = await pop_of(world, "13800000001")
    assert pop["customer"] | {"id": "", "address": "", "area": ""} == {
        "id": "",
        "name": "张伟",
        "category": "residential",
        "vip": False,
        "important": False,
        "manager": None,
        "phones": ["13800000001"],
        "address": "",
        "area": "",
        "language": None,
    }
    assert (pop["caller"], pop["queue"]) == ("13800000001", "general")
    assert [one["account_no"] for one in pop["accounts"]] == ["3200000001"]
    assert (pop["bill"]["period"], pop["bill"]["amount_yuan"], pop["bill"]["paid"]) == ("2026-10", "156.41", True)
    assert [(one["node"], one["digits"]) for one in pop["ivr_path"]] == [("main", "0")]
    assert pop["waited_s"] >= 0
    assert "工号1001" in pop["script"]["greeting"]


async def test_a_caller_who_owes_sees_the_late_fee(world: World) -> None:
    pop = await pop_of(world, "13800000002")
    assert pop["accounts"][0]["arrears_yuan"] == "100.00"
    assert (pop["bill"]["late_fee_yuan"], pop["bill"]["total_due_yuan"]) == ("1.00", "101.00")


async def test_an_outage_at_the_address(world: World) -> None:
    outage = (await pop_of(world, "13800000003"))["outage"]
    assert (outage["area"], outage["kind"]) == ("城东片区", "计划停电")
    assert outage["from"] < outage["until"]
    assert "城东片区" in outage["text"]


async def test_a_vip_and_important_user(world: World) -> None:
    pop = await pop_of(world, "13800000004")
    assert (pop["customer"]["vip"], pop["customer"]["important"]) == (True, True)
    assert pop["accounts"][0]["voltage"] == "10 kV"
    assert pop["outage"] is None


async def test_two_accounts_on_one_number(world: World) -> None:
    pop = await pop_of(world, "13800000005")
    assert [one["account_no"] for one in pop["accounts"]] == ["3200000005", "3200000006"]


@pytest.mark.parametrize("caller", ["13800000006", "anonymous", "Zhang Wei"])
async def test_an_unknown_caller_has_an_empty_pop(world: World, caller: str) -> None:
    pop = await pop_of(world, caller, known=False)
    assert pop["customer"] is None
    assert (pop["matches"], pop["accounts"], pop["bill"], pop["outage"]) == ([], [], None, None)
    assert pop["script"]["greeting"]


async def test_supply_cut_for_arrears(world: World) -> None:
    (account,) = (await pop_of(world, "13800000007"))["accounts"]
    assert (account["supply_state"], account["arrears_yuan"]) == ("cut_for_arrears", "327.60")


async def test_complaints_of_the_last_thirty_days(world: World) -> None:
    assert (await pop_of(world, "13800000008"))["complaints_30d"] == 3


async def test_who_is_identified_in_the_menu_counts_and_not_the_number(world: World) -> None:
    found = await CustomerService(world.db).by_account("3200000002")
    assert found is not None
    world.identify["13900000000"] = found.id
    pop = await pop_of(world, "13900000000")
    assert pop["customer"]["name"] == "王芳"
    assert pop["customer"]["phones"] == ["13800000002"]


async def test_former_calls_and_their_notes_are_the_history(world: World) -> None:
    async with ready_desk(world) as (_, desk):
        first = await world.talking("13800000001")
        await desk.do("note", call_id=first, text="询问电费")
        world.pbx.gone(first)
        await desk.state("wrap_up")
        await desk.do("wrap-up", call_id=first, result_code="consult")
        second = world.call("13800000001")

        def told() -> list[tuple[str, str, str]]:
            pops = [pop for pop in desk.all("screen_pop") if pop["call_id"] == second]
            return [(c["call_id"], c["summary"], c["agent"]) for pop in pops[-1:] for c in pop["history"]]

        assert await until(told, what="the history on the desktop") == [(first, "consult", "坐席1001")]
        world.pbx.gone(second)


async def test_a_caller_who_waited_has_the_pop_in_the_very_moment_of_the_choice(world: World) -> None:
    """The pop is written before the bus has even told the last listener of the reservation: nothing is fetched."""
    await world.phone("1001")
    async with world.client("1001", seat="1001") as client, client.desktop() as desk:
        await desk.next("hello")
        call_id = world.call("13800000002")
        await world.until_state(call_id, "queued")
        desktops = world.app[DESKTOPS]
        await until(lambda: desktops.pops.preparing(call_id), what="the pop is prepared")
        await desktops.pops.fetched(call_id)
        shown: list[bool] = []

        async def heard_last(recorded: Recorded) -> None:
            if isinstance(recorded.event, AgentReserved):
                shown.append(desktops.pops.shown_to(world.users["1001"].id, call_id) is not None)

        world.bus.listen(Event, heard_last)
        await desk.do("state", state="ready")
        pop = await desk.next("screen_pop")
        assert pop["customer"]["name"] == "王芳"
        assert shown == [True]
        world.pbx.gone(call_id)


SMALL_FLOW = """\
flow: small
version: 1
start: person
trouble: person
nodes:
  person: {do: queue, queue: general, prompts: [queue_enter], nobody: end, too_long: end, next: end}
  end: {do: hangup}
"""


async def test_what_is_known_is_fetched_while_the_menu_still_speaks(tmp_path: Path) -> None:
    """On the way to the queue, before the call waits: an agent who is free at once sees no difference."""
    file = tmp_path / "small.yaml"
    file.write_text(SMALL_FLOW)
    async with open_world(tmp_path, flow_file=file) as world:
        now, known = world.clock.now(), {"caller": "13800000001", "caller_known": True, "caller_raw": "13800000001"}
        await world.record(CallArrived(at=now, call_id="1.1", channel_id="1.1", number="95598", **known))
        await world.record(CallAnswered(at=now, call_id="1.1"))
        pops = world.app[DESKTOPS].pops
        await world.record(IvrNodeEntered(at=now, call_id="1.1", flow="small", node="end"))
        assert not pops.preparing("1.1")
        await world.record(IvrNodeEntered(at=now, call_id="1.1", flow="small", node="person"))
        assert pops.preparing("1.1")


async def test_a_slow_customer_system_delays_no_pop(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known goes out at once; the customer follows in a second pop of the same call."""
    gate = threading.Event()
    real = customers.by_phone

    def slow(connection: Connection, number: str) -> list[Customer]:
        gate.wait(10)
        return real(connection, number)

    monkeypatch.setattr(customers, "by_phone", slow)
    async with ready_desk(world) as (_, desk):
        call_id = world.call("13800000001")
        first = await desk.next("screen_pop", call_id=call_id)
        assert first["customer"] is None
        gate.set()
        await until(lambda: len(desk.all("screen_pop")) == 2, what="the whole pop follows")
        assert desk.all("screen_pop")[1]["customer"]["name"] == "张伟"
        world.pbx.gone(call_id)


async def test_what_the_caller_wants_by_the_keys_is_on_the_pop(world: World) -> None:
    await world.agents.sign_in(world.users["1002"].id, "1002")
    call_id = world.call("13800000004")
    await world.until_state(call_id, "queued")
    await world.journal.record(NeedStated(at=world.clock.now(), call_id=call_id, need="complaint"))
    async with ready_desk(world) as (_, desk):
        assert (await desk.next("screen_pop", call_id=call_id))["need"] == "complaint"
        world.pbx.gone(call_id)


async def test_why_a_caller_went_ahead_is_on_the_pop_in_the_list_and_in_the_explanation(world: World) -> None:
    world.causes["13800000004"] = (Cause.REPEAT, Cause.VIP)
    causes = ["vip", "repeat"]
    await world.agents.sign_in(world.users["1002"].id, "1002")
    call_id = world.call("13800000004")
    await world.until_state(call_id, "queued")
    async with world.client("lead") as lead:
        explained = await lead.ask("GET", f"/queues/general/explain?call={call_id}")
        assert (explained["causes"], explained["ahead_s"]) == (causes, world.policy.number("ahead_vip"))
        async with ready_desk(world) as (_, desk):
            pop = await desk.next("screen_pop", call_id=call_id)
            assert pop["ahead_causes"] == causes
            (listed,) = (await lead.ask("GET", "/calls?state=live"))["items"]
            assert listed["ahead_causes"] == causes
            world.pbx.gone(call_id)
