"""`hotline flow simulate`: a conversation with a flow in text, at a terminal or by a script of keys."""

import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import click

import app.tables
from app.demo_data import load_demo
from app.lists import lists_of
from core import phone, policy, virtual_time
from core.bus import Bus
from core.clock import Clock, FakeClock
from core.config import Settings
from core.db import Database
from core.errors import BadInput
from core.journal import Journal
from desk.billing.service import BillService
from desk.customers.service import CustomerService
from desk.outages.service import OutageService
from ivr import flow, simulation
from ivr.desk import IvrDesk
from ivr.simulated_line import Act, Caller, Heard, Tell
from ivr.simulation import Script
from speech.prompts import Catalogue, catalogue


class Person:
    """A caller at the terminal."""

    def turn(self, *, queued: bool) -> str:
        """Ask until the answer can be done."""
        ways = "a answered, n nobody, t too long, f full" if queued else "keys, Enter for silence"
        while True:
            said: str = click.prompt(f"        you ({ways}, h hangs up)", default="", show_default=False).strip()
            try:
                Script(said)
            except BadInput:
                click.echo("        keys are 0-9 * #")
                continue
            return said

    def meanwhile(self, media: Sequence[str]) -> str:
        return ""


FIRST_YEAR, LAST_YEAR = 2000, 2100
"""Bills and calendars of other times are nobody's."""


def line(heard: Heard) -> str:
    """Return one line of the conversation, with the colours of a terminal."""
    at = f"{int(heard.at) // 60:02d}:{heard.at % 60:04.1f}"
    match heard.who:
        case "node":
            words = click.style(f"[{heard.what}]", dim=True)
        case "hotline":
            words = f"  {heard.what}" + (f"  ({heard.id})" if heard.id else "")
        case "caller":
            acts = {Act.SILENCE: "(silence)", Act.HANG_UP: "(hangs up)"}
            words = click.style(f"  > {acts.get(Act(heard.what)) if heard.what in set(Act) else heard.what}", bold=True)
        case _:
            words = f"  -- {heard.what}"
    return f"{at} {words}"


def show(heard: Heard) -> None:
    """Print one line of the conversation."""
    with suppress(BrokenPipeError):  # whoever reads has seen enough; the call goes on to its end
        click.echo(line(heard))


def simulate(settings: Settings, file: Path, number: str, keys: str | None, at: datetime | None) -> None:
    """Hold the conversation; the customers are those of the demo. Raises FlowError, BadInput."""
    caller: Caller = Person() if keys is None else Script(keys)
    checked = flow.load(file, names(settings), policy.load(settings.site.policy).rules, lists_of(settings.site))
    moment = at.replace(tzinfo=at.tzinfo or settings.site.zone) if at else datetime.now(settings.site.zone)
    hold(settings, checked, caller, number, moment, show)


def names(settings: Settings) -> Catalogue:
    """Return the prompts that a flow of this installation may name."""
    return catalogue(settings.site.language, site=settings.site.name)


def hold(settings: Settings, checked: flow.Flow, caller: Caller, number: str, at: datetime, tell: Tell) -> None:
    """Hold the conversation of one call and `tell` each thing in it. Raises NothingFollows where it stands still."""
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise BadInput(f"a call is tried between {FIRST_YEAR} and {LAST_YEAR}, not in {at.year}", at=at.isoformat())
    rules, prompts = policy.load(settings.site.policy), names(settings)
    came = phone.normalise(number)
    zone = settings.site.zone
    clock = FakeClock(at)
    with tempfile.TemporaryDirectory() as folder:

        async def conversation() -> None:
            db = Database(f"sqlite:///{Path(folder) / 'demo.db'}")
            app.tables.metadata.create_all(db.engine)
            await load_demo(db, clock, zone)
            around = simulation.Surroundings(
                desk=_desk(db, clock, settings, rules),
                texts={name: prompt.text for name, prompt in (prompts | checked.said()).items()},
                policy=rules,
                zone=zone,
                at=clock.now(),
                db=db,
            )
            try:
                await simulation.call(checked, caller, came.number if came.known else "", around, tell)
            finally:
                await db.close()

        virtual_time.run(conversation())


def _desk(db: Database, clock: Clock, settings: Settings, rules: policy.Policy) -> IvrDesk:
    zone, journal = settings.site.zone, Journal(db, Bus())
    return IvrDesk(
        CustomerService(db),
        BillService(db, clock, zone, rules, settings.site.tariffs),
        OutageService(db, journal, clock, zone),
        clock=clock,
        zone=zone,
        policy=rules,
    )
