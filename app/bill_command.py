"""`hotline bill …`: bills reckoned from readings, explained, compared with those issued, and on other terms."""

import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import click
from sqlalchemy.exc import DBAPIError

from app import bill_batch, bill_text
from app.import_cells import BadCell, Row
from core import policy
from core.clock import SystemClock
from core.config import Settings, load
from core.db import Database
from core.errors import BadInput, Unavailable
from desk.billing import explained, explained_speech, paper, what_if
from desk.billing.explanation import Explained
from desk.billing.reckoning import Reckoned
from desk.billing.service import BillService, NoReadings
from desk.billing.step_words import Language, rows
from desk.billing.supply import BasicKind, BillRefused

T = TypeVar("T")
FORMATS = ("text", "lines", "speech", "message", "json", "pdf")
FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
SHOWN = 1000
"""Problems and differences printed of each kind; the rest is counted."""


@click.group("bill")
def bill_group() -> None:
    """Bills: import readings, explain, compare with those issued, what-if."""


class _Number(click.ParamType[Decimal]):
    """A finite number of no more digits than a meter or a bill has."""

    name = "number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        if isinstance(value, Decimal):
            return value
        if not re.fullmatch(r"-?[0-9]{1,12}(?:\.[0-9]{1,8})?", str(value), re.ASCII):
            self.fail(f"{value!r} is not a number like 0.95", param, ctx)
        return Decimal(str(value))


NUMBER = _Number()


class _Month(click.ParamType[date]):
    """A month as imports accept it: 2026-10, 2026/10 or 202610."""

    name = "month"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return value if isinstance(value, date) else Row(0, {"period": str(value)}).month("period")
        except BadCell as error:
            self.fail(f"{value!r}: {error.why}; {error.cure}", param, ctx)


MONTH = _Month()


def _settings(context: click.Context) -> Settings:
    return context.find_object(Settings) or load(None)


def _ask(settings: Settings, work: Callable[[BillService], Awaitable[T]]) -> T:
    async def run() -> T:
        db = Database(settings.database_url)
        rules = policy.load(settings.site.policy)
        try:
            return await work(BillService(db, SystemClock(), settings.site.zone, rules, settings.site.tariffs))
        except DBAPIError as error:
            cure = "run `hotline db upgrade`, or start the service or the demo once, and import your bills"
            raise Unavailable(f"the database cannot be used: {error.orig}; {cure}") from None
        finally:
            await db.close()

    return asyncio.run(run())


@bill_group.command("import")
@click.option("--terms", type=FILE, required=True, help="CSV: points, tariffs and terms of each account.")
@click.option("--readings", type=FILE, required=True, help="CSV: readings, one register a row.")
@click.option("--dry-run", is_flag=True, help="Reckon and compare, keep nothing.")
@click.option("--encoding", default="auto", show_default=True, type=click.Choice(["auto", "utf-8-sig", "gb18030"]))
@click.pass_context
def import_command(context: click.Context, terms: Path, readings: Path, *, dry_run: bool, encoding: str) -> None:
    """Import readings, reckon each bill, and list where those issued differ (columns: docs/reference/billing.md).

    An account whose rows or readings cannot be used is listed with the cure; the others go on.
    """
    done = bill_batch.run(_settings(context), terms, readings, keep=not dry_run, encoding=encoding)
    for told in (done.problems, done.warnings, done.refused, done.differences):
        _list([str(one) for one in told])
    kept = "" if dry_run else ", kept"
    click.echo(
        f"{_many(done.reckoned, 'bill')} reckoned{kept}; {_many(len(done.problems), 'bad row')}, "
        f"{_many(len(done.warnings), 'warning')}, {len(done.refused)} refused, "
        f"{done.compared} compared with issued bills, {_differ(len(done.differences))}"
    )
    sys.exit(1 if done.problems or done.refused or done.differences else 0)


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _differ(count: int) -> str:
    return "1 figure differs" if count == 1 else f"{count} figures differ"


def _list(told: list[str]) -> None:
    for one in told[:SHOWN]:
        click.echo(one, err=True)
    if len(told) > SHOWN:
        click.echo(f"… and {len(told) - SHOWN} more", err=True)


@bill_group.command("explain")
@click.option("--account", required=True, metavar="NUMBER")
@click.option("--period", type=MONTH, required=True, metavar="YYYY-MM")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--language", type=click.Choice(["zh-CN", "en"]), help="[default: that of the site]")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
@click.pass_context
def explain_command(
    context: click.Context, account: str, period: date, form: str, language: Language | None, out: Path | None
) -> None:
    """Tell how each cent of a bill came about, why it changed, and what is odd about it."""
    settings = _settings(context)
    if form == "pdf" and out is None and sys.stdout.isatty():
        raise click.UsageError("a PDF cannot be shown on a terminal: name a file with --out")
    chosen: Language = language or settings.site.language
    found = _ask(settings, lambda bills: _explained(bills, account, period))
    if found.bill is None and form != "text":
        assert found.refused is not None
        raise found.refused.put_in(chosen)
    made = _made(found, form, chosen, settings)
    if out is None:
        sys.stdout.buffer.write(made)
    else:
        _write(out, made)
    if found.refused is not None:
        raise found.refused.put_in(chosen)


