"""`hotline check` and `hotline test`: what a developer runs before a commit, and what CI runs."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

import click

from app.setup import prepare_tests

ROOT = Path(__file__).parent.parent
GIVE_WAY = 10
"""Niceness of the tests that run beside those in which sound is heard in time."""
_TWO = ("--dist", "loadscope", "-n", "2")
_THREE = ("--dist", "loadscope", "-n", "3")
"""For tests that wait much and are not heard in time: a page, a database, a process."""
FAILED = 1
"""Exit status of pytest when tests failed, and nothing worse happened."""
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
    """The whole suite, real PBX and real browser included; further ARGUMENTS go to pytest.

    Stories mostly wait for what is spoken; the rest runs beside them and gives way to them. What failed while others
    had the processor runs once more with the machine to itself, and then has to pass; that is said.
    """
    prepare_tests(lambda line: click.echo(f"hotline: {line}", err=True))
    late = "quiet or alone"
    pick = "" if long_ else " and not long"
    with tempfile.TemporaryFile() as said, tempfile.TemporaryDirectory() as kept:
        told = (f"sound and not ({late}){pick}", "-o", f"cache_dir={kept}/stories", *arguments)
        stories = _pytest(*told, *_TWO, said=said)
        other = (f"not (sound or {late}){pick}", "-o", f"cache_dir={kept}/rest", *arguments)
        codes = [_pytest(*other, *_THREE, nice=GIVE_WAY).wait(), stories.wait()]
        said.seek(0)
        click.echo(said.read())
        codes = [_again(codes[0], other), _again(codes[1], told)]
        told = (f"quiet{pick}", "-o", f"cache_dir={kept}/quiet", *arguments)
        codes.append(_again(_pytest(*told, *_TWO).wait(), told))
        told = (f"alone{pick}", "-o", f"cache_dir={kept}/alone", *arguments)
        codes.append(_again(_pytest(*told).wait(), told))
    ran = [code for code in codes if code != NO_TESTS]
    sys.exit(max(ran, key=abs) if ran else NO_TESTS)


def _again(code: int, told: tuple[str, ...]) -> int:
    """Run again, one at a time, what failed; return how that ended."""
    if code != FAILED:
        return code
    click.echo("hotline: what failed while others had the processor runs once more, one at a time")
    return _pytest(*told, "--last-failed", "--last-failed-no-failures=none").wait()


def _pytest(which: str, *arguments: str, said: IO[bytes] | None = None, nice: int = 0) -> "subprocess.Popen[bytes]":
    """Start the tests that `which` marks; with `said` their words go there, with `nice` they give way to others."""
    command = ["nice", "-n", str(nice), sys.executable, "-m", "pytest", "-m", which, "--durations=15", *arguments]
    env = {**os.environ, "PYTHONHASHSEED": "0"}
    # Hundreds of processes are started: without kept bytecode each of them compiles the whole project.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.Popen(command, cwd=ROOT, stdout=said, env=env)
