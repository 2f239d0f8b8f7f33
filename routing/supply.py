"""The free agents, found by what a call needs: sorted lists by skill, group and strategy; pure."""

import heapq
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from functools import cache

from routing.skills import EVERYBODY, SKILL, Levels, Need, by_group, by_skill
from routing.strategies import STRATEGIES, Key, Person

NO_LISTS: dict[str, list[Key]] = {}


class Supply:
    """The free agents under their anchors, in the order of a strategy; a list begins when it is first asked for.

    Adding and removing cost the agent's own anchors; finding reads the list of the rarest anchor of the call.
    """

    def __init__(self, rarity: Callable[[str], int]) -> None:
        self._rarity = rarity
        self._free: dict[float | str, tuple[Person, list[tuple[list[Key], Key]]]] = {}
        """Each free agent, with the lists in which it stands and its place there."""
        self._lists: dict[str, dict[str, list[Key]]] = {}
        """By anchor and strategy."""

    def __contains__(self, agent_id: str) -> bool:
        return agent_id in self._free

    def __len__(self) -> int:
        return len(self._free)

    def add(self, person: Person) -> None:
        """Enter a free agent; its skills and what orders it must not change while it is here."""
        places: list[tuple[list[Key], Key]] = []
        self._free[person.profile.agent_id] = person, places
        for anchor, _ in person.profile.anchors:
            for strategy, line in self._lists.get(anchor, NO_LISTS).items():
                key = STRATEGIES[strategy](person, _alone(anchor))
                insort(line, key)
                places.append((line, key))

    def remove(self, agent_id: str) -> bool:
        """Take an agent out; tells whether it was here."""
        found = self._free.pop(agent_id, None)
        if found is None:
            return False
        for line, key in found[1]:
            del line[bisect_left(line, key)]
        return True

    def _line(self, anchor: str, strategy: str) -> list[Key]:
        lists = self._lists.setdefault(anchor, {})
        if strategy not in lists:
            line = lists[strategy] = []
            for person, places in self._free.values():
                if person.profile.has(anchor):
                    key = STRATEGIES[strategy](person, _alone(anchor))
                    line.append(key)
                    places.append((line, key))
            line.sort()
        return lists[strategy]

    def find(
        self, need: Need, strategy: str, wanted: Levels, besides: Iterable[Person], limit: int
    ) -> list[tuple[Key, Person]]:
        """Return the best `limit` free agents who meet `need`, the best first; those of `besides` are free too."""
        order = STRATEGIES[strategy]
        found = [(order(person, wanted), person) for person in besides if need.met_by(person.profile)]
        anchors = self._anchors(need)
        as_sorted = (
            strategy != "best_skill" or not wanted or (len(wanted) == 1 and anchors == (by_skill(wanted[0][0]),))
        )
        in_order, enough = as_sorted and not found, len(found) + limit
        for key in self._read(anchors, strategy):
            person = self._free[key[-1]][0]
            if need.met_by(person.profile):
                found.append((key if as_sorted else order(person, wanted), person))
                if as_sorted and len(found) == enough:
                    break
        if not in_order:
            found.sort(key=lambda one: one[0])
        return found[:limit]

    def _anchors(self, need: Need) -> tuple[str, ...]:
        if len(need.skills) == 1:
            return (by_skill(need.skills[0][0]),)
        if need.skills:
            return (by_skill(min((skill for skill, _ in need.skills), key=lambda one: self._rarity(by_skill(one)))),)
        return tuple(map(by_group, sorted(need.groups))) or (EVERYBODY,)

    def _read(self, anchors: tuple[str, ...], strategy: str) -> Iterable[Key]:
        if len(anchors) == 1:
            return self._line(anchors[0], strategy)
        merged = heapq.merge(*(self._line(anchor, strategy) for anchor in anchors))
        return dict.fromkeys(merged)


@cache
def _alone(anchor: str) -> Levels:
    """Return the skill of an anchor as all that a call wants."""
    return ((anchor[len(SKILL) :], 1),) if anchor.startswith(SKILL) else ()