async def _explained(bills: BillService, account: str, month: date) -> Explained:
    try:
        return await bills.explained(account, month)
    except NoReadings:
        known = await bills.supplies(account, month)
        last = f"the last before it are of {known[-1].period:%Y-%m}" if known else "nor of the year before it"
        cure = "check number and month, or import them (`hotline bill import`)"
        raise NoReadings(f"account {account} has no readings of {month:%Y-%m}, {last}; {cure}") from None


def _write(out: Path, made: bytes) -> None:
    try:
        out.write_bytes(made)
    except OSError as error:
        raise BadInput(f"--out {out}: cannot be written ({error.strerror}): name another file") from None
    click.echo(f"{out} written", err=True)


def _made(found: Explained, form: str, language: Language, settings: Settings) -> bytes:
    if form == "pdf":
        today = SystemClock().now().astimezone(settings.site.zone).date()
        return paper.pdf(found, site=settings.site.name, language=language, today=today)
    bill = found.bill
    if bill is None:
        return ("\n".join(explained.odd(found.odd, language)) + "\n").encode()
    ways: dict[str, Callable[[Reckoned], str]] = {
        "text": lambda one: bill_text.text(found, one, language, deep=True),
        "lines": lambda one: bill_text.text(found, one, language, deep=False),
        "message": lambda one: explained.message(one, found.last_month),
        "speech": lambda one: _speech(found, one, language),
        "json": lambda one: json.dumps(_json(found, one, language), ensure_ascii=False, indent=1),
    }
    return (ways[form](bill) + "\n").encode()


def _speech(found: Explained, bill: Reckoned, language: Language) -> str:
    say = explained_speech.english if language == "en" else explained_speech.bill
    return "\n".join(one.text for one in say(bill, found.last_month))


def _json(found: Explained, bill: Reckoned, language: Language) -> dict[str, object]:
    return {
        "steps": [asdict(row) for row in explained.tree(bill, language)],
        "late_fee": [asdict(row) for row in rows(found.late_fee, language)] if found.late_fee else [],
        "owed": [asdict(row) for row in rows(found.owed.total, language)] if found.owed else [],
        "last_month": [asdict(row) for row in explained.causes(found.last_month, language)] if found.last_month else [],
        "last_year": [asdict(row) for row in explained.causes(found.last_year, language)] if found.last_year else [],
        "odd": explained.odd(found.odd, language),
        "differences": [str(one) for one in found.differences],
    }


@bill_group.command("what-if")
@click.option("--account", required=True, metavar="NUMBER")
@click.option(
    "--period", type=MONTH, required=True, metavar="YYYY-MM", help="The last of the months that are reckoned anew."
)
@click.option("--months", default=12, show_default=True, type=click.IntRange(1, 24))
@click.option("--contract", type=NUMBER, metavar="KW", help="Another contract demand.")
@click.option("--basic", type=click.Choice([one.value for one in BasicKind]), help="The basic charge by this.")
@click.option("--power-factor", type=NUMBER, metavar="0.95", help="The power factor brought to this.")
@click.option("--to-valley", type=NUMBER, metavar="SHARE", help="A share (0 to 1) of the peak used in the valley.")
@click.option("--people", type=click.IntRange(1, 99), metavar="N", help="So many people in the household.")
@click.option("--poor", is_flag=True, help="The household has the free kWh of a poor one.")
@click.option("--language", type=click.Choice(["zh-CN", "en"]), help="[default: that of the site]")
@click.pass_context
def what_if_command(
    context: click.Context,
    *,
    account: str,
    period: date,
    months: int,
    contract: Decimal | None,
    basic: str | None,
    power_factor: Decimal | None,
    to_valley: Decimal | None,
    people: int | None,
    poor: bool,
    language: Language | None,
) -> None:
    """Tell what an account would have paid on other terms or with other habits, and the effect of a year."""
    if sum(one is not None for one in (contract, basic, power_factor, to_valley, people, poor or None)) != 1:
        raise click.UsageError("give one of --contract, --basic, --power-factor, --to-valley, --people, --poor")
    settings = _settings(context)

    async def work(bills: BillService) -> what_if.Effect:
        change: what_if.Change
        supplies = await bills.supplies(account, period, months)
        if not supplies:
            raise BadInput(
                f"account {account} has no readings until {period:%Y-%m}: import them (`hotline bill import`)"
            )
        book = bills.book_of(supplies[-1])
        if contract is not None:
            change = what_if.contract(contract)
        elif basic is not None:
            change = what_if.basic_by(BasicKind(basic))
        elif power_factor is not None:
            change = what_if.power_factor(power_factor, book)
        elif to_valley is not None:
            change = what_if.moved(to_valley)
        else:
            change = what_if.poor(yes=True) if people is None else what_if.people(people)
        return what_if.effect(supplies, change, book)

    chosen: Language = language or settings.site.language
    try:
        click.echo(bill_text.effect(_ask(settings, work), period, chosen))
    except BillRefused as refused:
        raise refused.put_in(chosen) from None
