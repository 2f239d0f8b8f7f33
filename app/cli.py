"""The command `hotline`: every part of it is loaded only when it is asked for."""

import importlib
import sys
from pathlib import Path

import click

from core.config import load
from core.errors import HotlineError

COMMANDS = {
    "announce": ("app.announce_command", "announce_group", "Festival greetings and emergency announcements."),
    "asterisk": ("app.asterisk_command", "asterisk_group", "The private PBX and its configuration."),
    "bench": ("app.bench_command", "bench", "One measurement, JSON to stdout."),
    "bill": ("app.bill_command", "bill_group", "Bills: import readings, explain, compare, what-if."),
    "certificate": ("app.certificate_command", "certificate_group", "HTTPS and WSS: make, take over, renew, show."),
    "check": ("app.check_command", "check", "The fast checks: format, lint, types, imports, unit tests."),
    "db": ("app.db_command", "db_group", "Storage: upgrade, verify."),
    "demo": ("app.demo_command", "demo", "The whole hotline with robot callers and agents."),
    "dial": ("app.dial_command", "dial", "One real SIP call, and the prompts heard in it."),
    "doctor": ("app.doctor_command", "doctor", "What is wrong with this installation, each with its cure."),
    "flow": ("app.flow_command", "flow_group", "IVR flows: check, draw, simulate, publish, roll back."),
    "import": ("app.import_command", "import_group", "The installation's own customers, bills, outages, roster …"),
    "prompts": ("app.prompts_command", "prompts_group", "What the hotline says: list, render, record."),
    "report": ("app.report_command", "report_group", "Figures on paper: service level, handling, presence."),
    "seat": ("app.user_command", "seat_group", "Seats and their phones."),
    "serve": ("app.serve_command", "serve", "The service alone, against an Asterisk that you run."),
    "shift": ("app.shift_command", "shift_group", "Shifts: plan, hand-over, the backup shift."),
    "staffing": ("app.staffing_command", "staffing_group", "How many agents a day needs: plan, simulate."),
    "tariff": ("app.tariff_command", "tariff_group", "Tariffs: check files, list what is known."),
    "test": ("app.check_command", "test", "The whole test suite."),
    "user": ("app.user_command", "user_group", "Accounts of people."),
}


class Commands(click.Group):
    """The commands by name; their modules are imported on use, so that `hotline --help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][2]) for name in self.list_commands(ctx)])


@click.command(cls=Commands)
@click.option("--config", type=click.Path(path_type=Path), help="hotline.toml (default: the one here, if any).")
@click.version_option(package_name="hotline")
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """Hotline: an open 95598 call centre on Asterisk."""
    here = Path("hotline.toml")
    context.obj = load(config or (here if here.is_file() else None))


def main() -> None:
    """Run; errors go to standard error in one line, exit status 1 failed, 2 wrong use."""
    try:
        cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except HotlineError as error:
        click.echo(f"hotline: {_told(error)}", err=True)
        sys.exit(1)


def _told(error: HotlineError) -> str:
    """Return what is wrong; where that names nothing, with what was asked for."""
    asked = ", ".join(f"{key} {value}" for key, value in error.details.items())
    says_what = error.message != (error.__doc__ or "").strip().partition("\n")[0]
    return error.message if says_what or not asked else f"{error.message} ({asked})"
