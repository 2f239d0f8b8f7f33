"""A plain model of routing, every call against every agent, which the core's decisions are held against."""

import math
from dataclasses import dataclass, field
from random import Random

from agents.model import State
from routing.decisions import Call, Decision
from routing.matching import NEXT, PREFERRED, Matching
from routing.rules import Overflow, Rules
from routing.skills import Need, Profile, Step
from tests.routing.attendance import Attendance

CAP = 100.0
WINDOW = 50.0
SKILLS, GROUPS, QUEUES = ("en", "fault", "bill"), ("main", "backup"), ("a", "b", "c")
ALIKE = 1e-9


@dataclass
class Seated:
    """An agent, all times with calls kept."""

    profile: Profile
    present: bool = False
    accepts: bool = False
    load: int = 0
    idle_since: float = 0.0
    turn: int = 0
    spans: list[list[float]] = field(default_factory=list)

    @property
    def free(self) -> bool:
        return self.accepts and self.load < self.profile.capacity

    def works(self, busy: bool, now: float) -> None:
        at_work = bool(self.spans) and self.spans[-1][1] == math.inf
        if busy and not at_work:
            self.spans.append([now, math.inf])
        elif at_work and not busy:
            self.spans[-1][1] = now

    def share(self, now: float) -> float:
        return sum(math.exp(-(now - min(to, now)) / WINDOW) - math.exp(-(now - of) / WINDOW) for of, to in self.spans)


@dataclass
class Stood:
    """A waiting call with the moments since which it counts as waiting, by queue."""

    call: Call
    also: dict[str, float]


Option = tuple[float, float, str, str]
"""A call in one of its queues as it competes: less priority, its moment, its id, the queue."""


