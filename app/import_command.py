"""`hotline import …`: your own customers, accounts, bills, payments, outages and roster out of CSV files."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import OperationalError

from app import import_file
from app.import_cells import BadCell, Row
from app.import_payments import PAYMENTS
from app.import_roster import ROSTER
from app.import_tables import TABLES, ImportTable, Item, Setting, hash_pins
from app.lists import shifts_of
from core import policy
from core.config import Settings, load
from core.db import open_engine
from core.errors import HotlineError, Unavailable

BATCH = 2000
"""Rows in one transaction: short enough for a running service to write in between."""
SHOWN = 1000
"""Bad rows printed; the rest is counted."""
PLAIN_STEP = 10_000
"""Rows between two lines of progress where there is no terminal."""
HASHERS = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line, in words that say where and how to cure it."""

    line: int
    what: str


@dataclass(slots=True)
class Outcome:
    """What an import has done so far."""

    imported: int = 0
    problems: list[Problem] = field(default_factory=list)


class DatabaseUnusable(Unavailable):
    """The database cannot be imported into."""

    code = "database_unusable"


class _TakenBack(Exception):
    """Some row is bad and none shall be imported: the transaction is rolled back."""


@click.group("import")
def import_group() -> None:
    """Import customers, accounts, bills, payments, outages, the roster from CSV (columns: docs/how-to/import.md)."""


def _command(table: ImportTable) -> click.Command:
    def run(context: click.Context, file: Path, all_or_nothing: bool, encoding: str) -> None:
        settings = _settings(context)
        try:
            outcome = import_rows(table, file, settings, whole=all_or_nothing, encoding=encoding, report=_progress)
        except HotlineError as error:
            click.echo(f"hotline: {error.message}", err=True)
            sys.exit(1)
        _tell(table, file, outcome, whole=all_or_nothing or table.whole)
        sys.exit(1 if outcome.problems else 0)

    command = click.pass_context(run)
    command = click.option(
        "--encoding",
        type=click.Choice(["auto", *import_file.ENCODINGS]),
        default="auto",
        show_default=True,
        help="How the file is encoded.",
    )(command)
    command = click.option("--all-or-nothing", is_flag=True, help="Import no row when any row is bad.")(command)
    kind = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
    command = click.argument("file", type=kind)(command)
    summary = f"Import {table.name}; rows that are there already are replaced. Columns: {', '.join(table.columns)}."
    return click.command(table.name, help=summary)(command)


for _table in (*TABLES.values(), PAYMENTS, ROSTER):
    import_group.add_command(_command(_table))


def _settings(context: click.Context) -> Settings:
    """Those that the command line has loaded, else `hotline.toml` of this directory, else the defaults."""
    file = Path("hotline.toml")
    return context.find_object(Settings) or load(file if file.is_file() else None)


Report = Callable[[Iterator[Sequence[Row | tuple[int, str]]], int], Iterable[Sequence[Row | tuple[int, str]]]]
"""Passes batches through and shows how far they have come, given about how many rows there are."""


def import_rows(
    table: ImportTable,
    file: Path,
    settings: Settings,
    *,
    whole: bool = False,
    encoding: str = "auto",
    report: Report = lambda batches, _rows: batches,
) -> Outcome:
    """Import a file into the database of `settings`; with `whole` no row unless all are good.

    Raises UnusableFile, or DatabaseUnusable when there is none, it has no tables, or it goes away meanwhile.
    """
    setting = Setting(settings.site.zone, policy.load(settings.site.policy), shifts_of(settings.site))
    chosen = import_file.detect(file) if encoding == "auto" else encoding
    batches = report(_batches(import_file.rows(file, table, chosen)), import_file.count_rows(file))
    engine = open_engine(settings.database_url)
    try:
        _check_tables(engine)
        work = _import_whole if whole or table.whole else _import_good
        return work(engine, table, (_parsed(batch, table, setting) for batch in batches))
    except OperationalError as error:
        raise DatabaseUnusable(f"the database cannot be used: {error.orig}; the import may be run again") from None
    finally:
        engine.dispose()


def _batches(found: Iterator[Row | tuple[int, str]]) -> Iterator[list[Row | tuple[int, str]]]:
    while batch := list(islice(found, BATCH)):
        yield batch


