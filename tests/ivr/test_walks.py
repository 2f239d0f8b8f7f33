"""Callers who press anything at any time walk the shipped flow: no dead end, no crash, each call has its end."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core import policy, virtual_time
from core.db import Database
from core.errors import Unavailable
from core.events import Event
from core.virtual_time import NothingFollows
from cti.events import CallAnswered, CallEnded
from ivr import simulation
from ivr.call import BillDetails, CustomerAnswers, IvrCall
from ivr.events import IvrFailed, IvrNodeEntered
from ivr.flow import Flow
from ivr.node import Node
from ivr.nodes.play import Play
from ivr.simulated_line import Act, Heard
from ivr.simulated_orders import SIMULATED_CLOSED
from ivr.simulation import Surroundings
from tests.ivr.test_way import stands_where_it_acts

pytestmark = pytest.mark.integration

ACCOUNT, PIN = "3200000001", "000001"
NUMBERS = ("13800000001", "13800000003", "13800000005", "13800000006", "")
DETAILS = BillDetails(("十月用电一度。",), {"bill_id": "1", "bill_text": "电费1元"})
ANSWERS = CustomerAnswers("C1", (ACCOUNT,), (("您的电费是一元。",),), (), details=(DETAILS,))
TWO = CustomerAnswers(
    "C5", ("3200000005", "3200000006"), (("一元。",), ("二元。",)), which=("第一户请按一。", "第二户请按二。")
)
OUT = CustomerAnswers("C3", ("3200000003",), (), ("您家停电。",))
USUAL = [
    *"0123456789*#",
    Act.SILENCE,
    ACCOUNT,
    f"{ACCOUNT}#",
    PIN,
    "111111",
    "1" * 60,
    "320#",
    "*#0",
    "41",
    SIMULATED_CLOSED,
]
SAID = [
    *("say:查电费", "say:我家停电了", "say:转人工", "say:今天天气怎么样", "say:是的", "say:不是", "say:店费", "say:"),
    "6",
]
IN_QUEUE = [Act.ANSWERED, Act.NOBODY, Act.TOO_LONG, Act.FULL, Act.HANG_UP, "2", "0#", "*"]


class Dice:
    """A caller whose every step is thrown; leaves sooner or later, as people do."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice

    def turn(self, *, queued: bool) -> str:
        if self._dice.random() < 0.03:
            return Act.HANG_UP
        return self._dice.choice(IN_QUEUE if queued else SAID if self._dice.random() < 0.15 else USUAL)

    def meanwhile(self, media: Sequence[str]) -> str:
        thrown = self._dice.random()
        return Act.HANG_UP if thrown < 0.01 else self._dice.choice("0123456789*#") if thrown < 0.08 else ""


@dataclass
class Books:
    """A customer system in memory that is down or hangs now and then."""

    dice: random.Random
    numbers: dict[str, CustomerAnswers] = field(
        default_factory=lambda: {NUMBERS[0]: ANSWERS, NUMBERS[1]: OUT, NUMBERS[2]: TWO}
    )

    async def _reached(self) -> None:
        thrown = self.dice.random()
        if thrown < 0.02:
            raise Unavailable
        if thrown < 0.04:
            await asyncio.Event().wait()

    async def by_number(self, number: str, language: str = "") -> CustomerAnswers:
        await self._reached()
        return replace(self.numbers.get(number, CustomerAnswers()), language=self._known(language))

    async def by_account(self, account: str, language: str = "") -> CustomerAnswers:
        await self._reached()
        by_account = {account: answers for answers in (ANSWERS, OUT, TWO) for account in answers.accounts}
        return replace(by_account.get(account, CustomerAnswers()), language=self._known(language))

    def _known(self, language: str) -> str:
        """Most have the words of the language that was chosen."""
        return language if self.dice.random() < 0.9 else ""

    async def verify(self, account: str, pin: str) -> bool:
        await self._reached()
        return (account, pin) == (ACCOUNT, PIN)


@dataclass
class Walks:
    """What many calls came to."""

    nodes: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    longest: float = 0.0


RULES = policy.load("seed")


