"""What a call needs of an agent and what an agent can: skills with levels, and groups; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Levels = tuple[tuple[str, int], ...]
"""Skills with the least level of each, by name; each skill once."""

EVERYBODY = "*"
"""The anchor that every agent has."""
SKILL, GROUP, AGENT = "s:", "g:", "a:"
"""What other anchors begin with."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What routing knows of an agent: the level of each skill, the groups, how many calls at once.

    `anchors` are the keys under which an index finds the agent, each with the level that the agent has there.
    """

    agent_id: str
    levels: Mapping[str, int] = field(default_factory=dict)
    groups: frozenset[str] = frozenset()
    capacity: int = 1
    anchors: tuple[tuple[str, int], ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        plain = (EVERYBODY, by_agent(self.agent_id), *map(by_group, sorted(self.groups)))
        skills = ((by_skill(skill), level) for skill, level in self.levels.items())
        object.__setattr__(self, "anchors", (*((anchor, 0) for anchor in plain), *skills))

    def has(self, anchor: str) -> bool:
        """Tell whether an index finds the agent there."""
        if anchor.startswith(SKILL):
            return anchor[len(SKILL) :] in self.levels
        return any(anchor == own for own, _ in self.anchors)


@dataclass(frozen=True, slots=True)
class Step:
    """From a wait of `after_s` on: lower `levels` (0: not needed any more), further `groups`, or any group."""

    after_s: float
    levels: Levels = ()
    groups: frozenset[str] = frozenset()
    any_group: bool = False


@dataclass(frozen=True, slots=True)
class Need:
    """Every one of `skills` at its least level, and one of `groups` unless that is empty."""

    skills: Levels = ()
    groups: frozenset[str] = frozenset()

    def met_by(self, profile: Profile) -> bool:
        """Tell whether the agent can take a call with this need."""
        levels = profile.levels
        for skill, least in self.skills:
            if levels.get(skill, 0) < least:
                return False
        return not self.groups or not self.groups.isdisjoint(profile.groups)

    def lacks(self, profile: Profile) -> tuple[str, ...]:
        """Return the skills in which the agent falls short."""
        return tuple(skill for skill, least in self.skills if profile.levels.get(skill, 0) < least)

    def with_skills(self, further: Levels) -> "Need":
        """Return the need with `further` skills; of a skill in both the higher level counts."""
        if not further:
            return self
        merged = dict(self.skills)
        for skill, least in further:
            merged[skill] = max(least, merged.get(skill, 0))
        return Need(tuple(sorted(merged.items())), self.groups)

    def relaxed(self, step: Step) -> "Need":
        """Return what is still needed after this step; never more than before."""
        lower = dict(step.levels)
        kept = ((skill, min(least, lower.get(skill, least))) for skill, least in self.skills)
        groups = frozenset() if step.any_group or not self.groups else self.groups | step.groups
        return Need(tuple((skill, least) for skill, least in kept if least > 0), groups)


def by_skill(skill: str) -> str:
    """Return the anchor of all who have a skill, at whatever level."""
    return SKILL + skill


def by_group(group: str) -> str:
    """Return the anchor of all who are in a group."""
    return GROUP + group


def by_agent(agent_id: str) -> str:
    """Return the anchor of one agent."""
    return AGENT + agent_id