Parsed = tuple[list[Item], list[Problem], Mapping[str, str]]


def _parsed(batch: Sequence[Row | tuple[int, str]], table: ImportTable, setting: Setting) -> Parsed:
    """The items of a batch, what is wrong with its other rows, and the hashes of its PINs."""
    items: dict[str, Item] = {}
    problems = []
    for row in batch:
        if isinstance(row, tuple):
            problems.append(Problem(*row))
            continue
        try:
            item = table.parse(row, setting)
        except BadCell as error:
            problems.extend(Problem(row.line, fault.message) for fault in (error, *error.others))
        else:
            # A later row of the same key replaces the earlier one, as it would in the next batch.
            items.pop(item.key, None)
            items[item.key] = item
    return list(items.values()), problems, _hashes(list(items.values()))


def _hashes(items: Sequence[Item]) -> Mapping[str, str]:
    """Hash PINs in threads: the hash function lets other threads run."""
    with ThreadPoolExecutor(HASHERS) as pool:
        parts = [items[at::HASHERS] for at in range(HASHERS)]
        return {key: value for found in pool.map(hash_pins, parts) for key, value in found.items()}


def _import_good(engine: Engine, table: ImportTable, batches: Iterable[Parsed]) -> Outcome:
    outcome = Outcome()
    for parsed in batches:
        with engine.begin() as connection:
            _write(connection, table, parsed, outcome)
    return outcome


def _import_whole(engine: Engine, table: ImportTable, batches: Iterable[Parsed]) -> Outcome:
    outcome = Outcome()
    everything = list(batches)
    try:
        with engine.begin() as connection:
            for parsed in everything:
                _write(connection, table, parsed, outcome)
            if outcome.problems:
                raise _TakenBack
    except _TakenBack:
        outcome.imported = 0
    return outcome


def _write(connection: Connection, table: ImportTable, parsed: Parsed, outcome: Outcome) -> None:
    items, problems, hashes = parsed
    known = table.known(connection, [number for item in items for _, number in item.needs])
    good = []
    for item in items:
        lacking = next((need for need in item.needs if need[1] not in known), None)
        if lacking is None:
            good.append(item)
        else:
            problems.append(Problem(item.line, f"{lacking[0]} = {lacking[1]!r}: there is none; {table.missing}"))
    refused = table.refuse(connection, good)
    problems.extend(Problem(line, what) for line, what in refused.items())
    good = [item for item in good if item.line not in refused]
    table.write(connection, good, hashes)
    outcome.imported += len(good)
    outcome.problems.extend(sorted(problems, key=lambda problem: problem.line))


def _check_tables(engine: Engine) -> None:
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    if (file and not Path(file).exists()) or not inspect(engine).has_table("customers"):
        raise DatabaseUnusable("the database has no tables yet; run `hotline db upgrade` first")


def _progress(
    batches: Iterator[Sequence[Row | tuple[int, str]]], about: int
) -> Iterator[Sequence[Row | tuple[int, str]]]:
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from _plain_progress(batches)
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("importing", total=about)
        for batch in batches:
            yield batch
            bar.advance(task, len(batch))


def _plain_progress(batches: Iterator[Sequence[Row | tuple[int, str]]]) -> Iterator[Sequence[Row | tuple[int, str]]]:
    done = 0
    for batch in batches:
        yield batch
        if (done + len(batch)) // PLAIN_STEP > done // PLAIN_STEP:
            click.echo(f"{done + len(batch)} rows", err=True)
        done += len(batch)


def _tell(table: ImportTable, file: Path, outcome: Outcome, *, whole: bool) -> None:
    for problem in outcome.problems[:SHOWN]:
        click.echo(f"{file}:{problem.line}: {problem.what}", err=True)
    if len(outcome.problems) > SHOWN:
        click.echo(f"{file}: … and {len(outcome.problems) - SHOWN} further bad rows", err=True)
    bad = f"{len(outcome.problems)} bad" if outcome.problems else "none bad"
    how = "" if table.whole else " (--all-or-nothing)"
    end = f"; nothing was imported{how}" if whole and outcome.problems else ""
    click.echo(f"{table.name}: {outcome.imported} imported, {bad}{end}")
