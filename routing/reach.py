"""Whether anybody could take a call: signed in, at a seat whose phone is there, or was a moment ago."""

from collections.abc import Callable

from agents.model import Agent, State
from agents.roster import Roster
from core.clock import Clock
from core.tasks import TaskOwner


class Reach:
    """Who is signed in but out of reach: the phone of the seat has been missing for more than `grace_s`.

    A phone that starts again, or changes its network, is missing for a while and no reason to send callers away.
    Who talks is within reach, whatever the PBX says of the phone. `then` is called when a grace has run out.
    """

    def __init__(
        self, roster: Roster, clock: Clock, grace_s: float, tasks: TaskOwner, then: Callable[[], None]
    ) -> None:
        self._roster = roster
        self._clock = clock
        self._grace_s = grace_s
        self._tasks = tasks
        self._then = then
        self._missing: dict[str, float] = {}
        """Since when (monotonic seconds) the phone of an agent is missing."""

    def agents(self) -> list[str]:
        """Return those for whom a call may wait."""
        self._look()
        limit = self._clock.monotonic() - self._grace_s
        return [one.agent_id for one in self._roster.signed_in() if self._missing.get(one.agent_id, limit + 1) > limit]

    def _look(self) -> None:
        now, before = self._clock.monotonic(), self._missing
        lost = [agent.agent_id for agent in self._roster.signed_in() if self._is_missing(agent)]
        self._missing = {agent_id: before.get(agent_id, now) for agent_id in lost}
        if self._missing.keys() - before.keys():
            self._tasks.start(self._later(), "phones missing")

    def _is_missing(self, agent: Agent) -> bool:
        return agent.state is not State.TALKING and self._roster.phone_missing(agent)

    async def _later(self) -> None:
        await self._clock.sleep(self._grace_s)
        self._then()
