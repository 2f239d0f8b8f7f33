"""The audit: what people did, by person, kind and day, in pages and as a file; who may read it."""

import csv
import io
from datetime import timedelta

import pytest

from agents.events import UserChanged
from core.bus import Bus
from core.clock import FakeClock
from core.db import Database
from core.events import Event
from core.journal import Journal
from core.switches import STORM, SettingChanged
from cti.events import CallArrived, MonitorStarted
from desk.nuisance.events import NumberBlocked
from ivr.versions.events import FlowPublished
from tests.until import until
from tests.web.test_api_control import talking
from tests.web.test_api_recordings import keep, sound
from tests.web.world import World
from web.audit import AREAS, Area, AuditFilter, acts
from web.route import DESKTOPS

pytestmark = pytest.mark.integration

NUMBER = "13800000001"


async def test_acts_are_found_by_person_kind_and_time_on_both_engines(db: Database) -> None:
    clock = FakeClock()
    start, day = clock.now(), timedelta(days=1)
    told: list[Event] = [
        UserChanged(at=start, user_id="u2", what="disabled", by="u1"),
        CallArrived(
            at=start, call_id="1.1", caller=NUMBER, caller_known=True, caller_raw=NUMBER, number="95598", channel_id="c"
        ),
        SettingChanged(at=start + day, setting=STORM, before=False, value=True, user_id="u1"),
        FlowPublished(at=start + day, flow="hotline", version=2, before=1, by="boss"),
        MonitorStarted(
            at=start + day, call_id="1.1", agent_id="u1", watched_agent_id="u2", channel_id="c", mode="listen"
        ),
        UserChanged(at=start + 2 * day, user_id="u3", what="created", changes={"name": (None, 'it\'s "me"')}),
    ]
    await Journal(db, Bus()).record(*told)

    async def found(wanted: AuditFilter) -> list[tuple[int, str, str]]:
        return [(act.seq, act.event, act.by) for act in await db.read(lambda connection: acts(connection, wanted))]

    everything = await found(AuditFilter())
    assert [row[1:] for row in everything] == [
        ("UserChanged", ""),
        ("MonitorStarted", "u1"),
        ("FlowPublished", "boss"),
        ("SettingChanged", "u1"),
        ("UserChanged", "u1"),
    ]
    assert await found(AuditFilter(names=("u1", "boss"))) == everything[1:]
    assert await found(AuditFilter(names=("' or 1=1 --",))) == []
    assert await found(AuditFilter(areas=frozenset({Area.ACCOUNTS}))) == [everything[0], everything[4]]
    assert await found(AuditFilter(areas=frozenset({Area.ACCOUNTS}), names=("u1",))) == everything[4:]
    assert await found(AuditFilter(since=start + day, until=start + 2 * day)) == everything[1:4]
    assert await found(AuditFilter(before=everything[1][0], limit=2)) == everything[2:4]
    latest = (await db.read(lambda connection: acts(connection, AuditFilter(limit=1))))[0]
    assert latest.data == {"user_id": "u3", "what": "created", "changes": {"name": [None, 'it\'s "me"']}}


