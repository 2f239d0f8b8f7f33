"""The agent's number is told to the caller at the beginning of a talk (报工号), where the policy says so."""

import contextlib
from enum import IntEnum

from core.errors import BadInput, Unavailable
from cti.legs import talk_bridge
from cti.port import NoSuchChannel, PbxRefused
from desk.spoken import sentence
from ivr.call import IvrCall
from speech import mandarin


class Told(IntEnum):
    """Who hears it: the values of the policy rule `agent_number_told`."""

    NOBODY = 0
    CALLER = 1
    BOTH = 2


def said(number: str) -> str:
    """Return the sentence with an agent's number, digit by digit ([seed 002]: greet, then unit and number).

    Raises BadInput when it does not consist of digits.
    """
    return sentence("工号", mandarin.digits(number), "，为您服务。").text


async def prepare(call: IvrCall, agent_id: str) -> None:
    """Begin to make the sentence while the phone rings, so that it delays nothing."""
    if call.number("agent_number_told") and (number := await call.services.job_number(agent_id)):
        with contextlib.suppress(BadInput):
            call.services.speaker.prepare(said(number))


async def tell_number(call: IvrCall) -> None:
    """Say the number to the caller, or to both, who hear each other already; an agent without one is not announced.

    While the caller alone hears it, the caller does not hear the agent; said to both, nobody is cut off.
    """
    session, told = call.session, Told(int(call.number("agent_number_told")))
    if told is Told.NOBODY or session.call.agent_id is None:
        return
    try:
        number = await call.services.job_number(session.call.agent_id)
        media = await call.services.speaker.sentence(said(number)) if number else ()
        if media:
            await session.begin(media, to=talk_bridge(call.id) if told is Told.BOTH else "")
    except (BadInput, Unavailable, PbxRefused, NoSuchChannel):
        return  # the talk is worth more than its announcement
