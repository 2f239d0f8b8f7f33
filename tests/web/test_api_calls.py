"""Calls through the API: lists, stories, commands, and whose telephone number is shown to whom."""

import pytest

from core.events import Event
from cti.events import CallNoted
from ivr.events import DigitsCollected, IvrNodeEntered
from tests.until import until
from tests.web.world import World

pytestmark = pytest.mark.integration


async def test_a_call_is_listed_while_it_lives_and_after(world: World) -> None:
    await world.ready("1001", "1001")
    call_id = await world.talking("13800000001")
    async with world.client("lead") as lead:
        (live,) = (await lead.ask("GET", "/calls?state=live"))["items"]
        assert live["id"] == call_id
        assert live["caller"] == "13800000001"
        assert live["direction"] == "inbound"
        assert live["state"] == "talking"
        assert live["agent_id"] == world.users["1001"].id
        assert live["talking_at"].endswith("Z")
        world.pbx.gone(call_id)
        await until(lambda: not world.calls.live(), what="the call is over")
        assert (await lead.ask("GET", "/calls?state=live"))["items"] == []
        ended = await lead.ask("GET", f"/calls/{call_id}")
        assert (ended["state"], ended["ended_by"]) == ("ended", "caller")


async def test_pages_hold_every_call_once(world: World) -> None:
    for n in range(7):
        call_id = world.call(f"1380000000{n}")
        await until(lambda one=call_id: one in world.pbx.live, what="the call is there")
    await until(lambda: len(world.calls.live()) == 0, what="nobody is signed in, all calls end")
    async with world.client("lead") as lead:
        seen, cursor = [], ""
        while True:
            page = await lead.ask("GET", f"/calls?limit=3{cursor}")
            seen += [call["id"] for call in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert len(seen) == len(set(seen)) == 7
        assert seen == sorted(seen, reverse=True)
        assert len((await lead.ask("GET", "/calls?caller=13800000003"))["items"]) == 1
        assert (await lead.ask("GET", "/calls?to=2020-01-01T00:00:00%2B08:00"))["items"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=ten", "limit"),
        ("from=yesterday", "from"),
        ("from=2026-01-01T00:00:00", "from"),
        ("from=0001-01-01T00:00:00%2B14:00", "from"),
        ("to=9999-12-31T23:59:59Z", "to"),
        ("cursor=made-up", "cursor"),
        ("cursor=MjAyNi0wMS0wMVQwMDowMDowMCBh", "cursor"),
        ("cursor=OTk5OS0xMi0zMVQyMzo1OTo1OS0xNDowMCBh", "cursor"),
        ("cursor=MjAyNi0wMS0wMVQwMDowMDowMFogAGE=", "cursor"),
        ("state=dead", "state"),
        ("colour=red", "colour"),
        ("caller=138%00", "address"),
    ],
)
async def test_a_query_that_cannot_be_used_names_its_field(world: World, query: str, field: str) -> None:
    async with world.client("lead") as lead:
        error = (await lead.ask("GET", f"/calls?{query}", expect=400))["error"]
        assert error["code"] == "bad_input"
        assert field in error["message"]


async def test_the_timeline_is_the_journal_of_the_call_in_order(world: World) -> None:
    await world.ready("1001", "1001")
    call_id = await world.talking("13800000001")
    async with world.client("lead") as lead:
        story = (await lead.ask("GET", f"/calls/{call_id}/timeline"))["items"]
        names = [one["event"] for one in story]
        for earlier, later in [
            ("CallArrived", "CallQueued"),
            ("AgentReserved", "AgentRang"),
            ("AgentRang", "AgentAnswered"),
        ]:
            assert names.index(earlier) < names.index(later)
        assert [one["seq"] for one in story] == sorted(one["seq"] for one in story)
        assert story[0]["data"]["caller"] == "13800000001"
        assert await lead.refused("GET", "/calls/none/timeline", status=404) == "no_such_call"


async def test_telephone_numbers_are_masked_for_who_does_not_need_them(world: World) -> None:
    await world.ready("1001", "1001")
    call_id = await world.talking("13800000001")
    at, account = world.clock.now(), "3200000002"
    await world.record(
        DigitsCollected(at=at, call_id=call_id, node="account", digits=account, length=10),
        IvrNodeEntered(at=at, call_id=call_id, flow="hotline", node="pin", known={"account": account}),
    )
    shown = {}
    for name in ("1001", "1002", "lead", "quality", "supervisor", "admin"):
        async with world.client(name) as client:
            (call,) = (await client.ask("GET", "/calls"))["items"]
            story = (await client.ask("GET", f"/calls/{call_id}/timeline"))["items"]
            text = str(story)
            shown[name] = call["caller"]
            assert ("13800000001" in text) == (call["caller"] == "13800000001")
            assert ("3200000002" in text) == (call["caller"] == "13800000001"), "keys pressed are masked alike"
    full, hidden = "13800000001", "138****0001"
    assert shown == {
        "1001": full,
        "1002": hidden,
        "lead": full,
        "quality": hidden,
        "supervisor": full,
        "admin": hidden,
    }


