"""The simulator: agrees with Erlang where that holds, with an exact recursion everywhere, and tells the same twice."""

import heapq
import math
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from routing.erlang import Load, Outcome, erlang_a
from routing.matching import Matching
from routing.rules import Rules
from routing.scenario import Draw, Handling, Scenario, Stream, Worker, draw
from routing.simulation import Day, Interval, interval, simulate
from routing.skills import Need, Profile, Step

pytestmark = pytest.mark.unit

FOREVER = 1e9
CAP = 1200.0
GENERAL = {"general": Rules("general")}


def crew(number: int, spans: tuple[tuple[float, float], ...] = ((0.0, FOREVER),)) -> tuple[Worker, ...]:
    return tuple(Worker(Profile(f"a{n:03}"), spans) for n in range(number))


def centre(
    calls: Iterable[float], agents: int, patience_s: float = math.inf, handling: Handling | None = None
) -> Scenario:
    stream = Stream("general", tuple(calls), handling or Handling(180.0), patience_s)
    return Scenario((stream,), crew(agents), GENERAL, CAP)


def drawn(at: list[float], handling: list[float], patience: list[float]) -> Draw:
    return Draw(np.array(at), np.zeros(len(at), dtype=np.intp), np.array(handling), np.array(patience))


def recursion(draw_: Draw, agents: int) -> list[float]:
    """Return the wait of each caller, nan for who hangs up: first come, first served, by the agents' next free moments.

    Whoever comes is served by the agent who is free first, unless that is after the end of the patience.
    """
    free, waits = [0.0] * agents, []
    for at, handling, patience in zip(draw_.at.tolist(), draw_.handling.tolist(), draw_.patience.tolist(), strict=True):
        begin = max(free[0], at)
        if begin - at > patience:
            waits.append(math.nan)
        else:
            waits.append(begin - at)
            heapq.heapreplace(free, begin + handling)
    return waits


callers = st.lists(
    st.tuples(st.integers(0, 3600), st.integers(1, 900), st.integers(0, 900).map(lambda n: n + 0.5)), max_size=60
)
"""When each comes, how long the talk is, how long the patience, which never ends just when a talk does."""


@settings(max_examples=150, deadline=None)
@given(callers, st.integers(1, 6), st.booleans())
def test_every_single_wait_is_that_of_the_recursion(
    people: list[tuple[int, int, float]], agents: int, patient: bool
) -> None:
    at, handling, patience = ([float(p[n]) for p in sorted(people)] for n in range(3))
    chance = drawn(at, handling, [math.inf] * len(at) if patient else patience)
    day = simulate(centre([1.0, 1.0], agents), chance)
    assert day.wait.tolist() == pytest.approx(recursion(chance, agents), abs=1e-6, nan_ok=True)
    assert day.figures.left_waiting == 0


@settings(max_examples=60, deadline=None)
@given(callers, st.integers(1, 5))
def test_with_one_agent_more_no_patient_caller_waits_longer(people: list[tuple[int, int, float]], agents: int) -> None:
    at, handling = ([float(p[n]) for p in sorted(people)] for n in range(2))
    chance = drawn(at, handling, [math.inf] * len(at))
    few, more = (simulate(centre([1.0, 1.0], number), chance).wait for number in (agents, agents + 1))
    assert (more <= few + 1e-6).all()


FIGURES = ("waiting", "within", "asa_s", "abandoned", "occupancy")


def figures(day: Day) -> Outcome:
    told = day.figures
    occupancy = day.occupancy()
    waited = float((~(day.wait == 0)).mean())
    return Outcome(waited, told.service_level(20), told.asa_s(), told.abandoned(), occupancy)