async def test_what_administrators_and_listeners_do_stands_in_the_audit(world: World) -> None:
    await keep(world, "1.1-5", "1001", sound(1))
    async with world.client("admin") as admin, world.client("lead") as lead:
        made = await admin.ask("POST", "/users", {"username": "=cmd", "display_name": "x"}, expect=400)
        made = await admin.ask("POST", "/users", {"username": "2001", "display_name": "=HYPERLINK(1)"}, expect=201)
        await admin.ask("PATCH", f"/users/{made['user']['id']}", {"role": "deputy"})
        url = f"{world.base}/api/v1/recordings/1.1-5/audio"
        for part in ({}, {"Range": "bytes=0-"}, {"Range": "bytes=400-"}):
            async with lead.http.get(url, headers=lead.headers | part) as answer:
                await answer.read()
        await world.record(
            NumberBlocked(
                at=world.clock.now(),
                block_id="b",
                caller=NUMBER,
                until=world.clock.now(),
                by=world.users["supervisor"].id,
            )
        )
        await world.journal.settle()
        rows = [r for r in (await admin.ask("GET", "/audit"))["items"] if r["event"] != "SignedIn"]
        assert [(row["event"], row["by_name"]) for row in rows] == [
            ("NumberBlocked", "坐席supervisor"),
            ("RecordingHeard", "坐席lead"),
            ("RecordingHeard", "坐席lead"),
            ("UserChanged", "坐席admin"),
            ("UserChanged", "坐席admin"),
        ]
        assert rows[0]["data"]["caller"] == "138****0001"
        assert rows[3]["data"]["changes"] == {"role": ["agent", "deputy"]}
        assert rows[3]["people"] == {made["user"]["id"]: "=HYPERLINK(1)"}
        assert made["password"] not in str(rows)

        first = await admin.ask("GET", "/audit", params={"limit": "2"})
        rest = await admin.ask("GET", "/audit", params={"limit": "200", "cursor": first["next_cursor"]})
        assert ((first["items"] + rest["items"])[: len(rows)], rest["next_cursor"]) == (rows, None)
        mine = await admin.ask("GET", "/audit", params={"person": world.users["admin"].id, "area": "accounts"})
        assert mine["items"] == rows[3:]
        boss = world.users["admin"].id
        await world.accounts.change_user(boss, name="＝HYPERLINK(1)")
        await until(lambda: world.app[DESKTOPS].people.name(boss) == "＝HYPERLINK(1)")
        async with admin.http.get(f"{world.base}/api/v1/audit/export", headers=admin.headers) as answer:
            text = (await answer.read()).decode("utf-8-sig")
        table = list(csv.reader(io.StringIO(text)))
        assert (len(table), table[0][:3]) == (2 + len(rows) + 2, ["seq", "at", "area"])
        assert [line[5] for line in table[4:7]] == ["坐席lead", "'＝HYPERLINK(1)", "'＝HYPERLINK(1)"]
        assert not any(cell.startswith(("=", "＝")) for line in table for cell in line)
        assert (await admin.ask("GET", "/audit"))["items"][0]["event"] == "AuditExported"


async def test_a_supervisor_sees_numbers_in_full_and_bad_questions_are_refused(world: World) -> None:
    at = world.clock.now()
    await world.record(NumberBlocked(at=at, block_id="b", caller=NUMBER, until=at, by="gone"))
    async with world.client("supervisor") as supervisor:
        row = (await supervisor.ask("GET", "/audit", params={"area": "callers"}))["items"][0]
        assert (row["data"]["caller"], row["by_name"]) == (NUMBER, "gone")
        for query in ({"cursor": "x"}, {"cursor": "²"}, {"person": "nobody"}, {"area": "x"}, {"from": "2026-01-01"}):
            assert await supervisor.refused("GET", "/audit", status=400, params=query) == "bad_input"


async def test_who_came_in_went_out_and_was_not_let_in_stands_in_the_audit(world: World) -> None:
    async with world.client("admin") as admin:
        async with world.client("1001") as agent:
            await agent.ask("DELETE", "/session", expect=204)
        async with world.client() as stranger:
            wrong = {"username": "1002", "password": "wrong horse"}
            for _ in range(int(world.policy.number("sign_in_tries"))):
                await stranger.refused("POST", "/session", wrong, status=401)
            for _ in range(20):  # what is tried while nobody is heard is not told again
                await stranger.ask("POST", "/session", wrong, expect=429)
            typed = {"username": "correct-horse-battery", "password": "x"}
            await stranger.refused("POST", "/session", typed, status=401)
        await world.journal.settle()
        rows = (await admin.ask("GET", "/audit", params={"area": "sign_ins"}))["items"]
        told = [(row["event"], row["by_name"], row["data"].get("why"), row["data"].get("locked")) for row in rows]
        assert told == [
            ("SignInRefused", None, "unknown_user", []),
            ("SignInRefused", None, "wrong_password", ["name"]),
            *[("SignInRefused", None, "wrong_password", [])] * (int(world.policy.number("sign_in_tries")) - 1),
            ("SignedOut", "坐席1001", None, None),
            ("SignedIn", "坐席1001", None, None),
            ("SignedIn", "坐席admin", None, None),
        ]
        assert {row["data"]["address"] for row in rows} == {"127.0.0.1"}
        assert "correct-horse" not in str(rows)
        assert rows[1]["people"] == {world.users["1002"].id: "坐席1002"}
        of_1002 = await admin.ask("GET", "/audit", params={"person": world.users["1002"].id})
        assert of_1002["items"] == [row for row in rows if row["data"].get("user_id")]


