"""Transfers to persons, consultation, conference and mute through the API: who may, what the books and pages say."""

from functools import partial

import pytest

from cti import store as call_rows
from cti.events import CallArrived, CallReleased, CallTransferred, ConsultEnded
from cti.model import arrive
from tests.until import until
from tests.web.world import World

pytestmark = pytest.mark.integration

CALLER, SPECIALIST, ABROAD = "13800000001", "02112345678", "0018005551234"


async def talking(world: World) -> str:
    """A call of agent 1001, while 1002 is ready."""
    await world.ready("1001", "1001")
    call_id = await world.talking(CALLER)
    await world.ready("1002", "1002")
    return call_id


async def state(world: World, name: str, wanted: str) -> None:
    await until(lambda: world.state_of(name) == wanted, what=lambda: f"{name} is {world.state_of(name)}, not {wanted}")


async def test_a_colleague_is_rung_for_a_caller_who_is_handed_on_and_is_popped(world: World) -> None:
    call_id = await talking(world)
    async with (
        world.client("1001") as agent,
        world.client("1002", seat="1002") as other,
        other.desktop() as desk,
    ):
        await agent.ask("POST", f"/calls/{call_id}/transfer", {"agent": world.users["1002"].id})
        await state(world, "1001", "wrap_up")
        await state(world, "1002", "ringing")
        pop = await desk.next("screen_pop")
        assert (pop["call_id"], pop["caller"]) == (call_id, CALLER)
        world.pbx.pick_up(f"{call_id}-seat-2")
        await world.until_state(call_id, "talking")
        await state(world, "1002", "talking")
        assert (await other.ask("GET", f"/calls/{call_id}"))["agent_id"] == world.users["1002"].id


async def test_a_colleague_who_does_not_answer_leaves_the_caller_in_the_queue(world: World) -> None:
    call_id = await talking(world)
    async with world.client("1001") as agent:
        await agent.ask("POST", f"/calls/{call_id}/transfer", {"agent": world.users["1002"].id})
        await until(lambda: f"{call_id}-seat-2" in world.pbx.live, what="the colleague's phone rings")
        world.pbx.gone(f"{call_id}-seat-2", 17)
        await world.until_state(call_id, "queued")
        await state(world, "1002", "not_ready")


async def test_a_consulted_colleague_is_offered_talks_and_has_a_wrap_up(world: World) -> None:
    call_id = await talking(world)
    async with world.client("1001") as agent, world.client("1002") as other:
        await agent.ask("POST", f"/calls/{call_id}/consult", {"to": "general"})  # its next free agent
        await state(world, "1002", "ringing")
        world.pbx.pick_up(f"{call_id}-seat-2")
        await state(world, "1002", "talking")
        shown = await agent.ask("GET", f"/calls/{call_id}")
        assert shown["third"] == {"state": "talking", "agent_id": world.users["1002"].id, "number": None}
        assert await other.refused("POST", f"/calls/{call_id}/consult", {"do": "cancel"}, status=403) == "forbidden"
        for verb, body, third in (
            ("consult", {"do": "swap"}, "held"),
            ("conference", {}, "joined"),
            ("consult", {"do": "cancel"}, None),
        ):
            await agent.ask("POST", f"/calls/{call_id}/{verb}", body)
            shown = await agent.ask("GET", f"/calls/{call_id}")
            assert (shown["third"] or {}).get("state") == third
        await state(world, "1002", "wrap_up")
        assert shown["state"] == "talking"


async def test_a_conference_that_the_agent_leaves_is_the_colleagues_call(world: World) -> None:
    call_id = await talking(world)
    async with world.client("1001") as agent:
        await agent.ask("POST", f"/calls/{call_id}/consult", {"agent": world.users["1002"].id})
        world.pbx.pick_up(f"{call_id}-seat-2")
        await state(world, "1002", "talking")
        await agent.ask("POST", f"/calls/{call_id}/conference", {"do": "join"})
        await agent.ask("POST", f"/calls/{call_id}/conference", {"do": "leave"})
        await state(world, "1001", "wrap_up")
        await state(world, "1002", "talking")
        assert (await agent.ask("GET", f"/calls/{call_id}"))["agent_id"] == world.users["1002"].id
        world.pbx.gone(call_id)
        await state(world, "1002", "wrap_up")


