"""Who is meant when callers are handed on by hand: what is dialled on a desk phone, and who has them back in vain."""

from collections.abc import Callable, Collection

from agents.service import AgentService
from core.errors import BadInput, Forbidden
from core.phone import normalise
from core.policy import Policy
from cti.messages import Command, HandOver, Outsider, Park, SeatOffered, Transfer
from cti.model import Call


class NumberNotPermitted(Forbidden):
    """This number may not be dialled from here: [trunk] may_dial says which may."""

    code = "number_not_permitted"


class NumberPlan:
    """Turns what was dialled on a phone into what the desktop would ask for.

    The number of a seat is the agent there; the one before the first parking place parks; the name of a queue is that
    queue; any other is outside, where `permits` allows it.
    """

    def __init__(
        self,
        agents: AgentService,
        queues: Callable[[], Collection[str]],
        permits: Callable[[str], bool],
        policy: Policy,
    ) -> None:
        self._agents = agents
        self._queues = queues
        self._permits = permits
        self._park = str(int(policy.number("park_first")) - 1)

    async def __call__(self, call: Call, dialled: str) -> Command:
        """Return what is asked of `call` by its agent; an agent who is meant is kept for it.

        Raises NotFree, NumberNotPermitted, BadInput.
        """
        me = call.agent_id or ""
        if dialled == self._park:
            return Park(me)
        if dialled in self._queues():
            return Transfer(me, dialled)
        if (seat := self._agents.roster.seat(dialled)) is not None:
            there = self._agents.roster.at_seat(seat.id)
            if there is None or there.agent_id == me:
                raise BadInput("nobody else sits at this seat", field="number")
            reserved = await self._agents.reserve(there.agent_id, call.id)
            return HandOver(me, SeatOffered(there.agent_id, reserved.seat_id, seat.sip_username))
        return HandOver(me, Outsider(permitted(dialled, self._permits)))

    async def returns(self, agent_id: str, call_id: str) -> SeatOffered | None:
        """Keep who has handed a caller on, or parked them, for their return; None: not there for it."""
        reserved = await self._agents.keep_for_return(agent_id, call_id)
        seat = self._agents.seat_of(agent_id) if reserved else None
        return SeatOffered(agent_id, seat.id, seat.sip_username) if seat else None


def permitted(raw: str, permits: Callable[[str], bool]) -> str:
    """Return a number in the form in which it is dialled. Raises BadInput, NumberNotPermitted."""
    phone = normalise(raw)
    if not phone.known:
        raise BadInput("number: this is no telephone number", field="number")
    if not permits(phone.number):
        raise NumberNotPermitted
    return phone.number
