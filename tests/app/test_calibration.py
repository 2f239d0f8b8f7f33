"""P20: the waiting time that callers are told, held against a journal: a simulated day is written and run again."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from agents.events import AgentStateChanged
from agents.model import State
from app.staffing_command import staffing_group
from app.storage import upgrade
from bench.wait_forecast import FIRST_SEED, SCENARIOS
from core.config import load
from core.db import open_engine
from core.events import Event
from core.journal import append
from cti.events import CallEnded
from routing.calibration import Case, calibration, replayed
from routing.events import AgentChosen, AgentRequested, QueueAnnounced
from routing.matching import Matching
from routing.scenario import draw
from routing.simulation import simulate

pytestmark = pytest.mark.integration

BEGIN = datetime(2026, 11, 22, 16, tzinfo=UTC)
"""Midnight of 23 November at the site."""


class Writer:
    """Writes what a simulated centre does as its journal would have it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._free: list[str] = []
        self._with: dict[int, str] = {}
        self._waits: set[int] = set()
        self._leaving = 0
        self._made = 0

    def comes(self, caller: int, core: Matching, now: float) -> None:
        self._waits.add(caller)
        self._add(now, AgentRequested, call_id=f"c{caller}", queue="general")

    def answered(self, caller: int, waited_s: float, now: float) -> None:
        if caller not in self._waits:
            self._add(now, AgentRequested, call_id=f"c{caller}", queue="general")
        agent = self._with[caller] = self._free.pop() if self._free else self._comes(now)
        chosen = {"rule": "longest_idle", "waited_s": waited_s, "idle_s": 0.0, "next_agents": (), "next_calls": ()}
        self._add(now, AgentChosen, call_id=f"c{caller}", agent_id=agent, queue="general", **chosen)
        self._moves(now, agent, State.READY, State.TALKING)

    def gone(self, caller: int, waited_s: float, now: float) -> None:
        self._add(now, CallEnded, call_id=f"c{caller}", by="caller", why="hung_up", where="queued")

    def finished(self, caller: int, handling_s: float, now: float) -> None:
        agent = self._with.pop(caller)
        if self._leaving:
            self._leaving -= 1
            self._moves(now, agent, State.TALKING, State.LOGGED_OUT)
            return
        self._moves(now, agent, State.TALKING, State.READY)
        self._free.append(agent)

    def staffed(self, agents: int, now: float) -> None:
        more = agents - len(self._free) - len(self._with) + self._leaving
        for _ in range(more):
            self._free.append(self._comes(now))
        for _ in range(-more):
            if self._free:
                self._moves(now, self._free.pop(), State.READY, State.LOGGED_OUT)
            else:
                self._leaving += 1

    def _comes(self, now: float) -> str:
        self._made += 1
        self._moves(now, f"a{self._made}", State.LOGGED_OUT, State.READY)
        return f"a{self._made}"

    def _moves(self, now: float, agent: str, before: State, after: State) -> None:
        self._add(now, AgentStateChanged, agent_id=agent, from_=before.value, to=after.value, cause="test")

    def _add(self, now: float, kind: type[Event], **fields: object) -> None:
        self.events.append(kind(at=BEGIN + timedelta(seconds=now), **fields))  # type: ignore[arg-type]


def written(traffic: str) -> list[Event]:
    scenario, writer = SCENARIOS[traffic], Writer()
    simulate(scenario, draw(scenario, FIRST_SEED), writer)
    return writer.events


@pytest.mark.parametrize("traffic", ["storm", "normal"])
def test_p20_a_replayed_journal_finds_the_told_wait_calibrated(traffic: str, tmp_path: Path) -> None:
    settings = load(None, {"HOTLINE_STORAGE__DIR": str(tmp_path / "var")})
    settings.var.mkdir()
    upgrade(settings.database_url)
    engine = open_engine(settings.database_url)
    with engine.begin() as connection:
        append(connection, written(traffic))
    engine.dispose()
    asked = ["calibrate", "--from", "2026-11-23", "--format", "json"]
    done = CliRunner().invoke(staffing_group, asked, obj=settings)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    print(traffic, found)
    again = found["again"]
    assert found["told"] is None, "no announcement is in this journal"
    assert again["callers"] > 100
    assert 38 <= again["waited_less_than_p50_percent"] <= 62
    assert 82 <= again["waited_less_than_p90_percent"] <= 98
    assert again["error_p50_s"] < again["mean_wait_s"]
    for arguments, told in (
        (["--from", "2026-11-21"], "nobody waited"),
        (["--from", "2026-11-23", "--to", "2026-11-20"], "is before"),
        (["--from", "yesterday"], "yesterday"),
    ):
        wrong = CliRunner().invoke(staffing_group, ["calibrate", *arguments], obj=settings)
        assert wrong.exit_code == 1
        assert told in wrong.stderr


def test_what_was_told_live_counts_from_when_it_was_told_until_the_agent_or_the_end() -> None:
    def at(second: float) -> datetime:
        return BEGIN + timedelta(seconds=second)

    def told(second: float, call: str) -> Event:
        fields = {"queue": "general", "position": 1, "wait_p50_s": 30.0, "wait_p90_s": 60.0}
        return QueueAnnounced(at=at(second), call_id=call, **fields)  # type: ignore[arg-type]

    chosen = {"rule": "", "waited_s": 50.0, "idle_s": 0.0, "next_agents": (), "next_calls": ()}
    events: Sequence[Event] = [
        AgentRequested(at=at(0), call_id="a", queue="general"),
        AgentRequested(at=at(0), call_id="b", queue="general"),
        told(10, "a"),
        told(10, "b"),
        told(40, "a"),
        AgentChosen(at=at(50), call_id="a", agent_id="x", queue="general", **chosen),  # type: ignore[arg-type]
        CallEnded(at=at(55), call_id="b", by="caller", why="hung_up", where="queued"),
        CallEnded(at=at(99), call_id="a", by="agent", why="hung_up", where="talking"),
    ]
    assert replayed(events, 180.0, 120.0).told == [
        Case(30.0, 60.0, 40.0, True),
        Case(30.0, 60.0, 10.0, True),
        Case(30.0, 60.0, 45.0, False),
    ]


@given(st.lists(st.tuples(st.floats(1, 1000), st.floats(1, 1000)), min_size=2, max_size=50))
def test_without_hang_ups_the_shares_are_plain_counts(waits: list[tuple[float, float]]) -> None:
    found = calibration([Case(p50, 2 * p50, waited, True) for p50, waited in waits])
    assert found is not None
    plain = 100 * sum(waited <= p50 for p50, waited in waits) / len(waits)
    assert found.waited_less_than_p50_percent == pytest.approx(plain, abs=0.06)


def test_who_hangs_up_early_does_not_count_as_a_short_wait() -> None:
    stayed = [Case(100.0, 200.0, waited, True) for waited in (50.0, 150.0) for _ in range(50)]
    impatient = [Case(100.0, 200.0, 10.0, False) for _ in range(100)]
    found = calibration(stayed + impatient)
    assert found is not None
    assert found.waited_less_than_p50_percent == pytest.approx(50.0, abs=1.0)
    assert calibration(impatient) is None