async def test_a_number_outside_is_dialled_as_the_rules_permit_and_masked_for_others(world: World) -> None:
    call_id = await talking(world)
    async with world.client("1001") as agent, world.client("1002") as other:
        for number, status, code in ((ABROAD, 403, "number_not_permitted"), ("abc", 400, "bad_input")):
            assert await agent.refused("POST", f"/calls/{call_id}/consult", {"number": number}, status=status) == code
        assert world.pbx.outside == []
        await agent.ask("POST", f"/calls/{call_id}/consult", {"number": "021-1234 5678"})
        assert [dial.number for dial in world.pbx.outside] == [SPECIALIST]
        assert (await agent.ask("GET", f"/calls/{call_id}"))["third"]["number"] == SPECIALIST
        assert (await other.ask("GET", f"/calls/{call_id}"))["third"]["number"] != SPECIALIST
        assert SPECIALIST not in str(await other.ask("GET", f"/calls/{call_id}/timeline"))


@pytest.mark.parametrize("verb", ["transfer", "consult"])
async def test_who_is_not_free_or_not_named_is_refused_and_nothing_moves(world: World, verb: str) -> None:
    await world.ready("1001", "1001")
    call_id = await world.talking(CALLER)
    mine, other = world.users["1001"].id, world.users["1002"].id
    async with world.client("1001") as agent:
        path = f"/calls/{call_id}/{verb}"
        assert await agent.refused("POST", path, {"agent": other}, status=409) == "agent_not_free"
        assert await agent.refused("POST", path, {"agent": mine}, status=400) == "bad_input"
        assert await agent.refused("POST", path, {"agent": other, "number": SPECIALIST}, status=400) == "bad_input"
        assert await agent.refused("POST", path, {"to": "nowhere"}, status=400) == "bad_input"
        if verb == "consult":
            assert await agent.refused("POST", path, {"to": "general"}, status=409) == "nobody_free"
            assert await agent.refused("POST", path, {"do": "swap"}, status=409) == "conflict"
    assert (world.state_of("1001"), world.calls.live()[0].call.state) == ("talking", "talking")


async def test_a_colleague_kept_for_what_the_call_refuses_is_free_again(world: World) -> None:
    call_id = await talking(world)
    async with world.client("1001") as agent:
        await agent.ask("POST", f"/calls/{call_id}/consult", {"number": SPECIALIST})
        body = {"agent": world.users["1002"].id}
        assert await agent.refused("POST", f"/calls/{call_id}/transfer", body, status=409) == "conflict"
        await state(world, "1002", "ready")


async def test_muting_is_told_to_the_page_and_by_socket_too(world: World) -> None:
    call_id = await talking(world)
    async with world.client("1001", seat="1001") as agent, agent.desktop() as desk:
        await agent.ask("POST", f"/calls/{call_id}/mute", {})
        assert (await desk.next("call_state"))["call"]["muted"] is True
        reply = await desk.do("mute", call_id=call_id, on=False)
        assert reply["type"] == "ok"
        assert [sent for sent in world.pbx.sent if "mute" in sent[1]] == [
            (f"{call_id}-seat-1", "mute"),
            (f"{call_id}-seat-1", "unmute"),
        ]


async def test_the_story_says_who_was_consulted_and_how_it_ended(world: World) -> None:
    call_id = await talking(world)
    async with world.client("1001") as agent:
        await agent.ask("POST", f"/calls/{call_id}/consult", {"agent": world.users["1002"].id})
        world.pbx.gone(f"{call_id}-seat-2", 21)
        await state(world, "1002", "not_ready")
        await agent.ask("POST", f"/calls/{call_id}/resume", {})
        await agent.ask("POST", f"/calls/{call_id}/transfer", {"number": SPECIALIST})
    events = [recorded.event for recorded in await world.journal.of_call(call_id)]
    assert [(e.by, e.why) for e in events if isinstance(e, ConsultEnded)] == [("third", "rejected")]
    assert [(e.kind, e.dialled) for e in events if isinstance(e, CallTransferred)] == [("outside", SPECIALIST)]


