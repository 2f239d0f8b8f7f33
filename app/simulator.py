"""Calls in text for the API, each in a process of its own: `python -m app.simulator` holds one, given on stdin.

A flow that somebody is still writing may do anything; here it can neither slow down live calls nor go on for ever.
"""

from datetime import datetime
from typing import Any

import click

from app import flow_simulate
from app.aside import Aside, answer
from app.lists import lists_of
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
OUTPUT_MOST = 4 * 1024 * 1024


class TooManyCalls(Unavailable):
    """Too many calls are tried at once: wait a moment and try again."""

    code = "simulator_busy"


class SimulationFailed(Unavailable):
    """The call could not be held to its end."""

    code = "simulation_failed"


class ProcessSimulator:
    """The `Simulator` in processes of their own, each with a limit of lines too."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._aside = Aside(
            "app.simulator", "call", LIMIT_S, OUTPUT_MOST, TooManyCalls, SimulationFailed, "press fewer keys"
        )

    async def simulate(self, call: SimulatedCall) -> list[str]:
        """Return the conversation. Raises BadInput for steps that are none, TooManyCalls, SimulationFailed."""
        asked = {
            "site": self._site.model_dump(mode="json"),
            "flow": call.flow,
            "files": dict(call.files),
            "caller": call.caller,
            "keys": call.keys,
            "at": call.at.isoformat() if call.at else None,
        }
        told = await self._aside.ask(asked)
        if "bad_input" in told:
            raise BadInput(told["bad_input"])
        return list(told["lines"])


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
        checked = flow.load_texts(
            asked["flow"], asked["files"], flow_simulate.names(settings), rules, lists_of(settings.site)
        )
        at = datetime.fromisoformat(asked["at"]) if asked["at"] else datetime.now(settings.site.zone)
        flow_simulate.hold(settings, checked, caller, asked["caller"], at, tell)
    except HotlineError as error:
        return {"bad_input": error.message}
    except NothingFollows as error:
        lines.append(f"-- stands still for ever: {error}")
    if len(lines) >= LINES_MOST:
        lines.append("-- and so on")
    return {"lines": lines}


if __name__ == "__main__":
    answer(hold, cpu_s=CPU_MOST_S)
