"""`hotline tariff …`: the tariffs that bills are reckoned by, and whether their files are whole."""

import sys

import click

from core.config import Settings
from core.errors import BadInput
from desk.billing.tariff import TariffBook
from desk.billing.tariff_file import book, check, regions


@click.group("tariff")
def tariff_group() -> None:
    """Tariffs: check files, list what is known."""


@tariff_group.command("check")
@click.argument("names", nargs=-1, metavar="[REGION|FILE.yaml]...")
@click.pass_context
def check_command(context: click.Context, names: tuple[str, ...]) -> None:
    """Tell gaps, overlaps, unknown and missing parts of tariff files, each with its place and what to do.

    Without names: every region that comes with the program, and the file that [site] tariffs names.
    """
    settings = context.find_object(Settings) or Settings()
    wanted = names or tuple(dict.fromkeys([*regions(), settings.site.tariffs]))
    wrong = 0
    for name in wanted:
        found = check(name)
        wrong += len(found)
        for fault in found:
            click.echo(str(fault), err=True)
        if not found:
            click.echo(f"{name}: fine, {_holds(book(name))}")
    sys.exit(1 if wrong else 0)


@tariff_group.command("list")
@click.argument("name", required=False, metavar="REGION|FILE.yaml")
@click.pass_context
def list_command(context: click.Context, name: str | None) -> None:
    """List the tariffs of a region with their days of validity, price and source."""
    settings = context.find_object(Settings) or Settings()
    chosen = name or settings.site.tariffs
    found = book(chosen)
    if not found.tariffs:
        raise BadInput(f"{chosen} has rules and tables, and no tariffs; regions: {', '.join(regions())}")
    # The versions of a file that `tariff check` passes follow each other: the last one ends last.
    for key, versions in found.tariffs.items():
        for one in versions:
            until = one.until or "…"
            click.echo(f"{key}  {one.title}  {one.since} – {until}  {one.price.value} yuan/kWh  {one.source}")
        if (last := versions[-1].until) is not None:
            cure = "add a version with the prices from then on and their source"
            click.echo(f"  bills after {last} are refused: no version of {key} holds later; {cure}")


def _holds(found: TariffBook) -> str:
    """What a file has: versions of tariffs, or none, so that no bill can be reckoned by it."""
    many = sum(len(versions) for versions in found.tariffs.values())
    if not many:
        return "with rules and tables only: no bill is reckoned by it until prices are added"
    return "1 version of a tariff" if many == 1 else f"{many} versions of tariffs"
