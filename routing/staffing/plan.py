"""How many agents each half hour of a day needs for its goal, and how many people that is on paper; pure."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from routing.erlang import Goal, Load, Outcome, erlang_a, least_agents, with_shrinkage
from routing.staffing.load import HALF_HOUR


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What a plan takes for granted, the same all day: handling, patience, the goal, the share of time people are away.

    `least`: so many agents are there even when nobody is expected to call.
    """

    handling_s: float
    patience_s: float
    goal: Goal
    shrinkage: float
    least: int


@dataclass(frozen=True, slots=True)
class Need:
    """One half hour, which begins at `begin`: calls, erlangs, agents at work, people planned, and what callers meet."""

    begin: dt.datetime
    calls: float
    erlangs: float
    agents: int
    people: int
    outcome: Outcome


def plan(calls: Iterable[tuple[dt.datetime, float]], assumed: Assumptions) -> list[Need]:
    """Return what each half hour needs, each taken as if its load had been there for ever. Raises BadInput.

    So a half hour after a much busier one needs a little more than this says; the simulation shows how much.
    """
    return [_need(begin, number, assumed) for begin, number in calls]


def _need(begin: dt.datetime, calls: float, assumed: Assumptions) -> Need:
    load = Load(calls / HALF_HOUR.total_seconds(), assumed.handling_s, assumed.patience_s)
    agents = max(least_agents(load, assumed.goal), assumed.least)
    people = with_shrinkage(agents, assumed.shrinkage)
    return Need(begin, calls, load.erlangs, agents, people, erlang_a(load, agents, assumed.goal.within_s))
