"""The house of a day: people of the roster at their turns, away by shrinkage, and the queues' own rules, simulated."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.model import Qualification
from agents.shifts.model import Duty, Kind
from core.errors import BadInput
from routing.rules import Rules
from routing.scenario import Handling, Worker, draw
from routing.simulation import simulate
from routing.skills import Need, Profile
from routing.staffing.crew import crew
from routing.staffing.house import House, on_duty, staffed
from routing.staffing.whatif import Change, Planned, changed, days

pytestmark = pytest.mark.unit

BEGIN = datetime(2026, 12, 1, tzinfo=UTC)
DAY_S = 86_400.0


def duty(who: str, first_h: float, last_h: float, kind: Kind = Kind.MAIN) -> Duty:
    first, last = (BEGIN + timedelta(hours=hour) for hour in (first_h, last_h))
    return Duty(agent_id=who, day=date(2026, 12, 1), shift=f"{who}{first_h}", kind=kind, begins=first, ends=last)


def test_people_work_in_their_turns_of_that_day_and_backups_do_not() -> None:
    can = {"anna": Qualification({"english": 3}, frozenset({"main"}))}
    found = on_duty(
        [duty("anna", 8, 12), duty("bert", -2, 6), duty("carl", 9, 17, Kind.BACKUP), duty("anna", 13.25, 26)],
        can,
        BEGIN,
        48,
        0.0,
    )
    assert found == (
        Worker(Profile("bert"), ((0.0, 6 * 3600.0),)),
        Worker(
            Profile("anna", {"english": 3}, frozenset({"main"})), ((8 * 3600.0, 12 * 3600.0), (13.25 * 3600.0, DAY_S))
        ),
    )
    assert staffed(found, 48)[15:18] == (0.0, 1.0, 1.0)
    assert staffed(found, 48)[26] == 0.5, "from a quarter past one"


@given(st.integers(1, 60), st.floats(0, 0.9), st.integers(0, 47), st.integers(1, 48))
def test_in_each_half_hour_the_share_of_shrinkage_is_away_and_others_each_time(
    people: int, shrinkage: float, first: int, length: int
) -> None:
    duties = [duty(f"p{n:02}", first / 2, (first + length) / 2) for n in range(people)]
    found = on_duty(duties, {}, BEGIN, 48, shrinkage)
    there = staffed(found, 48)[first : first + length]
    assert all(abs(number - people * (1 - shrinkage)) <= 1 for number in there)
    for worker in found:
        for begin, end in worker.spans:
            assert first * 1800 <= begin < end <= min((first + length) * 1800, DAY_S)


def test_nobody_on_duty_is_told_with_the_cure() -> None:
    with pytest.raises(BadInput, match="nobody is on main duty on 2026-12-01: import the roster of that day first"):
        on_duty([duty("carl", 9, 17, Kind.BACKUP), duty("anna", 30, 40)], {}, BEGIN, 48, 0.3)


def planned(house: House | None, agents: int = 12) -> Planned:
    return Planned({"general": (30.0,) * 48}, (agents,) * 48, Handling(300.0, 1.2), 120.0, 600.0, house)


def everybody(number: int, **can: int) -> tuple[Worker, ...]:
    return tuple(Worker(Profile(f"agent{n + 1:05}", can), ((0.0, DAY_S),)) for n in range(number))


def test_a_house_in_which_all_are_alike_is_the_planned_day_to_the_last_caller() -> None:
    house = House(everybody(12), {"general": Rules("general")}, 1200.0, {})
    assert crew((12,) * 48) == everybody(12)
    for change in (Change(), Change(calls=1.3), Change(strategy="round_robin")):
        assert list(days(changed(planned(house), change), 20.0, 7, 3)) == list(
            days(changed(planned(None), change), 20.0, 7, 3)
        )


@given(st.integers(2, 40), st.integers(-39, 20))
def test_agents_more_or_fewer_are_picked_evenly_and_like_those_there(number: int, more: int) -> None:
    half = [Worker(Profile(f"a{n:02}", {"english": 1} if n % 2 else {}), ((0.0, DAY_S),)) for n in range(number)]
    house = House(tuple(half), {}, 1200.0, {})
    if number + more <= 0:
        with pytest.raises(BadInput, match=f"--agents {more}: the roster has {number} people"):
            house.with_agents(more)
        return
    now = house.with_agents(more).crew
    assert len(now) == number + more
    assert len({one.profile.agent_id for one in now}) == number + more
    if more >= 0:
        assert now[:number] == house.crew


def test_the_queues_own_rules_and_what_callers_need_decide_who_answers() -> None:
    """Two of six speak English; two fifths of the callers need it, and wait longer than the rest."""
    people = (*everybody(4), *(Worker(Profile(f"e{n}", {"english": 3}), ((0.0, DAY_S),)) for n in range(2)))
    house = House(
        people, {"general": Rules("general", Need())}, 1200.0, {"general": (((), 0.6), ((("english", 2),), 0.4))}
    )
    scenario = changed(Planned({"general": (18.0,) * 48}, (6,) * 48, Handling(300.0), 300.0, 600.0, house), Change())
    assert [(stream.skills, stream.calls[0]) for stream in scenario.streams] == [
        ((), pytest.approx(10.8)),
        ((("english", 2),), pytest.approx(7.2)),
    ]
    day = simulate(scenario, draw(scenario, 1))
    needy = day.draw.stream == 1
    assert np.nanmean(day.wait[needy]) > 3 * np.nanmean(day.wait[~needy])
    with pytest.raises(BadInput, match="with --roster agents have the skills that they have"):
        changed(planned(house), Change(skilled={"general": 0.5}))
