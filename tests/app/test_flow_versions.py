"""`hotline flow versions / publish / rollback` as a person types them, with and without a running service."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.flow_command import flow_group
from app.serve_command import only_one
from app.user_command import user_group
from core.config import Settings, load
from tests.ivr.conftest import SHIPPED
from tests.web.world import World, open_world

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


def flow(settings: Settings, *words: str) -> Result:
    return CliRunner().invoke(flow_group, words, obj=settings)


def written(folder: Path, old: str = "", new: str = "") -> Path:
    """A copy of the shipped flow, with its parts, in which `old` is `new`."""
    folder.mkdir()
    for part in SHIPPED.parent.glob("*.yaml"):
        (folder / part.name).write_text(part.read_text("utf-8"), "utf-8")
    text = SHIPPED.read_text("utf-8")
    assert old in text
    (folder / "hotline.yaml").write_text(text.replace(old, new, 1) + "# ours\n", "utf-8")
    return folder / "hotline.yaml"


def rows(listed: Result) -> list[tuple[str, str]]:
    assert listed.exit_code == 0, listed.exception
    return [(row[0], row[1]) for row in (line.split("\t") for line in listed.stdout.splitlines())]


@pytest.fixture
def stopped(tmp_path: Path) -> Settings:
    """An installation of which no service runs."""
    settings = load(None, {"HOTLINE_STORAGE__DIR": str(tmp_path / "var")})
    made = CliRunner().invoke(user_group, ["add", "boss", "--role", "supervisor", "--generate"], obj=settings)
    assert made.exit_code == 0, made.output
    return settings


def test_without_a_service_it_is_done_on_the_database(stopped: Settings, tmp_path: Path) -> None:
    assert rows(flow(stopped, "versions")) == [("1", "live")]
    assert "nothing to go back to" in str(flow(stopped, "rollback").exception)
    done = flow(stopped, "publish", str(written(tmp_path / "a")), "--note", "noon")
    assert done.exit_code == 0, done.exception
    assert done.stdout.splitlines()[-1] == "version 2 is live now; calls under way finish with version 1"
    assert rows(flow(stopped, "versions")) == [("2", "live"), ("1", "retired")]
    assert flow(stopped, "publish", "2").stdout == "version 2 is live already\n"
    again = flow(stopped, "publish", str(tmp_path / "a" / "hotline.yaml"), "--note", "once more")
    assert (again.exit_code, again.stdout) == (0, "nothing has changed: version 2, which is live, says the same\n")
    assert rows(flow(stopped, "versions")) == [("2", "live"), ("1", "retired")]
    assert flow(stopped, "rollback").stdout == "version 1 is live now; calls under way finish with version 2\n"
    assert flow(stopped, "rollback", "2").stdout == "version 2 is live now; calls under way finish with version 1\n"
    assert flow(stopped, "publish", str(written(tmp_path / "b", "version: 1", "version: 2"))).exit_code == 0
    assert flow(stopped, "rollback").stdout == "version 2 is live now; calls under way finish with version 3\n"


def test_a_broken_file_is_told_with_every_fault_and_changes_nothing(stopped: Settings, tmp_path: Path) -> None:
    file = written(tmp_path / "a", "next: outage_first", "next: outage_frist")
    refused = flow(stopped, "publish", str(file))
    assert refused.exit_code == 1
    assert f"{file}:18: node 'announcements': next: there is no node 'outage_frist'" in str(refused.exception)
    assert rows(flow(stopped, "versions")) == [("1", "live")]
    assert "cannot be read" in str(flow(stopped, "publish", str(tmp_path / "none.yaml")).exception)
    mistaken = flow(stopped, "publish", str(written(tmp_path / "b")), "--flow", "night")
    assert str(mistaken.exception).endswith("hotline.yaml: is flow 'hotline', not 'night'; leave --flow out")
    assert str(flow(stopped, "versions", "--flow", "night").exception) == "there is no flow 'night'; there is 'hotline'"
    for command in ("publish", "rollback"):
        says = str(flow(stopped, command, "7").exception)
        assert says == "flow 'hotline' has no version 7; it has 1 (hotline flow versions)"


def test_in_whose_name(stopped: Settings) -> None:
    CliRunner().invoke(user_group, ["add", "chief", "--role", "admin", "--generate"], obj=stopped)
    assert "say in whose name with --as: boss, chief" in str(flow(stopped, "rollback").exception)
    assert rows(flow(stopped, "versions", "--as", "chief")) == [("1", "live")]
    CliRunner().invoke(user_group, ["add", "anna", "--role", "agent", "--generate"], obj=stopped)
    refused = str(flow(stopped, "publish", "1", "--as", "anna").exception)
    assert refused.startswith("anna is agent, who may not publish; --as one of boss, chief, or make an account")
    assert rows(flow(stopped, "versions", "--as", "anna")) == [("1", "live")], "who may not publish may look"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, flow_file=SHIPPED) as one:
        yield one


async def test_a_running_service_does_it_itself(world: World, tmp_path: Path) -> None:
    port = world.base.rpartition(":")[2]
    settings = load(None, {"HOTLINE_STORAGE__DIR": str(world.folder), "HOTLINE_WEB__PORT": port})
    who = ("--as", "supervisor")
    with only_one(settings):
        done = await asyncio.to_thread(flow, settings, "publish", str(written(tmp_path / "a")), *who)
        assert done.stdout == "version 2 is live now; calls under way finish with version 1\n", done.exception
        assert (world.flows.live.version, world.maker.ready) == (2, [2])
        world.maker.fails = "the voice is out"
        refused = await asyncio.to_thread(flow, settings, "rollback", *who)
        assert (refused.exit_code, str(refused.exception)) == (1, "the voice is out")
        assert world.flows.live.version == 2
        world.maker.fails = ""
        assert (await asyncio.to_thread(flow, settings, "rollback", *who)).exit_code == 0
        assert world.flows.live.version == 1
        assert rows(await asyncio.to_thread(flow, settings, "versions", *who)) == [("2", "retired"), ("1", "live")]
        stranger = await asyncio.to_thread(flow, settings, "rollback", "--as", "1001")
        assert stranger.exit_code == 1
        await world.stop_web()
        silent = await asyncio.to_thread(flow, settings, "versions", *who)
        assert "the running service does not answer" in str(silent.exception)
        await world.start_web()
