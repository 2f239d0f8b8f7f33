"""Erlang B, C and A against printed figures, against the exact chain of states, and as the laws they must keep."""

import math
from fractions import Fraction

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from routing.erlang import Goal, Load, erlang_a, erlang_b, erlang_c, least_agents, with_shrinkage

pytestmark = pytest.mark.unit

CLOSE = 1e-9
EIGHTY_IN_20 = Goal(share=0.8, within_s=20)

loads = st.builds(
    Load,
    calls_per_s=st.floats(1e-4, 2.0),
    handling_s=st.floats(20, 900),
    patience_s=st.floats(5, 3600),
)
"""From a village at night to some 1,800 erlangs."""


def agents_for(load: Load, share: float) -> int:
    """Return a number of agents from far too few to plenty."""
    return max(1, round(load.erlangs * share))


@pytest.mark.parametrize(
    ("erlangs", "handling_s", "agents", "waiting", "within", "asa_s", "occupancy"),
    [
        (10.0, 180, 14, 0.1741, 0.8884, 7.84, 0.7143),
        (26.667, 240, 32, 0.2363, 0.8485, 10.63, 0.8333),
        (100.0, 300, 108, 0.3283, 0.8074, 12.31, 0.9259),
    ],
)
def test_erlang_c_gives_the_vectors_of_the_specification(
    erlangs: float, handling_s: float, agents: int, waiting: float, within: float, asa_s: float, occupancy: float
) -> None:
    load = Load(erlangs / handling_s, handling_s)
    assert least_agents(load, EIGHTY_IN_20) == agents
    found = erlang_c(load, agents, 20)
    assert found.waiting == pytest.approx(waiting, abs=5e-5)
    assert found.within == pytest.approx(within, abs=5e-5)
    assert found.asa_s == pytest.approx(asa_s, abs=5e-3)
    assert found.occupancy == pytest.approx(occupancy, abs=5e-5)
    assert found.abandoned == 0


def test_erlang_a_gives_the_figures_that_the_guide_of_pyworkforce_prints() -> None:
    """100 calls in 30 min, 3 min each, patience 5 min, 13 agents: 0.226, 0.025, 0.125 min, 0.750."""
    load = Load(100 / 1800, 180, patience_s=300)
    found = erlang_a(load, 13, 20)
    assert found.waiting == pytest.approx(0.2258, abs=5e-5)
    assert found.abandoned == pytest.approx(0.0250, abs=5e-5)
    assert found.abandoned * load.patience_s / 60 == pytest.approx(0.1248, abs=5e-5), "E[W] = patience x abandonment"
    assert found.occupancy == pytest.approx(0.7500, abs=5e-5)


@pytest.mark.parametrize(
    ("calls_per_hour", "share", "within_s", "agents"),
    [
        (60.7, 0.8, 20, 5),
        (60.7, 0.9, 15, 6),
        (182.1, 0.8, 20, 13),
        (182.1, 0.9, 15, 14),
        (4327, 0.8, 20, 225),
        (4327, 0.9, 15, 230),
        (2160, 0.8, 20, 115),
        (2160, 0.9, 15, 119),
        (13690, 0.8, 20, 695),
        (13690, 0.9, 15, 702),
    ],
)
def test_the_centres_of_the_domain_need_as_many_as_it_says(
    calls_per_hour: float, share: float, within_s: float, agents: int
) -> None:
    """A tenth of 607 calls a day in the peak hour; three times that; a province; a city's storm; the whole net."""
    assert least_agents(Load(calls_per_hour / 3600, 180), Goal(share, within_s)) == agents


@given(st.integers(1, 60), st.integers(0, 20), st.integers(1, 4))
def test_erlang_b_is_the_sum_over_its_states(erlangs: int, agents: int, part: int) -> None:
    load = Fraction(erlangs, part)
    states = [load**n / math.factorial(n) for n in range(agents + 1)]
    assert erlang_b(float(load), agents) == pytest.approx(float(states[-1] / sum(states)), rel=CLOSE)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(1, 12), st.integers(1, 8))
