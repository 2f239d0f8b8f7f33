"""Storm mode: the table of its triggers with where each begins and ends, and the limit of the queues; pure.

A storm is so many calls of one cause that the agents cannot serve all [domain 5, 19]. Each trigger has two bounds, so
that a figure that swings about one of them does not switch back and forth.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.errors import ConfigError
from core.policy import Policy
from routing.precedence import Cause


class Trigger(StrEnum):
    """What begins a storm without a person."""

    QUEUE_LENGTH = "queue_length"
    """Callers who wait in all queues."""
    SERVICE_LEVEL = "service_level"
    """Today's service level of the queue that has the worst one, in per cent; known only while enough call."""
    ARRIVALS = "arrivals"
    """Calls of the last minutes, as a multiple of what the forecast of this half hour has for them."""
    WEATHER = "weather"
    """Level of the gravest weather notice in force: 1 blue, 2 yellow, 3 orange, 4 red; 0 none."""


FALLING = frozenset({Trigger.SERVICE_LEVEL})
"""These begin a storm when they fall."""
AT_ONCE = frozenset({Trigger.WEATHER})
"""These need not stay beyond their bound for a while: a person has entered them."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """From `begins` on a trigger is pulled; only beyond `ends`, on the other side, it is calm again."""

    begins: float
    ends: float


@dataclass(frozen=True, slots=True)
class Limits:
    """The policy's numbers, rules `storm_…` of `core/policies/seed.yaml`."""

    table: Mapping[Trigger, Bounds]
    hold_s: float
    calm_s: float
    acts: bool

    @classmethod
    def of(cls, policy: Policy) -> "Limits":
        """Read them. Raises ConfigError when a trigger would end before it begins."""
        table = {one: Bounds(policy.number(f"storm_{one}"), policy.number(f"storm_{one}_back")) for one in Trigger}
        for trigger, bounds in table.items():
            if bounds.begins <= bounds.ends if trigger not in FALLING else bounds.begins >= bounds.ends:
                side = "above" if trigger in FALLING else "below"
                raise ConfigError(
                    f"policy {policy.name!r}: storm_{trigger}_back = {bounds.ends:g} must be {side} "
                    f"storm_{trigger} = {bounds.begins:g}: a storm ends on the other side of where it begins"
                )
        return cls(
            table,
            policy.number("storm_trigger_hold"),
            policy.number("storm_calm_for"),
            policy.number("storm_trigger_acts") > 0,
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """One trigger as it stands: `value` None while nothing is known, which counts as calm."""

    trigger: Trigger
    bounds: Bounds
    value: float | None
    pulled: bool
    calm: bool


class Gauges:
    """Which triggers have been pulled without a break for long enough, and since when all have been calm."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.readings: tuple[Reading, ...] = read(limits, {})
        self._since: dict[Trigger, float] = {}
        self._calm_since: float | None = None

    def look(self, signals: Mapping[Trigger, float], now: float) -> str | None:
        """Take in what is seen at the monotonic second `now`; return why a storm begins, None when none does."""
        self.readings = read(self.limits, signals)
        pulled = {one.trigger: one for one in self.readings if one.pulled}
        self._since = {trigger: self._since.get(trigger, now) for trigger in pulled}
        if not all(one.calm for one in self.readings):
            self._calm_since = None
        elif self._calm_since is None:
            self._calm_since = now
        for trigger, reading in pulled.items():
            if now - self._since[trigger] >= (0.0 if trigger in AT_ONCE else self.limits.hold_s):
                return f"{trigger} {reading.value:.4g}, limit {reading.bounds.begins:g}"
        return None

    @property
    def pulled(self) -> bool:
        """Whether any trigger is pulled now."""
        return any(one.pulled for one in self.readings)

    def calm(self, now: float) -> bool:
        """Tell whether all have been calm for so long that the storm is over."""
        return self._calm_since is not None and now - self._calm_since >= self.limits.calm_s


def read(limits: Limits, signals: Mapping[Trigger, float]) -> tuple[Reading, ...]:
    """Return how each trigger stands by the `signals` that are known."""
    return tuple(_reading(trigger, bounds, signals.get(trigger)) for trigger, bounds in limits.table.items())


def _reading(trigger: Trigger, bounds: Bounds, value: float | None) -> Reading:
    if value is None:
        return Reading(trigger, bounds, None, pulled=False, calm=True)
    if trigger in FALLING:
        return Reading(trigger, bounds, value, pulled=value <= bounds.begins, calm=value >= bounds.ends)
    return Reading(trigger, bounds, value, pulled=value >= bounds.begins, calm=value <= bounds.ends)


@dataclass(frozen=True, slots=True)
class Room:
    """Where the queues are full: so many `waiting`, or half of the callers would wait longer than `wait_s`.

    `spares`: whose calls are let in all the same; who reports danger always is.
    """

    waiting: float
    wait_s: float
    spares: frozenset[Cause]

    @classmethod
    def of(cls, policy: Policy) -> "Room":
        """Read it from the policy."""
        named = {Cause.IMPORTANT: "storm_shed_important", Cause.VIP: "storm_shed_vip"}
        spared = {cause for cause, rule in named.items() if policy.number(rule) == 0}
        return cls(
            policy.number("storm_shed_waiting"), policy.number("storm_shed_wait"), frozenset({Cause.DANGER, *spared})
        )

    def full(self, waiting: int, wait_s: float | None) -> bool:
        """Tell whether a queue is full: `waiting` callers in it, the expected wait (median) None while not known."""
        return waiting >= self.waiting or (wait_s is not None and wait_s >= self.wait_s)

    def lets_in(self, causes: Collection[Cause]) -> bool:
        """Tell whether a caller comes into a full queue too."""
        return not self.spares.isdisjoint(causes)
