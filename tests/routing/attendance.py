"""The agents' machine over the same random stories as routing: whatever happens, presence partitions the shift."""

from collections import Counter, defaultdict, deque
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from agents.events import AgentStateChanged
from agents.model import MOVES, Agent, Cause, State, advance
from agents.shifts.adherence import stays
from figures.presence import Interval, Presence

ERA = datetime(2026, 11, 23, tzinfo=UTC)
AFTER = 0.15
"""So often something else happens to an agent first that the table allows."""


def _hops() -> dict[tuple[State, State], list[tuple[Cause, State]]]:
    """Return, for each pair of states, the moves that begin a shortest way from one to the other."""
    found: dict[tuple[State, State], list[tuple[Cause, State]]] = defaultdict(list)
    for to in State:
        far, todo = {to: 0}, deque([to])
        while todo:
            state = todo.popleft()
            for from_ in sorted({one for one, _, next_ in MOVES if next_ is state} - far.keys()):
                far[from_] = far[state] + 1
                todo.append(from_)
        for from_, cause, next_ in sorted(MOVES):
            if next_ in far and far.get(from_) == far[next_] + 1:
                found[from_, to].append((cause, next_))
    return found


HOPS = _hops()
LEGAL = {state: sorted((cause, to) for from_, cause, to in MOVES if from_ is state) for state in State}


class Attendance:
    """Moves agents by the table as routing's events would; counts apart, by the clock alone, where each has been."""

    def __init__(self, rng: Random, now: float) -> None:
        self._rng = rng
        self._begin = self._now = self.at(now)
        self._presence = Presence(self._begin)
        self._agents: dict[str, Agent] = {}
        self._events: defaultdict[str, list[AgentStateChanged]] = defaultdict(list)
        self._over: defaultdict[str, list[Interval]] = defaultdict(list)
        self._spent: defaultdict[str, Counter[str]] = defaultdict(Counter)

    @staticmethod
    def at(seconds: float) -> datetime:
        return ERA + timedelta(seconds=seconds)

    def passes(self, now: float) -> None:
        """Let time pass: everybody spends it where they are."""
        later = self.at(now)
        for agent_id, agent in self._agents.items():
            self._spent[agent_id][agent.state.value] += (later - self._now) // timedelta(microseconds=1)
        self._now = later

    def know(self, agent_id: str) -> None:
        self._agents.setdefault(agent_id, Agent(agent_id=agent_id, since=self._begin))

    def becomes(self, agent_id: str, state: State) -> None:
        """Bring an agent there by moves that the table has, now and then by a detour."""
        if self._rng.random() < AFTER:
            self._move(agent_id, *self._rng.choice(LEGAL[self._agents[agent_id].state]))
        while self._agents[agent_id].state is not state:
            self._move(agent_id, *self._rng.choice(HOPS[self._agents[agent_id].state, state]))

    def _move(self, agent_id: str, cause: Cause, to: State) -> None:
        before = self._agents[agent_id]
        reason = "meal" if cause is Cause.ASKED and to is State.NOT_READY else None
        self._agents[agent_id] = advance(before, to, cause, self._now, reason=reason)
        event = AgentStateChanged(
            at=self._now, agent_id=agent_id, from_=before.state.value, to=to.value, cause=cause.value, reason=reason
        )
        self._events[agent_id].append(event)
        self._over[agent_id].append(self._presence.take(event))

    def check(self) -> None:
        """Each agent's intervals follow each other from the begin to now, and each state has the time by the clock."""
        assert self._presence.gaps == []
        for one in self._presence.open(self._now):
            self._over[one.agent_id].append(one)
        for agent_id, mine in self._over.items():
            assert (mine[0].begin, mine[-1].end) == (self._begin, self._now), f"{agent_id}: not the whole shift"
            assert all(before.end == after.begin for before, after in pairwise(mine)), f"{agent_id}: gap or overlap"
            found = stays(self._events[agent_id], self._begin, self._now)
            for parts in (
                [(one.state, one.end - one.begin) for one in mine],
                [(one.state, one.ends - one.begins) for one in found],
            ):
                spent: Counter[str] = Counter()
                for state, span in parts:
                    spent[state] += span // timedelta(microseconds=1)
                assert +spent == +self._spent[agent_id], f"{agent_id}: other times than by the clock"
