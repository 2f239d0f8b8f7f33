"""What became of an agent's call for a callback, told from its story; pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.events import Event
from cti.events import CalleeAnswered, CalleeRang, CallEnded

BUSY_TRUNK, HUNG_UP = "unreachable", "hung_up_on_desktop"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call: `talked` with the customer, else how far it got; `over`: it has ended, by `by`, because of `why`."""

    rung: bool = False
    talked: bool = False
    over: bool = False
    by: str = ""
    why: str = ""

    @property
    def counts(self) -> bool:
        """Whether the customer was rung in vain, as far as anybody can know."""
        return self.rung and self.over and not self.talked and self.why != BUSY_TRUNK

    @property
    def pauses(self) -> bool:
        """Whether it would end at once in the same way if it were tried again now."""
        return self.why == BUSY_TRUNK or (self.by == "agent" and self.why == HUNG_UP)


def not_taken(by: str, why: str) -> str | None:
    """Return why the agent is not ready after a call whose `end` came before the agent took the phone off."""
    if by == "system":
        return why if why in ("no_answer", BUSY_TRUNK) else None
    return "rejected" if by == "agent" and why != HUNG_UP else None


def attempt(story: Iterable[Event]) -> Attempt:
    """Return what the story of a call tells."""
    rung = talked = over = False
    by = why = ""
    for event in story:
        match event:
            case CalleeRang():
                rung = True
            case CalleeAnswered():
                talked = True
            case CallEnded():
                over, by, why = True, event.by, event.why
    return Attempt(rung, talked, over, by, why)
