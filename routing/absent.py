"""Places of people who are not on the line: they keep their turn, and an agent is reserved for them as for a call."""

from collections.abc import Callable

from cti.messages import RoutingMessage, SeatOffered
from routing.model import Stand, Waiting
from routing.offering import Deliver, Offering

Taker = Callable[[SeatOffered], None]
"""Is told which agent is kept for a place."""


class AbsentPlaces:
    """They stand among the calls, by the same rules, and are nobody's call yet.

    They are not stored here: who asked for them asks again after a restart.
    """

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._takers: dict[str, Taker] = {}
        self._offering: Offering

    def attach(self, offering: Offering) -> None:
        """Take what keeps the places."""
        self._offering = offering

    def deliver(self, call_id: str, message: RoutingMessage) -> bool:
        """Bring a message to whoever has this place, or to the call."""
        taker = self._takers.get(call_id)
        if taker is None:
            return self._deliver(call_id, message)
        if isinstance(message, SeatOffered):
            taker(message)
        return True

    def stand(self, call: Waiting, taker: Taker) -> None:
        """Keep a place for the call that an agent is to begin; `taker` is told once one is reserved for it."""
        if call.call_id in self._takers:
            return
        self._takers[call.call_id] = taker
        self._offering.line_up(self._offering.places.park(call))
        self._offering.match()

    def kept_for(self, call_id: str) -> str | None:
        """Return the agent who is kept for a place now."""
        entry = self._offering.places.get(call_id)
        return entry.agent_id if entry is not None and entry.stand is Stand.OFFERED else None

    async def leave(self, call_id: str, why: str) -> None:
        """Give up a place; an agent kept for it is freed with cause `why`, unless that is "answered"."""
        if self._takers.pop(call_id, None) is None:
            return
        if (entry := self._offering.places.get(call_id)) is not None:
            await self._offering.forget(entry, why)
