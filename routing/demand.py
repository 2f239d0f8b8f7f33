"""The waiting calls, found by what an agent can: one bucket for all with the same rules and needs; pure."""

import itertools
from bisect import bisect_left, insort
from collections.abc import Callable

from routing.rules import Rules
from routing.skills import EVERYBODY, Levels, Need, Profile, by_agent, by_group, by_skill

Order = tuple[float, str]
"""A place: the moment since which the call counts as waiting (less its head start), and its id between equals."""


class Bucket:
    """Calls that differ only in their places: whoever fits one fits all, so only the first can be next.

    `step` counts the relaxation steps taken, `wanted` are the skills before any; the calls of a bucket with
    `preferred` are held for that agent. While it has calls it stands under its `anchors`; who is found there with at
    least the level `least` fits when the levels of `rest` and the `groups` are met as well.
    """

    __slots__ = (
        *("anchors", "beside", "calls", "further", "groups", "plain", "least", "need", "preferred"),
        *("rest", "rules", "serial", "step", "wanted"),
    )

    def __init__(self, rules: Rules, further: Levels, step: int, preferred: str | None, serial: int) -> None:
        self.rules = rules
        self.further = further
        self.need: Need = rules.need_at(further, step)
        self.step = step
        self.wanted = rules.need_at(further, 0).skills
        self.preferred = preferred
        self.serial = serial
        self.anchors: tuple[str, ...] = ()
        self.least = 0
        self.rest: Levels = ()
        self.groups: frozenset[str] = frozenset()
        self.plain = True
        """There is no rest, and no group is needed."""
        self.beside = ""
        """A skill of the rest, if there is one."""
        self.calls: list[Order] = []

    def fits(self, profile: Profile) -> bool:
        """Tell whether the agent may take a call of this bucket."""
        if self.preferred is not None and self.preferred != profile.agent_id:
            return False
        return self.need.met_by(profile)

    def further_met_by(self, profile: Profile) -> bool:
        """Tell whether the agent, found under an anchor with the least level there, has the rest and a group."""
        for skill, least in self.rest:
            if profile.levels.get(skill, 0) < least:
                return False
        return not self.groups or not self.groups.isdisjoint(profile.groups)

    def remove(self, place: Order) -> None:
        """Take a call out."""
        del self.calls[bisect_left(self.calls, place)]


NOTHING: dict[str, dict[int, Bucket]] = {}


class Demand:
    """All buckets; those with calls stand under one skill each, so an agent looks only at those of its own skills."""

    def __init__(self, rarity: Callable[[str], int]) -> None:
        self._rarity = rarity
        """How many agents have an anchor: a bucket stands under its rarest skill."""
        self._buckets: dict[tuple[str, Levels, int, str | None], Bucket] = {}
        self._serials = itertools.count()
        self._under: dict[str, dict[str, dict[int, Bucket]]] = {}
        """By anchor and a further skill (empty: none is needed): of what an agent lacks nothing is looked at."""

    def bucket(self, rules: Rules, further: Levels, step: int, preferred: str | None) -> Bucket:
        """Return the bucket of these rules for a call with `further` needs after `step` steps, made when new."""
        key = (rules.queue, further, step, preferred)
        found = self._buckets.get(key)
        if found is None:
            found = self._buckets[key] = Bucket(rules, further, step, preferred, next(self._serials))
        return found

    def add(self, bucket: Bucket, place: Order) -> bool:
        """Put a call into its bucket; tells whether it is the first there."""
        if not bucket.calls:
            self._anchor(bucket)
            for anchor in bucket.anchors:
                self._under.setdefault(anchor, {}).setdefault(bucket.beside, {})[bucket.serial] = bucket
        insort(bucket.calls, place)
        return bucket.calls[0] == place

    def remove(self, bucket: Bucket, place: Order) -> None:
        """Take a call out of its bucket."""
        bucket.remove(place)
        if not bucket.calls:
            for anchor in bucket.anchors:
                del (there := self._under[anchor])[bucket.beside][bucket.serial]
                if not there[bucket.beside]:
                    del there[bucket.beside]
            del self._buckets[bucket.rules.queue, bucket.further, bucket.step, bucket.preferred]

    def all(self) -> list[Bucket]:
        """Return every bucket; each has calls."""
        return list(self._buckets.values())

    def fitting(self, profile: Profile) -> list[Bucket]:
        """Return the buckets with calls that this agent may take."""
        found: dict[int, Bucket] = {}
        levels = profile.levels
        for anchor, level in profile.anchors:
            for beside, buckets in self._under.get(anchor, NOTHING).items():
                if beside and beside not in levels:
                    continue
                for serial, bucket in buckets.items():
                    if bucket.least <= level and (bucket.plain or bucket.further_met_by(profile)):
                        found[serial] = bucket
        return list(found.values())

    def _anchor(self, bucket: Bucket) -> None:
        skills, bucket.groups = bucket.need.skills, bucket.need.groups
        bucket.least, bucket.rest = 0, skills
        if bucket.preferred is not None:
            bucket.anchors = (by_agent(bucket.preferred),)
        elif skills:
            rarest, bucket.least = min(skills, key=lambda one: self._rarity(by_skill(one[0])))
            bucket.rest = tuple(one for one in skills if one[0] != rarest)
            bucket.anchors = (by_skill(rarest),)
        else:
            bucket.anchors = tuple(map(by_group, sorted(bucket.groups))) or (EVERYBODY,)
        bucket.plain = not bucket.rest and not bucket.groups
        bucket.beside = bucket.rest[0][0] if bucket.rest else ""