@pytest.mark.parametrize(
    ("calls", "handling_s", "patience_s", "agents"),
    [(100, 180.0, 300.0, 13), (60, 180.0, math.inf, 9), (100, 180.0, 60.0, 8), (20, 120.0, 120.0, 2)],
    ids=["the vector of Erlang A", "Erlang C", "overloaded", "night"],
)
def test_the_simulation_agrees_with_erlang_within_its_confidence_interval(
    calls: float, handling_s: float, patience_s: float, agents: int
) -> None:
    """Steady load, exponential handling and patience; five figures at once, so each at 99 % (95 % for all together)."""
    expected = erlang_a(Load(calls / 1800, handling_s, patience_s), agents, 20)
    scenario = centre([calls] * 60, agents, patience_s, Handling(handling_s))
    seeds = np.random.SeedSequence(95598).spawn(12)
    days = [figures(simulate(scenario, draw(scenario, seed)).after(4 * 3600)) for seed in seeds]
    for name in FIGURES:
        found = interval([getattr(day, name) for day in days], level=0.99)
        value = getattr(expected, name)
        assert found.holds(value), f"{name}: {value:.4f} is not in {found}"
        assert found.half < 0.35 * max(found.mean, 0.02), f"{name}: {found} is too wide to say anything"


def test_the_same_seed_gives_the_same_day_and_another_one_another() -> None:
    scenario = centre([50.0, 80.0, 20.0], 8, 120.0, Handling(180.0, cv=0.8))
    first, again, other = (simulate(scenario, draw(scenario, seed)).wait.tolist() for seed in (1, 1, 2))
    assert first == pytest.approx(again, abs=0, nan_ok=True)
    assert first != pytest.approx(other, nan_ok=True)