class World:
    """The core and the model, told the same events; `decide` compares what each makes of them."""

    def __init__(self, rng: Random) -> None:
        self.rules = {queue: random_rules(rng, queue) for queue in QUEUES}
        self.core = Matching(self.rules, CAP, WINDOW)
        self.now = 1000.0
        self.calls: dict[str, Stood] = {}
        self.agents: dict[str, Seated] = {}
        self.decided: dict[str, str] = {}
        self.turns = 0
        self.attendance = Attendance(rng, self.now)

    def passes(self, seconds: float) -> None:
        self.now += seconds
        self.attendance.passes(self.now)

    # --- events ---

    def know(self, profile: Profile) -> None:
        self.core.know(profile, self.now)
        self.agents.setdefault(profile.agent_id, Seated(profile)).profile = profile
        self.attendance.know(profile.agent_id)

    def ready(self, agent_id: str) -> None:
        self.core.ready(agent_id, self.now)
        self._become(agent_id, State.READY, present=True, accepts=True)
        self.decided = {call: agent for call, agent in self.decided.items() if agent != agent_id}

    def busy(self, agent_id: str) -> None:
        self.core.busy(agent_id, self.now)
        self._become(agent_id, State.TALKING, present=True, accepts=False)

    def gone(self, agent_id: str) -> None:
        self.core.gone(agent_id, self.now)
        self._become(agent_id, State.NOT_READY, present=False, accepts=False)

    def _become(self, agent_id: str, state: State, *, present: bool, accepts: bool) -> None:
        self.attendance.becomes(agent_id, state)
        agent = self.agents[agent_id]
        agent.present, agent.accepts, agent.load, agent.idle_since = present, accepts, 0, self.now
        agent.works(present and not accepts, self.now)

    def wait(self, call: Call) -> None:
        self.core.wait(call, self.now)
        self.calls.pop(call.call_id, None)
        also = {}
        for over in self.rules[call.queue].overflow:
            if over.length is not None and self.length(call.queue) >= over.length:
                also.setdefault(over.to, self.now - over.keeps * (self.now - call.since))
        self.calls[call.call_id] = Stood(call, also)

    def leave(self, call_id: str) -> None:
        assert self.core.leave(call_id) == (self.calls.pop(call_id, None) is not None)

    def length(self, queue: str) -> int:
        return sum(stood.call.queue == queue for stood in self.calls.values())

    # --- the model ---

    def need(self, queue: str, call: Call, since: float) -> tuple[int, Need]:
        rules, step = self.rules[queue], 0
        need = rules.need.with_skills(call.skills)
        for one in rules.steps:
            if since + one.after_s <= self.now:
                need, step = need.relaxed(one), step + 1
        return step, need

    def held(self, call: Call) -> bool:
        agent = self.agents.get(call.preferred or "")
        if agent is None or self.now >= call.preferred_until:
            return False
        return agent.present and self.need(call.queue, call, call.since)[1].met_by(agent.profile)

    def options(self, agent: Seated) -> list[Option]:
        """Return what an agent could take, the next first."""
        found = []
        for stood in self.calls.values():
            call, held = stood.call, self.held(stood.call)
            if held and call.preferred != agent.profile.agent_id:
                continue
            for queue, since in {call.queue: call.since, **({} if held else stood.also)}.items():
                if self.need(queue, call, since)[1].met_by(agent.profile):
                    moment, rules = since - call.ahead_s, self.rules[queue]
                    points = min(CAP, rules.start + rules.rate * (self.now - moment))
                    found.append((-points, moment, call.call_id, queue))
        return sorted(found)

    def value(self, strategy: str, agent: Seated, wanted: tuple[str, ...]) -> tuple[float, ...]:
        return {
            "longest_idle": (agent.idle_since,),
            "least_occupied": (agent.load / agent.profile.capacity, 0.0 if agent.load else agent.share(self.now)),
            "best_skill": (-sum(agent.profile.levels.get(skill, 0) for skill in wanted), agent.idle_since),
            "round_robin": (agent.turn, agent.idle_since),
        }[strategy]

    def _pass(self) -> None:
        for stood in self.calls.values():
            for over in self.rules[stood.call.queue].overflow:
                if over.after_s is not None and stood.call.since + over.after_s <= self.now:
                    at = stood.call.since + over.after_s
                    stood.also.setdefault(over.to, at - over.keeps * (at - stood.call.since))

    # --- the comparison ---

    def decide(self) -> list[Decision]:
        """Let the core decide; every decision must be the model's, and nothing may be left undone."""
        self._pass()
        decisions = self.core.decide(self.now)
        for decision in decisions:
            self.check(decision)
            self.apply(decision)
        for agent in self.agents.values():
            left = self.options(agent) if agent.free else []
            assert not left, f"{left[0]} waits beside {agent}"
        for queue in QUEUES:
            line = sorted(
                (s.call.since - s.call.ahead_s, s.call.call_id) for s in self.calls.values() if s.call.queue == queue
            )
            assert self.core.line(queue) == [call_id for _, call_id in line]
        due = self.core.due()
        assert due is None or due > self.now
        return decisions

    def check(self, decision: Decision) -> None:
        free = [agent for agent in self.agents.values() if agent.free]
        best = min(options[0] for agent in free if (options := self.options(agent)))
        assert (decision.call_id, decision.by_queue, decision.priority) == (best[2], best[3], -best[0])
        stood = self.calls[decision.call_id]
        call, rules = stood.call, self.rules[decision.by_queue]
        since = {**stood.also, call.queue: call.since}[decision.by_queue]
        step, need = self.need(decision.by_queue, call, since)
        assert decision.step == step
        if self.held(call):
            assert (decision.rule, decision.agent_id) == (PREFERRED, call.preferred)
        else:
            assert decision.rule == rules.strategy
            self.check_agents(decision, [agent for agent in free if need.met_by(agent.profile)])
        winner = self.agents[decision.agent_id]
        others = [one for one in self.options(winner) if one[2] != decision.call_id]
        first = {one[2]: -one[0] for one in reversed(others)}
        named = list(dict.fromkeys(one[2] for one in others))[:NEXT]
        assert [(one.id, one.score) for one in decision.next_calls] == [(call_id, first[call_id]) for call_id in named]
        for points, moment, call_id, _ in others:
            if -points >= CAP:
                assert decision.priority >= CAP, f"{call_id} at the cap is passed by one below it"
                assert best[1] <= moment, f"{call_id} at the cap is passed by a younger one"

    def check_agents(self, decision: Decision, fitting: list[Seated]) -> None:
        call = self.calls[decision.call_id].call
        wanted = tuple(skill for skill, _ in self.rules[decision.by_queue].need.with_skills(call.skills).skills)
        ordered = sorted(fitting, key=lambda agent: (*self.value(decision.rule, agent, wanted), agent.profile.agent_id))
        told = [decision.agent_id, *(one.id for one in decision.next_agents)]
        assert len(told) == min(len(fitting), NEXT + 1)
        for agent_id, expected in zip(told, ordered, strict=False):
            is_, best = (self.value(decision.rule, one, wanted) for one in (self.agents[agent_id], expected))
            assert all(abs(a - b) < ALIKE for a, b in zip(is_, best, strict=True)), f"{agent_id} before {expected}"

    def apply(self, decision: Decision) -> None:
        assert decision.call_id not in self.decided, "one call for two agents"
        agent = self.agents[decision.agent_id]
        assert agent.load < agent.profile.capacity, "two calls for one agent"
        self.decided[decision.call_id] = decision.agent_id
        self.turns += 1
        agent.turn, agent.load = self.turns, agent.load + 1
        agent.works(True, self.now)
        self.attendance.becomes(decision.agent_id, State.RESERVED)
        del self.calls[decision.call_id]