def test_erlang_a_is_the_chain_of_its_states(arrival: int, agents: int, impatience: int) -> None:
    """By exact fractions: birth λ, death min(n, N)µ + max(n - N, 0)θ, with µ = 1/100 s and θ = impatience/200 s."""
    births, service, theta = Fraction(arrival, 200), Fraction(1, 100), Fraction(impatience, 200)
    states = [Fraction(1)]
    for n in range(1, agents + 300):
        states.append(states[-1] * births / (min(n, agents) * service + max(n - agents, 0) * theta))
    total = sum(states)
    queue = sum((n - agents) * states[n] for n in range(agents, len(states))) / total
    found = erlang_a(Load(float(births), 100, float(1 / theta)), agents, 20)
    assert found.waiting == pytest.approx(float(sum(states[agents:]) / total), rel=1e-7)
    assert found.abandoned == pytest.approx(float(theta * queue / births), rel=1e-7)
    busy = sum(min(n, agents) * states[n] for n in range(len(states))) / total
    assert found.occupancy == pytest.approx(float(busy / agents), rel=1e-7)


@pytest.mark.parametrize(
    ("arrival", "agents", "within_s"), [(1, 1, 20.0), (5, 2, 5.0), (12, 6, 20.0), (20, 6, 30.0), (9, 5, 0.0)]
)
def test_who_is_answered_in_time_by_erlang_a_is_found_by_following_each_place_in_the_queue(
    arrival: int, agents: int, within_s: float
) -> None:
    """Not by the formula but by small steps of time: from place to place until an agent is free."""
    births, service, theta = arrival / 200, 1 / 100, 1 / 120
    weights = [1.0]
    for n in range(1, agents + 80):
        weights.append(weights[-1] * births / (min(n, agents) * service + max(n - agents, 0) * theta))
    total = sum(weights)
    # at[j]: chance that somebody is place j (0 = next) and still there; each step one ahead leaves, or the caller does.
    at = [weight / total for weight in weights[agents:]]
    answered, step = sum(weights[:agents]) / total, 0.01
    for _ in range(round(within_s / step)):
        out = [agents * service + (j + 1) * theta for j in range(len(at))]
        answered += at[0] * (out[0] - theta) * step
        ahead = [*(at[j + 1] * (out[j + 1] - theta) for j in range(len(at) - 1)), 0.0]
        at = [here * (1 - out[j] * step) + ahead[j] * step for j, here in enumerate(at)]
    assert erlang_a(Load(births, 100, 120), agents, within_s).within == pytest.approx(answered, abs=2e-3)


@settings(max_examples=150, deadline=None)
@given(loads, st.floats(0.2, 1.5), st.integers(1, 20), st.floats(1, 120))
def test_more_agents_never_serve_worse(load: Load, share: float, more: int, within_s: float) -> None:
    few = agents_for(load, share)
    for model in (erlang_a, erlang_c):
        before, after = model(load, few, within_s), model(load, few + more, within_s)
        assert after.within >= before.within - CLOSE
        assert after.waiting <= before.waiting + CLOSE
        assert after.abandoned <= before.abandoned + CLOSE
        assert after.occupancy <= before.occupancy + CLOSE
        assert after.asa_s <= before.asa_s * (1 + 1e-6) + CLOSE or math.isinf(before.asa_s)


@settings(max_examples=150, deadline=None)
@given(loads, st.floats(0.1, 2.0), st.floats(0, 600))
@example(Load(40.0, 180.0, 3600.0), 0.5, 20)
@example(Load(1e-4, 20.0, 5.0), 2.0, 0.0)
def test_shares_are_shares_and_what_comes_in_goes_out(load: Load, share: float, within_s: float) -> None:
    agents = agents_for(load, share)
    found = erlang_a(load, agents, within_s)
    for value in (found.waiting, found.within, found.abandoned, found.occupancy):
        assert 0 <= value <= 1
    assert found.occupancy * agents == pytest.approx(load.erlangs * (1 - found.abandoned), rel=1e-6)
    # Overloaded, at least those for whom nobody is there hang up.
    assert found.abandoned >= 1 - agents / load.erlangs - CLOSE
    assert found.within <= 1 - found.abandoned + CLOSE
    assert found.within >= 1 - found.waiting - CLOSE


@settings(max_examples=60, deadline=None)
@given(st.floats(0.01, 1.0), st.floats(30, 600), st.floats(0.5, 0.95))
def test_with_endless_patience_a_becomes_c(calls_per_s: float, handling_s: float, occupancy: float) -> None:
    load = Load(calls_per_s, handling_s, patience_s=1e10)
    agents = math.ceil(load.erlangs / occupancy)
    impatient, patient = erlang_a(load, agents, 20), erlang_c(load, agents, 20)
    assert impatient.waiting == pytest.approx(patient.waiting, rel=1e-4, abs=1e-9)
    assert impatient.within == pytest.approx(patient.within, rel=1e-4)
    assert impatient.asa_s == pytest.approx(patient.asa_s, rel=1e-3, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.01, 1.0), st.floats(30, 600), st.floats(0.5, 1.5))