async def test_hold_resume_dtmf_and_hang_up_do_it(world: World) -> None:
    async with world.client("1001", seat="1001") as agent:
        await world.phone("1001")
        await agent.ask("POST", "/agents/me/state", {"state": "ready"})
        call_id = await world.talking("13800000001")
        assert await agent.ask("POST", f"/calls/{call_id}/hold", {}) == {"ok": True}
        assert (await agent.ask("GET", f"/calls/{call_id}"))["state"] == "held"
        await agent.ask("POST", f"/calls/{call_id}/resume", {})
        assert (await agent.ask("GET", f"/calls/{call_id}"))["state"] == "talking"
        await agent.ask("POST", f"/calls/{call_id}/dtmf", {"digits": "12#"})
        assert world.pbx.sent == [(call_id, "12#")]
        await agent.ask("POST", f"/calls/{call_id}/hangup")
        await until(lambda: not world.calls.live(), what="the call is over")
        assert await agent.refused("POST", f"/calls/{call_id}/hold", {}, status=404) == "no_such_call"


async def test_another_agents_call_cannot_be_touched(world: World) -> None:
    await world.ready("1001", "1001")
    call_id = await world.talking("13800000001")
    async with world.client("1002", seat="1002") as other:
        assert await other.refused("POST", f"/calls/{call_id}/hold", {}, status=403) == "forbidden"
        assert await other.refused("POST", f"/calls/{call_id}/note", {"text": "x"}, status=403) == "forbidden"


async def test_a_command_at_the_wrong_time_is_a_conflict(world: World) -> None:
    await world.ready("1001", "1001")
    call_id = world.call("13800000001")
    await world.rings(call_id)
    async with world.client("1001") as agent:
        assert await agent.refused("POST", f"/calls/{call_id}/hold", {}, status=409) == "conflict"


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("transfer", {}, "to"),
        ("transfer", {"to": "nowhere"}, "to"),
        ("dtmf", {"digits": "12x"}, "digits"),
        ("note", {"text": " "}, "text"),
        ("wrap-up", {"note": "x"}, "result_code"),
        ("hold", {"why": "x"}, "why"),
    ],
)
async def test_bad_commands_name_the_field(world: World, verb: str, body: dict[str, str], field: str) -> None:
    async with world.client("1001") as agent:
        error = (await agent.ask("POST", f"/calls/1.1/{verb}", body, expect=400))["error"]
        assert error["code"] == "bad_input"
        assert field in error["message"]


async def test_wrap_up_is_journaled_and_makes_the_agent_ready(world: World) -> None:
    async with world.client("1001", seat="1001") as agent:
        await world.phone("1001")
        await agent.ask("POST", "/agents/me/state", {"state": "ready"})
        call_id = await world.talking("13800000001")
        await agent.ask("POST", f"/calls/{call_id}/note", {"text": "问电费"})
        await agent.ask("POST", f"/calls/{call_id}/hangup", {})
        await until(lambda: world.state_of("1001") == "wrap_up", what="wrap-up")
        await agent.ask("POST", f"/calls/{call_id}/wrap-up", {"result_code": "consult", "note": "已答复"})
        assert (await agent.ask("GET", "/agents/me"))["state"] == "ready"
        noted: list[Event] = [r.event for r in await world.journal.of_call(call_id) if isinstance(r.event, CallNoted)]
        assert [(n.text, n.result_code) for n in noted if isinstance(n, CallNoted)] == [
            ("问电费", None),
            ("已答复", "consult"),
        ]


async def test_transfer_hands_the_caller_to_the_queue_again(world: World) -> None:
    await world.ready("1001", "1001")
    call_id = await world.talking("13800000001")
    async with world.client("1001") as agent:
        await agent.ask("POST", f"/calls/{call_id}/transfer", {"to": "general"})
        assert (await agent.ask("GET", f"/calls/{call_id}"))["state"] == "queued"
        await world.ready("1002", "1002")
        assert await world.rings(call_id) == f"{call_id}-seat-2"


async def test_what_is_written_is_kept_once_for_its_key_also_when_the_service_died_in_between(world: World) -> None:
    await world.ready("1001", "1001")
    call_id = await world.talking("13800000001")
    me = world.users["1001"].id
    async with world.client("1001") as agent:
        for text in ("问电费", "问电费", "又问"):
            await agent.ask("POST", f"/calls/{call_id}/note", {"text": text, "key": f"key-of-{len(text)}"})
        world.pbx.gone(call_id)
        await until(lambda: world.state_of("1001") == "wrap_up", what="wrap-up")
        # Killed after the note was kept and before the wrap-up was ended: the page asks again.
        kept = {"call_id": call_id, "agent_id": me, "text": "已答复", "result_code": "consult", "key": "key-of-wrap-up"}
        await world.record(CallNoted(at=world.clock.now(), **kept))
        await world.stop_web()
        await world.start_web()
        body = {"result_code": "consult", "note": "已答复", "key": "key-of-wrap-up"}
        await agent.ask("POST", f"/calls/{call_id}/wrap-up", body)
        await agent.ask("POST", f"/calls/{call_id}/wrap-up", body)
        assert world.state_of("1001") == "ready"
        await agent.ask("POST", f"/calls/{call_id}/wrap-up", body | {"key": "key-of-more", "result_code": "fault"})
    noted = [r.event for r in await world.journal.of_call(call_id) if isinstance(r.event, CallNoted)]
    assert [(one.text, one.result_code) for one in noted] == [
        ("问电费", None),
        ("又问", None),
        ("已答复", "consult"),
        ("已答复", "fault"),
    ]