async def test_a_parked_caller_is_seen_by_all_and_picked_up_from_the_wrap_up(world: World) -> None:
    call_id = await talking(world)
    async with (
        world.client("1001", seat="1001") as agent,
        world.client("1002", seat="1002") as other,
        world.client("lead") as lead,
        other.desktop() as desk,
    ):
        assert await other.refused("POST", f"/calls/{call_id}/pickup", {}, status=409) == "conflict"
        await state(world, "1002", "ready")
        await agent.ask("POST", f"/calls/{call_id}/park", {})
        await state(world, "1001", "wrap_up")
        (shown,) = (await desk.next("parked"))["items"]
        assert (shown["place"], shown["caller"], shown["agent_id"]) == (701, "138****0001", world.users["1001"].id)
        (told,) = (await lead.ask("GET", "/parked"))["items"]
        assert (told["call_id"], told["caller"]) == (call_id, CALLER)
        await agent.ask("POST", f"/calls/{call_id}/pickup", {})
        await state(world, "1001", "ringing")
        assert [m["items"] for m in desk.all("parked")][-1] == []
        world.pbx.pick_up(f"{call_id}-seat-2")
        await world.until_state(call_id, "talking")
        await state(world, "1001", "talking")
        assert await other.refused("POST", "/calls/nothing/pickup", {}, status=404) == "no_such_call"
        await state(world, "1002", "ready")


async def test_the_page_answers_for_the_phone_and_says_when_it_does_not_obey(world: World) -> None:
    await world.ready("1001", "1001")
    call_id = world.call(CALLER)
    await world.rings(call_id)
    async with world.client("1001") as agent, world.client("1002") as other:
        assert await other.refused("POST", f"/calls/{call_id}/answer", {}, status=409) == "conflict"
        await agent.ask("POST", f"/calls/{call_id}/answer", {})
        await world.until_state(call_id, "talking")
        world.pbx.takes_no_calls = True
        await world.ready("1002", "1002")
        await agent.ask("POST", f"/calls/{call_id}/consult", {"agent": world.users["1002"].id})
        assert await other.refused("POST", f"/calls/{call_id}/answer", {}, status=409) == "phone_did_not_answer"


@pytest.mark.parametrize("reason", [None, "meal"])
async def test_who_rejects_is_not_ready_and_the_next_one_is_rung(world: World, reason: str | None) -> None:
    await world.ready("1001", "1001")
    call_id = world.call(CALLER)
    await world.rings(call_id)
    await world.ready("1002", "1002")
    body = {"reason": reason} if reason else {}
    async with world.client("1001") as agent, world.client("1002") as other:
        assert await other.refused("POST", f"/calls/{call_id}/reject", body, status=409) == "conflict"
        await agent.ask("POST", f"/calls/{call_id}/reject", body)
        await state(world, "1001", "not_ready")
        me = await agent.ask("GET", "/agents/me")
        assert (me["cause"], me["reason"]) == ("rejected", reason)
        await state(world, "1002", "ringing")


async def test_a_nuisance_caller_is_warned_released_reported_and_blocked(world: World) -> None:
    call_id = await talking(world)
    path = f"/calls/{call_id}/nuisance"
    await world.phone("1003")
    async with (
        world.client("1001") as agent,
        world.client("1002") as other,
        world.client("lead", seat="1003") as lead,
        lead.desktop() as desk,
    ):
        assert await agent.refused("POST", path, {"do": "release"}, status=409) == "not_warned"
        for what in ("warn", "mark", "release"):
            assert await other.refused("POST", path, {"do": what}, status=403) == "forbidden"
        assert await agent.refused("POST", path, {"do": "release"}, status=409) == "not_warned", "by nobody else"
        await agent.ask("POST", path, {"do": "warn"})
        await agent.ask("POST", path, {"do": "release", "note": "shouts"})
        await state(world, "1001", "wrap_up")
        assert (await desk.next("notice", code="nuisance"))["level"] == "warning"
        assert await agent.refused("POST", path, {"do": "mark"}, status=409) == "conflict"
        (mark,) = (await lead.ask("GET", "/nuisance"))["items"]
        assert (mark["call_id"], mark["number"], mark["released"], mark["note"]) == (call_id, CALLER, True, "shouts")
        for method, where in (("GET", "/nuisance"), ("GET", "/blocked-numbers"), ("POST", "/blocked-numbers")):
            assert await agent.refused(method, where, {"number": CALLER} if method == "POST" else None, status=403)
        block = await lead.ask("POST", "/blocked-numbers", {"number": CALLER, "days": 3}, expect=201)
        assert (block["number"], block["holds"], block["by"]) == (CALLER, True, world.users["lead"].id)
        assert world.nuisance.blocked(CALLER)
        await lead.ask("DELETE", f"/blocked-numbers/{block['id']}")
        assert not world.nuisance.blocked(CALLER)
        assert await lead.refused("DELETE", f"/blocked-numbers/{block['id']}", status=404) == "no_such_block"


