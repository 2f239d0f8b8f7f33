"""Days of readings that look wrong: in no bill, in two bills, or ended a day early; told, and billed as they stand."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from app.terms_file import Problem
from desk.billing.supply import Supply

DAY = timedelta(days=1)
Lines = Mapping[tuple[str, date], int]
"""The first line of the readings file that tells of an account and month."""


def doubtful(file: str, own: Sequence[Supply], stored: Mapping[date, Supply], lines: Lines) -> Iterator[Problem]:
    """Yield what is odd about the days of an account's bills in a file, beside each other and those stored before."""
    short = {one.period for one in own if _month_end(one)}
    for one in own:
        if one.period in short:
            yield Problem(file, lines[one.account, one.period], _ends_early(one))
    known = {**stored, **{one.period: one for one in own}}
    for before, after in pairwise(sorted(known.values(), key=lambda one: (one.since, one.until))):
        told = _beside(before, after, lines)
        if told and not (before.period in short and after.since == before.until + DAY):
            line = lines.get((after.account, after.period)) or lines[before.account, before.period]
            yield Problem(file, line, told)


def _month_end(one: Supply) -> bool:
    """Whether it ends on the last day of a month; readings taken at every month's end begin on one, too."""
    return (one.until + DAY).day == 1 and (one.since + DAY).day != 1


def _ends_early(one: Supply) -> str:
    return (
        f"warning: {_who(one)}: until = {one.until}: the last day of a month, which is billed without it, as `until` "
        f"is the day after the last; write {one.until + DAY} if the readings go to the end of the month"
    )


def _beside(before: Supply, after: Supply, lines: Lines) -> str:
    """What is wrong between two bills that follow each other; empty where nothing is or the file has neither."""
    new = [one for one in (before, after) if (one.account, one.period) in lines]
    if not new or before.until == after.since:
        return ""
    days = abs((after.since - before.until).days)
    many = "1 day" if days == 1 else f"{days} days"
    ends = f"{before.period:%Y-%m} ends before {before.until}, {after.period:%Y-%m} begins on {after.since}"
    if before.until < after.since:
        cure = f"correct `until` of {before.period:%Y-%m} or `from` of {after.period:%Y-%m}, or import what is missing"
        return f"warning: {_who(new[-1])}: {ends}: {many} in no bill; {cure}"
    cure = f"correct `until` of {before.period:%Y-%m} or `from` of {after.period:%Y-%m} and import it again"
    return f"warning: {_who(new[-1])}: {ends}: {many} in both bills; {cure}"


def _who(one: Supply) -> str:
    meters = [point.id for point in one.points if point.meter is not None]
    named = f", meter {', '.join(meters)}" if meters else ""
    return f"account {one.account}{named}, {one.period:%Y-%m}"
