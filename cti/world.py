"""What every call needs around it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from core.clock import Clock
from core.errors import Conflict
from core.journal import Journal
from core.policy import Policy
from cti.lot import ParkingLot
from cti.messages import Command
from cti.model import Call
from cti.port import NoPages, PagePhones, Pbx


async def nobody_dialled(call: Call, number: str) -> Command:
    """Know no number. Raises Conflict."""
    raise Conflict("there is no number plan here", call_id=call.id)


@dataclass(frozen=True, slots=True)
class CallWorld:
    """What every call needs around it; `apology` is played when a call fails on our side."""

    pbx: Pbx
    journal: Journal
    clock: Clock
    policy: Policy
    apology: Callable[[], Sequence[str]]
    parking: ParkingLot = field(default_factory=ParkingLot)
    dialled: Callable[[Call, str], Awaitable[Command]] = nobody_dialled
    """Tells what the agent of a call means who hands the caller on by dialling a number. Raises HotlineError."""
    pages: PagePhones = NoPages()  # noqa: RUF009 - it has no state
