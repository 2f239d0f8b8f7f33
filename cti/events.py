"""What happened to calls: every event that moves the call machine, and what the PBX said of seats."""

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CallArrived(Event):
    """A caller's INVITE reached us. `caller` is normalised; `caller_raw` is what the trunk said."""

    call_id: str
    channel_id: str
    caller: str
    caller_known: bool
    caller_raw: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlaced(Event):
    """An agent dials out by hand: their own phone is rung on `channel_id`, then the number `dialled` outside.

    `number` is ours, which the other side sees.
    """

    call_id: str
    agent_id: str
    seat_id: str
    channel_id: str
    dialled: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalleeRang(Event):
    """The agent who dials out has taken the phone off; the number outside is being rung."""

    call_id: str
    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalleeAnswered(Event):
    """Who was dialled answered; the two are bridged next."""

    call_id: str
    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered(Event):
    """We answered: the caller hears us from now on."""

    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQueued(Event):
    """The caller waits for a person in `queue`."""

    call_id: str
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDequeued(Event):
    """The caller left the queue without a person: `why` is no_agents, closed, too_long, caller_left or shed."""

    call_id: str
    queue: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRang(Event):
    """The seat's phone of the reserved agent is being dialled on `channel_id`; `how` is as of AgentAnswered."""

    call_id: str
    agent_id: str
    seat_id: str
    channel_id: str
    how: str = "offered"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAnswered(Event):
    """The agent took the phone off; the two are bridged next.

    `how`: offered (the seat was rung for the caller), picked_up (the agent asked for a parked caller), returned (a
    caller whom the agent had parked or handed on comes back), consulted or took_over (the agent was on the phone
    already).
    """

    call_id: str
    agent_id: str
    seat_id: str
    channel_id: str
    how: str = "offered"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentMissed(Event):
    """The seat was rung and not answered: `cause` is no_answer, busy, rejected, unreachable, failed, or restart.

    `restart`: its phone went while nobody controlled the call, which is no fault of the agent's.
    """

    call_id: str
    agent_id: str
    seat_id: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHeld(Event):
    """The agent put the caller on hold: music is heard."""

    call_id: str
    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldReminded(Event):
    """The agent was reminded that the caller has been on hold for `held_s` seconds."""

    call_id: str
    agent_id: str
    held_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResumed(Event):
    """The agent took the caller back from hold."""

    call_id: str
    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTransferred(Event):
    """The agent handed the caller on and is free of the call.

    `to`: queue, agent id, `outside` or place, as `kind` (queue, agent, outside, park; away: page lost) says. `dialled`:
    the number outside. `consulted`: the agent spoke with whoever has the caller now. `by`: who did it (a shift lead).
    """

    call_id: str
    agent_id: str
    to: str
    kind: str = "queue"
    dialled: str = ""
    consulted: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneTransferRefused(Event):
    """The agent pressed the transfer key of the phone, and nothing was done: `why` is the code of the error."""

    call_id: str
    agent_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentMuted(Event):
    """The agent is not heard by anybody in the talk from now on; not `on`: is heard again."""

    call_id: str
    agent_id: str
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAway(Event):
    """The page that is the agent's phone is gone (`why`: phone_lost, moved, no_sound); the caller hears music."""

    call_id: str
    agent_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCalledBack(Event):
    """A page of the agent who is away is there again, and rung on `channel_id`."""

    call_id: str
    agent_id: str
    channel_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentBack(Event):
    """The agent who was away is in the call again, on the channel that was rung."""

    call_id: str
    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultStarted(Event):
    """The agent has a third party rung on `channel_id`; the caller hears music.

    The agent `to_agent_id` at `seat_id`, or the number `dialled` outside.
    """

    call_id: str
    agent_id: str
    channel_id: str
    to_agent_id: str = ""
    seat_id: str = ""
    dialled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultAnswered(Event):
    """The third party answered on `channel_id`: the agent talks with them, the caller hears music."""

    call_id: str
    agent_id: str
    to_agent_id: str = ""
    channel_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultSwapped(Event):
    """The agent changed to the other one of caller and third party; who is left hears music."""

    call_id: str
    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceChanged(Event):
    """Caller, agent and third party hear each other from now on."""

    call_id: str
    agent_id: str
    to_agent_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultEnded(Event):
    """The third party is no longer in the call: `by` agent, third, caller or system.

    `why`: cancelled, hung_up, or why they did not answer (as of AgentMissed).
    """

    call_id: str
    agent_id: str
    by: str
    why: str
    to_agent_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorStarted(Event):
    """A shift lead listens to the talk of `watched_agent_id` from now on, on `channel_id`.

    `mode`: listen, whisper (the agent alone hears the lead) or barge (all hear the lead). Said again with each change.
    """

    call_id: str
    agent_id: str
    watched_agent_id: str
    channel_id: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorStopped(Event):
    """The shift lead listens no longer: `why` is asked, hung_up, talk_over, took_over, failed or ready."""

    call_id: str
    agent_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPutThrough(Event):
    """The caller talks with somebody outside from now on: `to` is a name in the flow, or `outside` for an agent's."""

    call_id: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReturned(Event):
    """The talk with somebody outside is over: `why` is hung_up or too_long. The caller is back in the menu."""

    call_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReleased(Event):
    """The talk with `agent_id` ended: `by` is caller, agent, lead (a shift lead) or system, `why` the cause.

    `menu`: the way of the menu by which the agent sends the caller on; empty: the one that follows a talk.
    """

    call_id: str
    agent_id: str
    by: str
    why: str
    menu: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkEndedByLead(Event):
    """The shift lead `by` ended the talk of `agent_id`; CallReleased follows it."""

    call_id: str
    agent_id: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(Event):
    """The caller's channel is gone. `by`: caller, agent, lead, system; `why`: cause; `where`: state or menu node."""

    call_id: str
    by: str
    why: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNoted(Event):
    """An agent wrote `text` about the call, or finished it with `result_code`; `key`: the page's, of this writing."""

    call_id: str
    agent_id: str
    text: str
    result_code: str | None = None
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatRegistered(Event):
    """The phone of seat user `sip_username` is registered and answers; `moved`: it was there already, elsewhere."""

    sip_username: str
    moved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatLost(Event):
    """The phone of seat user `sip_username` is gone: `why` is unregistered or unreachable."""

    sip_username: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceMeasured(Event):
    """What the far end of a leg last reported of our sound (RFC 3550 receiver report).

    `lost`: packets; `jitter` in timestamp units as Asterisk gives it; `score`: Asterisk's media experience
    score 0-100, which knows no codec impairment.
    """

    call_id: str
    channel_id: str
    lost: float | None
    jitter: float | None
    round_trip_s: float | None
    score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxLost(Event):
    """The connection to the PBX broke: `why`."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxFound(Event):
    """The connection to the PBX stands again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled(Event):
    """The PBX and our books differed in `what`; `done` says how that was repaired."""

    what: str
    done: str
    call_id: str | None = None
    agent_id: str | None = None
