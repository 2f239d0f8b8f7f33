"""Where every waiting call stands, and when time alone changes that: relaxation, overflow, preferred agents; pure."""

import heapq
import itertools
from bisect import bisect_left, insort
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from routing.decisions import Call, Overflowed
from routing.demand import Bucket, Demand, Order
from routing.pace import Pace
from routing.rules import Overflow, Rules


@dataclass(slots=True, eq=False)
class Place:
    """A waiting call, the buckets in which it stands with its place in each, and when that changes by itself."""

    call: Call
    also: dict[str, float]
    stands: list[tuple[Bucket, Order]] = field(default_factory=list)
    due: float | None = None
    ticket: int = 0
    """Of its valid entry among the deadlines."""

    @property
    def order(self) -> Order:
        return self.call.since - self.call.ahead_s, self.call.call_id


class Filing:
    """The waiting calls: each in the line of its queue, and in the bucket of what it needs at this moment.

    `touched` are the buckets whose first call no decision has looked at yet. `can_hold` tells whether the preferred
    agent is there and meets the need.
    """

    def __init__(self, rules: Mapping[str, Rules], demand: Demand, can_hold: Callable[[Call, float], bool]) -> None:
        self._rules = rules
        self._demand = demand
        self._can_hold = can_hold
        self._places: dict[str, Place] = {}
        self.lines: dict[str, list[Order]] = {queue: [] for queue in rules}
        self.pace = {queue: Pace() for queue in rules}
        self.touched: dict[int, Bucket] = {}
        self._deadlines: list[tuple[float, int, str]] = []
        self._tickets = itertools.count(1)
        self._wanting: dict[str, set[str]] = {}
        """By agent: the calls that prefer this one."""
        self._closed: set[str] = set()
        self._overflowed: list[Overflowed] = []

    def get(self, call_id: str) -> Place | None:
        """Return where a call stands, None when it does not wait."""
        return self._places.get(call_id)

    def add(self, call: Call, now: float) -> None:
        """Let a call wait, in this place instead of one that it had."""
        rules = self._rules[call.queue]
        self.remove(call.call_id)
        place = self._places[call.call_id] = Place(call, dict(call.also))
        for over in rules.overflow:
            if (cause := self._full(over, call.queue)) is not None:
                self._overflow(place, over, cause, now)
        insort(self.lines[call.queue], place.order)
        if call.preferred is not None and now < call.preferred_until:
            self._wanting.setdefault(call.preferred, set()).add(call.call_id)
        self._file(place, now)

    def remove(self, call_id: str) -> bool:
        """Take a call out; tells whether it waited."""
        place = self._places.pop(call_id, None)
        if place is None:
            return False
        self._unfile(place)
        line = self.lines[place.call.queue]
        del line[bisect_left(line, place.order)]
        self._want_no_more(place.call)
        return True

    def open(self, queue: str, is_open: bool, now: float) -> None:
        """Let a queue take calls in overflow, or no more; those that are in it already stay."""
        if is_open == (queue not in self._closed):
            return
        (self._closed.discard if is_open else self._closed.add)(queue)
        for place in tuple(self._places.values()):
            if any(over.to == queue for over in self._rules[place.call.queue].overflow):
                self._file(place, now)

    def refile_wanting(self, agent_id: str, now: float) -> None:
        """Look again at the calls that prefer this agent, who came, went or learned something."""
        for call_id in tuple(self._wanting.get(agent_id, ())):
            self._file(self._places[call_id], now)

    def due(self) -> float | None:
        """Return the next moment at which time alone changes where a call stands."""
        while self._deadlines:
            due, ticket, call_id = self._deadlines[0]
            place = self._places.get(call_id)
            if place is not None and place.ticket == ticket:
                return due
            heapq.heappop(self._deadlines)
        return None

    def pass_to(self, now: float) -> None:
        """Let time pass: every call whose deadline has come stands anew."""
        while (due := self.due()) is not None and due <= now:
            place = self._places[heapq.heappop(self._deadlines)[2]]
            if place.call.preferred_until <= now:
                self._want_no_more(place.call)
            self._file(place, now)

    def overflowed(self) -> list[Overflowed]:
        """Return what calls have gone into overflow since this was asked last."""
        found, self._overflowed = self._overflowed, []
        return found

    def expected_wait(self, queue: str, position: int | None) -> float | None:
        """Return the seconds to be expected at a position, by default the end of the line; None: not known."""
        return self.pace[queue].expected_s(len(self.lines[queue]) + 1 if position is None else position)

    # --- where a call stands ---

    def _file(self, place: Place, now: float) -> None:
        """Put a call into the buckets in which it stands at `now`, and note when that changes."""
        self._unfile(place)
        call, rules = place.call, self._rules[place.call.queue]
        dues = self._overflow_by_wait(place, rules, now) if rules.overflow else []
        preferred = call.preferred if call.preferred is not None and now < call.preferred_until else None
        if preferred is not None:
            dues.append(call.preferred_until)
        if preferred is not None and self._can_hold(call, now):
            self._stand(place, rules, call.since, now, dues, preferred)
        else:
            self._stand(place, rules, call.since, now, dues)
            for queue, since in place.also.items():
                self._stand(place, self._rules[queue], since, now, dues)
        if dues:
            place.due, place.ticket = min(dues), next(self._tickets)
            heapq.heappush(self._deadlines, (place.due, place.ticket, call.call_id))

    def _stand(
        self, place: Place, rules: Rules, since: float, now: float, dues: list[float], preferred: str | None = None
    ) -> None:
        step, call = rules.step_at(since, now), place.call
        bucket = self._demand.bucket(rules, call.skills, step, preferred)
        order = since - call.ahead_s, call.call_id
        if self._demand.add(bucket, order):
            self.touched[bucket.serial] = bucket
        place.stands.append((bucket, order))
        if (due := rules.next_step(since, step)) is not None:
            dues.append(due)

    def _unfile(self, place: Place) -> None:
        for bucket, order in place.stands:
            self._demand.remove(bucket, order)
        place.stands.clear()
        place.due, place.ticket = None, 0

    def _want_no_more(self, call: Call) -> None:
        if call.preferred is not None and (wanting := self._wanting.get(call.preferred)) is not None:
            wanting.discard(call.call_id)
            if not wanting:
                del self._wanting[call.preferred]

    # --- overflow ---

    def _overflow_by_wait(self, place: Place, rules: Rules, now: float) -> list[float]:
        """Let a call that has waited long enough go into overflow; return when it will have."""
        dues = []
        for over in rules.overflow:
            if over.after_s is not None and over.to not in place.also and over.to not in self._closed:
                if (at := place.call.since + over.after_s) <= now:
                    self._overflow(place, over, "wait", at)
                else:
                    dues.append(at)
        return dues

    def _full(self, over: Overflow, queue: str) -> str | None:
        """Return why a call that comes to `queue` goes into this overflow at once, None when it does not."""
        if over.to in self._closed:
            return None
        if over.length is not None and len(self.lines[queue]) >= over.length:
            return "length"
        if over.expected_s is None or (expected := self.expected_wait(queue, None)) is None:
            return None
        return "expected" if expected > over.expected_s else None

    def _overflow(self, place: Place, over: Overflow, cause: str, at: float) -> None:
        if over.to not in place.also:
            since = place.also[over.to] = at - over.keeps * (at - place.call.since)
            self._overflowed.append(Overflowed(place.call.call_id, place.call.queue, over.to, cause, since))
