"""The policy and the lists over the API: read with their defaults, changed safely where there are own files."""

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core import policy
from core.errors import Unavailable
from core.journal import since
from cti.events import CallNoted
from tests.ivr.conftest import SHIPPED
from tests.until import until
from tests.web.world import World, open_world
from web.events import OwnFileChanged
from web.own_files import Name, OwnFiles

pytestmark = pytest.mark.integration

POLICY = """\
# ours, decided by the shift leads
wrap_up_limit: {value: 20, source: "shift leads' meeting"}  # was 30
"""
QUEUES = """\
- {id: general, names: {zh: 综合业务, en: General}, strategy: longest_idle}
- {id: night, names: {zh: 夜间, en: Night}, strategy: longest_idle, skills: {english: 2}}
"""
SKILLS = "levels: 3\nskills: {english: {zh: 英语, en: English}}\n"


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[World]:
    """A hotline with a policy, queues and skills of its own."""
    for name, text in (("policy", POLICY), ("queues", QUEUES), ("skills", SKILLS)):
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    async with open_world(tmp_path, flow_file=SHIPPED, own=("policy", "queues", "skills")) as world:
        yield world


def rule(view: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a rule of the view of the policy."""
    found: dict[str, Any] = next(row for row in view["rules"] if row["id"] == name)
    return found


async def test_every_number_has_meaning_unit_source_and_default(world: World) -> None:
    async with world.client("quality") as reader, world.client("admin") as admin:
        view = await reader.ask("GET", "/policy")
        assert (view["name"], view["file"], view["pending"]) == ("seed", None, False)
        assert {row["id"] for row in view["rules"]} == set(world.policy.rules)
        assert all(row["means"] and row["unit"] and row["default_source"] for row in view["rules"])
        change = {"rules": {"wrap_up_limit": {"value": 5, "source": "x"}}, "seen": view["seen"]}
        assert await admin.refused("PATCH", "/policy", change, status=409) == "no_own_file"


async def test_a_number_is_changed_in_the_own_file_and_the_rest_of_it_stays(own: World, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.chmod(0o640)
    async with own.client("supervisor") as boss:
        view = await boss.ask("GET", "/policy")
        assert (view["name"], view["file"]) == ("policy.yaml", str(file))
        assert (rule(view, "wrap_up_limit")["value"], rule(view, "wrap_up_limit")["default"]) == (20, 30)
        given = {
            "ring_timeout": {"value": 15, "source": "meeting: 3 Nov"},
            "queue_wait_limit": {"value": 0.5, "source": "x"},
        }
        done = await boss.ask("PATCH", "/policy", {"rules": given, "seen": view["seen"]})
        row = rule(done, "ring_timeout")
        assert (row["value"], row["next_value"], row["next_source"], done["pending"]) == (
            12,
            15,
            "meeting: 3 Nov",
            True,
        )
        assert file.read_text("utf-8").startswith(POLICY)
        assert policy.load(str(file)).number("queue_wait_limit") == 0.5
        assert file.stat().st_mode & 0o777 == 0o640
        kept = list((tmp_path / "var/own-files/policy").iterdir())
        assert [one.read_text("utf-8") for one in kept] == [POLICY]

        stale = {"rules": {"ring_timeout": None}, "seen": view["seen"]}
        assert await boss.refused("PATCH", "/policy", stale, status=409) == "file_moved"
        back = {"rules": {"ring_timeout": None, "queue_wait_limit": None}, "seen": done["seen"]}
        restored = await boss.ask("PATCH", "/policy", back)
        assert (file.read_text("utf-8"), restored["pending"]) == (POLICY, False)
        told = (await boss.ask("GET", "/audit", params={"area": "settings"}))["items"]
        assert [row["data"]["changes"]["ring_timeout"] for row in told] == [["15", None], [None, "15"]]
        assert ".policy.yaml.new" not in os.listdir(tmp_path)


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ({"ring_timeout": {"value": 0, "source": "x"}}, "is not a number from 1 on"),
        ({"ring_timeuot": {"value": 5, "source": "x"}}, "did you mean 'ring_timeout'"),
        ({"ring_timeout": {"value": 5, "source": ""}}, "source"),
        ({"ring_timeout": {"value": "NaN", "source": "x"}}, "finite number"),
        ({"storm_queue_length_back": {"value": 99, "source": "x"}}, "must be below"),
        ({}, "at least 1"),
    ],
)
async def test_a_number_that_cannot_work_changes_nothing(
    own: World, tmp_path: Path, rules: dict[str, Any], says: str
) -> None:
    async with own.client("admin") as admin:
        seen = (await admin.ask("GET", "/policy"))["seen"]
        answer = await admin.ask("PATCH", "/policy", {"rules": rules, "seen": seen}, expect=400)
        assert says in answer["error"]["message"]
        assert (tmp_path / "policy.yaml").read_text("utf-8") == POLICY
        assert (await admin.ask("GET", "/audit", params={"area": "settings"}))["items"] == []


async def test_a_list_is_checked_beside_the_others_and_the_flow_before_it_is_changed(
    own: World, tmp_path: Path
) -> None:
    async with own.client("admin") as admin:
        view = await admin.ask("GET", "/lists/queues")
        assert (view["file"], view["text"]) == (str(tmp_path / "queues.yaml"), QUEUES)
        assert [queue["id"] for queue in view["holds"]] == ["general", "night"]
        for name, text, says in (
            ("queues", "- {id: night, names: {zh: 夜间, en: Night}, strategy: longest_idle}", "general"),
            ("queues", QUEUES.replace("english", "englsh"), "did you mean 'english'"),
            ("queues", QUEUES.replace("longest_idle", "nearest"), "strategy 'nearest'"),
            ("queues", "a: [", "not valid YAML"),
            ("skills", "levels: 1\nskills: {english: {zh: 英语, en: English}}", "no agent reaches level 2"),
            ("shifts", "- {}", "a shift has"),
            ("results", "- {code: a}", "a result has code"),
            (
                "reasons",
                "- {code: rest, names: {zh: 小休, en: Rest}, work: false, source: x}",
                "'monitoring' is missing",
            ),
        ):
            checked = await admin.ask("POST", f"/lists/{name}/check", {"text": text})
            assert not checked["ok"]
            assert says in checked["problem"]
        broken = {"text": "- {id: night}", "seen": view["seen"], "why": "x"}
        assert await admin.refused("PUT", "/lists/queues", broken, status=400) == "bad_config"
        assert (tmp_path / "queues.yaml").read_text("utf-8") == QUEUES

        more = QUEUES + "- {id: day, names: {zh: 日间, en: Day}, strategy: round_robin}"
        assert (await admin.ask("POST", "/lists/queues/check", {"text": more}))["ok"]
        done = await admin.ask("PUT", "/lists/queues", {"text": more, "seen": view["seen"], "why": "白班"})
        assert (len(done["holds"]), done["pending"]) == (3, True)
        assert (tmp_path / "queues.yaml").read_text("utf-8") == more + "\n"
        told = (await admin.ask("GET", "/audit", params={"area": "settings"}))["items"]
        assert [(row["event"], row["data"]["name"], row["data"]["why"]) for row in told] == [
            ("OwnFileChanged", "queues", "白班")
        ]
        shipped = await admin.ask("GET", "/lists/shifts")
        assert (shipped["file"], shipped["shipped"]) == (None, "agents/shifts/shifts.yaml")
        keep = {"text": shipped["text"], "seen": shipped["seen"], "why": "x"}
        assert await admin.refused("PUT", "/lists/shifts", keep, status=409) == "no_own_file"
        assert await admin.refused("GET", "/lists/policy", status=404) == "no_such_list"


async def test_a_wrap_up_has_a_result_of_the_installations_own_list(tmp_path: Path) -> None:
    results = "- {code: solved, names: {zh: 已解决, en: Solved}, source: us}\n- {code: moved, names: {}, source: us}\n"
    (tmp_path / "results.yaml").write_text(results, "utf-8")
    async with open_world(tmp_path, own=("results",)) as world:
        await world.ready("1001", "1001")
        call_id = await world.talking("13800000001")
        world.pbx.gone(call_id)
        await until(lambda: world.state_of("1001") == "wrap_up", what="wrap-up")
        async with world.client("1001") as agent:
            async with agent.desktop() as desk:
                hello = await desk.next("hello")
            assert hello["result_codes"] == [
                {"code": "solved", "label": "已解决", "names": {"zh": "已解决", "en": "Solved"}},
                {"code": "moved", "label": "moved", "names": {}},
            ]
            wrap_up, body = f"/calls/{call_id}/wrap-up", {"result_code": "consult", "note": "已答复"}
            error = (await agent.ask("POST", wrap_up, body, expect=400))["error"]
            assert (error["code"], error["details"]) == ("bad_input", {"field": "result_code"})
            assert error["message"] == "wrap-up needs a result_code out of: solved, moved"
            assert world.state_of("1001") == "wrap_up", "nothing is lost: the agent chooses again"
            await agent.ask("POST", wrap_up, {**body, "result_code": "Solved"})
            assert world.state_of("1001") == "ready"
        noted = [one.event for one in await world.journal.of_call(call_id) if isinstance(one.event, CallNoted)]
        assert [(one.text, one.result_code) for one in noted] == [("已答复", "solved")]


async def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_journaled(own: World, tmp_path: Path) -> None:
    files = OwnFiles(own.settings, own.journal, own.clock, own.flows.suits)
    (tmp_path / "var/own-files").mkdir(parents=True)
    (tmp_path / "var/own-files/policy").write_text("a file where a folder belongs")
    now = await files.read(Name.POLICY)
    with pytest.raises(Unavailable, match=re.escape(str(now.path))):
        await files.change(Name.POLICY, POLICY + "\n", seen=now.seen, by="u")
    assert (await files.read(Name.POLICY)).text == POLICY
    assert await own.db.read(lambda connection: since(connection, 0, [OwnFileChanged])) == []


@pytest.mark.parametrize(
    ("name", "reads", "writes"),
    [
        ("1001", 403, 403),
        ("deputy", 200, 403),
        ("lead", 200, 403),
        ("quality", 200, 403),
        ("supervisor", 200, 409),
        ("admin", 200, 409),
    ],
)
async def test_who_may_what(world: World, name: str, reads: int, writes: int) -> None:
    async with world.client(name) as client:
        for path in ("/policy", "/lists/queues", "/lists/skills"):
            await client.ask("GET", path, expect=reads)
        change = {"rules": {"ring_timeout": None}, "seen": "x"}
        await client.ask("PATCH", "/policy", change, expect=writes)
        await client.ask("PUT", "/lists/queues", {"text": "x", "seen": "x", "why": "x"}, expect=writes)
        await client.ask("POST", "/lists/queues/check", {"text": "x"}, expect=200 if writes == 409 else 403)


async def test_a_list_goes_back_to_a_former_text_and_forth_again(own: World, tmp_path: Path) -> None:
    async with own.client("supervisor") as boss, own.client("quality") as reader:
        assert (await boss.ask("GET", "/own-files/queues/versions"))["items"] == []
        seen = (await boss.ask("GET", "/lists/queues"))["seen"]
        changed = QUEUES.replace("夜间", "夜班")
        seen = (await boss.ask("PUT", "/lists/queues", {"text": changed, "why": "renamed", "seen": seen}))["seen"]

        (first,) = (await reader.ask("GET", "/own-files/queues/versions"))["items"]
        assert (first["put_at"], first["by_name"]) == (None, None), "nobody put it there by the page"
        where = f"/own-files/queues/versions/{first['id']}"
        shown = await reader.ask("GET", where)
        assert (shown["text"], shown["problem"], shown["seen"]) == (QUEUES, "", seen)
        kinds = [(line["kind"], "夜班" in line["text"], "夜间" in line["text"]) for line in shown["difference"]]
        assert kinds == [("skip", False, False), ("same", False, False), ("less", True, False), ("more", False, True)]

        back = {"why": "too soon", "seen": seen}
        assert await reader.refused("POST", f"{where}/put-back", back, status=403) == "forbidden"
        stale = {"why": "too soon", "seen": "another"}
        assert await boss.refused("POST", f"{where}/put-back", stale, status=409) == "file_moved"
        assert await boss.refused("POST", f"{where}/put-back", {"why": "", "seen": seen}, status=400) == "bad_input"
        done = await boss.ask("POST", f"{where}/put-back", back)
        assert (tmp_path / "queues.yaml").read_text("utf-8") == QUEUES
        assert done["pending"] is False

        versions = (await reader.ask("GET", "/own-files/queues/versions"))["items"]
        put = [(one["by_name"], one["why"]) for one in versions if one["id"] != first["id"]]
        assert put == [("坐席supervisor", "renamed")]
        told = (await boss.ask("GET", "/audit", params={"area": "settings"}))["items"]
        assert [(row["data"]["back_to"], row["data"]["why"]) for row in told] == [
            (first["id"], "too soon"),
            ("", "renamed"),
        ]


async def test_a_former_text_that_no_longer_fits_says_so_and_is_not_put_back(own: World, tmp_path: Path) -> None:
    async with own.client("admin") as admin:
        view = await admin.ask("GET", "/lists/queues")
        without = QUEUES.replace(", skills: {english: 2}", "")
        await admin.ask("PUT", "/lists/queues", {"text": without, "why": "x", "seen": view["seen"]})
        (tmp_path / "skills.yaml").write_text("levels: 3\nskills: {french: {zh: 法语, en: French}}\n", "utf-8")
        (kept,) = (await admin.ask("GET", "/own-files/queues/versions"))["items"]
        shown = await admin.ask("GET", f"/own-files/queues/versions/{kept['id']}")
        assert "english" in shown["problem"]
        body = {"why": "x", "seen": shown["seen"]}
        await admin.ask("POST", f"/own-files/queues/versions/{kept['id']}/put-back", body, expect=400)
        assert (tmp_path / "queues.yaml").read_text("utf-8") == without


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/own-files/nothing/versions", "no_such_file"),
        ("/own-files/queues/versions/..%2F..%2Fpolicy", "no_such_version"),
        ("/own-files/queues/versions/20260101T000000-00000000", "no_such_version"),
    ],
)
async def test_only_kept_texts_are_read(own: World, path: str, code: str) -> None:
    async with own.client("admin") as admin:
        assert await admin.refused("GET", path, status=404) == code
