"""Places in the queue whose call is gone: found by the sweep of the PBX."""

from cti.sweep import Sighting
from routing.service import RoutingService


class StalePlaces:
    """Implements `cti.sweep.Booked`: a place whose call was live in neither of two sightings is forgotten."""

    def __init__(self, routing: RoutingService) -> None:
        self._routing = routing
        self._before: frozenset[str] | None = None

    def any_booked(self) -> bool:
        """Tell nothing: the PBX knows calls, and a place without one shows at any look."""
        return False

    async def compare(self, sighting: Sighting) -> None:
        """Forget the places that no call has."""
        before, self._before = self._before, frozenset(sighting.live)
        if before is not None:
            await self._routing.sweep(before | self._before)
