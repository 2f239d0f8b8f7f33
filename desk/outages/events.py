"""What happens to outage notices."""

from dataclasses import dataclass
from datetime import datetime

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class OutagePublished(Event):
    """A notice may be told to callers from now on."""

    outage_id: str
    kind: str
    areas: tuple[str, ...]
    accounts: int
    """How many accounts are named beside the areas."""
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageChanged(Event):
    """A published notice says something else now; `changed` names the fields."""

    outage_id: str
    changed: tuple[str, ...]
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageOverdue(Event):
    """The announced end of a published notice has passed, and nobody has said that the power is back."""

    outage_id: str
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageEnded(Event):
    """A published notice holds no longer: `restored` before its time, or `cancelled`."""

    outage_id: str
    cause: str
