"""When the backup shift is called in without a person: queue length, forecast, weather notice [domain 5]."""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.shifts.model import Level, Trigger, WeatherNotice
from core.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What is seen now: callers `waiting`, the share forecast to be answered in time, weather notices in force.

    `service_level` None: too little is known to forecast one.
    """

    waiting: int
    service_level: float | None = None
    weather: Sequence[WeatherNotice] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """The policy's numbers, see `core/policies/seed.yaml`."""

    queue_length: float
    service_level: float
    weather_level: Level
    hold_s: float
    quiet_s: float
    acts: bool

    @classmethod
    def of(cls, policy: Policy) -> "Limits":
        """Read them."""
        return cls(
            policy.number("backup_queue_length"),
            policy.number("backup_service_level"),
            Level(int(policy.number("backup_weather_level"))),
            policy.number("backup_trigger_hold"),
            policy.number("backup_release_after"),
            policy.number("backup_trigger_acts") > 0,
        )


def fired(signals: Signals, limits: Limits) -> dict[Trigger, str]:
    """Return which triggers the signals pull, each with the figure that says why."""
    found = {}
    if signals.waiting >= limits.queue_length:
        found[Trigger.QUEUE_LENGTH] = f"{signals.waiting} waiting, limit {limits.queue_length:.0f}"
    if signals.service_level is not None and signals.service_level < limits.service_level:
        found[Trigger.SERVICE_LEVEL] = f"forecast {signals.service_level:.0%} in time, limit {limits.service_level:.0%}"
    worst = max(signals.weather, key=lambda notice: notice.level, default=None)
    if worst is not None and worst.level >= limits.weather_level:
        found[Trigger.WEATHER] = f"weather notice {worst.level.name.lower()}: {worst.text}"
    return found


class Held:
    """Which triggers have been pulled without a break for `hold_s` seconds; a weather notice counts at once."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._since: dict[Trigger, float] = {}
        self._quiet_since: float | None = None

    def look(self, signals: Signals, now: float) -> tuple[Trigger, str] | None:
        """Return the first trigger that calls people in, given the monotonic second `now`."""
        pulled = fired(signals, self._limits)
        self._since = {trigger: self._since.get(trigger, now) for trigger in pulled}
        self._quiet_since = None if pulled else now if self._quiet_since is None else self._quiet_since
        for trigger, why in pulled.items():
            hold = 0.0 if trigger is Trigger.WEATHER else self._limits.hold_s
            if now - self._since[trigger] >= hold:
                return trigger, why
        return None

    def quiet(self, now: float) -> bool:
        """Tell whether nothing has been pulled for so long that people may go again."""
        return self._quiet_since is not None and now - self._quiet_since >= self._limits.quiet_s
