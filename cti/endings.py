"""How calls end: the events of an end, and the words of its cause."""

from core.clock import Clock
from core.errors import Conflict, HotlineError
from core.events import Event
from cti.events import CallEnded, CallReleased, ConsultEnded, MonitorStopped
from cti.inbox import Asked
from cti.messages import ChannelGone
from cti.model import WITH_AGENT, Call, CallState


def ending(call: Call, *, by: str, why: str, where: str, clock: Clock) -> list[Event]:
    """Return the events that end `call` from the state it is in."""
    now = clock.now()
    events: list[Event] = []
    place = call.state.value if call.state is not CallState.MENU else where or call.state.value
    if call.watcher_id is not None:
        events.append(MonitorStopped(at=now, call_id=call.id, agent_id=call.watcher_id, why="talk_over"))
    if call.third is not None:
        third, agent_id = call.third_agent_id or "", call.agent_id or ""
        events.append(ConsultEnded(at=now, call_id=call.id, agent_id=agent_id, by=by, why=why, to_agent_id=third))
    if call.state in WITH_AGENT and call.agent_id:
        events.append(CallReleased(at=now, call_id=call.id, agent_id=call.agent_id, by=by, why=why))
    return [*events, CallEnded(at=now, call_id=call.id, by=by, why=why, where=place)]


def refuse(asked: Asked, call: Call) -> None:
    """Tell who asked that the call is not in a state for this."""
    if not asked.outcome.done():
        asked.outcome.set_exception(
            Conflict(f"{type(asked.command).__name__}: the call is {call.state}", call_id=call.id, state=call.state)
        )


def tell(asked: Asked, error: HotlineError | None) -> None:
    """Tell who asked what came of it: `error`, or that it is done. One who was told already is not told again."""
    if asked.outcome.done():
        return
    if error is None:
        asked.outcome.set_result(None)
    else:
        asked.outcome.set_exception(error)


CAUSES = {0: "hung_up", 16: "hung_up", 17: "busy", 19: "no_answer", 31: "hung_up", 38: "network", 127: "hung_up"}
"""Words of the Q.850 causes with which callers' channels end; others are told by number."""


def words_of(gone: ChannelGone) -> str:
    """Return why a channel is gone."""
    return CAUSES.get(gone.cause, f"cause_{gone.cause}")
