"""The books beside what the PBX really has, every few seconds while the service runs.

Asterisk tells of every end, yet an event can be lost, and what we asked for may not have been done. So its list
of channels is looked at; what differs in two looks running, and is the same difference, is put right and
journaled as Reconciled. Two looks, because what is just being born or ending differs for a moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from core import log
from core.db import Database
from core.errors import HotlineError
from cti.adopt import loose
from cti.events import Reconciled
from cti.legs import call_of, is_seat
from cti.messages import ChannelEntered, ChannelGone
from cti.model import WITH_AGENT, Call, CallState, Third
from cti.port import Pbx, PbxChannel
from cti.service import CallService
from cti.world import CallWorld

_log = log.get(__name__)

GONE_UNHEARD = "gone unheard"
"""Text of a ChannelGone that the sweep tells: nobody heard the end."""
UNREACHABLE = 20
"""Q.850: subscriber absent; why a seat was missed whose channel is gone without a word."""
QUIET_LOOKS = 8
"""While nothing is booked the PBX is asked only every so many times."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One look: the calls that were live before it, and the phones that the PBX has in a call that we know."""

    live: Mapping[str, Call]
    phones: frozenset[str]


class Booked(Protocol):
    """What a room above has booked against calls (`agents`: seats, `routing`: places)."""

    def any_booked(self) -> bool:
        """Tell whether anything is booked that the PBX must know of."""
        ...

    async def compare(self, sighting: Sighting) -> None:
        """Put right what differs in this and the last sighting."""
        ...


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A difference; one of the same `key` and `channel_id` in `looks` looks running is put right."""

    key: str
    channel_id: str
    call_id: str = field(compare=False)
    what: str = field(compare=False)
    done: str = field(compare=False)
    looks: int = field(default=2, compare=False)


class Sweep:
    """Looks every `pbx_sweep_interval` seconds; `others` are what the rooms above have booked."""

    def __init__(self, calls: CallService, pbx: Pbx, world: CallWorld, db: Database, others: Sequence[Booked]) -> None:
        self._calls = calls
        self._pbx = pbx
        self._world = world
        self._db = db
        self._others = others
        self._interval_s = world.policy.number("pbx_sweep_interval")
        self._before: dict[_Suspect, int] = {}
        """What differed in the last look, and in how many running."""
        self._quiet = 0

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self._world.clock.sleep(self._interval_s)
            if self._calls.pbx_trouble is not None:
                self._before.clear()
                continue
            try:
                await self.look()
            except (HotlineError, SQLAlchemyError) as error:
                self._before.clear()
                _log.warning("sweep not finished", extra={"action": "sweep_failed", "why": type(error).__name__})

    def _worth_it(self) -> bool:
        """Whether something is booked, or was just now; else only every so often, for who was never told of."""
        busy = bool(self._calls.live() or self._before) or any(other.any_booked() for other in self._others)
        self._quiet = 0 if busy else self._quiet + 1
        return self._quiet <= 2 or self._quiet % QUIET_LOOKS == 0

    async def look(self) -> None:
        """Compare once; put right what was the same the last time."""
        if not self._worth_it():
            return
        before = self._live()
        channels = {channel.id: channel for channel in await self._pbx.channels()}
        after = self._live()
        live = {call_id: call for call_id, call in after.items() if before.get(call_id) is call}
        moving = {session.call.id for session in self._calls.live()} - live.keys()
        now = {suspect for call in live.values() for suspect in _of_call(call, channels)}
        strays = [_stray(channel, live) for channel in channels.values() if call_of(channel.id) not in moving]
        now |= {suspect for suspect in strays if suspect is not None}
        seen = {suspect: self._before.get(suspect, 0) + 1 for suspect in now}
        sure = [suspect for suspect, looks in seen.items() if looks >= suspect.looks]
        self._before = {suspect: looks for suspect, looks in seen.items() if suspect not in sure}
        for suspect in sure:
            await self._put_right(suspect, channels)
        astray = {suspect.channel_id for suspect in now}
        phones = frozenset(c.phone for c in channels.values() if c.id not in astray)
        for other in self._others:
            await other.compare(Sighting({**before, **after}, phones))

    def _live(self) -> dict[str, Call]:
        """The calls that go on; one whose `Call` is another object the next time has moved meanwhile."""
        return {session.call.id: session.call for session in self._calls.live() if not session.ending}

    async def _put_right(self, suspect: _Suspect, channels: Mapping[str, PbxChannel]) -> None:
        _log.warning("reconciled", extra={"action": "reconciled", "call_id": suspect.call_id, "what": suspect.what})
        told = Reconciled(
            at=self._world.clock.now(), what=suspect.what, done=suspect.done, call_id=suspect.call_id or None
        )
        await self._world.journal.record(told)
        channel = channels.get(suspect.channel_id)
        match suspect.key:
            case "caller_gone":
                self._calls.take(ChannelGone(suspect.channel_id, 0, GONE_UNHEARD))
            case "leg_gone":
                self._calls.take(ChannelGone(suspect.channel_id, UNREACHABLE, GONE_UNHEARD))
            case "leg_up":
                self._calls.take(ChannelEntered(suspect.channel_id))
            case "caller_alone" if channel is not None:
                live = [session.call.id for session in self._calls.live()]
                for arrival in await loose(self._pbx, self._db, [channel], live):
                    self._calls.take(arrival)
            case _:
                await self._pbx.hang_up(suspect.channel_id)


def _of_call(call: Call, channels: Mapping[str, PbxChannel]) -> list[_Suspect]:
    """What a live call needs and the PBX does not have, or has without our having been told."""
    dials = call.state is CallState.DIALLING
    if call.id not in channels and call.state is not CallState.PLACED:
        what = f"call was {call.state}, its caller is gone"
        return [_Suspect("caller_gone", call.id, call.id, what, "ended", 3 if dials else 2)]
    legs = [(call.id, "the other side", True)] if dials else []
    rings = (CallState.RINGING, CallState.PLACED)
    if call.seat_channel_id and call.state in (*rings, CallState.DIALLING, *WITH_AGENT):
        legs.append((call.seat_channel_id, "the seat's phone", call.state in rings or call.away_at is not None))
    if call.third_channel_id:
        legs.append((call.third_channel_id, "the third party", call.third is Third.RINGING))
    if call.watch_channel_id:
        legs.append((call.watch_channel_id, "the lead's phone", False))
    found = [_of_leg(call, channels.get(leg[0]), *leg) for leg in legs]
    return [suspect for suspect in found if suspect is not None]


def _of_leg(call: Call, leg: PbxChannel | None, leg_id: str, whose: str, rings: bool) -> _Suspect | None:
    if leg is None:
        what = f"call was {call.state}, {whose} is gone"
        # A leg that rings is in the books before it is dialled: storage that is slow must not look like a lost phone.
        return _Suspect("leg_gone", leg_id, call.id, what, "the leg is let go, the caller stays", 3 if rings else 2)
    if leg.up and leg.ours and rings:
        return _Suspect("leg_up", leg_id, call.id, f"{whose} was answered and nobody told", "joined")
    return None


def _stray(channel: PbxChannel, live: Mapping[str, Call]) -> _Suspect | None:
    """What the PBX has for no call of ours: a caller without one, or a phone that rings for nobody."""
    call_id = call_of(channel.id)
    call = live.get(call_id)
    if call is None and channel.id == call_id:
        if not channel.ours or channel.variables.get("HOTLINE_ROLE"):
            return None
        return _Suspect("caller_alone", channel.id, call_id, "a caller waits and is no live call", "taken in or let go")
    if call is None:
        return _Suspect("part_alone", channel.id, call_id, "a channel without its call", "hung up")
    if is_seat(channel.id) and channel.id not in (call.seat_channel_id, call.third_channel_id):
        return _Suspect("seat_alone", channel.id, call_id, f"a seat's phone in a call that is {call.state}", "hung up")
    return None
