"""`hotline flow simulate`: a conversation with a flow in text, at a terminal or by a script of keys."""

import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import click

import app.tables
from app.demo_data import load_demo
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
from ivr.simulated_line import Act, Caller, Heard
from ivr.simulation import Script
from speech.prompts import catalogue


class Person:
    """A caller at the terminal."""

    def turn(self, *, queued: bool) -> str:
        """Ask until the answer can be done."""
        ways = "a answered, n nobody, t too long" if queued else "keys, Enter for silence"
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


def show(heard: Heard) -> None:
    """Print one line of the conversation."""
    at = f"{int(heard.at) // 60:02d}:{heard.at % 60:04.1f}"
    match heard.who:
        case "node":
            line = click.style(f"[{heard.what}]", dim=True)
        case "hotline":
            line = f"  {heard.what}" + (f"  ({heard.id})" if heard.id else "")
        case "caller":
            words = {Act.SILENCE: "(silence)", Act.HANG_UP: "(hangs up)"}
            line = click.style(f"  > {words.get(Act(heard.what)) if heard.what in set(Act) else heard.what}", bold=True)
        case _:
            line = f"  -- {heard.what}"
    with suppress(BrokenPipeError):  # whoever reads has seen enough; the call goes on to its end
        click.echo(f"{at} {line}")


def simulate(settings: Settings, file: Path, number: str, keys: str | None, at: datetime | None) -> None:
    """Hold the conversation; the customers are those of the demo. Raises FlowError, BadInput."""
    caller: Caller = Person() if keys is None else Script(keys)
    rules = policy.load(settings.site.policy)
    prompts = catalogue(settings.site.language, site=settings.site.name)
    checked = flow.load(file, prompts, rules.rules)
    came = phone.normalise(number)
    zone = settings.site.zone
    clock = FakeClock(at.replace(tzinfo=at.tzinfo or zone) if at else datetime.now(zone))
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
                await simulation.call(checked, caller, came.number if came.known else "", around, show)
            finally:
                await db.close()

        virtual_time.run(conversation())


def _desk(db: Database, clock: Clock, settings: Settings, rules: policy.Policy) -> IvrDesk:
    zone, journal = settings.site.zone, Journal(db, Bus())
    return IvrDesk(
        CustomerService(db),
        BillService(db, clock, zone, rules),
        OutageService(db, journal, clock, zone),
        clock=clock,
        zone=zone,
        policy=rules,
    )
