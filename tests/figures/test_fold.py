"""The fold of random days keeps its laws at every event, and is the same in one go, in pieces and from anywhere on."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.events import AgentStateChanged
from agents.model import State
from core.events import Event
from cti.events import (
    AgentAnswered,
    AgentMissed,
    AgentRang,
    CallArrived,
    CalleeAnswered,
    CalleeRang,
    CallEnded,
    CallHeld,
    CallPlaced,
    CallQueued,
    CallReleased,
    CallResumed,
    CallTransferred,
    ConferenceChanged,
    ConsultAnswered,
    ConsultStarted,
    VoiceMeasured,
)
from cti.model import CallState
from cti.parking_events import CallParked, CallUnparked
from desk.callbacks.events import CallbackClosed, CallbackDialled, CallbackOffered
from desk.workorders.events import WorkOrderCreated, WorkOrderMerged, WorkOrderUrged
from figures import formulas, report
from figures.asking import Asked, Group
from figures.cells import Counts
from figures.model import PRESENCE, Fold, Snapshot
from figures.presence import Interval, Presence
from figures.report import Report
from figures.stays import Contact
from figures.symbols import SYMBOLS
from routing.events import AgentRequested, QueueAnnounced
from tests.figures.centre import DAY, SHANGHAI, TERMS, Day

pytestmark = pytest.mark.unit

CHOICES = st.lists(st.integers(0, 2**16), min_size=40, max_size=250)


def day_of(choices: list[int], after: object = None) -> Day:
    """Let a day happen by `choices`; `after` is called with the day after each step."""
    left = iter(choices)
    day = Day(lambda below: next(left) % below)
    try:
        while True:
            day.step()
            if after is not None:
                after(day)  # type: ignore[operator]
    except StopIteration:
        return day


def folded(events: list[Event], upto: Event | None = None) -> Snapshot:
    fold = Fold(TERMS, SHANGHAI)
    for event in events:
        fold.take(event)
    return fold.snapshot(events[-1].at if events else DAY)


def total(snapshot: Snapshot, agent: str | None = None) -> Counts:
    whole: Counts = Counter()
    for key, counts in snapshot.cells:
        if agent is None or key.agent == agent:
            whole.update(counts)
    return dict(whole)


@settings(max_examples=100, deadline=None)
@given(CHOICES)
def test_p14_what_is_offered_is_answered_abandoned_overflowed_called_back_or_waits_at_every_event(
    choices: list[int],
) -> None:
    fold, done = Fold(TERMS, SHANGHAI), 0

    def look(day: Day) -> None:
        nonlocal done
        for event in day.events[done:]:
            fold.take(event)
        done = len(day.events)
        now = fold.snapshot(day.now)
        assert now.broken == ()
        # An independent witness: the machine of the call knows who waits.
        waits = sum(call.state in (CallState.QUEUED, CallState.RINGING) for call in day.calls.values())
        counted = list(fold.contacts._waiting.values())
        assert len(counted) == waits
        in_day = sum(1 for one in counted if one.slot is not None and not one.handed_to)
        assert total(now).get("W", 0) == in_day

    day_of(choices, look)


@settings(max_examples=100, deadline=None)
@given(CHOICES)
def test_p13_every_contact_has_exactly_one_end_and_the_states_of_an_agent_add_up_to_the_clock(
    choices: list[int],
) -> None:
    day = day_of(choices)
    if not day.events:
        return
    fold = Fold(TERMS, SHANGHAI)
    ended: list[Contact] = []
    for event in day.events:
        call = fold.contacts._calls.get(getattr(event, "call_id", None) or "")
        fold.take(event)
        if isinstance(event, CallEnded) and call is not None:
            ended += call.contacts
    assert all(contact.how in ("A", "B", "F", "C", "D", "outside") for contact in ended)
    assert len({id(contact) for contact in ended}) == len(ended)
    now = fold.snapshot(day.now)
    ends = sum(total(now).get(symbol, 0) for symbol in "ABFCD")
    still = [one for call in fold.contacts._calls.values() for one in call.contacts if one.how]
    assert ends == sum(1 for contact in (*ended, *still) if contact.slot and contact.how != "outside"), (
        "each counted once"
    )
    passed = max(min(day.now, TERMS.end) - TERMS.begin, timedelta()) // timedelta(microseconds=1)
    for agent_id in {e.agent_id for e in day.events if isinstance(e, AgentStateChanged)}:
        mine = total(now, agent_id)
        assert sum(mine.get(state, 0) for state in PRESENCE.values()) == passed
    assert now.broken == ()
    early = fold.snapshot(day.events[-1].at - timedelta(milliseconds=136))
    assert early.broken == (), "what came between a look at the clock and the reading counts as seen"


@settings(max_examples=100, deadline=None)
@given(CHOICES)
def test_p25_the_intervals_of_an_agent_follow_each_other_without_gap_or_overlap_and_breaks_have_reasons(
    choices: list[int],
) -> None:
    presence = Presence(DAY)
    stays: defaultdict[str, list[Interval]] = defaultdict(list)
    day = day_of(choices)
    for event in day.events:
        if isinstance(event, AgentStateChanged):
            over = presence.take(event)
            stays[over.agent_id].append(over)
    for one in presence.open(day.now):
        stays[one.agent_id].append(one)
    for mine in stays.values():
        for before, after in pairwise(mine):
            assert before.end == after.begin
            assert before.begin <= before.end
        assert mine[-1].end == day.now
        assert all(one.reason for one in mine[1:] if one.state == State.NOT_READY)
    assert presence.gaps == []


@settings(max_examples=100, deadline=None)
@given(CHOICES, st.integers(0, 400))
def test_one_go_and_pieces_give_the_same_text(choices: list[int], cut: int) -> None:
    events = day_of(choices).events
    if not events:
        return
    fold = Fold(TERMS, SHANGHAI)
    for event in events[:cut]:
        fold.take(event)
    if events[:cut]:
        fold.snapshot(events[:cut][-1].at)  # looking changes nothing
    for event in events[cut:]:
        fold.take(event)
    assert fold.snapshot(events[-1].at).to_json() == folded(events).to_json()


@settings(max_examples=100, deadline=None)
@given(CHOICES)
def test_a_day_that_goes_on_from_the_one_before_is_the_day_by_itself(choices: list[int]) -> None:
    """At midnight the fold goes on with who is there; counting that day alone gives the same."""
    events = day_of(choices).events
    if not events or events[-1].at < TERMS.begin:
        return
    before = Fold(
        replace(TERMS, begin=DAY - timedelta(days=1), end=DAY),
        SHANGHAI,
    )
    for event in events:
        if event.at >= TERMS.begin and before.terms.begin < TERMS.begin:
            before.go_on(TERMS)
        before.take(event)
    assert before.snapshot(events[-1].at).to_json() == folded(events).to_json()


@settings(max_examples=100, deadline=None)
@given(CHOICES)
def test_p14_each_skill_keeps_the_law_and_all_of_them_add_up_to_what_was_needed(choices: list[int]) -> None:
    """A contact that needs two skills is counted at both: each skill balances, and their sum is that of the needs."""
    day = day_of(choices)
    if not day.events:
        return
    counted = folded(day.events)
    assert counted.broken == ()
    rows = {row.label[0]: row.counts for row in by(counted, Group.SKILL).rows}
    for skill, counts in rows.items():
        assert counts.get("O", 0) == sum(counts.get(one, 0) for one in "ABFCW"), skill
    needed: Counter[str] = Counter()
    offered = 0
    for key, counts in counted.cells:
        offered += counts.get("O", 0)
        for skill in key.skills or ("-",):
            needed[skill] += counts.get("O", 0)
    assert {skill: counts.get("O", 0) for skill, counts in rows.items() if counts.get("O")} == +needed
    assert sum(needed.values()) >= offered == total(counted).get("O", 0)


def by(counted: Snapshot, *groups: Group) -> Report:
    asked = Asked(TERMS.begin, TERMS.end, groups, formulas.chosen([]))
    return report.make(asked, counted, (), TERMS, SHANGHAI)


def test_what_is_needed_is_what_was_asked_for_first_and_all_of_a_contact_is_counted_there() -> None:
    second, seat = timedelta(seconds=1), {"seat_id": "s", "channel_id": "x"}

    def arrives(call_id: str, **asked: object) -> list[Event]:
        who: dict[str, object] = {"caller": "1", "caller_known": True, "caller_raw": "", "number": "9"}
        came = CallArrived(at=DAY, call_id=call_id, channel_id="x", **who)
        queued = CallQueued(at=DAY, call_id=call_id, queue="general")
        wish = AgentRequested(at=DAY + second, call_id=call_id, queue="general", **asked)
        return [came, queued, wish] if asked else [came, queued]

    story: list[Event] = [
        *arrives("both", skills={"fault": 1}, needs={"fault": 1, "english": 2}),
        AgentRang(at=DAY + 2 * second, call_id="both", agent_id="a1", **seat),
        AgentAnswered(at=DAY + 5 * second, call_id="both", agent_id="a1", **seat),
        CallReleased(at=DAY + 9 * second, call_id="both", agent_id="a1", by="caller", why="hung_up"),
        *arrives("old", skills={"english": 1}),  # as events were before they told all needs
        AgentRequested(at=DAY + 3 * second, call_id="old", queue="general", needs={"fault": 1}),
        CallEnded(at=DAY + 8 * second, call_id="old", by="caller", why="hung_up", where="queued"),
        *arrives("none"),
        CallEnded(at=DAY + 8 * second, call_id="none", by="caller", why="hung_up", where="queued"),
        AgentRequested(at=DAY + 8 * second, call_id="none", queue="general", needs={"fault": 1}),
    ]
    counted = folded(story)
    assert counted.broken == (), "an asking for a call that is gone is no fault of the books"
    rows = {row.label: row.counts for row in by(counted, Group.SKILL).rows}
    assert {label: (n.get("P"), n.get("O"), n.get("A"), n.get("B")) for label, n in rows.items()} == {
        ("-",): (1, 1, None, 1),
        ("english",): (2, 2, 1, 1),
        ("fault",): (1, 1, 1, None),
    }
    assert rows["fault",]["TALK"] == rows["fault",]["TALK_CLOCK"] == 4_000_000
    assert "N" not in rows["fault",], "that is of calls as a whole"
    whole = by(counted, Group.QUEUE, Group.SKILL)
    assert not whole.rows_add_up
    assert whole.total.counts["O"] == 3
    assert sorted(row.label for row in whole.rows) == [("general", one) for one in ("-", "english", "fault")]


def test_the_told_wait_is_held_against_what_came_and_ringing_is_of_the_phone_that_was_answered() -> None:
    second, seat = timedelta(seconds=1), {"seat_id": "s", "channel_id": "x"}

    def waits(call_id: str, *told: tuple[float, float | None, float | None], until: float) -> list[Event]:
        came = CallArrived(
            at=DAY, call_id=call_id, channel_id="x", caller="1", caller_known=True, caller_raw="", number="9"
        )
        says = [
            QueueAnnounced(
                at=DAY + at * second, call_id=call_id, queue="general", position=1, wait_p50_s=half, wait_p90_s=most
            )
            for at, half, most in told
        ]
        rang = [
            AgentRang(at=DAY + until * second, call_id=call_id, agent_id="a0", **seat),
            AgentMissed(at=DAY + (until + 1) * second, call_id=call_id, agent_id="a0", seat_id="s", cause="busy"),
            AgentRang(at=DAY + (until + 2) * second, call_id=call_id, agent_id="a1", **seat),
            AgentAnswered(at=DAY + (until + 5) * second, call_id=call_id, agent_id="a1", **seat),
        ]
        return [came, CallQueued(at=DAY, call_id=call_id, queue="general"), *says, *rang]

    story = [
        *waits("right", (10, 60.0, 120.0), until=60),  # 55 s from the telling on
        *waits("longer", (10, 60.0, 120.0), (80, 1.0, 1.0), until=100),  # 95 s: beyond the half, within the most
        *waits("far", (10, 20.0, 30.0), until=90),
        *waits("untold", (10, None, None), until=30),
    ]
    counts = total(folded(story))
    assert (counts["E"], counts["E_50"], counts["E_90"]) == (3, 1, 2)
    assert (counts["A"], counts["A_R"], counts["RING"]) == (4, 4, 12_000_000), (
        "the phone that was busy rang for nothing"
    )
    (whole,) = by(folded(story), Group.QUEUE).rows
    assert {name: str(whole.figures[name]) for name in ("EW-50", "EW-90", "RING-1")} == {
        "EW-50": "33.33",
        "EW-90": "66.67",
        "RING-1": "3.00",
    }


def test_orders_offers_and_voice_are_counted_where_they_happen() -> None:
    order = {"call_id": "c1"}
    kinds = ("fault", "fault", "complaint", "enquiry", "return_visit", "of_tomorrow")
    story: list[Event] = [
        *(WorkOrderCreated(at=DAY, order_id=kind, kind=kind, scope="", customer_id="", **order) for kind in kinds),
        CallbackDialled(
            at=DAY, agent_id="a1", callback_id="b", of_call="c0", queue="general", number=1, waited_s=9.0, **order
        ),
        *(CallbackClosed(at=DAY, callback_id="b", outcome=outcome, **order) for outcome in ("answered", "unreached")),
        WorkOrderMerged(at=DAY, order_id="fault", main_id="m", **order),
        WorkOrderUrged(at=DAY, order_id="fault", count=1, **order),
        CallbackOffered(at=DAY, node="nobody", **order),
        CallbackOffered(at=DAY - timedelta(seconds=1), node="nobody", **order),  # yesterday's
        *(
            VoiceMeasured(at=DAY, channel_id="x", lost=0, jitter=0, round_trip_s=0, score=score, **order)
            for score in (72.0, 71.9, None)
        ),
    ]
    counted = folded(story)
    assert counted.broken == ()
    whole = by(counted, Group.QUEUE).total
    assert {name: whole.counts[name] for name in ("WO", "WO_F", "WO_CP", "WO_M", "WO_U", "RV", "CBO", "V", "V_OK")} == {
        "WO": 5,
        "WO_F": 2,
        "WO_CP": 1,
        "WO_M": 1,
        "WO_U": 1,
        "RV": 1,
        "CBO": 1,
        "V": 2,
        "V_OK": 1,
    }
    assert (str(whole.figures["WOF-1"]), str(whole.figures["VQ-1"]), str(whole.figures["CB-1"])) == (
        "50.00",
        "50.00",
        "0.00",
    )
    assert (whole.counts["CBD"], str(whole.figures["CBR-1"])) == (1, "50.00")


def test_every_state_of_presence_has_a_symbol() -> None:
    assert set(PRESENCE.values()) <= SYMBOLS.keys()


def test_a_call_that_goes_from_queue_to_queue_flowed_over_from_the_first() -> None:
    """No machine does so today; a later one may, and the law must hold."""
    arrived = CallArrived(
        at=DAY, call_id="c1", channel_id="x", caller="1", caller_known=True, caller_raw="", number="9"
    )
    queued = [CallQueued(at=DAY + timedelta(seconds=n), call_id="c1", queue=queue) for n, queue in enumerate("ab")]
    shown = folded([arrived, *queued])
    assert shown.broken == ()
    assert {key.queue: counts for key, counts in shown.cells if key.queue} == {
        "a": {"F": 1, "O": 1, "P": 1},
        "b": {"O": 1, "W": 1, "W_T": 1},
    }


def test_what_cannot_be_is_told_and_changes_nothing() -> None:
    """A law that does not hold stands in the head of a report."""
    lost = AgentAnswered(at=DAY, call_id="c9", agent_id="a1", seat_id="s", channel_id="x")
    gap = [
        AgentStateChanged(at=DAY, agent_id="a1", from_=from_, to=to, cause="asked")
        for from_, to in (("not_ready", "ready"), ("talking", "wrap_up"))
    ]
    shown = folded([lost, *gap])
    assert shown.broken == (
        f"AgentAnswered at {DAY.isoformat()}: a call that is not there",
        f"agent a1: ready, then out of talking at {DAY.isoformat()}",
    )


def test_who_is_handed_on_to_one_person_is_no_contact_of_a_queue_unless_that_one_misses_it() -> None:
    second = timedelta(seconds=1)
    who = {"call_id": "c1", "seat_id": "s"}
    arrived = CallArrived(
        at=DAY, call_id="c1", channel_id="x", caller="1", caller_known=True, caller_raw="", number="9"
    )
    story: list[Event] = [
        arrived,
        CallQueued(at=DAY, call_id="c1", queue="general"),
        AgentRang(at=DAY, agent_id="a1", channel_id="x", **who),
        AgentAnswered(at=DAY + 10 * second, agent_id="a1", channel_id="x", **who),
        CallHeld(at=DAY + 20 * second, call_id="c1", agent_id="a1"),
        ConsultStarted(at=DAY + 20 * second, call_id="c1", agent_id="a1", channel_id="y", to_agent_id="a2"),
        ConsultAnswered(at=DAY + 25 * second, call_id="c1", agent_id="a1", to_agent_id="a2"),
        ConferenceChanged(at=DAY + 30 * second, call_id="c1", agent_id="a1", to_agent_id="a2"),
        CallTransferred(at=DAY + 40 * second, call_id="c1", agent_id="a1", to="a2", kind="agent", consulted=True),
        AgentRang(at=DAY + 40 * second, agent_id="a2", channel_id="y", **who),
        AgentAnswered(at=DAY + 40 * second, agent_id="a2", channel_id="y", **who),
        CallTransferred(at=DAY + 50 * second, call_id="c1", agent_id="a2", to="a3", kind="agent"),
        AgentRang(at=DAY + 50 * second, agent_id="a3", channel_id="z", **who),
    ]
    shown = folded(story)
    assert shown.broken == ()
    first, then = total(shown, "a1"), total(shown, "a2")
    assert {name: first[name] for name in ("A", "TALK", "HOLD", "X", "H")} == {
        "A": 1,
        "TALK": 20_000_000,
        "HOLD": 10_000_000,
        "X": 1,
        "H": 1,
    }
    assert {name: then.get(name, 0) for name in ("A", "D", "TALK")} == {"A": 0, "D": 1, "TALK": 10_000_000}
    assert total(shown).get("O") == 1, "a3 is rung, and may answer"
    missed = AgentMissed(at=DAY + 60 * second, agent_id="a3", cause="no_answer", **who)
    waits = total(folded([*story, missed]))
    assert (waits["O"], waits["W"], waits["M"]) == (2, 1, 1), "now anybody of the queue may answer"
    ended = CallEnded(at=DAY + 55 * second, call_id="c1", by="caller", why="hung_up", where="ringing")
    assert total(folded([*story, ended])).get("B") == 1, "nobody is lost from the figures"


@pytest.mark.parametrize("end", ["picked_up", "returned", "hung_up"])
def test_a_parked_caller_is_no_contact_of_a_queue_until_nobody_has_picked_up(end: str) -> None:
    second = timedelta(seconds=1)
    who = {"call_id": "c1", "seat_id": "s"}
    arrived = CallArrived(
        at=DAY, call_id="c1", channel_id="x", caller="1", caller_known=True, caller_raw="", number="9"
    )
    story: list[Event] = [
        arrived,
        CallQueued(at=DAY, call_id="c1", queue="general"),
        AgentRang(at=DAY, agent_id="a1", channel_id="x", **who),
        AgentAnswered(at=DAY + 10 * second, agent_id="a1", channel_id="x", **who),
        CallTransferred(at=DAY + 20 * second, call_id="c1", agent_id="a1", to="701", kind="park"),
        CallParked(at=DAY + 20 * second, call_id="c1", agent_id="a1", place=701),
    ]
    if end == "hung_up":
        story.append(CallEnded(at=DAY + 30 * second, call_id="c1", by="caller", why="hung_up", where="parked"))
    else:
        why = "picked_up" if end == "picked_up" else "too_long"
        story += [
            CallUnparked(at=DAY + 30 * second, call_id="c1", place=701, why=why),
            AgentRang(at=DAY + 30 * second, agent_id="a2", channel_id="y", how=end, **who),
            AgentAnswered(at=DAY + 35 * second, agent_id="a2", channel_id="y", how=end, **who),
        ]
    shown = folded(story)
    assert shown.broken == ()
    counts = total(shown)
    wanted = {"O": 2, "A": 1, "D": 0, "B": 1, "X": 1} if end == "hung_up" else {"O": 1, "A": 1, "D": 1, "B": 0, "X": 1}
    assert {name: counts.get(name, 0) for name in wanted} == wanted


def test_what_an_agent_dials_is_counted_apart_from_what_comes_in() -> None:
    second, one, two = timedelta(seconds=1), {"call_id": "o1", "agent_id": "a1"}, {"call_id": "o2"}
    story: list[Event] = [
        CallPlaced(at=DAY, seat_id="s", channel_id="x", dialled="1", number="9", **one),
        CalleeRang(at=DAY + 5 * second, **one),
        CalleeAnswered(at=DAY + 9 * second, **one),
        CallHeld(at=DAY + 19 * second, **one),
        CallResumed(at=DAY + 29 * second, **one),
        CallReleased(at=DAY + 39 * second, by="agent", why="hung_up", **one),
        moved("talking", "wrap_up", DAY + 39 * second, "o1"),
        CallEnded(at=DAY + 39 * second, call_id="o1", by="agent", why="hung_up", where="talking"),
        moved("wrap_up", "ready", DAY + 45 * second, "o1"),
        CallPlaced(at=DAY + 60 * second, seat_id="s", channel_id="x", dialled="1", number="9", **one | two),
        CallEnded(at=DAY + 70 * second, call_id="o2", by="agent", why="no_answer", where="dialling"),
    ]
    shown = folded(story)
    assert shown.broken == ()
    counted = {name: n for name, n in total(shown).items() if name not in PRESENCE.values()}
    assert counted == {
        "OUT": 2,
        "OUT_A": 1,
        "OUT_TALK": 30_000_000,
        "OUT_ACW": 6_000_000,
        "TALK_CLOCK": 20_000_000,
        "HOLD_CLOCK": 10_000_000,
    }
    assert shown.endings == (), "those are of callers"


def moved(from_: str, to: str, at: datetime, call_id: str) -> Event:
    return AgentStateChanged(at=at, agent_id="a1", from_=from_, to=to, cause="x", call_id=call_id)
