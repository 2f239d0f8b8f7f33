"""The silent-call script: three prompts, a pause after each, and no release before the third pause is over.

[seed 000] 无声电话一定要做到按上述要求重复三次开头语; 严禁未做到重复三次就挂线. Whatever the caller says or presses, at
any point, ends the script and returns the call to normal service.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from core.errors import Conflict

PROMPTS = ("silence_first", "silence_second", "silence_third")
"""Ids of the three prompts, in order."""


class Stage(StrEnum):
    """Where the script stands; `speaking_1` is the first prompt, `pause_1` the pause after it."""

    SPEAKING_1 = "speaking_1"
    PAUSE_1 = "pause_1"
    SPEAKING_2 = "speaking_2"
    PAUSE_2 = "pause_2"
    SPEAKING_3 = "speaking_3"
    PAUSE_3 = "pause_3"
    NORMAL = "normal"
    RELEASED = "released"


class Step(StrEnum):
    """What can happen to the script."""

    SAID = "said"
    """The prompt was played to its end."""
    PAUSED = "paused"
    """The whole pause has passed in silence."""
    HEARD = "heard"
    """The caller spoke or pressed a key."""


G = Stage
MOVES: dict[tuple[Stage, Step], Stage] = {
    (G.SPEAKING_1, Step.SAID): G.PAUSE_1,
    (G.PAUSE_1, Step.PAUSED): G.SPEAKING_2,
    (G.SPEAKING_2, Step.SAID): G.PAUSE_2,
    (G.PAUSE_2, Step.PAUSED): G.SPEAKING_3,
    (G.SPEAKING_3, Step.SAID): G.PAUSE_3,
    (G.PAUSE_3, Step.PAUSED): G.RELEASED,
    (G.SPEAKING_1, Step.HEARD): G.NORMAL,
    (G.PAUSE_1, Step.HEARD): G.NORMAL,
    (G.SPEAKING_2, Step.HEARD): G.NORMAL,
    (G.PAUSE_2, Step.HEARD): G.NORMAL,
    (G.SPEAKING_3, Step.HEARD): G.NORMAL,
    (G.PAUSE_3, Step.HEARD): G.NORMAL,
}
"""The whole script. `normal` and `released` are its two ends."""

SPEAKING = (G.SPEAKING_1, G.SPEAKING_2, G.SPEAKING_3)
PAUSES = (G.PAUSE_1, G.PAUSE_2, G.PAUSE_3)
ENDS = (G.NORMAL, G.RELEASED)


class OutOfScript(Conflict):
    """The silent-call script is not at a stage where this can happen."""

    code = "out_of_script"


@dataclass(frozen=True, slots=True)
class Said:
    """The prompt was played to its end at `at`, in seconds of a clock that never goes back."""

    at: float


@dataclass(frozen=True, slots=True)
class Passed:
    """It is `at` now, in seconds of the same clock, and the caller has been silent up to now."""

    at: float


@dataclass(frozen=True, slots=True)
class Heard:
    """The caller spoke or pressed a key at `at`."""

    at: float


Happening = Said | Passed | Heard


@dataclass(frozen=True, slots=True)
class Script:
    """The script of one caller: `pause` seconds of silence after each prompt, `since` when the present pause began."""

    pause: float
    stage: Stage = Stage.SPEAKING_1
    since: float = 0.0

    @property
    def number(self) -> int:
        """Which prompt is being said or was said last: 1, 2 or 3. Raises OutOfScript when the script is over."""
        for stages in (SPEAKING, PAUSES):
            if self.stage in stages:
                return stages.index(self.stage) + 1
        raise OutOfScript(f"the script is over: {self.stage}")

    @property
    def over(self) -> bool:
        return self.stage in ENDS

    def left(self, now: float) -> float:
        """Return the seconds of the present pause that are still to pass, 0 outside a pause."""
        return max(0.0, self.since + self.pause - now) if self.stage in PAUSES else 0.0


def begin(pause: float, prompt: int = 1) -> Script:
    """Return a script that is about to say `prompt` (1 to 3; after a restart, the one that was being served)."""
    return Script(pause, SPEAKING[prompt - 1])


def advance(script: Script, event: Happening) -> Script:
    """Return the script as it is after `event`. Raises OutOfScript when its stage does not allow it.

    Time moves it on only once the whole pause has passed; during a prompt time alone moves nothing.
    """
    match event:
        case Said():
            return replace(script, stage=_next(script, Step.SAID), since=event.at)
        case Heard():
            return replace(script, stage=_next(script, Step.HEARD))
        case Passed() if script.over:
            raise OutOfScript(f"the script is over: {script.stage}")
        case Passed() if script.stage in PAUSES and script.left(event.at) <= 0:
            return replace(script, stage=_next(script, Step.PAUSED))
        case Passed():
            return script


def _next(script: Script, step: Step) -> Stage:
    try:
        return MOVES[script.stage, step]
    except KeyError:
        raise OutOfScript(f"script is at {script.stage}: {step} is not possible") from None


def diagram() -> str:
    """Return the script as a Mermaid state diagram, as the reference shows it."""
    lines = ["stateDiagram-v2", f"    [*] --> {G.SPEAKING_1}"]
    lines += [f"    {a} --> {b}: {step}" for (a, step), b in MOVES.items()]
    return "\n".join([*lines, *(f"    {end} --> [*]" for end in ENDS)]) + "\n"
