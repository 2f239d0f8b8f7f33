"""The emergency plan put together [domain 5]: what is seen of the queues, the backup shift's triggers, storm mode."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from agents.service import AgentService
from agents.shifts.service import ShiftService
from agents.shifts.watch import BackupWatch
from app.duty import QueueOutlook
from app.storm_outlook import StormOutlook
from core.bus import Bus
from core.clock import Clock
from core.db import Database
from core.policy import Policy
from core.switches import Switches
from figures.live import LiveFigures
from figures.outlook import DayOutlook
from figures.slots import Slots
from routing.service import RoutingService
from routing.storm.watch import StormWatch


@dataclass(frozen=True, slots=True)
class Ground:
    """What the plan stands on."""

    db: Database
    bus: Bus
    clock: Clock
    policy: Policy
    zone: ZoneInfo


class Emergency:
    """`backup` looks after the backup shift, `storm` after storm mode; both are to be run."""

    def __init__(
        self,
        ground: Ground,
        routing: RoutingService,
        agents: AgentService,
        *,
        shifts: ShiftService,
        figures: LiveFigures,
        switches: Switches,
    ) -> None:
        clock, policy = ground.clock, ground.policy
        outlook = QueueOutlook(routing, agents, clock, policy)
        outlook.listen(ground.bus)
        self.backup = BackupWatch(shifts, outlook, clock, policy)
        self._day = DayOutlook(ground.db, clock, policy, ground.zone)
        slots = Slots(ground.zone)
        seen = StormOutlook(outlook, routing, shifts, figures, day=self._day, slots=slots, clock=clock, policy=policy)
        self.storm = StormWatch(switches, shifts, seen, clock, policy)
        self.storm.listen(ground.bus)

    async def close(self) -> None:
        """End what goes on beside."""
        await self._day.close()
