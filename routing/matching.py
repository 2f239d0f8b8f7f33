"""The pure core of routing: events in, decisions out; no clock, no files, the same for live calls and simulation.

Moments are seconds on any one clock that does not go back (the service uses POSIX time, a simulator its own).

    core = Matching({"general": Rules("general")}, cap=1200.0)
    core.know(Profile("a1", {"english": 3}), now)  # and again whenever the agent's skills change
    core.ready("a1", now)                         # may be given calls; after each call again
    core.busy("a1", now) / core.gone("a1", now)   # is there but has no time / is not there (break, signed out)
    core.wait(Call("c1", "general", since=now), now)
    core.leave("c1")                              # hung up, was answered elsewhere, …
    for decision in core.decide(now): …           # time has passed to `now`; who belongs together
    core.due()                                    # when to call `decide` again though nothing happens; None: never

A decided call is out of the core and its agent has one call more; when nothing comes of it, `wait` takes the call back
with the same `since`, so it keeps its place, and `ready`, `busy` or `gone` tells what became of the agent. Nothing else
changes by itself. `decide` leaves no free agent beside a waiting call that fits: each event marks what it may have made
possible, and only that is looked at. Between two calls the higher priority is served first (`Rules.priority`), at the
cap and between equals who has the older place; within a queue the order never changes, and nobody is passed beyond the
longest head start. `explain`, `position` and `candidates` recompute on demand what no decision stores.

`Call`, `Decision` and what else goes in and out are in routing/decisions.py, `Rules` in routing/rules.py, `Profile` in
routing/skills.py. The order of the results depends on nothing but the events, so a seed gives the same run again.
"""

import heapq
from bisect import bisect_left
from collections.abc import Iterable, Mapping

from routing.decisions import Call, Candidate, Decision, Explained, Overflowed, Scored
from routing.demand import Bucket, Demand
from routing.filing import Filing
from routing.people import People
from routing.rules import Rules
from routing.skills import Profile
from routing.strategies import STRATEGIES, Key, Person, score

NEXT = 5
"""How many who came after the chosen are named with a decision."""
FEW = 8
"""Up to so many agents that have just become free are looked at one by one, more through the index."""
PREFERRED = "preferred"
"""The rule of a decision for the agent that the call was held for."""
OCCUPANCY_WINDOW_S = 3600.0

Head = tuple[float, float, str, str, Bucket, int]
"""A call as it competes with others, the least is served first: less its priority, moment, id, queue; bucket, place."""


