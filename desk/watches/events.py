"""What happens to watches."""

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerWatched(Event):
    """The caller will be told by a note when `thing` (an outage notice or a main fault order) is over."""

    call_id: str
    thing: str
