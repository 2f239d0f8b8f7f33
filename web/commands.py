"""What an agent may ask of a call or of their own state, by request and by socket alike."""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, ValidationError
from sqlalchemy import Connection

from agents.model import Permission, State, User
from core.errors import Conflict, Forbidden
from cti import store
from cti.events import CallNoted
from cti.messages import ForceRelease, HangUp, Hold, Resume, SendDigits, SilentScript
from cti.model import Call
from cti.service import NoSuchCall
from web import call_control
from web.errors import bad_input
from web.identify import IdentifyWish, Joining, join
from web.nuisance import NuisanceWish, nuisance
from web.services import WebServices
from web.shapes import Given
from web.store import is_noted

NOTE_LENGTH = 2000
CODE_LENGTH = 32


class Nothing(Given):
    """No further words are needed."""


class Digits(Given):
    """Keys to press."""

    digits: Annotated[str, Field(pattern=r"^[0-9*#A-D]{1,32}$")]


Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
"""Made once for what was written, so that asking again after a lost answer does nothing twice."""


class Note(Given):
    """Words about the call; sent again with the same `key` they are kept once."""

    text: Annotated[str, Field(min_length=1, max_length=NOTE_LENGTH)]
    key: Key | None = None


class WrapUp(Given):
    """What came out of the call; it ends the agent's wrap-up. Sent again with the same `key` it is kept once."""

    result_code: Annotated[str, Field(min_length=1, max_length=CODE_LENGTH)]
    note: Annotated[str, Field(max_length=NOTE_LENGTH)] = ""
    key: Key | None = None


class Longer(Given):
    """Have wrap-up end later than `ends_at`, the end that one sees; nothing when it ends at another time by now."""

    ends_at: datetime | None = None


class HangUpWish(Given):
    """Why a shift lead ends the talk of another agent: kept as a note about the call."""

    reason: Annotated[str, Field(min_length=1, max_length=NOTE_LENGTH)] | None = None


class StateWish(Given):
    """The state that the agent wants; `not_ready` needs a reason."""

    state: Literal["ready", "not_ready"]
    reason: Annotated[str, Field(max_length=64)] | None = None


async def hold(services: WebServices, user: User, call_id: str, _: Given) -> None:
    """Put the caller on hold."""
    await services.calls.command(call_id, Hold(user.id))


async def resume(services: WebServices, user: User, call_id: str, _: Given) -> None:
    """Take the caller back from hold."""
    await services.calls.command(call_id, Resume(user.id))


async def hang_up(services: WebServices, user: User, call_id: str, given: Given) -> None:
    """End one's own talk; shift leads end those of others too, for a reason that the call's story keeps."""
    assert isinstance(given, HangUpWish)
    live = next((one.call for one in services.calls.live() if one.call.id == call_id), None)
    own = live is None or user.id in (live.agent_id, live.third_agent_id)
    forced = not own and user.may(Permission.STEER_TEAM)
    await services.calls.command(call_id, ForceRelease(user.id) if forced else HangUp(user.id))
    if forced and given.reason is not None:
        await _noted(services, user, call_id, given.reason)


async def silent_script(services: WebServices, user: User, call_id: str, _: Given) -> None:
    """Have the silent-call script said to a caller whom nobody hears; `resume` takes the caller back."""
    await services.calls.command(call_id, SilentScript(user.id))


async def dtmf(services: WebServices, user: User, call_id: str, given: Given) -> None:
    """Press keys towards the caller's side."""
    assert isinstance(given, Digits)
    await services.calls.command(call_id, SendDigits(user.id, given.digits))


async def note(services: WebServices, user: User, call_id: str, given: Given) -> None:
    """Write a note about one's own call."""
    assert isinstance(given, Note)
    await own_call(services, user, call_id)
    await _noted(services, user, call_id, given.text, key=given.key)


