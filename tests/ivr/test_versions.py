"""Versions of a flow on both engines: one is live, whatever comes between, and calls find the one they began with."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.bus import Bus
from core.clock import FakeClock
from core.db import Database
from core.errors import BadInput
from core.events import Event
from core.journal import Journal, since
from core.tasks import TaskOwner
from ivr.flow import Flow, load_texts
from ivr.sources import FlowError
from ivr.versions.events import FlowDrafted, FlowPublished, FlowRolledBack
from ivr.versions.model import RELEASE, State, compare, content_hash
from ivr.versions.prompts import PromptsFailed
from ivr.versions.service import (
    FlowBroken,
    FlowChanged,
    FlowService,
    NoSuchFlow,
    NoSuchVersion,
    NothingChanged,
    PublishingNow,
)
from tests.until import until

pytestmark = pytest.mark.integration

AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ROOT = Path(__file__).parent.parent.parent
MAIN = """\
flow: small
start: main
trouble: bye
include: [more.yaml]
nodes:
  main:
    do: menu
    prompts: [menu]
    keys: {"0": person}
    give_up: bye
  bye:
    do: hangup
    prompts: []
"""
MORE = """\
nodes:
  person:
    do: queue
    queue: general
    nobody: bye
    too_long: bye
    next: bye
