"""A caller whose number is blocked: a polite sentence and the end, but for whom somebody is in danger."""

from cti.model import CallState
from ivr.call import IvrCall

WARNING, GOODBYE, BLOCKED = "nuisance_warning", "nuisance_goodbye", "nuisance_blocked"
PROMPTS = (WARNING, GOODBYE, BLOCKED)
"""What is said to nuisance callers."""
NODE = "blocked"
"""Where such a call stands, as CallEnded tells it; no node of any flow."""
DANGER_KEY = "0"


async def lets_in(call: IvrCall) -> bool:
    """Tell the caller; true for who presses the key of danger, else the call is to end now."""
    session = call.session
    session.node = NODE
    if session.call.state is CallState.ARRIVED:
        await session.answer()
    await call.say([BLOCKED])
    key = await session.digit(call.number("menu_digit_timeout"))
    if key is not None:
        call.collected(NODE, key)
    session.end = ("system", NODE)
    return key == DANGER_KEY
