"""The agents as the core sees them: there or not, free or not; pure."""

from collections.abc import Iterable

from routing.skills import Profile
from routing.strategies import Occupancy, Person
from routing.supply import Supply


class People:
    """All agents; the free ones are in `supply`, but those whom no decision has looked at yet in `fresh`."""

    def __init__(self, window_s: float) -> None:
        self.supply = Supply(self.having)
        self.fresh: dict[str, Person] = {}
        self._window_s = window_s
        self._people: dict[str, Person] = {}
        self._having: dict[str, int] = {}
        self.turns = 0
        """How many decisions there were."""

    def get(self, agent_id: str) -> Person | None:
        """Return an agent."""
        return self._people.get(agent_id)

    def all(self) -> Iterable[Person]:
        """Return everybody."""
        return self._people.values()

    def having(self, anchor: str) -> int:
        """Return how many agents have an anchor, whether there or not."""
        return self._having.get(anchor, 0)

    def know(self, profile: Profile, now: float) -> Person:
        """Take or change what an agent can."""
        agent_id = profile.agent_id
        person = self._people.get(agent_id)
        if person is None:
            person = self._people[agent_id] = Person(profile, Occupancy(self._window_s, at=now))
        else:
            self.supply.remove(agent_id)
            self._count(person.profile.anchors, -1)
            person.profile = profile
        self._count(profile.anchors, 1)
        self._look_at(person)
        return person

    def forget(self, agent_id: str) -> None:
        """Drop an agent."""
        if (person := self._people.pop(agent_id, None)) is not None:
            self.supply.remove(agent_id)
            self.fresh.pop(agent_id, None)
            self._count(person.profile.anchors, -1)

    def become(self, agent_id: str, now: float, *, present: bool, load: int | None, idle_since: float | None) -> bool:
        """Let an agent be there or not, accept calls beside `load` or none (None); tells whether it came or went."""
        person = self._people.get(agent_id) or self.know(Profile(agent_id), now)
        self.supply.remove(agent_id)
        moved = present is not person.present
        person.present, person.accepts, person.load = present, load is not None, load or 0
        person.idle_since = now if idle_since is None else idle_since
        works = present and load != 0
        if works is not person.occupancy.busy:
            person.occupancy.turn(works, now)
        self._look_at(person)
        return moved

    def take(self, person: Person, now: float) -> None:
        """Give an agent one call more."""
        settled = self.supply.remove(person.profile.agent_id)
        self.turns += 1
        person.turn, person.load = self.turns, person.load + 1
        if not person.occupancy.busy:
            person.occupancy.turn(True, now)
        if settled and person.free:
            self.supply.add(person)
        else:
            self._look_at(person)

    def settle(self) -> None:
        """The fresh have been looked at: they stand among the free now."""
        for person in self.fresh.values():
            self.supply.add(person)
        self.fresh.clear()

    def _look_at(self, person: Person) -> None:
        if person.free:
            self.fresh[person.profile.agent_id] = person
        else:
            self.fresh.pop(person.profile.agent_id, None)

    def _count(self, anchors: Iterable[tuple[str, int]], by: int) -> None:
        for anchor, _ in anchors:
            self._having[anchor] = self._having.get(anchor, 0) + by
