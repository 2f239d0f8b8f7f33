"""A centre that rings callbacks, on a PBX without sound that outlives the service; time that tests move."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from core.clock import FakeClock
from core.events import Event
from core.tasks import TaskOwner
from cti import ringing, talk
from cti.adopt import Adopted
from cti.messages import QueueGaveUp, SeatOffered
from cti.model import WITH_AGENT, CallState
from cti.port import OutsideDial, PbxChannel, SeatDial
from cti.ringing import Rang
from cti.service import CallHooks, CallService
from cti.session import CallSession
from cti.world import CallWorld
from desk.callbacks.model import Callback, Part, Wish
from desk.callbacks.service import CallbackService
from routing.callbacks.by_hand import CallbackDesk
from routing.callbacks.service import Means, RingBack
from routing.service import RoutingService
from tests.agents.centre import Centre
from tests.until import until
from tests.web.quiet_pbx import QuietPbx

ZONE = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""Monday, ten o'clock in Shanghai."""


soon = partial(until, timeout=20.0)
"""Phones ring within moments; a busy machine is given more."""


class LastingPbx(QuietPbx):
    """Keeps its channels when the service dies, forgets what it had to tell it, and notes who was rung when."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock
        self.rung: list[tuple[OutsideDial, datetime]] = []
        self.crossed: list[str] = []
        """Numbers that were rung while they were on the line."""
        self.dials_nothing = False
        """What is dialled is lost: the service dies before it is sent."""

    async def connect(self) -> None:
        while not self._messages.empty():
            self._messages.get_nowait()

    def pick_up(self, channel_id: str) -> None:
        self.live[channel_id] = replace(self.live[channel_id], up=True)
        super().pick_up(channel_id)

    def on_line(self, phone: str) -> bool:
        """Whether this number has a channel now, whoever called."""
        return any(phone in (one.caller_raw, one.number) for one in self.live.values())

    async def dial_outside(self, dial: OutsideDial) -> None:
        if self.on_line(dial.number):
            self.crossed.append(dial.number)
        self.rung.append((dial, self.clock.now()))
        await super().dial_outside(dial)

    async def dial_seat(self, dial: SeatDial) -> None:
        if not self.dials_nothing:
            await super().dial_seat(dial)

    def seats(self) -> list[PbxChannel]:
        """Phones of agents that ring for a callback."""
        return [one for one in self.live.values() if one.id.startswith("dials-out-") and not one.up]

    def customers(self) -> list[PbxChannel]:
        """Phones of customers that ring."""
        return [one for one in self.live.values() if one.id.startswith("out-") and not one.up]


class Ringing:
    """The services of one process on `db`; made anew on the same PBX, as after a kill."""

    def __init__(self, db: Any, clock: FakeClock, pbx: LastingPbx) -> None:
        self.centre = Centre(db, clock)
        self.pbx, self.db, self.clock = pbx, db, clock
        self.policy, self.journal = self.centre.policy, self.centre.journal
        world = CallWorld(pbx, self.journal, clock, self.policy, list)
        self.calls = CallService(pbx, world, db, CallHooks(self._serve, self._adopted))
        agents = self.centre.agents
        self.routing = RoutingService(agents, self.journal, db, clock, self.policy, self.calls.deliver)
        self.bookings = CallbackService(self.journal, db, clock, self.policy, ZONE)
        self.ring = RingBack(Means(self.calls, agents, self.routing, db, world, ZONE, "95598"))
        self.desk = CallbackDesk(self.bookings, self.ring)
        self.routing.listen(self.centre.bus)
        self.ring.listen(self.centre.bus)
        self.phones: list[str] = []
        self._tasks = TaskOwner("ringing")
        self._restored = False

    def start(self) -> None:
        self._tasks.start(self.calls.run(), "calls")
        self._tasks.start(self.ring.run(), "callbacks")

    async def stop(self) -> None:
        await self._tasks.close()
        await self.calls.close()
        await self.ring.close()
        await self.routing.close()
        await self.centre.close()

    async def _adopted(self, adopted: Sequence[Adopted]) -> None:
        held = {agent_id: (one.call.id, how) for one in adopted for agent_id, how in one.holds().items()}
        live = {one.call.id for one in adopted}
        await self.centre.agents.phones_are(self.phones)
        await self.ring.restore(one.call for one in adopted)
        await self.centre.agents.restore(held)
        await self.routing.restore(live)
        self.routing.start()

    async def _serve(self, session: CallSession) -> None:
        if session.call.direction == "out":
            seat = self.centre.agents.seat_of(session.call.agent_id or "")
            await self.ring.serve(session, seat.sip_username if seat and not session.adopted else None)
            return
        if session.call.state is CallState.ARRIVED:
            await session.answer()
        if session.call.state not in WITH_AGENT and (why := await self._gave_up(session)):
            await ringing.leave_queue(session, why)
            return
        await talk.talk(session)

    async def _gave_up(self, session: CallSession) -> str:
        """As the node of the menu: wait in the place that the caller has by an own callback."""
        call = session.call
        if call.state is CallState.RINGING and await ringing.ring(session, None) is Rang.ANSWERED:
            return ""
        await ringing.enter_queue(session, "general")
        kept, since = self.ring.place_of(call.caller, "general"), session.call.queued_at
        await self.routing.request(call.id, "general", min(kept, since) if kept and since else since, (), since)
        while True:
            match await session.receive():
                case SeatOffered() as offer:
                    if await ringing.ring(session, offer) is Rang.ANSWERED:
                        return ""
                    await self.routing.again(call.id)
                case QueueGaveUp(why=why):
                    return why

    # --- what happens ---

    async def book(self, call_id: str, phone: str, part: Part = Part.SOON, waited_s: float = 0) -> Callback:
        """A caller leaves the queue and books."""
        since = self.clock.now() - timedelta(seconds=waited_s)
        made, _ = await self.bookings.book(Wish(f"{call_id}:callback", call_id, phone, "general", since), part)
        return made

    async def seat_rings(self) -> str:
        """Wait until an agent's phone rings for a callback; return its channel."""
        await soon(self.pbx.seats, what=lambda: f"a seat rings: {list(self.pbx.live)}")
        return self.pbx.seats()[0].id

    async def customer_rings(self) -> str:
        """Wait until a customer's phone rings; return its channel."""
        await soon(self.pbx.customers, what=lambda: f"a customer's phone rings: {list(self.pbx.live)}")
        return self.pbx.customers()[0].id

    async def state(self, callback_id: str, **wanted: Any) -> Callback:
        """Wait until a callback is so in the books."""
        found: list[Callback] = []

        async def so() -> bool:
            found[:] = [one for one in await self.bookings.callbacks() if one.id == callback_id]
            return all(getattr(found[0], name) == value for name, value in wanted.items())

        await soon(so, what=lambda: f"{wanted}: {found}")
        return found[0]

    async def story(self, *kinds: type[Event]) -> list[Event]:
        return await self.centre.story(*kinds)
