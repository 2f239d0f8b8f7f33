"""What an agent does about a nuisance caller: warn, end the talk after the warning, report to the shift lead."""

from typing import Annotated, Literal

from pydantic import Field

from agents.model import User
from core.errors import Forbidden
from cti import store as call_rows
from cti.messages import LetGo, Warn
from cti.service import NoSuchCall
from desk.nuisance.model import Mark
from desk.nuisance.service import NOTE_LENGTH
from web.services import WebServices
from web.shapes import Given


class NuisanceWish(Given):
    """What is to be done about the caller: `warn`, `release` (after the warning) or only `mark`."""

    do: Literal["warn", "release", "mark"]
    note: Annotated[str, Field(max_length=NOTE_LENGTH)] = ""


async def nuisance(services: WebServices, user: User, call_id: str, given: Given) -> None:
    """Warn a nuisance caller, end the talk after the warning, or only report the call to the shift lead."""
    assert isinstance(given, NuisanceWish)
    if given.do == "warn":
        await services.calls.command(call_id, Warn(user.id))
        await services.nuisance.warned(call_id, user.id)
        return
    call = await services.db.read(lambda connection: call_rows.get(connection, call_id))
    if call is None:
        raise NoSuchCall(call_id=call_id)
    if call.agent_id != user.id:
        raise Forbidden("this call is not yours", call_id=call_id)
    released = given.do == "release"
    if released:
        await services.nuisance.check_warned(call_id)
        await services.calls.command(call_id, LetGo(user.id))
    at, phone = services.clock.now(), call.caller if call.caller_known else ""
    await services.nuisance.mark(Mark(call_id, phone, user.id, at, released, given.note))