def test_with_no_patience_a_becomes_b(calls_per_s: float, handling_s: float, share: float) -> None:
    load = Load(calls_per_s, handling_s, patience_s=1e-3)
    agents = agents_for(load, share)
    assert erlang_a(load, agents, 20).abandoned == pytest.approx(erlang_b(load.erlangs, agents), rel=1e-3, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(loads, st.floats(0.5, 0.99), st.floats(0, 60), st.sampled_from([math.inf, 15.0]), st.booleans())
def test_the_least_number_is_enough_and_one_less_is_not(
    load: Load, share: float, within_s: float, asa_s: float, patient: bool
) -> None:
    goal, model = Goal(share, within_s, asa_s), erlang_c if patient else erlang_a
    load = Load(load.calls_per_s, load.handling_s) if patient else load
    agents = least_agents(load, goal)
    assert goal.met(model(load, agents, within_s))
    assume(agents > 1)
    assert not goal.met(model(load, agents - 1, within_s))


def test_thousands_of_agents_are_no_trouble() -> None:
    load = Load(20_000 / 180, 180, patience_s=120)
    agents = least_agents(load, EIGHTY_IN_20)
    assert 16_000 < agents < 20_000, "who hangs up need not be answered"
    agents = least_agents(Load(20_000 / 180, 180), EIGHTY_IN_20)
    beta = (agents - 20_000) / math.sqrt(20_000)
    normal = math.exp(-beta * beta / 2) / math.sqrt(2 * math.pi)
    many = 1 / (1 + beta * (1 + math.erf(beta / math.sqrt(2))) / 2 / normal)
    assert erlang_c(Load(20_000 / 180, 180), agents, 20).waiting == pytest.approx(many, rel=0.01), (
        "Halfin and Whitt 1981"
    )
    assert erlang_a(Load(1.0, 180), 10_000, 20).waiting == 0
    assert erlang_a(load, 2_000, 20).abandoned == pytest.approx(0.9, abs=1e-6)


def test_an_overload_is_told_as_what_it_is() -> None:
    found = erlang_c(Load(1, 100), 100, 20)
    assert (found.waiting, found.within, found.asa_s, found.occupancy) == (1, 0, math.inf, 1)


def test_nobody_is_needed_for_no_calls() -> None:
    assert least_agents(Load(0, 180), EIGHTY_IN_20) == 0
    assert erlang_a(Load(0, 180, 60), 3, 20).within == 1


def test_callers_who_hang_up_meet_no_goal_of_answering() -> None:
    """By time alone a large centre may lose every eighth caller."""
    load = Load(1_000_000 / 86_400, 180, patience_s=120)
    quick, answering = least_agents(load, EIGHTY_IN_20), least_agents(load, Goal(0.8, 20, answered=0.95))
    assert erlang_a(load, quick, 20).abandoned > 0.1
    assert erlang_a(load, answering, 20).abandoned <= 0.05
    assert erlang_a(load, answering - 1, 20).abandoned > 0.05


def test_people_to_plan_with_shrinkage() -> None:
    assert with_shrinkage(14, 0.3) == 20
    assert with_shrinkage(7, 0.3) == 10, "7 / 0.7 is 10, whatever the floats say"
    assert with_shrinkage(0, 0.3) == 0
    assert with_shrinkage(5, 0) == 5


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: Load(-1, 180), "calls_per_s = -1"),
        (lambda: Load(1, 0), "handling_s = 0"),
        (lambda: Load(1, math.nan), "handling_s = nan"),
        (lambda: Load(1, 180, 0), "patience_s = 0"),
        (lambda: Load(1e6, 180), "look at the units"),
        (lambda: Goal(80, 20), "share = 80: must be between 0 and 1, 0.8 for 80 %"),
        (lambda: Goal(0.8, -1), "within_s = -1"),
        (lambda: erlang_c(Load(1, 180), 0, 20), "agents = 0: must be from 1"),
        (lambda: erlang_a(Load(1, 180, 60), -3, 20), "agents = -3"),
        (lambda: erlang_b(1, 200_000), "agents = 200000"),
        (lambda: with_shrinkage(3, 1), "shrinkage = 1: must be from 0 to below 1, 0.3 for 30 %"),
    ],
)
def test_bad_input_says_what_and_the_cure(wrong: object, words: str) -> None:
    assert callable(wrong)
    with pytest.raises(BadInput) as told:
        wrong()
    assert words in str(told.value)
