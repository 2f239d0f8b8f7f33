"""Calls in text for the API, each in a process of its own: `python -m app.simulator` holds one, given on stdin.

A flow that somebody is still writing may do anything; here it can neither slow down live calls nor go on for ever.
"""

import asyncio
import json
import os
import resource
import signal
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from app import flow_simulate
from core import policy
from core.config import Settings, Site
from core.errors import BadInput, HotlineError, Unavailable
from core.virtual_time import NothingFollows
from ivr import flow
from ivr.simulated_line import Heard
from ivr.simulation import Script
from ivr.versions.port import SimulatedCall

LINES_MOST = 2_000
CPU_MOST_S = 20
"""Seconds of processor that a call may take; a usual one takes two, most of them to load the program."""
LIMIT_S = 60.0
"""Seconds that the person who asked waits: the process gives way to live calls, which may take them."""
MEMORY_MOST = 2 * 1024**3
AT_ONCE = 2
OUTPUT_MOST = 4 * 1024 * 1024
_ROOT = Path(__file__).parent.parent


class TooManyCalls(Unavailable):
    """Too many calls are tried at once: wait a moment and try again."""

    code = "simulator_busy"


class SimulationFailed(Unavailable):
    """The call could not be held to its end."""

    code = "simulation_failed"


class ProcessSimulator:
    """The `Simulator` in processes of low priority, few at once, each with limits of time, memory and lines."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._under_way = 0

    async def simulate(self, call: SimulatedCall) -> list[str]:
        """Return the conversation. Raises BadInput for steps that are none, TooManyCalls, SimulationFailed."""
        if self._under_way >= AT_ONCE:
            raise TooManyCalls
        self._under_way += 1
        try:
            answer = await self._ask(call)
        finally:
            self._under_way -= 1
        if "bad_input" in answer:
            raise BadInput(answer["bad_input"])
        return list(answer["lines"])

    async def _ask(self, call: SimulatedCall) -> dict[str, Any]:
        asked = {
            "site": self._site.model_dump(mode="json"),
            "flow": call.flow,
            "files": dict(call.files),
            "caller": call.caller,
            "keys": call.keys,
            "at": call.at.isoformat() if call.at else None,
        }
        process = await asyncio.create_subprocess_exec(
            "nice", "-n", "10", sys.executable, "-m", "app.simulator",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            cwd=_ROOT, env={**os.environ, "PYTHONPATH": str(_ROOT)}, limit=OUTPUT_MOST,
        )  # fmt: skip
        try:
            async with asyncio.timeout(LIMIT_S):
                out, _ = await process.communicate(json.dumps(asked).encode())
        except TimeoutError:
            raise SimulationFailed(f"the call took longer than {LIMIT_S:.0f} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode == -signal.SIGXCPU:
            raise SimulationFailed(f"the call took more than {CPU_MOST_S} s of processor time")
        if process.returncode != 0:
            raise SimulationFailed(f"the process that held the call ended with {process.returncode}")
        answer: dict[str, Any] = json.loads(out)
        return answer


def hold(asked: dict[str, Any]) -> dict[str, Any]:
    """Hold the call that was asked for and return {lines}, or {bad_input} with what is wrong with the asking."""
    settings = Settings(site=Site.model_validate(asked["site"]))
    lines: list[str] = []

    def tell(heard: Heard) -> None:
        if len(lines) < LINES_MOST:
            lines.append(click.unstyle(flow_simulate.line(heard)))

    try:
        caller = Script(asked["keys"])
        rules = policy.load(settings.site.policy).rules
        checked = flow.load_texts(asked["flow"], asked["files"], flow_simulate.names(settings), rules)
        at = datetime.fromisoformat(asked["at"]) if asked["at"] else datetime.now(settings.site.zone)
        flow_simulate.hold(settings, checked, caller, asked["caller"], at, tell)
    except HotlineError as error:
        return {"bad_input": error.message}
    except NothingFollows as error:
        lines.append(f"-- stands still for ever: {error}")
    if len(lines) >= LINES_MOST:
        lines.append("-- and so on")
    return {"lines": lines}


def main(arguments: Sequence[str] = ()) -> None:
    """Read one call from stdin, hold it, and write the answer to stdout."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MOST, MEMORY_MOST))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_MOST_S, CPU_MOST_S + 1))
    json.dump(hold(json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
