"""How long a simulated day of a million calls takes on one core: drawn callers through the matching of live calls.

A day's shape by half hour, agents by the staffing plan in each half hour, talks lognormal, callers who hang up.
"""

import datetime as dt
import gc
import time

import numpy as np

from routing.erlang import Goal
from routing.rules import Rules
from routing.scenario import HALF_HOUR_S, Handling, Scenario, Stream, draw
from routing.simulation import simulate
from routing.staffing.crew import crew
from routing.staffing.plan import Assumptions, plan

CALLS = 1_000_000
QUICK = 20_000
HANDLING_S, CV, PATIENCE_S = 180.0, 0.8, 120.0
_HOURS = [4, 2, 1, 1, 1, 2, 8, 22, 50, 62, 60, 52, 40, 38, 48, 50, 48, 46, 52, 60, 56, 40, 22, 10]


def run(calls: int = CALLS, seed: int = 95598, quick: bool = False) -> dict[str, float]:
    """Return seconds of the clock and of CPU, for the draw and for the day, and what the day came to."""
    calls = QUICK if quick else calls
    shape = np.interp(np.arange(48) / 2, np.arange(25), [*_HOURS, _HOURS[0]])
    rates = tuple((calls * shape / shape.sum()).tolist())
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assumed = Assumptions(HANDLING_S, PATIENCE_S, Goal(0.8, 20, 15, 0.95), 0.0, 1)
    needs = plan([(begin + dt.timedelta(seconds=n * HALF_HOUR_S), rate) for n, rate in enumerate(rates)], assumed)
    workers = crew([need.agents for need in needs])
    stream = Stream("general", rates, Handling(HANDLING_S, CV), PATIENCE_S)
    scenario = Scenario((stream,), workers, {"general": Rules("general")}, 1200.0)
    started = time.perf_counter()
    chance = draw(scenario, seed)
    drawn = time.perf_counter()
    gc.freeze()
    cpu = time.process_time()
    day = simulate(scenario, chance)
    cpu, took = time.process_time() - cpu, time.perf_counter() - drawn
    told = day.figures
    return {
        "calls": told.offered,
        "agents_at_most": max(need.agents for need in needs),
        "draw_s": round(drawn - started, 2),
        "day_s": round(took, 1),
        "day_cpu_s": round(cpu, 1),
        "cpu_us_per_call": round(1e6 * cpu / told.offered, 1),
        "service_level_20_s": round(told.service_level(20), 4),
        "asa_s": round(told.asa_s(), 2),
        "abandoned": round(told.abandoned(), 4),
        "occupancy": round(day.occupancy(), 4),
    }
