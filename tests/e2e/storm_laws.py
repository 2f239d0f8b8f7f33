"""What must hold in a storm, read from the journal alone; each raises AssertionError that says where it does not."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agents.events import AgentStateChanged
from agents.model import OFFERED, State
from core import policy
from core.events import Event, Recorded
from cti.events import (
    AgentAnswered,
    AgentMissed,
    AgentRang,
    CallArrived,
    CallDequeued,
    CallEnded,
    CallReleased,
    CallTransferred,
)
from figures.model import Fold
from figures.presence import Presence
from figures.terms import Terms
from routing.events import AgentRequested

SLACK_S = 10.0
"""What a loaded machine may add to any limit."""
ENDS_TALK = CallReleased | CallTransferred | CallEnded


def nobody_lost(log: Sequence[Recorded], patient: Collection[str], lifeboat: Collection[str]) -> None:
    """Every call ends once, and who would wait for as long as it takes has talked to an agent.

    `lifeboat`: numbers that were answered while the service was dead; the PBX alone served these.
    """
    arrived: dict[str, str] = {}
    ended, answered = Counter[str](), set[str]()
    for recorded in log:
        match recorded.event:
            case CallArrived(call_id=call_id, caller=caller):
                assert caller not in arrived.values(), f"{recorded.seq}: {caller} arrives twice"
                arrived[call_id] = caller
            case CallEnded(call_id=call_id):
                ended[call_id] += 1
            case AgentAnswered(call_id=call_id):
                answered.add(arrived[call_id])
            case _:
                pass
    assert dict(ended) == dict.fromkeys(arrived, 1), "a call without its one end"
    lost = set(patient) - answered - set(lifeboat)
    assert lost == set(), f"waited for as long as it takes and talked to nobody: {_stories(log, arrived, lost)}"


def _stories(log: Sequence[Recorded], arrived: dict[str, str], callers: Collection[str]) -> dict[str, list[str]]:
    """What the journal has of the calls of these callers: seconds since the first event, and its name."""
    found: dict[str, list[str]] = {caller: [] for caller in callers}
    for recorded in log:
        caller = arrived.get(getattr(recorded.event, "call_id", None) or "", "")
        if caller in found:
            after = (recorded.event.at - log[0].event.at).total_seconds()
            found[caller].append(f"{after:.1f} {type(recorded.event).__name__}")
    return found


def _lately(log: Sequence[Recorded], seq: int, agent_id: str, call_id: str) -> list[str]:
    """The last events of an agent and a call around one of them."""
    told = []
    for recorded in log:
        event = recorded.event
        if agent_id == getattr(event, "agent_id", None) or call_id == getattr(event, "call_id", None):
            to = getattr(event, "to", "")
            told.append(f"{recorded.seq} {event.at:%S.%f} {type(event).__name__} {getattr(event, 'call_id', '')} {to}")
    place = next(place for place, one in enumerate(told) if one.startswith(f"{seq} "))
    return told[max(0, place - 16) : place + 6]


def held_by_one(log: Sequence[Recorded]) -> None:
    """An agent rings for, or talks with, one call at a time, and a call with one agent."""
    of_call: dict[str, str] = {}
    for recorded in log:
        event = recorded.event
        match event:
            case AgentRang():
                assert event.call_id not in of_call, f"{recorded.seq}: offered while held"
                assert event.agent_id not in of_call.values(), f"{recorded.seq}: {event.agent_id} has a call"
                of_call[event.call_id] = event.agent_id
            case AgentAnswered():
                assert of_call.get(event.call_id) == event.agent_id, f"{recorded.seq}: answered by who was not rung"
            case AgentMissed() | CallReleased() | CallTransferred() | CallDequeued() | CallEnded():
                of_call.pop(event.call_id, None)
            case AgentStateChanged(to=State.READY):
                held = [call_id for call_id, agent_id in of_call.items() if agent_id == event.agent_id]
                assert held == [], (
                    f"{recorded.seq}: ready in a call: {_lately(log, recorded.seq, event.agent_id, held[0])}"
                )
            case _:
                pass
    assert of_call == {}, "somebody is held at the end"


def none_stuck(log: Sequence[Recorded], away_s: float) -> None:
    """No agent stands reserved, ringing, talking or in wrap-up for longer than the call or the rules let them.

    `away_s`: for so long the service was dead, and could move nobody.
    """
    rules, slack = policy.load("seed"), timedelta(seconds=away_s + SLACK_S)
    lease, wrap_up = (timedelta(seconds=rules.number(name)) for name in ("reservation_lease", "wrap_up_limit"))
    presence, over = Presence(log[0].event.at), dict[str, datetime]()
    for recorded in log:
        event = recorded.event
        if isinstance(event, ENDS_TALK):
            over.setdefault(event.call_id, event.at)
        if not isinstance(event, AgentStateChanged):
            continue
        stay = presence.take(event)
        span, where = stay.end - stay.begin, f"{recorded.seq}: {event.agent_id} {stay.state}"
        if stay.state in OFFERED:
            assert span <= lease + slack, f"{where} for {span}"
        elif stay.state == State.WRAP_UP:
            assert span <= wrap_up + slack, f"{where} for {span}"
        elif stay.state == State.TALKING and (ended := over.get(stay.call_id or "")) is not None:
            assert stay.end - ended <= slack, f"{where} {stay.end - ended} after the talk"
    still = [one for one in presence.open(log[-1].event.at) if one.state in (*OFFERED, State.TALKING)]
    assert still == [], "somebody is held by a call that is gone"
    assert presence.gaps == [], presence.gaps[0]


def balanced(log: Sequence[Recorded]) -> int:
    """At every second: asked for a person = answered + gave up + let go + still waiting, each counted apart.

    Beside it the figures' own fold, which must say the same and find its laws to hold. Returns how many seconds.
    """
    stands: dict[str, str] = {}
    begin, end = log[0].event.at, log[-1].event.at
    fold = Fold(Terms.by(policy.load("seed"), begin, end + timedelta(days=1)), ZoneInfo("UTC"))
    second, seconds = begin, 0
    for recorded in log:
        while recorded.event.at >= second + timedelta(seconds=1):
            second, seconds = second + timedelta(seconds=1), seconds + 1
            _compare(fold, stands, second)
        _stand(stands, recorded.event)
        fold.take(recorded.event)
    _compare(fold, stands, end)
    assert "waiting" not in stands.values(), "somebody waits at the end"
    return seconds


def _stand(stands: dict[str, str], event: Event) -> None:
    """Note where a caller stands, by a machine of its own: each is in one place, and leaves waiting by one way."""
    match event:
        case AgentRequested(call_id=call_id):
            assert stands.setdefault(call_id, "waiting") == "waiting", f"{call_id}: asks again after {stands[call_id]}"
        case AgentAnswered(call_id=call_id):
            assert stands.get(call_id) == "waiting", f"{call_id}: answered, but {stands.get(call_id)}"
            stands[call_id] = "A"
        case CallDequeued(call_id=call_id) if stands.get(call_id) == "waiting":
            stands[call_id] = "F"
        case CallEnded(call_id=call_id) if stands.get(call_id) == "waiting":
            stands[call_id] = "B"
        case _:
            pass


def _compare(fold: Fold, stands: dict[str, str], at: datetime) -> None:
    counted = fold.snapshot(at)
    assert counted.broken == (), f"at {at}: {counted.broken}"
    sums: defaultdict[str, int] = defaultdict(int)
    for _, counts in counted.cells:
        for symbol, number in counts.items():
            sums[symbol] += number
    mine = Counter(stands.values())
    assert len(stands) == sum(mine.values())
    # Who hangs up between the queue's entry and the asking is the figures' alone.
    apart = sums["O"] - len(stands)
    assert apart >= 0, f"at {at}: {-apart} asked for a person and are in no figure"
    assert sums["A"] == mine["A"], f"at {at}: {sums['A']} answered by the figures, {mine['A']} counted"
    left = {"B": sums["B"] - mine["B"], "F": sums["F"] - mine["F"], "W": sums["W"] - mine["waiting"]}
    assert sum(left.values()) == apart, f"at {at}: {left}, {apart}"
    assert min(left.values()) >= 0, f"at {at}: {left}"
