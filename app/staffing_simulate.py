"""`hotline staffing simulate`: a planned day simulated, as it is and with a change."""

import json
import re
import sys
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from app import staffing_house
from app.staffing_history import History, assumptions, check, day_of, expected, read
from core import policy
from core.clock import SystemClock
from core.config import Settings, load
from core.errors import BadInput, HotlineError
from core.policy import Policy
from routing.scenario import Handling
from routing.simulation import Interval
from routing.staffing.house import staffed
from routing.staffing.plan import plan
from routing.staffing.whatif import Change, Planned, Result, changed, days, differences, factor, intervals

MOST_REPLICATIONS = 1000
FIGURES: dict[str, tuple[str, float, str]] = {
    "calls": ("calls", 1, ""),
    "within": ("answered in time (SL-3)", 100, " %"),
    "asa_s": ("mean wait (ASA)", 1, " s"),
    "abandoned": ("hung up", 100, " %"),
    "sent_away": ("sent away after the longest wait", 100, " %"),
    "occupancy": ("occupancy", 100, " %"),
}
"""What each figure is called, and how it is printed."""


@click.command("simulate")
@click.option("--day", "day_", required=True, metavar="YYYY-MM-DD", help="The day, at the site.")
@click.option("--queue", help="Only callers of this queue.")
@click.option("--calls", metavar="+30%", help="So many more or fewer calls: +30%, -10%, x12.")
@click.option("--agents", type=int, default=0, metavar="-3", help="So many agents more or fewer than planned, all day.")
@click.option("--rule", help="How the agent is picked: longest_idle, least_occupied, best_skill, round_robin.")
@click.option(
    "--skilled", multiple=True, metavar="QUEUE=20", help="Only so many percent of the agents serve this queue."
)
@click.option(
    "--roster",
    is_flag=True,
    help="The people on main duty with their skills, and the queues' own rules, instead of the planned agents.",
)
@click.option("--shrinkage", type=float, help="With --roster: percent of their time in which people are not there.")
@click.option("--target", metavar="80/20", help="What the day is planned for, as in plan.")
@click.option("--asa", type=float, help="As in plan.")
@click.option("--connect", type=float, help="Percent of the callers to be answered at all (default: the policy's).")
@click.option("--aht", type=float, help="Seconds that a call keeps its agent, wrap-up included.")
@click.option("--cv", type=float, help="Their coefficient of variation (default: the policy's).")
@click.option("--patience", type=float, help="Mean seconds after which a waiting caller hangs up (0: never).")
@click.option("--replications", type=click.IntRange(3, MOST_REPLICATIONS), default=20, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed draws the same callers.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def simulate_command(context: click.Context, /, day_: str, queue: str | None, form: str, **given: Any) -> None:
    """Simulate the planned day on the matching of live calls; with a change, side by side with the same callers' luck.

    The agents are those that `plan` asks for in each half hour, shrinkage taken off; with --roster those of the roster.
    """
    settings = context.find_object(Settings) or load(None)
    try:
        rules, day, change = policy.load(settings.site.policy), day_of(day_), _change(given)
        check(rules, given)
        history = read(settings, rules, queue, day, SystemClock().now()).given(given["aht"], given["patience"])
        planned, within_s = _planned(settings, rules, history, day_, given)
        before = _days(planned, Change(), within_s, given)
        after = _days(planned, change, within_s, given) if change != Change() else None
    except HotlineError as error:
        click.echo(f"hotline: {error.message}", err=True)
        sys.exit(1)
    {"text": _text, "json": _json}[form](day_, planned, within_s, given, before, after)


def _change(given: dict[str, Any]) -> Change:
    skilled = {}
    for text in given["skilled"]:
        if not (found := re.fullmatch(r"([^=]+)=(\d+(?:\.\d+)?)%?", text)):
            raise BadInput(f"--skilled {text}: is written english=20 when 20 % of the agents serve the queue english")
        skilled[found[1]] = float(found[2]) / 100
    calls = factor(given["calls"]) if given["calls"] else 1.0
    return Change(calls, given["agents"], given["rule"], skilled)


def _planned(
    settings: Settings, rules: Policy, history: History, day: str, given: dict[str, Any]
) -> tuple[Planned, float]:
    zone, date = settings.site.zone, day_of(day)
    assumed = assumptions(rules, history, given)
    needs = plan(expected(history.days, date, zone), assumed)
    calls = {
        queue: tuple(number for _, number in expected(past, date, zone))
        for queue, past in history.by_queue.items()
        if past
    }
    cv = rules.number("staffing_handling_cv") if given["cv"] is None else given["cv"]
    house = None
    if given["roster"]:
        house = staffing_house.read(settings, rules, date, assumed.shrinkage, SystemClock().now())
    elif given["shrinkage"] is not None:
        raise BadInput("--shrinkage: without --roster the agents are those who are there; leave it out")
    planned = Planned(
        calls,
        staffed(house.crew, len(needs)) if house else tuple(need.agents for need in needs),
        Handling(assumed.handling_s, cv),
        assumed.patience_s,
        rules.number("queue_wait_limit"),
        house,
    )
    return planned, assumed.goal.within_s


def _days(planned: Planned, change: Change, within_s: float, given: dict[str, Any]) -> list[Result]:
    simulated = days(changed(planned, change), within_s, given["seed"], given["replications"])
    with click.progressbar(
        simulated, length=given["replications"], label="simulating", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as shown:
        return list(shown)


def _text(
    day: str, planned: Planned, within_s: float, given: dict[str, Any], before: list[Result], after: list[Result] | None
) -> None:
    patience = f"{planned.patience_s:.0f} s" if planned.patience_s < float("inf") else "endless"
    click.echo(
        f"{day}: {sum(map(sum, planned.calls.values())):.0f} calls expected, {min(planned.agents):g} to"
        f" {max(planned.agents):g} agents; handling {planned.handling.mean_s:.0f} s (cv {planned.handling.cv:g}),"
        f" patience {patience}; answered in time: within {within_s:g} s"
    )
    if planned.house is not None:
        click.echo(
            f"{len(planned.house.crew)} people of the roster, {len(planned.house.rules)} queues by their own rules"
        )
    click.echo(f"{given['replications']} days, seed {given['seed']}; ± is the confidence interval of 95 %")
    heads = ("", "as planned") if after is None else ("", "as planned", "changed", "difference")
    table = Table(*heads, box=None)
    columns = [intervals(before)]
    if after is not None:
        columns += [intervals(after), differences(before, after)]
    for name, (words, times, unit) in FIGURES.items():
        table.add_row(words, *(_told(column[name], times, unit) for column in columns))
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def _told(found: Interval, times: float, unit: str) -> str:
    digits = 0 if not unit else 1
    return f"{times * found.mean:.{digits}f} ± {times * found.half:.{digits}f}{unit}"


def _json(
    day: str, planned: Planned, within_s: float, given: dict[str, Any], before: list[Result], after: list[Result] | None
) -> None:
    whole: dict[str, Any] = {
        "day": day,
        "seed": given["seed"],
        "replications": given["replications"],
        "service_level": {"variant": "SL-3", "within_s": within_s},
        "agents": planned.agents,
        "people": [worker.profile.agent_id for worker in planned.house.crew] if planned.house else None,
        "as_planned": _values(intervals(before)),
    }
    if after is not None:
        whole |= {"changed": _values(intervals(after)), "difference": _values(differences(before, after))}
    click.echo(json.dumps(whole, indent=1))


def _values(found: dict[str, Interval]) -> dict[str, dict[str, float]]:
    return {name: {"mean": round(one.mean, 5), "half_95": round(one.half, 5)} for name, one in found.items()}