"""
PROMPTS = frozenset({"menu", "goodbye", "input_wrong"})
FILES = {"small.yaml": MAIN, "more.yaml": MORE}
CHANGED = FILES | {"small.yaml": MAIN.replace('{"0": person}', '{"0": person, "1": bye}')}
BROKEN = FILES | {"small.yaml": MAIN.replace("give_up: bye", "give_up: by").replace("[menu]", "[meenu]")}


@dataclass
class Maker:
    """Makes prompts in no time; `fails` says why it cannot, `gate` holds it up."""

    fails: str = ""
    gate: asyncio.Event | None = None
    waiting: int = 0
    known: list[int] = field(default_factory=list)
    made: list[int] = field(default_factory=list)

    def know(self, flow: Flow) -> None:
        self.known.append(flow.version)

    async def make_ready(self, flow: Flow) -> None:
        if self.gate is not None:
            self.waiting += 1
            await self.gate.wait()
        if self.fails:
            raise PromptsFailed(self.fails)
        self.made.append(flow.version)


@dataclass
class Shelf:
    """The service on one database, and how to start it anew as after a kill or with a new release."""

    db: Database
    maker: Maker
    shipped: Path
    start: Callable[[], FlowService]
    service: FlowService

    async def release(self, files: dict[str, str], prompts: frozenset[str] = PROMPTS) -> Flow:
        """Start with these files shipped, in a release that has these prompts."""
        for name, text in files.items():
            (self.shipped.parent / name).write_text(text, "utf-8")
        self.service = self.start()
        self.service._prompts = prompts
        return await self.service.open(self.shipped)

    async def states(self) -> dict[int, State]:
        return {v.number: v.state for v in await self.service.versions("small")}

    async def story(self) -> list[Event]:
        kinds = (FlowDrafted, FlowPublished, FlowRolledBack)
        return [recorded.event for recorded in await self.db.read(lambda c: since(c, 0, kinds))]

    async def drafted(self, files: dict[str, str], based_on: int | None = 1) -> int:
        version, _ = await self.service.draft("small", files, note="", by="boss", based_on=based_on)
        return version.number


@pytest.fixture
async def shelf(db: Database, tmp_path: Path) -> AsyncIterator[Shelf]:
    maker, journals = Maker(), list[Journal]()

    def start() -> FlowService:
        journals.append(Journal(db, Bus()))
        return FlowService(db, journals[-1], FakeClock(AT), maker, prompts=PROMPTS, rules=())

    (tmp_path / "flows").mkdir()
    made = Shelf(db, maker, tmp_path / "flows" / "small.yaml", start, start())
    await made.release(FILES)
    yield made
    for journal in journals:
        await journal.close()


# --- what is shipped ----------------------------------------------------------------------------------------


async def test_the_first_start_takes_in_what_is_shipped_and_the_second_does_nothing(shelf: Shelf) -> None:
    assert shelf.service.live.version == 1
    assert shelf.service.waits_at("small", "person")
    (first,) = await shelf.service.versions("small")
    assert (first.author, first.shipped, first.state, first.hash) == (RELEASE, True, State.LIVE, content_hash(FILES))
    assert (await shelf.service.get("small", 1))[1] == FILES
    told = await shelf.story()
    assert told == [
        FlowDrafted(at=AT, flow="small", version=1, by=RELEASE),
        FlowPublished(at=AT, flow="small", version=1, before=None, by=RELEASE),
    ]
    await shelf.release(FILES)
    assert await shelf.story() == told
    assert await shelf.service.flows() == [("small", 1, 1)]


async def test_a_new_release_goes_live_where_nobody_has_chosen_another(shelf: Shelf) -> None:
    assert (await shelf.release(CHANGED)).version == 2
    assert (await shelf.release(CHANGED)).version == 2
    assert (await shelf.release(FILES)).version == 1, "the release before, run again"
    assert await shelf.states() == {1: State.LIVE, 2: State.RETIRED}


async def test_a_new_release_is_a_draft_where_people_have_chosen(shelf: Shelf) -> None:
    own = await shelf.drafted(FILES | {"more.yaml": MORE + "# ours\n"})
    await shelf.service.publish("small", own, by="boss")
    assert (await shelf.release(CHANGED)).version == own
    assert await shelf.states() == {1: State.RETIRED, own: State.LIVE, 3: State.DRAFT}
    await shelf.service.publish("small", 3, by="boss", instead_of=own)
    assert (await shelf.release(FILES)).version == 3, "chosen, though shipped"


async def test_a_live_version_that_a_release_cannot_run_gives_way_and_says_why(shelf: Shelf) -> None:
    own = await shelf.drafted(FILES | {"small.yaml": MAIN.replace("[menu]", "[goodbye]")})
    await shelf.service.publish("small", own, by="boss")
    flow = await shelf.release(FILES, prompts=PROMPTS - {"goodbye"})
    assert flow.version == 1
    last = (await shelf.story())[-1]
    assert isinstance(last, FlowRolledBack)
    assert "version 2 cannot be run by this release: small.yaml:8: node 'main': unknown prompt 'goodbye'" in last.why
    assert await shelf.service.version(own) is None, "a call that began with it goes on with the live one"


async def test_a_shipped_flow_that_is_broken_is_told(shelf: Shelf) -> None:
    with pytest.raises(FlowError, match=r"small\.yaml:8: node 'main': unknown prompt 'meenu'"):
        await shelf.release(BROKEN)


# --- drafts -------------------------------------------------------------------------------------------------


async def test_drafts_are_numbered_one_after_the_other_also_at_once(shelf: Shelf) -> None:
    numbers = await asyncio.gather(*(shelf.drafted(CHANGED) for _ in range(5)))
    assert sorted(numbers) == [2, 3, 4, 5, 6]


async def test_every_fault_of_a_draft_is_told_with_its_place(shelf: Shelf) -> None:
    found = await shelf.service.check("small", BROKEN | {"lost.yaml": "nodes: {}\n"})
    assert [(f.file, f.line, f.node) for f in found] == [
        ("lost.yaml", 1, None),
        ("small.yaml", 10, "main"),
        ("small.yaml", 8, "main"),
    ]
    assert [f.line for f in await shelf.service.check("small", {"small.yaml": MAIN})] == [4], "more.yaml is missing"
    other = await shelf.service.check("small", FILES | {"small.yaml": MAIN.replace("flow: small", "flow: large")})
    assert other[0].what == "flow: this is flow 'small', not 'large'"
    with pytest.raises(NoSuchFlow):
        await shelf.service.check("large", FILES)
    with pytest.raises(NoSuchVersion):
        await shelf.drafted(CHANGED, based_on=9)
    with pytest.raises(BadInput):
        await shelf.service.draft("small", FILES, note="n" * 501, by="boss", based_on=1)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 9_000,
        "- &a [*a, *a]\n",
        "a: !!python/object/apply:os.system [x]\n",
        "{",
        "\t",
        "nodes: 3",
        "é: 2026-99-99",
        "nodes: {[a]: {do: hangup}}",
        "nodes: {a: {do: [menu]}}",
        "flow: small\nstart: {a: b}\ntrouble: [a]\nnodes: {a: {do: hangup}}",
        "include: {a: b}\nnodes: {a: 1}",
    ],
)
def test_whatever_is_no_flow_has_its_fault(text: str) -> None:
    for files in ({"small.yaml": text}, FILES | {"more.yaml": text}):
        with pytest.raises(FlowError) as told:
            load_texts("small", files, PROMPTS)
        assert told.value.faults[0].file in files


def test_two_versions_are_compared_by_line_and_by_node() -> None:
    told = compare(FILES, CHANGED | {"more.yaml": MORE.replace("person:", "people:")}, "v1", "v2")
    assert (told.added, told.removed, told.changed) == (("people",), ("person",), ("main",))
    assert [name for name, _ in told.files] == ["more.yaml", "small.yaml"]
    assert '+    keys: {"0": person, "1": bye}' in told.files[1][1].splitlines()
    assert compare(FILES, {"small.yaml": "{"}, "v1", "v2").removed == ("person", "main", "bye")


# --- publishing ---------------------------------------------------------------------------------------------


async def test_a_broken_version_is_not_published(shelf: Shelf) -> None:
    number = await shelf.drafted(BROKEN)
    with pytest.raises(FlowBroken) as told:
        await shelf.service.publish("small", number, by="boss")
    assert [one["line"] for one in told.value.details["findings"]] == [10, 8]
    assert shelf.maker.made == []
    assert (shelf.service.live.version, await shelf.states()) == (1, {1: State.LIVE, 2: State.DRAFT})


async def test_prompts_come_first_and_without_them_the_old_version_stays(shelf: Shelf) -> None:
    number = await shelf.drafted(CHANGED)
    shelf.maker.fails = "no voice"
    with pytest.raises(PromptsFailed, match="no voice"):
        await shelf.service.publish("small", number, by="boss")
    assert shelf.service.live.version == 1
    shelf.maker.fails = ""
    await shelf.service.publish("small", number, by="boss")
    assert (shelf.service.live.version, shelf.maker.made) == (2, [2])
    assert await shelf.service.version(1) is not None, "for the calls that began with it"


async def test_a_second_publishing_waits_for_nobody_and_changes_nothing(shelf: Shelf) -> None:
    tasks = TaskOwner("test")
    first, second = await shelf.drafted(CHANGED), await shelf.drafted(FILES)
    shelf.maker.gate = asyncio.Event()
    under_way = tasks.start(shelf.service.publish("small", first, by="boss"), "publish", awaited=True)
    await until(lambda: shelf.maker.waiting == 1, what="it makes its prompts")
    with pytest.raises(PublishingNow):
        await shelf.service.publish("small", second, by="boss")
    shelf.maker.gate.set()
    assert (await under_way).number == first
    with pytest.raises(FlowChanged, match="version 2 is live, not 1"):
        await shelf.service.publish("small", second, by="boss")
    assert await shelf.states() == {1: State.RETIRED, 2: State.LIVE, 3: State.DRAFT}


async def test_another_process_that_was_first_is_seen(shelf: Shelf) -> None:
    tasks = TaskOwner("test")
    mine, theirs = await shelf.drafted(CHANGED), await shelf.drafted(FILES | {"more.yaml": MORE + "# theirs\n"})
    other = shelf.start()
    await other.open(shelf.shipped)
    shelf.maker.gate = asyncio.Event()
    both = [
        tasks.start(shelf.service.publish("small", mine, by="boss"), "mine", awaited=True),
        tasks.start(other.publish("small", theirs, by="lead"), "theirs", awaited=True),
    ]
    await until(lambda: shelf.maker.waiting == 2, what="both make their prompts")
    shelf.maker.gate.set()
    done = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["FlowChanged", "Version"]
    assert list((await shelf.states()).values()).count(State.LIVE) == 1


async def test_rolling_back_is_publishing_an_older_version(shelf: Shelf) -> None:
    await shelf.service.publish("small", await shelf.drafted(CHANGED), by="boss")
    back = await shelf.service.publish("small", 1, by="lead", instead_of=2)
    assert (back.state, shelf.service.live.version) == (State.LIVE, 1)
    assert (await shelf.story())[-1] == FlowRolledBack(at=AT, flow="small", version=1, before=2, by="lead")
    again = await shelf.service.publish("small", 1, by="lead", instead_of=2)
    assert again.number == 1
    assert len(await shelf.story()) == 5, "told again, it is no news"


async def test_what_the_live_version_says_already_is_not_published_again(shelf: Shelf) -> None:
    copy = await shelf.drafted(FILES)
    with pytest.raises(NothingChanged, match="version 2 says the same as version 1, which is live; nothing"):
        await shelf.service.publish("small", copy, by="boss")
    assert (shelf.service.live.version, shelf.maker.made) == (1, [])
    await shelf.service.publish("small", await shelf.drafted(CHANGED), by="boss")
    assert (await shelf.service.publish("small", copy, by="boss", instead_of=3)).state is State.LIVE


async def test_a_call_finds_its_version_after_a_restart(shelf: Shelf) -> None:
    await shelf.service.publish("small", await shelf.drafted(CHANGED), by="boss")
    await shelf.release(FILES)
    assert shelf.service.live.version == 2
    old = await shelf.service.version(1)
    assert old is not None
    assert (old.version, list(old.node("main").model_dump()["keys"])) == (1, ["0"])
    assert 1 in shelf.maker.known, "its own words can be said"
    assert await shelf.service.version(9) is None


async def test_many_calls_that_ask_for_one_version_at_once_have_it_read_once(shelf: Shelf) -> None:
    await shelf.service.publish("small", await shelf.drafted(CHANGED), by="boss")
    await shelf.release(FILES)
    shelf.maker.known.clear()
    found = await asyncio.gather(*(shelf.service.version(1) for _ in range(50)))
    assert len({id(flow) for flow in found}) == 1
    assert shelf.maker.known == [1]


LINES = ("files", "_check", "make_live", "append", "none")


@pytest.mark.parametrize("line", LINES)
async def test_a_kill_between_any_two_lines_of_publishing_leaves_one_live(
    shelf: Shelf, database_url: str, line: str
) -> None:
    number = await shelf.drafted(CHANGED)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.ivr.killed", database_url, str(shelf.shipped), str(number), line),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert await process.wait() == -signal.SIGKILL
    await shelf.release(FILES)
    states = await shelf.states()
    live = number if line == "none" else 1
    assert [n for n, state in states.items() if state is State.LIVE] == [live]
    published = [e for e in await shelf.story() if isinstance(e, FlowPublished)]
    assert [e.version for e in published] == [1, *([number] if line == "none" else [])]
    if live == 1:
        assert (await shelf.service.publish("small", number, by="boss")).state is State.LIVE
