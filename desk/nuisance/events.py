"""What is done about nuisance callers, and by whom."""

from dataclasses import dataclass
from datetime import datetime

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class NuisanceWarned(Event):
    """The caller has heard the warning, on the wish of the agent."""

    call_id: str
    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NuisanceMarked(Event):
    """The agent reports a nuisance call to the shift lead; `released`: and has ended it."""

    call_id: str
    agent_id: str
    released: bool
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberBlocked(Event):
    """The number `caller` is not served before `until`; `by` (an agent's id) decided so."""

    block_id: str
    caller: str
    until: datetime
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberUnblocked(Event):
    """A number is served again before its time; `by` decided so, for the reason `note`."""

    block_id: str
    caller: str
    by: str
    note: str = ""
