"""The pure core beside the live roster: agents as presence has them, calls as the service does."""

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from agents.model import ON_CALL, Agent, Qualification, State
from agents.roster import Roster
from core.clock import Clock
from routing.decisions import Call, Candidate, Decision, Explained, Overflowed
from routing.matching import Matching
from routing.model import Queue, Waiting
from routing.places import Kind
from routing.skills import Need, Profile

SOON_S = 0.001
"""No moment is waited for more finely than this, so that rounding cannot make the wait for it endless."""
LOOK_S = 30.0
"""How often it is looked whether a queue with hours has opened or closed."""


class Floor:
    """Tells the core what happened to agents since it was asked last, then asks it: so no change can be missed."""

    def __init__(
        self, queues: Mapping[str, Queue], roster: Roster, clock: Clock, core: Matching, zone: ZoneInfo
    ) -> None:
        self.core = core
        self._queues = queues
        self._roster = roster
        self._clock = clock
        self._zone = zone
        self._timed = [queue for queue in queues.values() if queue.hours.windows]
        self._profiles: dict[str, Profile] = {}
        self._ever: dict[Kind, tuple[Need, ...]] = {}

    def _now(self) -> float:
        return self._clock.now().timestamp()

    # --- agents ---

    def qualify(self, agent_id: str, can: Qualification) -> None:
        """Take what an agent can, from now on."""
        profile = self._profiles[agent_id] = Profile(agent_id, dict(can.skills), can.groups)
        self.core.know(profile, self._now())

    def able(self, agent_id: str, kind: Kind) -> bool:
        """Tell whether this agent could ever answer a call of this kind: after every relaxation, or in overflow."""
        needs = self._ever.get(kind)
        if needs is None:
            queue, skills = kind
            home = self._queues[queue].rules
            also = {over.to for over in home.overflow} | (
                {closed} if (closed := self._queues[queue].closed_to) else set()
            )
            rules = [home, *(self._queues[one].rules for one in sorted(also))]
            needs = self._ever[kind] = tuple(dict.fromkeys(one.need_at(skills, len(one.steps)) for one in rules))
        profile = self._profiles.get(agent_id) or Profile(agent_id)
        return any(need.met_by(profile) for need in needs)

    def sync(self) -> None:
        """Let the core know what became of agents and of the hours of queues."""
        now = self._now()
        for agent_id in self._roster.moved():
            self._place(self._roster.get(agent_id), agent_id, now)
        for queue in self._timed:
            self.core.open(queue.id, self.is_open(queue.id), now)

    def _place(self, agent: Agent | None, agent_id: str, now: float) -> None:
        if agent is not None and self._roster.routable(agent_id):
            self.core.ready(agent_id, now, (agent.idle_since or agent.since).timestamp())
        elif agent is not None and (agent.state in ON_CALL or agent.state is State.WRAP_UP):
            self.core.busy(agent_id, now)
        else:
            self.core.gone(agent_id, now)

    def is_open(self, queue: str) -> bool:
        """Tell whether a queue takes calls now."""
        return self._queues[queue].hours.open_at(self._clock.now().astimezone(self._zone))

    # --- calls ---

    def wait(self, call: Waiting) -> None:
        """Let a call wait in its place."""
        until = call.preferred_until.timestamp() if call.preferred_until else 0.0
        also = tuple((queue, since.timestamp()) for queue, since in call.also)
        since, ahead = call.enqueued_at.timestamp(), call.precedence.ahead_s
        told = Call(call.call_id, call.queue, since, ahead, call.skills, call.preferred, until, also)
        self.core.wait(told, self._now())

    def leave(self, call_id: str) -> None:
        """Take a call out."""
        self.core.leave(call_id)

    def decide(self) -> list[Decision]:
        """Return who belongs together now."""
        self.sync()
        return self.core.decide(self._now())

    def overflowed(self) -> list[tuple[Overflowed, datetime]]:
        """Return which calls may be answered in another queue as well now, and since when they count there."""
        return [(one, datetime.fromtimestamp(one.since, UTC)) for one in self.core.overflowed()]

    def next_s(self) -> float | None:
        """Return in how many seconds time alone changes something."""
        due = self.core.due()
        left = None if due is None else max(due - self._now(), SOON_S)
        if self._timed and any(self.core.length(queue) for queue in self._queues):
            left = LOOK_S if left is None else min(left, LOOK_S)
        return left

    def best_free(self, queue: str) -> str | None:
        """Return the free agent whom the rules of a queue would give a call that comes now."""
        self.sync()
        beside = self.core.candidates(Call("", queue, self._now()), self._now())
        return next((one.agent_id for one in beside if one.fits and one.free), None)

    # --- what is told ---

    def explain(self, call: Waiting) -> tuple[Explained | None, float | None]:
        """Return how a call stands, None when it does not wait, and in how many seconds that changes by itself."""
        now = self._now()
        told = self.core.explain(call.call_id, now)
        return told, None if told is None or told.next_change is None else round(told.next_change - now, 3)

    def candidates(self, call: Waiting) -> tuple[Candidate, ...]:
        """Return everybody signed in beside this call, the best of those who fit first."""
        told = Call(call.call_id, call.queue, call.enqueued_at.timestamp(), skills=call.skills)
        signed_in = {agent.agent_id for agent in self._roster.signed_in()}
        return tuple(one for one in self.core.candidates(told, self._now()) if one.agent_id in signed_in)

    def stalled(self) -> set[str]:
        """Return the queues with a call beside a free agent who fits: what the last decision left undone.

        Whom presence has free and the core has not, or the other way round, is told to the core anew.
        """
        self.sync()
        now, free = self._now(), {agent.agent_id for agent in self._roster.idle()}
        for agent_id in free ^ self.core.free():
            self._place(self._roster.get(agent_id), agent_id, now)
        return self.core.undecided()
