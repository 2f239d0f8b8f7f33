"""`hotline check` and `hotline test`: what a developer runs before a commit, and what CI runs."""

import os
import subprocess
import sys
import time
from pathlib import Path

import click

from app.setup import prepare_tests

ROOT = Path(__file__).parent.parent
NO_TESTS = 5
"""Exit status of pytest when `arguments` name tests of the other part only."""


@click.command()
def check() -> None:
    """The fast checks: format, lint, types, import contracts, unit tests."""
    python = sys.executable
    steps = [
        ("format", [python, "-m", "ruff", "format", "--check", "--quiet", "."]),
        ("lint", [python, "-m", "ruff", "check", "--quiet", "."]),
        ("types", [python, "-m", "mypy"]),
        ("import contracts", [str(Path(python).with_name("lint-imports")), "--no-cache"]),
        ("unit tests", [python, "-m", "pytest", "-q", "-m", "unit", "-n", "2"]),
    ]
    failed = [name for name, command in steps if not _step(name, command)]
    if failed:
        click.echo(f"hotline: failed: {', '.join(failed)}", err=True)
        sys.exit(1)


def _step(name: str, command: list[str]) -> bool:
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, check=False)
    click.echo(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'} ({time.monotonic() - began:.1f} s)")
    return done.returncode == 0


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--long", "long_", is_flag=True, help="The storms and soaks too.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(long_: bool, arguments: tuple[str, ...]) -> None:
    """The whole suite, real PBX and real browser included; further ARGUMENTS go to pytest."""
    prepare_tests(lambda line: click.echo(f"hotline: {line}", err=True))
    long_ones = "" if long_ else " and not long"
    both = [_pytest(f"not alone{long_ones}", "-n", "2", "--dist", "loadscope", *arguments)]
    both.append(_pytest(f"alone{long_ones}", *arguments))
    sys.exit(max(0 if code == NO_TESTS else code for code in both) if set(both) != {NO_TESTS} else NO_TESTS)


def _pytest(which: str, *arguments: str) -> int:
    """Run the tests that `which` marks. Those marked `alone` measure sound in time and run one by one, last."""
    command = [sys.executable, "-m", "pytest", "-m", which, *arguments]
    return subprocess.run(command, cwd=ROOT, check=False, env={**os.environ, "PYTHONHASHSEED": "0"}).returncode