def test_draws_have_the_means_and_the_spread_that_they_are_told() -> None:
    scenario = centre([3000.0, 0.0, 6000.0], 1, 90.0, Handling(180.0, cv=0.8))
    chance = draw(scenario, 7)
    halves = np.bincount((chance.at // 1800).astype(int), minlength=3)
    assert halves[1] == 0
    assert halves == pytest.approx([3000, 0, 6000], abs=5 * math.sqrt(6000))
    assert chance.handling.mean() == pytest.approx(180, rel=0.05)
    assert chance.handling.std() / chance.handling.mean() == pytest.approx(0.8, rel=0.1)
    assert chance.patience.mean() == pytest.approx(90, rel=0.05)
    assert (np.diff(chance.at) >= 0).all()


class Watch:
    """Holds the books beside the run: nobody waits beside a free agent, and the crew is never more than it is."""

    def __init__(self, agents: int) -> None:
        self.free, self.waiting, self.staff = 0, 0, 0
        self.most = agents

    def comes(self, caller: int, core: Matching, now: float) -> None:
        self.waiting += 1
        assert core.length("general") == self.waiting
        assert self.free == 0, "a free agent beside a caller who has to wait"

    def answered(self, caller: int, waited_s: float, now: float) -> None:
        self.free -= 1
        self.waiting -= waited_s > 0
        assert self.free >= 0

    def gone(self, caller: int, waited_s: float, now: float) -> None:
        self.waiting -= 1

    def finished(self, caller: int, handling_s: float, now: float) -> None:
        self.free += 1

    def staffed(self, agents: int, now: float) -> None:
        self.free += agents - self.staff
        self.staff = agents
        assert 0 <= agents <= self.most


def test_nobody_waits_beside_a_free_agent() -> None:
    scenario = centre([100.0] * 6, 9, 100.0, Handling(180.0, cv=0.8))
    watch = Watch(9)
    day = simulate(scenario, draw(scenario, 3), watch)
    assert day.figures.offered > 400
    assert 0 < day.figures.abandoned() < 0.5, "some had to wait"
    assert (watch.waiting, watch.free, watch.staff) == (0, 0, 0), "served, and gone home"


def test_who_leaves_at_the_end_of_the_shift_talks_to_the_end_and_takes_no_more() -> None:
    scenario = Scenario(
        (Stream("general", (1.0,), Handling(100.0)),),
        (Worker(Profile("a"), ((10.0, 60.0), (300.0, 400.0))),),
        GENERAL,
        CAP,
    )
    day = simulate(scenario, drawn([0.0, 20.0, 310.0], [30.0, 100.0, 5.0], [math.inf] * 3))
    assert day.wait.tolist() == pytest.approx([10.0, 20.0, 0.0])
    late = simulate(scenario, drawn([0.0, 20.0, 30.0], [30.0, 100.0, 5.0], [math.inf] * 3))
    assert late.wait.tolist() == pytest.approx([10.0, 20.0, 270.0]), "the third waits for the next span"
    never = simulate(scenario, drawn([500.0], [1.0], [math.inf]))
    assert never.figures.left_waiting == 1


def test_who_waits_too_long_is_sent_away_and_everybody_is_accounted_for() -> None:
    scenario = Scenario(centre([1.0], 1).streams, crew(1), GENERAL, CAP, wait_limit_s=600.0)
    day = simulate(scenario, drawn([0.0, 1.0, 2.0], [5000.0, 1.0, 1.0], [math.inf, 30.0, math.inf]))
    told = day.figures
    assert day.hung_up.tolist() == [False, True, False]
    assert day.sent_away.tolist() == [False, False, True]
    assert told.offered == told.answered + 1 + 1 + told.left_waiting
    assert told.service_level(20) == pytest.approx(1 / 3)
    assert told.abandoned() == pytest.approx(1 / 3)


def test_skills_levels_and_their_relaxation_count_as_in_live_routing() -> None:
    rules = {"english": Rules("english", Need((("english", 3),)), (Step(30.0, (("english", 1),)),)), **GENERAL}
    scenario = Scenario(
        (Stream("english", (1.0,), Handling(100.0)), Stream("general", (1.0,), Handling(100.0))),
        (Worker(Profile("low", {"english": 1}), ((0.0, FOREVER),)), Worker(Profile("none"), ((0.0, FOREVER),))),
        rules,
        CAP,
    )
    two = Draw(np.array([0.0, 1.0]), np.array([0, 1]), np.array([50.0, 50.0]), np.array([math.inf] * 2))
    assert simulate(scenario, two).wait.tolist() == [51.0, 0.0], (
        "the general call takes whom the English one may not have yet"
    )
    alone = Draw(np.array([0.0]), np.array([0]), np.array([50.0]), np.array([math.inf]))
    assert simulate(scenario, alone).wait.tolist() == [30.0], "the step lowers the level at that very moment"


def test_the_interval_is_that_of_student() -> None:
    """Table: 95 % with 11 degrees of freedom 2.201, with 2 degrees 4.303; 99 % with 11: 3.106."""
    twelve = [float(n) for n in range(12)]
    error = np.std(twelve, ddof=1) / math.sqrt(12)
    assert interval(twelve).half == pytest.approx(2.201 * error, rel=1e-3)
    assert interval(twelve, 0.99).half == pytest.approx(3.106 * error, rel=1e-3)
    assert interval([0.0, 1.0, 2.0]).half == pytest.approx(4.303 / math.sqrt(3), rel=0.02)
    assert Interval(1.0, 0.5).holds(1.4)
    assert not Interval(1.0, 0.5).holds(1.6)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: Handling(0), "handling of 0 s"),
        (lambda: Stream("general", (-1.0,), Handling(180)), "calls of queue 'general'"),
        (lambda: Stream("general", (), Handling(180)), "a number from 0 on is expected for each half hour"),
        (lambda: Stream("general", (1.0,), Handling(180), 0), "patience of 0 s"),
        (lambda: Worker(Profile("a"), ((0, 10), (5, 20))), "spans of agent a"),
        (lambda: Worker(Profile("a"), ((10, 10),)), "each ends after it begins"),
        (lambda: Scenario((Stream("vip", (1.0,), Handling(180)),), (), GENERAL, CAP), "no rules: vip"),
        (lambda: Scenario((), (*crew(1), *crew(1)), GENERAL, CAP), "two agents have the same name"),
        (lambda: interval([1.0, 2.0]), "2 replications: a confidence interval needs at least 3"),
    ],
)
def test_what_cannot_be_simulated_is_told(wrong: object, words: str) -> None:
    assert callable(wrong)
    with pytest.raises(BadInput) as told:
        wrong()
    assert words in str(told.value)