async def test_a_lead_monitors_from_a_break_and_is_asked_for_the_right(world: World) -> None:
    call_id = await talking(world)
    await world.phone("1003")
    async with (
        world.client("lead", seat="1003") as lead,
        world.client("1002") as agent,
        lead.desktop() as desk,
    ):
        await lead.ask("POST", "/agents/me/state", {"state": "ready"})
        for verb in ("monitor", "whisper", "barge", "take-over"):
            assert await agent.refused("POST", f"/calls/{call_id}/{verb}", {}, status=403) == "forbidden"
        await lead.ask("POST", f"/calls/{call_id}/monitor", {})
        assert (world.state_of("lead"), (await lead.ask("GET", "/agents/me"))["reason"]) == ("not_ready", "monitoring")
        leg = next(dial.channel_id for dial in world.pbx.dialled if "-watch-" in dial.channel_id)
        world.pbx.pick_up(leg)
        shown = await desk.next("call_state")
        assert shown["call"]["monitor"] == {"agent_id": world.users["lead"].id, "mode": "listen"}
        assert (await agent.ask("GET", f"/calls/{call_id}"))["monitor"] is None
        await lead.ask("POST", f"/calls/{call_id}/whisper", {})
        assert world.pbx.sent[-1] == (f"{call_id}-seat-1", "whisper")
        await lead.ask("POST", f"/calls/{call_id}/take-over", {})
        await state(world, "lead", "talking")
        await state(world, "1001", "wrap_up")
        assert (await lead.ask("GET", f"/calls/{call_id}"))["agent_id"] == world.users["lead"].id


async def test_a_lead_who_becomes_ready_monitors_no_longer(world: World) -> None:
    call_id = await talking(world)
    await world.phone("1003")
    async with world.client("lead", seat="1003") as lead:
        await lead.ask("POST", f"/calls/{call_id}/barge", {})
        world.pbx.pick_up(next(dial.channel_id for dial in world.pbx.dialled if "-watch-" in dial.channel_id))
        await until(lambda: world.calls.live()[0].call.watcher_id is not None, what="the lead barges in")
        await lead.ask("POST", "/agents/me/state", {"state": "ready"})
        assert world.calls.live()[0].call.watcher_id is None
        assert world.state_of("1001") == "talking"


async def test_dialling_out_rings_ones_own_phone_then_the_number_and_has_a_wrap_up(world: World) -> None:
    await world.phone("1001")
    async with world.client("1001", seat="1001") as agent, agent.desktop():
        await agent.ask("POST", "/agents/me/state", {"state": "not_ready", "reason": "paperwork"})
        assert await agent.refused("POST", "/calls", {"number": ABROAD}, status=403) == "number_not_permitted"
        call_id = (await agent.ask("POST", "/calls", {"number": SPECIALIST}, expect=201))["id"]
        assert await world.rings(call_id) == f"dials-{call_id}"
        await state(world, "1001", "ringing")
        assert await agent.refused("POST", "/calls", {"number": SPECIALIST}, status=409) == "agent_not_free"
        assert world.pbx.outside == []
        world.pbx.pick_up(f"dials-{call_id}")
        await until(lambda: world.pbx.outside, what="the number is rung")
        assert (world.pbx.outside[0].channel_id, world.pbx.outside[0].number) == (call_id, SPECIALIST)
        await state(world, "1001", "talking")
        world.pbx.pick_up(call_id)
        await world.until_state(call_id, "talking")
        shown = await agent.ask("GET", f"/calls/{call_id}")
        assert (shown["direction"], shown["caller"]) == ("outbound", SPECIALIST)
        await agent.ask("POST", f"/calls/{call_id}/hold", {})
        await agent.ask("POST", f"/calls/{call_id}/resume", {})
        assert await agent.refused("POST", f"/calls/{call_id}/transfer", {"to": "general"}, status=409) == "conflict"
        await agent.ask("POST", f"/calls/{call_id}/hangup", {})
        await state(world, "1001", "wrap_up")
        await until(lambda: not world.calls.live(), what="the other side is let go")
        await agent.ask("POST", f"/calls/{call_id}/wrap-up", {"result_code": "consult"})
        me = await agent.ask("GET", "/agents/me")
        assert (me["state"], me["reason"]) == ("not_ready", "paperwork"), "the break goes on"
    story = [type(r.event).__name__ for r in await world.journal.of_call(call_id)]
    moves = ["CallPlaced", "CalleeRang", "CalleeAnswered", "CallHeld", "CallResumed", "CallReleased", "CallEnded"]
    assert [name for name in story if name in moves] == moves


