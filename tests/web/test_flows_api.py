"""The versions of a flow over HTTP: what the editor in the browser relies on."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from ivr.versions.events import FlowDrafted, FlowPublished, FlowRolledBack
from tests.ivr.conftest import SHIPPED
from tests.web.world import Client, World, open_world

pytestmark = pytest.mark.integration

VERSIONS = "/flows/hotline/versions"


@pytest.fixture
async def world(tmp_path: Any) -> AsyncIterator[World]:
    async with open_world(tmp_path, flow_file=SHIPPED) as one:
        yield one


async def shipped_files(who: Client) -> dict[str, str]:
    return dict((await who.ask("GET", f"{VERSIONS}/1"))["files"])


async def test_what_is_shipped_is_version_one_and_live(world: World) -> None:
    async with world.client("lead") as lead:
        assert (await lead.ask("GET", "/flows"))["items"] == [{"id": "hotline", "live_version": 1, "newest_version": 1}]
        (row,) = (await lead.ask("GET", VERSIONS))["items"]
        assert (row["number"], row["state"], row["author"], row["shipped"]) == (1, "live", "hotline", True)
        one = await lead.ask("GET", f"{VERSIONS}/1")
        assert one["files"]["hotline.yaml"] == SHIPPED.read_text("utf-8")
        assert {key: one[key] for key in row} == row
        shown = await lead.ask("GET", "/flows/hotline")
        assert (shown["version"], shown["start"]) == (1, "welcome")
        assert (await lead.ask("GET", "/flows/schema"))["title"] == "A flow of Hotline"
        assert await lead.refused("GET", "/flows/none", status=404) == "no_such_flow"
        assert await lead.refused("GET", "/flows/none/versions", status=404) == "no_such_flow"
        assert (
            await lead.refused("POST", "/flows/none/check", {"files": {"none.yaml": ""}}, status=404) == "no_such_flow"
        )
        for number in ("2", "0", "x", "9" * 30):
            assert await lead.refused("GET", f"{VERSIONS}/{number}", status=404) == "no_such_version"


async def test_a_version_is_drafted_compared_published_and_rolled_back(world: World) -> None:
    async with world.client("supervisor") as boss:
        files = await shipped_files(boss)
        text = files["hotline.yaml"].replace(
            "    silent: [input_nothing]\n    give_up: give_up\n    unheard", "    give_up: give_up\n    unheard"
        )
        assert text != files["hotline.yaml"]
        body = {"files": files | {"hotline.yaml": text}, "note": "noon", "based_on": 1}
        made = await boss.ask("POST", VERSIONS, body, expect=201)
        assert (made["number"], made["state"], made["findings"], made["author"]) == (2, "draft", [], "supervisor")
        assert made["files"]["hotline.yaml"] == text, "to the last blank"
        told = await boss.ask("GET", f"{VERSIONS}/2/compare?with=1")
        assert told["nodes"] == {"added": [], "removed": [], "changed": ["main"]}
        assert [one["file"] for one in told["files"]] == ["hotline.yaml"]
        assert "-    silent: [input_nothing]" in told["files"][0]["diff"]
        done = await boss.ask("POST", f"{VERSIONS}/2/publish", {})
        assert (done["number"], done["state"]) == (2, "live")
        assert done["published_at"] is not None
        assert world.maker.ready == [2]
        assert world.flows.live.version == 2
        assert world.flows.live.node("main").model_dump()["silent"] == ()
        states = {row["number"]: row["state"] for row in (await boss.ask("GET", VERSIONS))["items"]}
        assert states == {2: "live", 1: "retired"}
        assert await boss.refused("POST", f"{VERSIONS}/1/publish", {"live_version": 1}, status=409) == "flow_changed"
        assert await boss.refused("POST", f"{VERSIONS}/1/publish", {}, status=409) == "flow_changed"
        assert (await boss.ask("POST", f"{VERSIONS}/1/publish", {"live_version": 2}))["state"] == "live"
        assert world.flows.live.version == 1
    story = [r.event for r in await world.db.read(lambda c: journal_of(c, FlowDrafted, FlowPublished, FlowRolledBack))]
    assert [(type(e).__name__, e.version, e.by) for e in story] == [  # type: ignore[attr-defined]
        ("FlowDrafted", 1, "hotline"),
        ("FlowPublished", 1, "hotline"),
        ("FlowDrafted", 2, "supervisor"),
        ("FlowPublished", 2, "supervisor"),
        ("FlowRolledBack", 1, "supervisor"),
    ]


def journal_of(connection: Any, *kinds: Any) -> Any:
    from core.journal import since

    return since(connection, 0, kinds)


async def test_a_broken_flow_is_kept_and_not_published(world: World) -> None:
    async with world.client("admin") as admin:
        files = await shipped_files(admin)
        text = (
            files["hotline.yaml"].replace("next: outage_first", "next: outage_frist").replace("[input_nothing]", "[no]")
        )
        broken = files | {"hotline.yaml": text}
        found = (await admin.ask("POST", "/flows/hotline/check", {"files": broken}))["findings"]
        assert found[0]["file"] == "hotline.yaml"
        line = text.splitlines().index("    next: outage_frist") + 1
        assert (found[0]["node"], found[0]["line"]) == ("announcements", line)
        assert "'outage_frist' (did you mean 'outage_first'?)" in found[0]["message"]
        assert len(found) > 2
        made = await admin.ask("POST", VERSIONS, {"files": broken, "based_on": 1}, expect=201)
        assert made["findings"] == found
        error = (await admin.ask("POST", f"{VERSIONS}/2/publish", {}, expect=409))["error"]
        assert (error["code"], error["details"]["findings"]) == ("flow_broken", found)
        assert world.flows.live.version == 1
        assert await admin.refused("POST", "/flows/hotline/simulate", {"files": broken}, status=400) == "bad_input"


async def test_what_callers_hear_already_is_not_published_again(world: World) -> None:
    async with world.client("admin") as admin:
        files = await shipped_files(admin)
        await admin.ask("POST", VERSIONS, {"files": files, "based_on": 1}, expect=201)
        error = (await admin.ask("POST", f"{VERSIONS}/2/publish", {}, expect=409))["error"]
        assert (error["code"], error["details"]) == ("nothing_changed", {"live_version": 1})


async def test_prompts_that_cannot_be_made_leave_the_old_version_live(world: World) -> None:
    async with world.client("admin") as admin:
        files = await shipped_files(admin)
        changed = files | {"hotline.yaml": files["hotline.yaml"] + "# more\n"}
        await admin.ask("POST", VERSIONS, {"files": changed, "based_on": 1}, expect=201)
        world.maker.fails = "the voice is out"
        error = (await admin.ask("POST", f"{VERSIONS}/2/publish", {}, expect=409))["error"]
        assert (error["code"], error["message"]) == ("prompts_failed", "the voice is out")
        assert (await admin.ask("GET", "/flows"))["items"][0]["live_version"] == 1
        world.maker.fails = ""
        assert (await admin.ask("POST", f"{VERSIONS}/2/publish", {}))["state"] == "live"


async def test_a_call_is_tried_in_text(world: World) -> None:
    async with world.client("quality") as one:
        body = {
            "files": await shipped_files(one),
            "caller": "13800000001",
            "keys": "2,h",
            "at": "2026-11-22T08:00:00+08:00",
        }
        lines = (await one.ask("POST", "/flows/hotline/simulate", body))["lines"]
        assert lines[0] == "00:00.0 [welcome]"
        assert any("本期电费一百五十六元四角一分" in line for line in lines)
        assert lines[-1].endswith("call ended by caller: hung_up")
        bad = body | {"keys": "x"}
        assert await one.refused("POST", "/flows/hotline/simulate", bad, status=400) == "bad_input"


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"../hotline.yaml": ""},
        {"/etc/passwd": ""},
        {"hotline.yaml": "a\0b"},
        {"hotline.yaml": "\ud800"},
        {"hotline.yaml": "x" * 300_000},
        {f"f{n}.yaml": "" for n in range(41)},
    ],
)
async def test_files_that_cannot_be_kept_are_refused(world: World, files: dict[str, str]) -> None:
    async with world.client("admin") as admin:
        assert await admin.refused("POST", VERSIONS, {"files": files}, status=400) == "bad_input"


async def test_who_may_what(world: World) -> None:
    for name in ("lead", "quality"):
        async with world.client(name) as reader:
            files = await shipped_files(reader)
            assert (await reader.ask("POST", "/flows/hotline/check", {"files": files}))["findings"] == []
            assert await reader.refused("POST", VERSIONS, {"files": files}, status=403) == "forbidden"
            assert await reader.refused("POST", f"{VERSIONS}/1/publish", {}, status=403) == "forbidden"
    async with world.client("1001") as agent:
        assert await agent.refused("GET", "/flows", status=403) == "forbidden"
        assert await agent.refused("GET", f"{VERSIONS}/1", status=403) == "forbidden"
