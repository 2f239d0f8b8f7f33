"""Who hears whom in a talk: what the books say is brought about at the PBX, step by step from what it has now.

The agent's leg is in the bridge of the talk all the while. Caller and third party come and go, and who waits hears
music. So nobody's sound is touched who stays where they are, and a service that begins anew goes on from here.
"""

import contextlib

from cti.legs import talk_bridge
from cti.model import CallState, Third, together
from cti.port import NoSuchChannel
from cti.session import CallSession


async def arrange(session: CallSession) -> None:
    """Bring into the bridge and take out of it whom the books say; one who is gone just now is told by the PBX."""
    call, pbx, bridge = session.call, session.world.pbx, talk_bridge(session.call.id)
    wanted, waiting = together(call), _waiting(session)
    for one in sorted(session.members - wanted):
        session.members -= {one}
        await pbx.leave(bridge, one)
        if one in waiting:
            with contextlib.suppress(NoSuchChannel):
                await pbx.start_music(one)
    new = wanted - session.members
    with contextlib.suppress(NoSuchChannel):
        for one in sorted(new - {call.seat_channel_id}):
            await pbx.stop_music(one)
        if new:
            await pbx.join(bridge, *sorted(new, key=lambda one: (one != call.id, one)))
            session.members = wanted


async def arrange_again(session: CallSession) -> None:
    """Do as `arrange` for a service that takes the talk up: who waits has music, who is muted is muted."""
    await arrange(session)
    for one in _waiting(session):
        with contextlib.suppress(NoSuchChannel):
            await session.world.pbx.start_music(one)
    if session.call.muted and session.call.seat_channel_id:
        with contextlib.suppress(NoSuchChannel):
            await session.world.pbx.mute(session.call.seat_channel_id, on=True)


def _waiting(session: CallSession) -> set[str]:
    """Return who hears music."""
    call = session.call
    alone = call.away_at is not None and call.third is not Third.JOINED
    caller = {call.id} if call.state is CallState.HELD or alone else set()
    waits = call.third is Third.HELD or (alone and call.third is Third.TALKING)
    return caller | ({call.third_channel_id or ""} if waits else set())