async def test_who_sees_a_number_masked_rings_it_by_the_call_or_the_order(world: World) -> None:
    await world.ready("1002", "1002")
    async with world.client("1002", seat="1002") as other:
        theirs = await world.talking("13800000001")
        told = {"key": "form-0001", "call_id": theirs, "kind": "suggestion", "text": "x"}
        order = (await other.ask("POST", "/work-orders", told, expect=201))["order"]["id"]
        world.pbx.gone(theirs)
        withheld = world.call("anonymous")
        await world.until_state(withheld, "queued")
    await world.phone("1001")
    async with world.client("1001", seat="1001") as agent, agent.desktop():
        await agent.ask("POST", "/agents/me/state", {"state": "not_ready", "reason": "paperwork"})
        assert (await agent.ask("GET", f"/calls/{theirs}"))["caller"] == "138****0001"
        for wish, status, code in (
            ({}, 400, "bad_input"),
            ({"number": SPECIALIST, "call_id": theirs}, 400, "bad_input"),
            ({"call_id": "none"}, 404, "no_such_call"),
            ({"order_id": "none"}, 404, "no_such_work_order"),
            ({"call_id": withheld}, 400, "bad_input"),
        ):
            assert await agent.refused("POST", "/calls", wish, status=status) == code
        for wish in ({"call_id": theirs}, {"order_id": order}):
            call_id = (await agent.ask("POST", "/calls", wish, expect=201))["id"]
            world.pbx.pick_up(await world.rings(call_id))
            await until(lambda call_id=call_id: any(d.channel_id == call_id for d in world.pbx.outside))  # type: ignore[misc]
            assert world.pbx.outside[-1].number == "13800000001"
            world.pbx.gone(f"dials-{call_id}")
            await state(world, "1001", "wrap_up")
            await agent.ask("POST", f"/calls/{call_id}/wrap-up", {"result_code": "consult"})
            await state(world, "1001", "not_ready")
    abroad = world.call(ABROAD)
    await world.until_state(abroad, "queued")
    async with world.client("1001") as agent:
        assert await agent.refused("POST", "/calls", {"call_id": abroad}, status=403) == "number_not_permitted"


@pytest.mark.parametrize(("moment", "ended"), [("seat", "agent"), ("callee", "caller"), ("page", "agent")])
async def test_a_dialled_call_that_nobody_answers_frees_the_agent(world: World, moment: str, ended: str) -> None:
    await world.ready("1001", "1001")
    async with world.client("1001") as agent:
        call_id = (await agent.ask("POST", "/calls", {"number": SPECIALIST}, expect=201))["id"]
        await world.rings(call_id)
        if moment == "seat":
            world.pbx.gone(f"dials-{call_id}", 21)
        else:
            world.pbx.pick_up(f"dials-{call_id}")
            await until(lambda: world.pbx.outside, what="the number is rung")
        if moment == "callee":
            world.pbx.gone(call_id, 17)
        elif moment == "page":
            await agent.ask("POST", f"/calls/{call_id}/hangup", {})
        await until(lambda: not world.calls.live(), what="the call is over")
        await state(world, "1001", "ready" if moment == "seat" else "wrap_up")
        assert (await agent.ask("GET", f"/calls/{call_id}"))["ended_by"] == ended
        assert world.pbx.live == {}, "no leg is left"


