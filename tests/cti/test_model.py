"""The machine of a call: every pair of state and event either moves or is refused, and the page shows it."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.events import Event
from cti import events
from cti.legs import call_of, dialling_leg, outside_leg, seat_channel, talk_bridge, watch_bridge, watch_leg, watch_spy
from cti.model import (
    MOVES,
    MOVING,
    THIRD_MOVES,
    WITH_AGENT,
    Call,
    CallState,
    IllegalMove,
    Third,
    advance,
    arrive,
    diagram,
    third_diagram,
    together,
)

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
LATER = NOW + timedelta(seconds=30)
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "call.md"
MONITORING = (events.MonitorStarted, events.MonitorStopped)
KINDS = sorted(
    (k for k in vars(events).values() if isinstance(k, type) and issubclass(k, Event) and k not in MONITORING),
    key=lambda kind: kind.__name__,
)
S = CallState


def made(kind: type[Event]) -> Event:
    """An event of a class with something in every field."""
    given: dict[str, Any] = {f.name: f.name for f in fields(kind)}
    return kind(**given | {"at": LATER})


def call(state: CallState) -> Call:
    return Call("c1", "13800000001", True, "95598", state, NOW, agent_id="a1", seat_channel_id="c1-seat-1")


STANDS = [(state, third) for state in CallState for third in (None, *(Third if state in WITH_AGENT else ()))]
OF_THIRD = {kind for _, kind in THIRD_MOVES} - {events.CallHeld, events.CallTransferred}
WITHOUT = {events.CallHeld, events.CallResumed, events.CallReleased}
"""What a third party stands in the way of, where their table does not name it."""
COMES_BACK = {events.AgentCalledBack, events.AgentBack}


@pytest.mark.parametrize(("state", "third"), STANDS)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_event_in_every_state_moves_or_is_refused(
    state: CallState, third: Third | None, kind: type[Event]
) -> None:
    away_at = NOW if kind in COMES_BACK else None
    before, event = replace(call(state), third=third, away_at=away_at), made(kind)
    needed = kind in OF_THIRD or (third is not None and kind in WITHOUT)
    if (state, kind) in MOVES and (not needed or (third, kind) in THIRD_MOVES):
        after = advance(before, event)
        assert after.state is MOVES[state, kind]
        assert after.third is THIRD_MOVES.get((third, kind), third)
    else:
        with pytest.raises(IllegalMove, match=f"(call is|third party).*: {kind.__name__} is not possible"):
            advance(before, event)
    assert before == replace(call(state), third=third, away_at=away_at), "the call itself is not touched"


@pytest.mark.parametrize("kind", [events.AgentAway, *sorted(COMES_BACK, key=str)])
def test_only_who_is_there_goes_away_and_only_who_is_away_comes_back(kind: type[Event]) -> None:
    stands = replace(call(S.TALKING), away_at=None if kind in COMES_BACK else NOW)
    with pytest.raises(IllegalMove, match=f"the agent is (away|there): {kind.__name__} is not possible"):
        advance(stands, made(kind))


def test_the_third_party_is_gone_whenever_the_agent_is() -> None:
    for state, kind in MOVES:
        for third in Third:
            if state in WITH_AGENT and MOVES[state, kind] not in WITH_AGENT and (third, kind) in THIRD_MOVES:
                assert THIRD_MOVES[third, kind] is None


@pytest.mark.parametrize(("state", "third"), STANDS)
def test_monitoring_changes_nothing_but_who_listens(state: CallState, third: Third | None) -> None:
    before = replace(call(state), third=third)
    started = events.MonitorStarted(
        at=NOW, call_id="c1", agent_id="lead", watched_agent_id="a1", channel_id="leg", mode="barge"
    )
    stopped = events.MonitorStopped(at=NOW, call_id="c1", agent_id="lead", why="asked")
    with pytest.raises(IllegalMove):
        advance(before, stopped)
    if state not in WITH_AGENT:
        with pytest.raises(IllegalMove):
            advance(before, started)
        return
    watched = advance(before, started)
    assert watched == replace(before, watcher_id="lead", watch_channel_id="leg", watch_mode="barge")
    assert advance(watched, stopped) == before
    assert {kind for kind in KINDS if (state, kind) in MOVES} <= MOVING


def test_who_hears_whom_is_the_table_of_the_documentation() -> None:
    parties = replace(call(S.HELD), third_channel_id="third")
    rows = {(None, S.TALKING): {"c1", "c1-seat-1"}, (None, S.HELD): {"c1-seat-1"}}
    rows |= {(Third.RINGING, S.HELD): {"c1-seat-1"}, (Third.TALKING, S.HELD): {"c1-seat-1", "third"}}
    rows |= {(Third.HELD, S.TALKING): {"c1", "c1-seat-1"}, (Third.JOINED, S.TALKING): {"c1", "c1-seat-1", "third"}}
    for (third, state), heard in rows.items():
        assert together(replace(parties, state=state, third=third)) == heard


def test_the_diagrams_in_the_documentation_are_those_of_the_tables() -> None:
    blocks = [part.split("```")[0] for part in PAGE.read_text(encoding="utf-8").split("```mermaid\n")[1:]]
    assert blocks == [diagram(), third_diagram()], f"put the output of cti.model's diagrams into {PAGE.name}"


def test_nothing_follows_the_end() -> None:
    assert not [state for state, _ in MOVES if state is S.ENDED]


def test_every_state_is_reached_and_every_state_can_end() -> None:
    reached, ends = {S.ARRIVED, S.PLACED}, {S.ENDED}
    for _ in CallState:
        reached |= {to for (state, _), to in MOVES.items() if state in reached}
        ends |= {state for (state, _), to in MOVES.items() if to in ends}
    assert reached == ends == set(CallState)


def test_a_talk_never_ends_the_call_by_itself() -> None:
    assert not [state for state, kind in MOVES if kind is events.CallEnded and state in WITH_AGENT]
    assert {kind for (state, kind), to in MOVES.items() if state in WITH_AGENT and to not in WITH_AGENT} == {
        events.CallReleased,
        events.CallTransferred,
    }


@pytest.mark.parametrize("kind", [k for _, k in MOVES if k not in (events.CallHeld, events.CallResumed)])
def test_no_seat_leg_is_known_where_nobody_is_rung_or_talked_to(kind: type[Event]) -> None:
    for (state, moved_by), to in MOVES.items():
        if moved_by is kind and to not in (S.RINGING, S.DIALLING, *WITH_AGENT):
            seat = advance(call(state), made(kind)).seat_channel_id
            assert seat is None or state in (S.ARRIVED, S.MENU, S.QUEUED, S.PARKED, S.OUTSIDE), "it had none before"


def test_a_call_through_everything_carries_what_the_events_said() -> None:
    at = {n: NOW + timedelta(seconds=n) for n in range(10)}
    now = arrive(
        events.CallArrived(
            at=at[0], call_id="c1", channel_id="c1", caller="13800000001", caller_known=True, caller_raw="x", number="9"
        )
    )
    for event in (
        events.CallAnswered(at=at[1], call_id="c1"),
        events.CallQueued(at=at[2], call_id="c1", queue="general"),
        events.AgentRang(at=at[3], call_id="c1", agent_id="a1", seat_id="s1", channel_id="c1-seat-1"),
        events.AgentMissed(at=at[4], call_id="c1", agent_id="a1", seat_id="s1", cause="busy"),
        events.AgentRang(at=at[5], call_id="c1", agent_id="a2", seat_id="s2", channel_id="c1-seat-2"),
        events.AgentAnswered(at=at[6], call_id="c1", agent_id="a2", seat_id="s2", channel_id="c1-seat-2"),
        events.CallReleased(at=at[7], call_id="c1", agent_id="a2", by="agent", why="hung_up"),
        events.CallEnded(at=at[8], call_id="c1", by="system", why="finished", where="bye"),
    ):
        now = advance(now, event)
    assert (now.state, now.queue, now.agent_id, now.seats_rung) == (S.ENDED, "general", "a2", 2)
    assert (now.answered_at, now.queued_at, now.talking_at) == (at[1], at[2], at[6])
    assert (now.released_at, now.ended_at, now.ended_by, now.end_cause) == (at[7], at[8], "system", "finished")
    assert now.seat_channel_id is None


def test_who_comes_back_to_the_queue_without_a_talk_keeps_the_first_place() -> None:
    at = {n: NOW + timedelta(seconds=n) for n in range(10)}

    def then(call: Call, *told: Event) -> Call:
        for event in told:
            call = advance(call, event)
        return call

    def queued(n: int, queue: str = "general") -> Event:
        return events.CallQueued(at=at[n], call_id="c1", queue=queue)

    gave_up = events.CallDequeued(at=at[3], call_id="c1", queue="general", why="too_long")
    back = then(Call("c1", "", False, "", S.MENU, NOW), queued(2), gave_up, queued(4))
    assert back.queued_at == at[2]
    assert then(back, gave_up, queued(5, "other")).queued_at == at[5], "the place is one in a queue"
    talked = then(
        back,
        events.AgentRang(at=at[5], call_id="c1", agent_id="a1", seat_id="s1", channel_id="c1-seat-1"),
        events.AgentAnswered(at=at[6], call_id="c1", agent_id="a1", seat_id="s1", channel_id="c1-seat-1"),
        events.CallReleased(at=at[7], call_id="c1", agent_id="a1", by="agent", why="hung_up"),
        queued(8),
    )
    assert talked.queued_at == at[8], "a wait after a talk is a new one"
    assert then(talked, gave_up, queued(9)).queued_at == at[8]


@pytest.mark.parametrize("call_id", ["hotline-1795369336.13", "x-1.0", "a-talk-b-1.2"])
def test_ids_at_the_pbx_lead_back_to_their_call(call_id: str) -> None:
    one = Call(call_id, "", False, "", S.QUEUED, NOW, seats_rung=3)
    assert seat_channel(one) == f"{call_id}-seat-4"
    leg = watch_leg(call_id)
    listens = (leg, watch_bridge(leg), watch_spy(leg, "whisper"), dialling_leg(call_id), outside_leg(one))
    for pbx_id in (call_id, seat_channel(one), talk_bridge(call_id), f"{call_id}-play-2", *listens):
        assert call_of(pbx_id) == call_id
