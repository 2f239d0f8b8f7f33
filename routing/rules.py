"""The rules of a queue as the pure core uses them: who may answer, in what order, and when that is relaxed."""

from dataclasses import dataclass, field

from routing.skills import Levels, Need, Step

ANYBODY = Need()


@dataclass(frozen=True, slots=True)
class Overflow:
    """When a call may be answered by the agents of the queue `to` as well.

    After a wait of `after_s`, or at once when `length` calls wait already or `expected_s` is to be expected. The
    call keeps its place in its own queue; in `to` it counts as waiting since the share `keeps` (0 … 1) of its wait.
    """

    to: str
    after_s: float | None = None
    length: int | None = None
    expected_s: float | None = None
    keeps: float = 1.0


@dataclass(frozen=True, slots=True)
class Rules:
    """How one queue serves.

    A call's priority is `start` + `rate` × (its wait + its head start), in points, up to the cap of the centre;
    `strategy` picks among the agents who meet the need (routing/strategies.py).
    """

    queue: str
    need: Need = ANYBODY
    steps: tuple[Step, ...] = ()
    strategy: str = "longest_idle"
    start: float = 0.0
    rate: float = 1.0
    overflow: tuple[Overflow, ...] = ()
    _moments: tuple[float, ...] = field(init=False, compare=False)
    _needs: dict[tuple[Levels, int], Need] = field(init=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_moments", tuple(step.after_s for step in self.steps))

    def step_at(self, since: float, now: float) -> int:
        """Return how many steps count at `now` for a call that waits since `since` (seconds)."""
        step = 0
        # Sums, not differences: the moment told by `next_step` must be one at which its step counts.
        for moment in self._moments:
            if since + moment > now:
                break
            step += 1
        return step

    def next_step(self, since: float, step: int) -> float | None:
        """Return the moment of the step after `step` of them, None after the last."""
        return since + self._moments[step] if step < len(self._moments) else None

    def need_at(self, further: Levels, step: int) -> Need:
        """Return what a call with `further` skills needs once so many steps count."""
        found = self._needs.get((further, step))
        if found is None:
            found = self.need.with_skills(further)
            for one in self.steps[:step]:
                found = found.relaxed(one)
            self._needs[further, step] = found
        return found

    def priority(self, moment: float, now: float, cap: float) -> float:
        """Return the points of a call that counts as waiting since `moment`."""
        points = self.start + self.rate * (now - moment)
        return points if points < cap else cap