async def identify(services: WebServices, user: User, call_id: str, given: Given) -> None:
    """Say which customer calls in one's own call, or take that back."""
    assert isinstance(given, IdentifyWish)
    call = await own_call(services, user, call_id)
    await join(services, Joining(call, user.id, services.clock.now()), given)


async def wrap_up(services: WebServices, user: User, call_id: str, given: Given) -> None:
    """Say what came out of one's own call, a code or name of the list; during its wrap-up that ends it."""
    assert isinstance(given, WrapUp)
    await own_call(services, user, call_id)
    await _noted(services, user, call_id, given.note, services.agents.results.code(given.result_code), given.key)
    agent = services.agents.roster.get(user.id)
    if agent is not None and agent.state is State.WRAP_UP and agent.call_id == call_id:
        await services.agents.finish_wrap_up(user.id)


async def set_state(services: WebServices, agent_id: str, given: StateWish, by: str = "") -> None:
    """Make an agent ready or not ready; during a call that comes after wrap-up. `by`: who asks, when not the agent."""
    if given.state == "ready":
        await call_control.unwatch_all(services, agent_id)
    await services.agents.set_state(agent_id, State(given.state), given.reason, by=by)


async def own_call(services: WebServices, user: User, call_id: str) -> Call:
    """Return a call that the user has or had. Raises NoSuchCall, Forbidden."""
    call = await services.db.read(lambda connection: store.get(connection, call_id))
    if call is None:
        raise NoSuchCall(call_id=call_id)
    agent = services.agents.roster.get(user.id)
    if user.id != call.agent_id and (agent is None or agent.call_id != call_id):
        raise Forbidden("this call is not yours", call_id=call_id)
    return call


class _Kept(Conflict):
    """It is written down already."""


async def _noted(
    services: WebServices, user: User, call_id: str, text: str, code: str | None = None, key: str | None = None
) -> None:
    """Write a note down, one with a `key` once only; the check and the note are one transaction."""

    def check(connection: Connection) -> None:
        if key is not None and is_noted(connection, call_id, user.id, key):
            raise _Kept

    at, known = services.clock.now(), key or ""
    told = CallNoted(at=at, call_id=call_id, agent_id=user.id, text=text, result_code=code, key=known)
    with contextlib.suppress(_Kept):
        await services.journal.record(told, save=check)


Verb = Callable[[WebServices, User, str, Given], Awaitable[None]]
VERBS: Mapping[str, tuple[Verb, type[Given]]] = {
    "hold": (hold, Nothing),
    "resume": (resume, Nothing),
    "hangup": (hang_up, HangUpWish),
    "silent-script": (silent_script, Nothing),
    "park": (call_control.park, Nothing),
    "pickup": (call_control.pick_up, Nothing),
    "nuisance": (nuisance, NuisanceWish),
    "answer": (call_control.answer, Nothing),
    "reject": (call_control.reject, call_control.RejectWish),
    "mute": (call_control.mute, call_control.MuteWish),
    "transfer": (call_control.transfer, call_control.TransferWish),
    "consult": (call_control.consult, call_control.ConsultWish),
    "conference": (call_control.conference, call_control.ConferenceWish),
    "monitor": (call_control.monitor, call_control.MonitorWish),
    "whisper": (call_control.whisper, Nothing),
    "barge": (call_control.barge, Nothing),
    "take-over": (call_control.take_over, Nothing),
    "dtmf": (dtmf, Digits),
    "note": (note, Note),
    "identify": (identify, IdentifyWish),
    "wrap-up": (wrap_up, WrapUp),
}
"""Every command on a call: what does it, and what it needs to be told."""
OF_LEADS = frozenset({"monitor", "whisper", "barge", "take-over"})
"""Commands on calls of others."""


def given_for(model: type[Given], data: Mapping[str, object]) -> Given:
    """Return `data` as the input `model`. Raises BadInput naming each unusable field."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise bad_input(error, "message") from None
