"""Events of no room, for the tests of bus and journal."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from core.events import Event

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorOpened(Event):
    """Somebody came in."""

    call_id: str
    width: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorShut(Event):
    """Somebody left."""

    agent_id: str
    wet: tuple[str, ...] = ()
