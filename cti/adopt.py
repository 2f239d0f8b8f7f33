"""Taking up live calls after a restart: what the PBX has is the truth, our books are mended to it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import partial

from core import log
from core.db import Database
from cti import store
from cti.endings import ending
from cti.events import Reconciled
from cti.legs import call_of, legs, outside_number, talk_bridge, watch_bridge
from cti.messages import GONE_WHILE_AWAY, ChannelEntered, ChannelGone
from cti.model import WITH_AGENT, Call, CallState, Third, advance
from cti.port import Arrival, Pbx, PbxBridge, PbxChannel
from cti.session import CallSession
from cti.world import CallWorld

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Adopted:
    """A call that lives on, with its new session; `call` is as it stood in the books."""

    session: CallSession

    @property
    def call(self) -> Call:
        return self.session.call

    def holds(self) -> dict[str, str]:
        """Return the agents whom the call holds: ringing or talking."""
        return holds(self.call)


def holds(call: Call) -> dict[str, str]:
    """Return the agents whom a call holds: ringing or talking."""
    held = {}
    rings = (CallState.RINGING, CallState.PLACED)
    if call.agent_id and call.state in (*WITH_AGENT, *rings, CallState.DIALLING):
        held[call.agent_id] = "ringing" if call.state in rings else "talking"
    if call.third_agent_id:
        held[call.third_agent_id] = "ringing" if call.third is Third.RINGING else "talking"
    return held


@dataclass(frozen=True, slots=True)
class _Seen:
    channels: dict[str, PbxChannel]
    bridges: dict[str, PbxBridge]


async def adopt(pbx: Pbx, db: Database, world: CallWorld) -> tuple[list[Adopted], list[Arrival]]:
    """Compare the books with the PBX and return the calls that live on and callers not yet in the books.

    Calls whose caller is gone are ended in the journal, seats that ring for nobody are hung up, bridges of
    ended calls are closed; each repair is journaled as Reconciled.
    """
    seen = _Seen({c.id: c for c in await pbx.channels()}, {b.id: b for b in await pbx.bridges()})
    booked = await db.read(store.live)
    adopted = []
    for call in booked:
        if (call.id if call.state is not CallState.PLACED else call.seat_channel_id) in seen.channels:
            adopted.append(Adopted(_session(call, seen, world)))
        else:
            await _end_ghost(call, world)
    live = {one.call.id for one in adopted}
    await _sweep(pbx, seen, [one.call for one in adopted])
    return adopted, await loose(pbx, db, seen.channels.values(), live)


def _session(call: Call, seen: _Seen, world: CallWorld) -> CallSession:
    bridge = seen.bridges.get(talk_bridge(call.id))
    session = CallSession(call, world, members=bridge.channels if bridge else frozenset())
    session.adopted = True
    if call.seat_channel_id:
        seat = seen.channels.get(call.seat_channel_id)
        if seat is None:
            session.deliver(ChannelGone(call.seat_channel_id, 0, GONE_WHILE_AWAY))
        elif seat.up and (call.state in (CallState.RINGING, CallState.PLACED) or call.away_at is not None):
            session.deliver(ChannelEntered(seat.id))
    if call.state is CallState.DIALLING and seen.channels[call.id].up:
        session.deliver(ChannelEntered(call.id))
    if call.watch_channel_id and call.watch_channel_id not in seen.channels:
        session.deliver(ChannelGone(call.watch_channel_id, 0, GONE_WHILE_AWAY))
    if call.third_channel_id:
        third = seen.channels.get(call.third_channel_id)
        if third is None:
            session.deliver(ChannelGone(call.third_channel_id, 0, GONE_WHILE_AWAY))
        elif third.up and call.third is Third.RINGING:
            session.deliver(ChannelEntered(third.id))
    return session


async def _end_ghost(call: Call, world: CallWorld) -> None:
    events = ending(call, by="caller", why="gone_while_away", where="", clock=world.clock)
    ended = call
    for event in events:
        ended = advance(ended, event)
    repair = Reconciled(
        at=world.clock.now(),
        what=f"call was {call.state}, its caller is gone",
        done="ended",
        call_id=call.id,
        agent_id=call.agent_id if call.state in WITH_AGENT else None,
    )
    _log.warning("ghost call ended", extra={"action": "ghost_ended", "call_id": call.id, "state": call.state})
    await world.journal.record(repair, *events, save=lambda connection: store.save(connection, ended, call))


async def _sweep(pbx: Pbx, seen: _Seen, live: list[Call]) -> None:
    """Hang up seats and close bridges of ours that no live call needs in the state it is in."""
    menu = {call.id for call in live if call.state in (CallState.MENU, CallState.OUTSIDE)}
    outside = {channel_id: call_of(channel_id) for channel_id in seen.channels if outside_number(channel_id)}
    put_through = {channel_id: call_id for channel_id, call_id in outside.items() if call_id in menu}
    seats = {leg for call in live for leg in legs(call)} | put_through.keys()
    listening = {watch_bridge(call.watch_channel_id) for call in live if call.watch_channel_id}
    talks = {talk_bridge(call.id) for call in live if call.state in WITH_AGENT} | {
        talk_bridge(call_id) for call_id in put_through.values()
    }
    for channel_id in seen.channels:
        if call_of(channel_id) != channel_id and channel_id not in seats:
            await pbx.hang_up(channel_id)
    for bridge_id, bridge in seen.bridges.items():
        if call_of(bridge_id) != bridge_id and bridge_id not in talks | listening:
            if call_of(bridge_id) in bridge.channels:
                await pbx.leave(bridge_id, call_of(bridge_id))  # else what is played next is lost, see talk
            await pbx.close_bridge(bridge_id)


async def loose(pbx: Pbx, db: Database, channels: Iterable[PbxChannel], live: Collection[str]) -> list[Arrival]:
    """Return callers that wait for us and are in no book; one whose call is over in the books is let go."""
    waiting = [c for c in channels if c.ours and c.id not in live and call_of(c.id) == c.id]
    new = []
    for channel in waiting:
        if await db.read(partial(store.get, call_id=channel.id)) is None:
            new.append(Arrival(channel.id, channel.caller_raw, channel.number))
        else:
            await pbx.hang_up(channel.id)
    return new