async def test_a_look_into_a_customers_file_is_told_once_a_while_and_found_by_account(world: World) -> None:
    async with world.client("admin") as admin, world.client("1002") as agent:
        customer = (await agent.ask("GET", "/customers", params={"account": "3200000001"}))["items"][0]
        for path in (f"/customers/{customer['id']}", f"/customers/{customer['id']}/history") * 3:
            await agent.ask("GET", path)
        await agent.ask("GET", "/bills", params={"account": "3200000001"})
        await agent.ask("GET", "/bills", params={"account": "3200000002"})
        await agent.ask("GET", "/bills", params={"account": "3299999999"})
        await world.journal.settle()
        rows = (await admin.ask("GET", "/audit", params={"area": "privacy"}))["items"]
        assert [(row["by_name"], row["data"]["account"], row["data"]["call_id"]) for row in rows] == [
            ("坐席1002", "3200000002", None),
            ("坐席1002", "3200000001", None),
        ]
        found = (await admin.ask("GET", "/audit", params={"account": "3200000001"}))["items"]
        assert found == rows[1:]
        assert await admin.refused("GET", "/audit", status=400, params={"account": "nobody"}) == "bad_input"


async def test_who_was_shown_a_file_with_a_call_is_found_by_account(world: World) -> None:
    call_id = await talking(world)
    async with world.client("admin") as admin, world.client("1001") as agent:
        customer = (await agent.ask("GET", "/customers", params={"account": "3200000001"}))["items"][0]
        await agent.ask("GET", f"/customers/{customer['id']}")
        await world.journal.settle()
        found = (await admin.ask("GET", "/audit", params={"account": "3200000001"}))["items"]
        assert [(row["event"], row["by_name"], row["data"]["call_id"]) for row in found] == [
            ("CustomerFileOpened", "坐席1001", call_id),
            ("AgentReserved", "坐席1001", call_id),
        ]
        params = {"account": "3200000001", "person": world.users["1002"].id}
        assert (await admin.ask("GET", "/audit", params=params))["items"] == []


async def test_what_a_lead_does_to_agents_is_told_with_who_did_it(world: World) -> None:
    call_id = await talking(world)
    async with (
        world.client("admin") as admin,
        world.client("lead") as lead,
        world.client("1002", seat="1002") as other,
    ):
        one, two = world.users["1001"].id, world.users["1002"].id
        await lead.ask("POST", f"/agents/{one}/state", {"state": "not_ready", "reason": "training"})
        await lead.ask("POST", f"/calls/{call_id}/hangup", {"reason": "客户辱骂坐席"})
        await other.ask("POST", f"/agents/{two}/state", {"state": "not_ready", "reason": "meal"})
        await lead.ask("POST", f"/agents/{two}/state", {"state": "not_ready", "reason": "training"})
        await lead.ask("POST", f"/agents/{two}/sign-out")
        words = {"text": "only for 1002", "to": [two], "key": "of-a-form"}
        await lead.ask("POST", "/messages", words, expect=201)
        await world.journal.settle()
        rows = (await admin.ask("GET", "/audit", params={"area": "team"}))["items"]
        told = [(r["event"], r["by_name"], r["data"].get("wanted"), r["data"].get("agent_id")) for r in rows]
        assert told == [
            ("MessageSent", "坐席lead", None, None),
            ("AgentForced", "坐席lead", "logged_out", two),
            ("AgentForced", "坐席lead", "not_ready", two),
            ("TalkEndedByLead", "坐席lead", None, one),
            ("AgentForced", "坐席lead", "not_ready", one),
        ]
        assert "only for 1002" not in str(rows)
        assert rows[0]["people"] == {two: "坐席1002"}
        mine = (await admin.ask("GET", "/audit", params={"area": "team", "person": one}))["items"]
        assert mine == []


@pytest.mark.parametrize(
    ("name", "status"),
    [("1001", 403), ("deputy", 403), ("lead", 403), ("quality", 200), ("supervisor", 200), ("admin", 200)],
)
async def test_who_reads_the_audit(world: World, name: str, status: int) -> None:
    async with world.client(name) as client:
        for path in ("/audit", "/audit/people", "/audit/export"):
            async with client.http.get(f"{world.base}/api/v1{path}", headers=client.headers) as answer:
                assert answer.status == status
        for method in ("POST", "PATCH", "DELETE"):
            await client.ask(method, "/audit", {}, expect=405)


def test_every_event_with_a_doer_is_told_or_is_a_calls_own() -> None:
    kinds = {
        kind for kind in Event.kinds.values() if "by" in kind.__annotations__ and "call_id" not in kind.__annotations__
    }
    assert kinds - set(AREAS) == set()
