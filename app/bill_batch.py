"""A batch of bills: readings imported, reckoned, kept, and compared with those of the utility's own system."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, select
from sqlalchemy.exc import OperationalError

from app.readings_days import doubtful
from app.readings_file import Files, read
from app.terms_file import Problem
from app.terms_tariffs import unknown
from core.config import Settings
from core.db import open_engine
from core.errors import Unavailable
from desk.billing import store, supply_store
from desk.billing.explanation import Difference, Records, book_of, differences, prepared
from desk.billing.model import Bill
from desk.billing.reckoning import Reckoned, reckon_bill
from desk.billing.service import MONTHS_KNOWN
from desk.billing.supply import BillRefused, Supply
from desk.customers.tables import accounts

ROWS = 500
"""Supplies in one transaction: short enough for a running service to write in between."""
BESIDE = timedelta(days=92)
"""How far before and after a file's months those are looked for that its days must fit: a bill may be of a quarter."""


@dataclass(slots=True)
class Outcome:
    """What a batch has done; `problems` are rows that cannot be read, `refused` bills that cannot be reckoned.

    `warnings`: bills whose days look wrong, reckoned as they stand.
    """

    reckoned: int = 0
    compared: int = 0
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    refused: list[BillRefused] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is imported, from which file of readings, and what has come of it."""

    settings: Settings
    file: str
    found: Files
    done: Outcome


def run(settings: Settings, terms: Path, readings: Path, *, keep: bool, encoding: str = "auto") -> Outcome:
    """Import, reckon and compare. Raises UnusableFile, ConfigError, Unavailable when the database cannot be used."""
    found = read(terms, readings, encoding)
    done = Outcome(problems=found.problems)
    by_account: dict[str, list[Supply]] = defaultdict(list)
    for one in sorted(found.supplies, key=lambda supply: supply.period):
        by_account[one.account].append(one)
    done.problems += unknown(str(terms), found.terms, by_account, settings.site.tariffs)
    batch = _Batch(settings, str(readings), found, done)
    engine = open_engine(settings.database_url)
    try:
        groups = iter(by_account.items())
        while part := list(islice(groups, ROWS)):
            with engine.begin() as connection:
                _part(connection, batch, part, keep=keep)
    except OperationalError as error:
        cure = "run it again (what was read before is kept); on a new database run `hotline db upgrade` first"
        raise Unavailable(f"the database cannot be used: {error.orig}; {cure}") from None
    finally:
        engine.dispose()
    _sort(done)
    return done


def _sort(done: Outcome) -> None:
    """Put what is told in the order of the files, or of accounts and months."""
    for rows in (done.problems, done.warnings):
        rows.sort(key=lambda one: (one.file, one.line))
    done.refused.sort(key=lambda one: (str(one.details.get("account", "")), str(one.details.get("period", ""))))
    done.differences.sort(key=lambda one: (one.account, one.period))


def _part(connection: Connection, batch: _Batch, part: Sequence[tuple[str, list[Supply]]], *, keep: bool) -> None:
    done = batch.done
    known = _known(connection, [account for account, _ in part])
    kept: list[Supply] = []
    for account, supplies in part:
        if account not in known:
            done.refused.append(BillRefused.of("no_such_account", account))
            continue
        for bill, issued in _account(connection, batch, account, supplies):
            done.reckoned += 1
            if issued is not None:
                done.compared += 1
                done.differences += differences(bill, issued)
        kept += supplies
    if keep:
        # Written at once and last: a database of one writer is held for moments, not for the time of reckoning.
        supply_store.save(connection, sorted(kept, key=lambda one: (one.account, one.period)))


def _known(connection: Connection, numbers: Sequence[str]) -> set[str]:
    rows = connection.execute(select(accounts.c.number).where(accounts.c.number.in_(numbers)))
    return {row.number for row in rows}


def _account(
    connection: Connection, batch: _Batch, account: str, supplies: Sequence[Supply]
) -> Iterator[tuple[Reckoned, Bill | None]]:
    """Reckon the months of an account in order; each counts what was used before it in its year."""
    site, done = batch.settings.site, batch.done
    issued = {bill.period: bill for bill in store.of_account(connection, account, MONTHS_KNOWN)}
    first, last = supplies[0].period, supplies[-1].period
    since = min(date(first.year, 1, 1), first - BESIDE)
    stored = supply_store.of_account(connection, account, since, last + BESIDE)
    done.warnings += doubtful(batch.file, supplies, stored, batch.found.lines)
    records = Records({**stored, **{one.period: one for one in supplies}}, issued)
    for one in supplies:
        ready = prepared(records, one.period, site.tariffs)
        assert ready is not None
        try:
            yield reckon_bill(ready, book_of(ready, site.tariffs)), issued.get(one.period)
        except BillRefused as refused:
            done.refused.append(refused)
