"""The free agents, found by what a call needs: sorted lists by strategy for each skill and group; pure."""

import heapq
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator

from routing.skills import EVERYBODY, Levels, Need, by_agent, by_group, by_skill
from routing.strategies import STRATEGIES, Key, Person

AGENT, SKILL = by_agent(""), by_skill("")


class Supply:
    """Free agents under each of their anchors, in the order of each strategy in use.

    Adding and removing cost the agent's own anchors; finding reads the shortest list of the call's anchors.
    """

    def __init__(self, strategies: Iterable[str]) -> None:
        self._strategies = tuple(dict.fromkeys(strategies))
        self._lists: dict[tuple[str, str], list[Key]] = defaultdict(list)
        self._free: dict[str, tuple[Person, list[tuple[list[Key], Key]]]] = {}

    def __contains__(self, agent_id: str) -> bool:
        return agent_id in self._free

    def __len__(self) -> int:
        return len(self._free)

    def add(self, person: Person) -> None:
        """Enter a free agent; its skills and what orders it must not change while it is here."""
        entries = []
        for strategy in self._strategies:
            for anchor in person.profile.anchors:
                if not anchor.startswith(AGENT):
                    key = STRATEGIES[strategy](person, _alone(anchor))
                    entries.append((self._lists[strategy, anchor], key))
        for line, key in entries:
            insort(line, key)
        self._free[person.profile.agent_id] = person, entries

    def remove(self, agent_id: str) -> bool:
        """Take an agent out; tells whether it was here."""
        found = self._free.pop(agent_id, None)
        if found is None:
            return False
        for line, key in found[1]:
            del line[bisect_left(line, key)]
        return True

    def find(
        self, need: Need, strategy: str, wanted: Levels, besides: Iterable[Person], limit: int
    ) -> list[tuple[Key, Person]]:
        """Return the best `limit` free agents who meet `need`, the best first; those of `besides` count as free too."""
        order = STRATEGIES[strategy]
        found = [(order(person, wanted), person) for person in besides if need.met_by(person.profile)]
        anchor = self._anchor(need, strategy)
        sorted_so = (
            strategy != "best_skill" or not wanted or (wanted == need.skills and _alone(anchor) and len(wanted) == 1)
        )
        count = 0
        for key in self._read(need, strategy, anchor):
            person = self._free[str(key[-1])][0]
            if need.met_by(person.profile):
                found.append((order(person, wanted), person))
                count += 1
                if count == limit and sorted_so:
                    break
        return heapq.nsmallest(limit, found, key=lambda one: one[0])

    def _anchor(self, need: Need, strategy: str) -> str:
        anchors = [by_skill(skill) for skill, _ in need.skills]
        if len(need.groups) == 1 or (need.groups and not anchors):
            anchors.append(by_group(min(need.groups)))
        if not anchors:
            return EVERYBODY
        return min(anchors, key=lambda anchor: len(self._lists[strategy, anchor]))

    def _read(self, need: Need, strategy: str, anchor: str) -> Iterator[Key]:
        if need.skills or len(need.groups) < 2:
            yield from self._lists[strategy, anchor]
            return
        before: Key | None = None
        for key in heapq.merge(*(self._lists[strategy, by_group(group)] for group in need.groups)):
            if key != before:
                yield key
            before = key


def _alone(anchor: str) -> Levels:
    """Return the skill of an anchor as all that a call wants."""
    return ((anchor[len(SKILL) :], 1),) if anchor.startswith(SKILL) else ()