class Matching:
    """All waiting calls and all agents of a centre; see the module for the use."""

    def __init__(self, rules: Mapping[str, Rules], cap: float, occupancy_window_s: float = OCCUPANCY_WINDOW_S) -> None:
        self.rules = dict(rules)
        self.cap = cap
        self._people = People(occupancy_window_s)
        self._demand = Demand(self._people.having)
        self._calls = Filing(self.rules, self._demand, self._can_hold)

    # --- calls ---

    def wait(self, call: Call, now: float) -> None:
        """Let a call wait; one that waits already gets this place instead. Raises KeyError for an unknown queue."""
        self._calls.add(call, now)

    def leave(self, call_id: str) -> bool:
        """Take a call out; tells whether it waited."""
        return self._calls.remove(call_id)

    def open(self, queue: str, is_open: bool, now: float) -> None:
        """Let a queue take calls in overflow, or no more; those that are in it already stay."""
        self._calls.open(queue, is_open, now)

    def __contains__(self, call_id: str) -> bool:
        return self._calls.get(call_id) is not None

    # --- agents ---

    def know(self, profile: Profile, now: float) -> None:
        """Take the agent's skills, groups and capacity; waiting calls and calls held for the agent follow at once."""
        self._people.know(profile, now)
        self._calls.refile_wanting(profile.agent_id, now)

    def forget(self, agent_id: str, now: float) -> None:
        """Drop an agent who does not work here any more."""
        self._people.forget(agent_id)
        self._calls.refile_wanting(agent_id, now)

    def ready(self, agent_id: str, now: float, idle_since: float | None = None, load: int = 0) -> None:
        """The agent may be given calls and has `load` of them; idle since `idle_since`, now when not given."""
        self._become(agent_id, now, present=True, load=load, idle_since=idle_since)

    def busy(self, agent_id: str, now: float) -> None:
        """The agent is there but gets no calls: is rung, talks, writes up."""
        self._become(agent_id, now, present=True, load=None)

    def gone(self, agent_id: str, now: float) -> None:
        """The agent gets no calls and nobody waits for this one: on a break, signed out, no phone."""
        self._become(agent_id, now, present=False, load=None)

    def _become(
        self, agent_id: str, now: float, *, present: bool, load: int | None, idle_since: float | None = None
    ) -> None:
        if self._people.become(agent_id, now, present=present, load=load, idle_since=idle_since):
            self._calls.refile_wanting(agent_id, now)

    def _can_hold(self, call: Call, now: float) -> bool:
        person = self._people.get(call.preferred or "")
        rules = self.rules[call.queue]
        need = rules.need_at(call.skills, rules.step_at(call.since, now))
        return person is not None and person.present and need.met_by(person.profile)

    # --- decisions ---

    def due(self) -> float | None:
        """Return the next moment at which time alone changes something."""
        return self._calls.due()

    def overflowed(self) -> list[Overflowed]:
        """Return what calls have gone into overflow since this was asked last."""
        return self._calls.overflowed()

    def decide(self, now: float) -> list[Decision]:
        """Let time pass to `now` and return who belongs together, in the order of the decisions."""
        self._calls.pass_to(now)
        if not self._people.fresh and not self._calls.touched:
            return []
        decisions = self._sweep(now)
        self._people.settle()
        self._calls.touched.clear()
        return decisions

    def undecided(self) -> set[str]:
        """Return the queues with a call that `decide` would give to an agent; only what is new is looked at."""
        new = {
            one.serial: one for person in self._people.fresh.values() for one in self._demand.fitting(person.profile)
        }
        new |= {one.serial: one for one in self._calls.touched.values() if one.calls and self._find(one)}
        return {bucket.rules.queue for bucket in new.values()}

    def free(self) -> set[str]:
        """Return the agents to whom a call may be given."""
        return {person.profile.agent_id for person in self._people.all() if person.free}

    def _sweep(self, now: float) -> list[Decision]:
        fits = self._fitting_fresh()
        if len(fits) == 1 and not self._calls.touched:
            ((agent_id, buckets),) = fits.items()
            return self._serve(self._people.fresh[agent_id], self._heads(buckets, now), now)
        heads = {bucket.serial: bucket for buckets in fits.values() for bucket in buckets}
        heads |= self._calls.touched
        heap = self._heads(heads.values(), now)
        decisions: list[Decision] = []
        while heap and (self._people.fresh or self._calls.touched):
            head, bucket = heap[0], heap[0][4]
            if not bucket.calls:
                heapq.heappop(heap)
            elif bucket.calls[0] != head[1:3]:
                heapq.heapreplace(heap, self._head(bucket, 0, now))
            elif found := self._find(bucket):
                call = self._take_first(bucket, heap, now)
                profile = found[0][1].profile
                rivals = self._heads(fits.get(profile.agent_id) or self._rivals(profile), now)
                decisions.append(self._pair(call, head, found, self._following(rivals, now), now))
            else:
                heapq.heappop(heap)
                self._calls.touched.pop(bucket.serial, None)
        return decisions

    def _serve(self, person: Person, heap: list[Head], now: float) -> list[Decision]:
        """Give calls to the one agent who has just become free, beside whom nothing else has happened: most decisions.

        `heap` is what this agent may take.
        """
        decisions: list[Decision] = []
        while heap and person.free:
            head, bucket = heap[0], heap[0][4]
            if not bucket.calls:
                heapq.heappop(heap)
            elif bucket.calls[0] != head[1:3]:
                heapq.heapreplace(heap, self._head(bucket, 0, now))
            else:
                call, rules = self._take_first(bucket, heap, now), bucket.rules
                found = [(STRATEGIES[rules.strategy](person, bucket.wanted), person)]
                following = self._following(heap if person.last_place else heap[:], now)
                decisions.append(self._pair(call, head, found, following, now))
        return decisions

    def _fitting_fresh(self) -> dict[str, list[Bucket]]:
        """Return the buckets of each fresh agent; when they are many, look at everything instead."""
        if len(self._people.fresh) <= FEW:
            return {agent_id: self._demand.fitting(person.profile) for agent_id, person in self._people.fresh.items()}
        self._people.settle()
        self._calls.touched = {bucket.serial: bucket for bucket in self._demand.all()}
        return {}

    def _rivals(self, profile: Profile) -> list[Bucket]:
        """Return what else an agent could take who was free before: only what is touched, or nothing would wait."""
        if len(self._calls.touched) > FEW:
            return self._demand.fitting(profile)
        return [bucket for bucket in self._calls.touched.values() if bucket.fits(profile)]

    def _head(self, bucket: Bucket, place: int, now: float) -> Head:
        moment, call_id = bucket.calls[place]
        rules = bucket.rules
        return -rules.priority(moment, now, self.cap), moment, call_id, rules.queue, bucket, place

    def _heads(self, buckets: Iterable[Bucket], now: float) -> list[Head]:
        cap, heap = self.cap, []
        for bucket in buckets:
            if calls := bucket.calls:
                moment, call_id = calls[0]
                rules = bucket.rules
                heap.append((-rules.priority(moment, now, cap), moment, call_id, rules.queue, bucket, 0))
        heapq.heapify(heap)
        return heap

    def _find(self, bucket: Bucket) -> list[tuple[Key, Person]]:
        """Return the best agents for the first call of a bucket; one that was looked at before fits only the fresh."""
        strategy, wanted = bucket.rules.strategy, bucket.wanted
        if bucket.preferred is not None:
            person = self._people.get(bucket.preferred)
            return [(STRATEGIES[strategy](person, wanted), person)] if person is not None and person.free else []
        if bucket.serial in self._calls.touched:
            return self._people.supply.find(bucket.need, strategy, wanted, self._people.fresh.values(), NEXT + 1)
        found = [person for person in self._people.fresh.values() if bucket.fits(person.profile)]
        return sorted(((STRATEGIES[strategy](one, wanted), one) for one in found), key=lambda one: one[0])[: NEXT + 1]

    def _take_first(self, bucket: Bucket, heap: list[Head], now: float) -> Call:
        """Take the first call of the bucket at the top of the heap out; the next one stands there instead."""
        place = self._calls.get(bucket.calls[0][1])
        assert place is not None
        call = place.call
        self._calls.remove(call.call_id)
        self._calls.pace[call.queue].decided(call.since, now)
        if bucket.calls:
            heapq.heapreplace(heap, self._head(bucket, 0, now))
        else:
            heapq.heappop(heap)
        return call

    def _pair(
        self, call: Call, head: Head, found: list[tuple[Key, Person]], following: tuple[Scored, ...], now: float
    ) -> Decision:
        negative, _, _, queue, bucket, _ = head
        strategy, turns, person = bucket.rules.strategy, self._people.turns, found[0][1]
        scored = [Scored(one.profile.agent_id, score(strategy, one, bucket.wanted, now, turns)) for _, one in found]
        decision = Decision(
            call_id=call.call_id,
            agent_id=scored[0].id,
            by_queue=queue,
            rule=strategy if bucket.preferred is None else PREFERRED,
            step=bucket.step,
            priority=-negative,
            score=scored[0].score,
            waited_s=now - call.since,
            idle_s=now - person.idle_since,
            next_agents=tuple(scored[1:]),
            next_calls=following,
        )
        self._people.take(person, now)
        return decision

    def _following(self, heap: list[Head], now: float) -> tuple[Scored, ...]:
        """Return the best five of what the buckets in this heap hold; it is used up."""
        found: dict[str, Scored] = {}
        while heap and len(found) < NEXT:
            negative, _, call_id, _, bucket, place = heap[0]
            if bucket.calls and bucket.calls[place][1] == call_id:
                found.setdefault(call_id, Scored(call_id, -negative))
                place += 1
            if place < len(bucket.calls):
                heapq.heapreplace(heap, self._head(bucket, place, now))
            else:
                heapq.heappop(heap)
        return tuple(found.values())

    # --- what is told on demand ---

    def length(self, queue: str) -> int:
        """Return how many calls of this queue wait."""
        return len(self._calls.lines[queue])

    def line(self, queue: str) -> list[str]:
        """Return the waiting calls of a queue in their order."""
        return [call_id for _, call_id in self._calls.lines[queue]]

    def position(self, call_id: str) -> int | None:
        """Return the place of a call in its own queue, 1 = next; None when it does not wait."""
        place = self._calls.get(call_id)
        return None if place is None else bisect_left(self._calls.lines[place.call.queue], place.order) + 1

    def expected_wait(self, queue: str, position: int | None = None) -> float | None:
        """Return the seconds to be expected at a position, by default the end of the line; None: not known."""
        return self._calls.expected_wait(queue, position)

    def explain(self, call_id: str, now: float) -> Explained | None:
        """Return why a call waits; None when it does not."""
        place = self._calls.get(call_id)
        if place is None:
            return None
        (bucket, order), *_ = place.stands
        return Explained(
            position=bisect_left(self._calls.lines[place.call.queue], place.order) + 1,
            priority=bucket.rules.priority(order[0], now, self.cap),
            step=bucket.step,
            need=bucket.need,
            next_change=place.due,
            held_for=bucket.preferred,
            queues=tuple(stand.rules.queue for stand, _ in place.stands),
        )

    def candidates(self, call: Call, now: float) -> list[Candidate]:
        """Return every agent beside this call as it would stand at `now`, the best of those who fit first."""
        rules = self.rules[call.queue]
        need = rules.need_at(call.skills, rules.step_at(call.since, now))
        wanted = rules.need_at(call.skills, 0).skills
        ordered = sorted(
            self._people.all(),
            key=lambda one: (not need.met_by(one.profile), not one.free, STRATEGIES[rules.strategy](one, wanted)),
        )
        return [
            Candidate(
                agent_id=one.profile.agent_id,
                present=one.present,
                free=one.free,
                fits=need.met_by(one.profile),
                lacks=need.lacks(one.profile),
                score=score(rules.strategy, one, wanted, now, self._people.turns),
            )
            for one in ordered
        ]
