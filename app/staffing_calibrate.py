"""`hotline staffing calibrate`: how far the told waiting times were off, from the journal of some days."""

import datetime as dt
import json
import sys
from collections.abc import Iterator

import click
from sqlalchemy import Connection, select

from app.staffing_history import day_of, reading
from core import policy
from core.config import Settings, load
from core.errors import BadInput, HotlineError
from core.events import Event, from_data
from core.journal import journal_table
from routing.calibration import KINDS, Calibration, calibration, replayed, to_data

AT_A_TIME = 5_000
WORDS = {
    "callers": "callers who waited",
    "answered": "of them answered",
    "mean_wait_s": "mean wait of these, s",
    "error_p50_s": "error of half of them up to, s",
    "error_p90_s": "error of nine of ten up to, s",
    "waited_less_than_p50_percent": "waited less than the P50, % (50 is right)",
    "waited_less_than_p90_percent": "waited less than the P90, % (90 is right)",
}


@click.command("calibrate")
@click.option("--from", "from_", required=True, metavar="YYYY-MM-DD", help="The first day, at the site.")
@click.option("--to", "to", metavar="YYYY-MM-DD", help="The last day (default: the same).")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def calibrate_command(context: click.Context, /, from_: str, to: str | None, form: str) -> None:
    """Print how far the waiting times told to callers were off, and those that the same model would tell today."""
    settings = context.find_object(Settings) or load(None)
    try:
        first, last = day_of(from_), day_of(to or from_)
        if last < first:
            raise BadInput(f"--to {last} is before --from {first}")
        told, again = _figures(settings, first, last)
    except HotlineError as error:
        click.echo(f"hotline: {error.message}", err=True)
        sys.exit(1)
    if form == "json":
        click.echo(json.dumps({"told": to_data(told), "again": to_data(again)}, indent=1))
        return
    for title, found in (("as told to callers", told), ("as the model says when run again", again)):
        click.echo(f"{title}:" if found else f"{title}: too few callers")
        for name, value in (to_data(found) or {}).items():
            click.echo(f"  {WORDS[name]}: {value}")


def _figures(settings: Settings, first: dt.date, last: dt.date) -> tuple[Calibration | None, Calibration | None]:
    zone, rules = settings.site.zone, policy.load(settings.site.policy)
    begin = dt.datetime.combine(first, dt.time(), zone)
    end = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), zone)
    begins_with = rules.number("staffing_handling"), rules.number("staffing_patience")
    done = reading(settings, lambda connection: replayed(_events(connection, begin, end), *begins_with))
    if not done.again and not done.told:
        raise BadInput(f"nobody waited for a person from {first} to {last}")
    return calibration(done.told), calibration(done.again)


def _events(connection: Connection, begin: dt.datetime, end: dt.datetime) -> Iterator[Event]:
    """Yield what is read, in order, a piece at a time."""
    columns, names, after = journal_table.c, [kind.__name__ for kind in KINDS], 0
    query = select(columns.seq, columns.at, columns.event, columns.data)
    query = query.where(columns.event.in_(names), columns.at >= begin, columns.at < end).order_by(columns.seq)
    while rows := connection.execute(query.where(columns.seq > after).limit(AT_A_TIME)).all():
        yield from (from_data(row.event, row.at, row.data) for row in rows)
        after = rows[-1].seq