def random_rules(rng: Random, queue: str) -> Rules:
    """Return any rules that the file of queues could hold."""
    levels = {skill: rng.randint(1, 3) for skill in rng.sample(SKILLS, rng.choice([0, 1, 1, 2]))}
    steps, after = [], 0.0
    for _ in range(rng.choice([0, 0, 1, 2])):
        after += rng.choice([3.0, 10.0])
        lower = tuple((skill, rng.randint(0, level)) for skill, level in sorted(levels.items()) if rng.random() < 0.7)
        steps.append(Step(after, lower, frozenset(rng.sample(GROUPS, rng.choice([0, 1]))), rng.random() < 0.2))
    targets = [other for other in QUEUES if other > queue]
    overflow = []
    if targets and rng.random() < 0.5:
        by_length = rng.random() < 0.3
        limit = {"length": rng.randint(1, 3)} if by_length else {"after_s": rng.choice([2.0, 8.0])}
        overflow.append(Overflow(rng.choice(targets), keeps=rng.choice([0.0, 0.5, 1.0]), **limit))  # type: ignore[arg-type]
    return Rules(
        queue,
        Need(tuple(sorted(levels.items())), frozenset(rng.sample(GROUPS, rng.choice([0, 0, 1, 2])))),
        tuple(steps),
        rng.choice(["longest_idle", "least_occupied", "best_skill", "round_robin"]),
        start=rng.choice([0.0, 0.0, 10.0]),
        rate=rng.choice([1.0, 1.0, 2.0]),
        overflow=tuple(overflow),
    )


def random_profile(rng: Random, agent_id: str) -> Profile:
    levels = {skill: rng.randint(1, 3) for skill in rng.sample(SKILLS, rng.choice([0, 1, 2, 3]))}
    groups = frozenset(rng.sample(GROUPS, rng.choice([0, 1, 2])))
    return Profile(agent_id, levels, groups, capacity=rng.choice([1, 1, 1, 2]))


def play(seed: int, events: int) -> int:
    """Let a random story of so many events happen; return how many decisions there were."""
    rng = Random(seed)
    world, count, decisions = World(rng), 0, 0
    people = [f"p{number}" for number in range(rng.randint(1, 4) if seed >= 0 else 20)]
    for agent_id in people:
        world.know(random_profile(rng, agent_id))
    for _ in range(events):
        kind = rng.random()
        if kind < 0.35:
            count += 1
            world.wait(random_call(rng, world, f"c{count}", people))
        elif kind < 0.6:
            world.ready(rng.choice(people))
        elif kind < 0.65 and world.decided:
            again(rng, world)
        elif kind < 0.7 and world.calls:
            world.leave(rng.choice(list(world.calls)))
        elif kind < 0.75:
            rng.choice([world.busy, world.gone])(rng.choice(people))
        elif kind < 0.8:
            world.know(random_profile(rng, rng.choice(people)))
        else:
            world.passes(rng.choice([0.1, 1.0, 3.0, 7.3, 40.0]))
        if rng.random() < 0.8:
            decisions += len(world.decide())
    decisions += len(world.decide())
    world.attendance.check()
    return decisions


def random_call(rng: Random, world: World, call_id: str, people: list[str]) -> Call:
    preferred = rng.choice(people) if rng.random() < 0.2 else None
    return Call(
        call_id,
        rng.choice(QUEUES),
        world.now - rng.choice([0.0, 0.0, 0.0, 5.0]),
        rng.choice([0.0, 0.0, 6.0, 45.0]),
        ((rng.choice(SKILLS), rng.randint(1, 3)),) if rng.random() < 0.2 else (),
        preferred,
        world.now + rng.choice([2.0, 9.0]) if preferred else 0.0,
    )


def again(rng: Random, world: World) -> None:
    """An agent did not answer: the call waits again in its place, the agent is away."""
    call_id, agent_id = rng.choice(list(world.decided.items()))
    world.gone(agent_id)
    world.decided = {call: agent for call, agent in world.decided.items() if agent != agent_id}
    world.wait(Call(call_id, rng.choice(QUEUES), world.now - 10.0))
