"""`hotline staffing …`: how many agents a day needs, and what would be if."""

import csv
import datetime as dt
import json
import math
import sys
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from app.staffing_calibrate import calibrate_command
from app.staffing_history import History, assumptions, check, day_of, expected, read
from app.staffing_simulate import simulate_command
from core import policy
from core.clock import SystemClock
from core.config import Settings, load
from core.errors import HotlineError
from routing.staffing.load import Errors, backtest, forecast, kind, seasonal_naive
from routing.staffing.plan import Assumptions, Need, plan

BACKTEST_DAYS = 28
LEAST_FOR_BACKTEST = 15
"""Two weeks before the first day that is tried."""
VARIANT = "SL-3"
"""Which formula of the service level the plan's share is (specification of the figures)."""
COLUMNS = ("begin", "calls", "erlangs", "agents", "people", "service_level", "asa_s", "abandoned", "occupancy")


@click.group("staffing")
def staffing_group() -> None:
    """How many agents a day needs, and what would be if."""


staffing_group.add_command(simulate_command)
staffing_group.add_command(calibrate_command)


@staffing_group.command("plan")
@click.option("--day", "day_", required=True, metavar="YYYY-MM-DD", help="The day to plan, at the site.")
@click.option("--queue", help="Only callers of this queue (default: all together, as if every agent served all).")
@click.option("--target", metavar="80/20", help="Share of callers in percent, answered within so many seconds.")
@click.option("--asa", type=float, help="Longest mean wait in seconds (default: the policy's; 0: no limit).")
@click.option("--connect", type=float, help="Percent of the callers to be answered at all (default: the policy's).")
@click.option("--aht", type=float, help="Seconds that a call keeps its agent, wrap-up included.")
@click.option("--patience", type=float, help="Mean seconds after which a waiting caller hangs up (0: never, Erlang C).")
@click.option("--shrinkage", type=float, help="Percent of paid time in which people are not there.")
@click.option("--format", "form", type=click.Choice(["text", "csv", "json"]), default="text", show_default=True)
@click.pass_context
def plan_command(context: click.Context, /, day_: str, queue: str | None, form: str, **given: Any) -> None:
    """Print calls, agents and people for each half hour of a day, from what the days before brought."""
    settings = context.find_object(Settings) or load(None)
    rules = policy.load(settings.site.policy)
    try:
        day = day_of(day_)
        check(rules, given)
        history = read(settings, rules, queue, day, SystemClock().now()).given(given["aht"], given["patience"])
        assumed = assumptions(rules, history, given)
        needs = plan(expected(history.days, day, settings.site.zone), assumed)
    except HotlineError as error:
        click.echo(f"hotline: {error.message}", err=True)
        sys.exit(1)
    {"text": _text, "csv": _csv, "json": _json}[form](day, history, assumed, needs)


def _errors(history: History) -> tuple[Errors, Errors] | None:
    if len(history.days) < LEAST_FOR_BACKTEST:
        return None
    last = min(BACKTEST_DAYS, len(history.days) - LEAST_FOR_BACKTEST + 1)
    return backtest(history.days, forecast, last), backtest(history.days, seasonal_naive, last)


def _text(day: dt.date, history: History, assumed: Assumptions, needs: list[Need]) -> None:
    goal = assumed.goal
    for line in _heading(day, history, assumed):
        click.echo(line)
    heads = ("half hour", "calls", "erlangs", "agents", "people", VARIANT, "ASA", "abandon", "occupancy")
    table = Table(box=None)
    for name in heads:
        table.add_column(name, justify="left" if name == heads[0] else "right")
    for need in needs:
        out = need.outcome
        shares = (f"{100 * out.within:.0f} %", f"{out.asa_s:.0f} s", f"{100 * out.abandoned:.1f} %")
        numbers = (f"{need.calls:.1f}", f"{need.erlangs:.2f}", str(need.agents), str(need.people))
        table.add_row(f"{need.begin:%H:%M}", *numbers, *shares, f"{100 * out.occupancy:.0f} %")
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    calls, hours = sum(need.calls for need in needs), sum(need.agents for need in needs) / 2
    paid = sum(need.people for need in needs) / 2
    click.echo(f"in all {calls:.0f} calls, {hours:g} hours of agents at work, {paid:g} hours paid")
    click.echo(f"{VARIANT}: share of all callers who are answered within {goal.within_s:g} s")


def _heading(day: dt.date, history: History, assumed: Assumptions) -> list[str]:
    goal, handling, patience = assumed.goal, history.handling, history.patience
    limit = f", {100 * goal.answered:g} % at all"
    if math.isfinite(goal.asa_s):
        limit += f", mean wait at most {goal.asa_s:g} s"
    waits = "nobody hangs up (Erlang C)" if math.isinf(patience.seconds) else f"{patience.seconds:.0f} s (Erlang A)"
    return [
        f"{day:%A} {day}, {kind(day)} day; queue {history.queue or 'all'}; told from {len(history.days)} days",
        f"goal {100 * goal.share:g} % within {goal.within_s:g} s{limit}; shrinkage {100 * assumed.shrinkage:g} %",
        f"handling {handling.seconds:.0f} s ({handling.source}); patience {waits} ({patience.source})",
        _told_error(history),
    ]


def _told_error(history: History) -> str:
    if (found := _errors(history)) is None:
        return f"error of the forecast: not known with fewer than {LEAST_FOR_BACKTEST} days"
    ours, naive = found
    return (
        f"error of the forecast on the last {ours.days} days: {100 * ours.half_hours:.0f} % by half hour,"
        f" {100 * ours.totals:.0f} % by day (the week before taken over: {100 * naive.half_hours:.0f} and"
        f" {100 * naive.totals:.0f} %)"
    )


def _row(need: Need) -> dict[str, Any]:
    out = need.outcome
    values = (
        need.begin.isoformat(),
        round(need.calls, 2),
        round(need.erlangs, 3),
        need.agents,
        need.people,
        round(out.within, 4),
        round(out.asa_s, 2) if math.isfinite(out.asa_s) else None,
        round(out.abandoned, 4),
        round(out.occupancy, 4),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _csv(day: dt.date, history: History, assumed: Assumptions, needs: list[Need]) -> None:
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_row(need) for need in needs)


def _json(day: dt.date, history: History, assumed: Assumptions, needs: list[Need]) -> None:
    found, goal = _errors(history), assumed.goal
    whole = {
        "day": day.isoformat(),
        "kind": kind(day),
        "queue": history.queue,
        "days_known": len(history.days),
        "service_level": {"variant": VARIANT, "share": goal.share, "within_s": goal.within_s},
        "asa_limit_s": _number(goal.asa_s),
        "connect_share": goal.answered,
        "handling_s": {"value": history.handling.seconds, "source": history.handling.source},
        "patience_s": {"value": _number(history.patience.seconds), "source": history.patience.source},
        "shrinkage": assumed.shrinkage,
        "forecast_error": found
        and {"days": found[0].days, "half_hours": found[0].half_hours, "whole_days": found[0].totals},
        "half_hours": [_row(need) for need in needs],
    }
    click.echo(json.dumps(whole, ensure_ascii=False, indent=1))


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