@pytest.mark.parametrize("consulting", [False, True])
async def test_a_shift_lead_ends_the_talk_of_another_and_an_agent_may_not(world: World, consulting: bool) -> None:
    call_id = await talking(world)
    async with world.client("1001") as agent, world.client("1002") as other, world.client("lead") as lead:
        if consulting:
            await agent.ask("POST", f"/calls/{call_id}/consult", {"number": SPECIALIST})
        assert await other.refused("POST", f"/calls/{call_id}/hangup", {}, status=403) == "forbidden"
        await lead.ask("POST", f"/calls/{call_id}/hangup", {"reason": "客户辱骂坐席"})
        story = (await lead.ask("GET", f"/calls/{call_id}/timeline"))["items"]
        noted = [one["data"] for one in story if one["event"] == "CallNoted"]
        assert [(one["text"], one["agent_id"]) for one in noted] == [("客户辱骂坐席", world.users["lead"].id)]
        await state(world, "1001", "wrap_up")
        await until(lambda: world.pbx.live == {}, what="no leg is left")
    released = [r.event for r in await world.journal.of_call(call_id) if isinstance(r.event, CallReleased)]
    assert [(e.by, e.why) for e in released] == [("lead", "released_by_lead")]


async def test_a_lead_takes_an_agent_off_the_seat_and_an_agent_may_not(world: World) -> None:
    call_id = await talking(world)
    first, second = world.users["1001"].id, world.users["1002"].id
    async with world.client("lead") as lead, world.client("1001") as agent, world.client("quality") as quality:
        for one in (agent, quality):
            assert await one.refused("POST", f"/agents/{second}/sign-out", {}, status=403) == "forbidden"
        assert (await lead.ask("POST", f"/agents/{second}/sign-out", {}))["state"] == "logged_out"
        await lead.ask("POST", f"/agents/{first}/sign-out", {})  # in a talk: when it is over
        assert world.state_of("1001") == "talking"
        world.pbx.gone(call_id)
        await state(world, "1001", "wrap_up")
        async with world.client("1001", seat="1001") as back:
            await back.ask("POST", f"/agents/{first}/state", {"state": "ready"})
        await lead.ask("POST", f"/agents/{first}/sign-out", {})
        await state(world, "1001", "logged_out")
        assert await lead.refused("POST", f"/agents/{first}/sign-out", {}, status=409) == "not_at_seat"


async def test_a_block_is_looked_at_prolonged_and_lifted_for_a_reason(world: World) -> None:
    async with world.client("lead") as lead, world.client("deputy") as deputy, world.client("1001") as agent:
        block = await lead.ask("POST", "/blocked-numbers", {"number": CALLER, "days": 3, "note": "辱骂"}, expect=201)
        away = [
            CallArrived(
                at=world.clock.now(),
                call_id=f"9.{n}",
                caller=caller,
                caller_known=True,
                caller_raw=caller,
                number="95598",
                channel_id=f"9.{n}",
            )
            for n, caller in enumerate((CALLER, CALLER, "13800000002"))
        ]
        for one in away:
            await world.db.write(partial(call_rows.add, call=arrive(one)))
        (row,) = (await deputy.ask("GET", "/blocked-numbers"))["items"]
        told = row["number"], row["by_name"], row["note"], row["turned_away"], row["holds"]
        assert told == (CALLER, "坐席lead", "辱骂", 2, True)
        where = f"/blocked-numbers/{block['id']}"
        longer = await deputy.ask("POST", f"{where}/prolong", {"days": 30})
        assert (longer["since"], longer["note"], longer["turned_away"]) == (block["since"], "辱骂", 2)
        assert longer["until"] > block["until"]
        for verb, body in (
            ("prolong", {"days": 99999}),
            ("prolong", {"days": 0}),
            ("lift", {"note": ""}),
            ("lift", {}),
        ):
            assert await deputy.refused("POST", f"{where}/{verb}", body, status=400) == "bad_input"
        assert await agent.refused("POST", f"{where}/lift", {"note": "x"}, status=403) == "forbidden"
        lifted = await deputy.ask("POST", f"{where}/lift", {"note": "客户道歉"})
        assert (lifted["holds"], lifted["lifted_by_name"]) == (False, "坐席deputy")
        assert not world.nuisance.blocked(CALLER)
        assert await lead.refused("POST", f"{where}/prolong", {"days": 1}, status=404) == "no_such_block"
    async with world.client("supervisor") as boss:
        acts = (await boss.ask("GET", "/audit", params={"area": "callers"}))["items"]
        assert [(one["event"], one["by_name"], one["data"]["note"]) for one in acts] == [
            ("NumberUnblocked", "坐席deputy", "客户道歉"),
            ("NumberBlocked", "坐席deputy", "辱骂"),
            ("NumberBlocked", "坐席lead", "辱骂"),
        ]