def around(dice: random.Random, db: Database) -> Surroundings:
    at = datetime(2026, 11, 22, dice.randrange(24), tzinfo=UTC)
    zone, first = ZoneInfo("Asia/Shanghai"), dice.random() < 0.2
    return Surroundings(desk=Books(dice), texts={}, policy=RULES, zone=zone, at=at, db=db, speech_first=first)


async def one_call(flow: Flow, seed: int, db: Database) -> tuple[list[Event], list[Heard]]:
    dice, heard = random.Random(seed), list[Heard]()
    story = await simulation.call(flow, Dice(dice), dice.choice(NUMBERS), around(dice, db), heard.append)
    return story, heard


def walk(flow: Flow, calls: range, folder: Path) -> Walks:
    """Serve a call for each seed and check each; a failure names its seed."""
    walks = Walks()

    async def all_of_them() -> None:
        db = Database(f"sqlite:///{folder / 'unused.db'}")
        try:
            for seed in calls:
                story, heard = await one_call(flow, seed, db)
                ends = [event for event in story if isinstance(event, CallEnded)]
                assert len(ends) == 1, f"seed {seed}: {len(ends)} ends"
                assert story[-1] is ends[0], f"seed {seed}: something after the end"
                assert ends[0].why != "error", f"seed {seed}: crashed at {ends[0].where}"
                assert ends[0].why != "endless", f"seed {seed}: endless at {ends[0].where}"
                assert any(isinstance(event, CallAnswered) for event in story), f"seed {seed}: not answered"
                assert any(one.who == "hotline" for one in heard), f"seed {seed}: heard nothing"
                stands_where_it_acts(story)
                walks.nodes.update(node for event in story if isinstance(event, IvrNodeEntered) for node in event.way)
                walks.causes[f"{ends[0].by} {ends[0].why}"] += 1
                walks.failed += any(isinstance(event, IvrFailed) for event in story)
                walks.longest = max(walks.longest, heard[-1].at)
        finally:
            await db.close()

    virtual_time.run(all_of_them())
    return walks


def test_ten_thousand_callers_who_press_anything_are_all_served_to_an_end(shipped: Flow, tmp_path: Path) -> None:
    walks = walk(shipped, range(10_000), tmp_path)
    assert set(shipped.nodes) - set(walks.nodes) == set(), "nodes where no call came: the dice must reach everything"
    assert walks.failed, "no customer system in trouble: the dice must throw that too"
    assert {"caller hung_up", "system finished", "system no_agents", "system waited_too_long"} <= set(walks.causes)
    assert walks.longest < 2 * 3600, "seconds of virtual time"


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        (Play(do="play", prompts=("menu",), next="main"), "endless"),
        (Play(do="play", prompts=("menu",), next="nowhere"), "crashed"),
    ],
)
def test_a_flow_in_which_callers_are_lost_would_be_found(shipped: Flow, tmp_path: Path, lost: Node, told: str) -> None:
    flow = shipped.model_copy(update={"nodes": {**shipped.nodes, "main": lost}})
    with pytest.raises(AssertionError, match=told):
        walk(flow, range(20), tmp_path)


class Mute:
    """A caller who never does anything."""

    def turn(self, *, queued: bool) -> str:
        return Act.SILENCE

    def meanwhile(self, media: Sequence[str]) -> str:
        return ""


class WaitsForEver(Play):
    """A node that waits for what never comes."""

    async def run(self, call: IvrCall, here: str) -> str | None:
        await asyncio.Event().wait()
        return None


def test_a_call_that_would_stand_still_for_ever_would_be_found(shipped: Flow, tmp_path: Path) -> None:
    still = WaitsForEver(do="play", prompts=(), next="main")
    flow = shipped.model_copy(update={"nodes": {**shipped.nodes, "main": still}})

    async def one() -> None:
        db = Database(f"sqlite:///{tmp_path / 'unused.db'}")
        try:
            await simulation.call(flow, Mute(), "", around(random.Random(1), db), lambda _: None)
        finally:
            await db.close()

    with pytest.raises(NothingFollows):
        virtual_time.run(one())
