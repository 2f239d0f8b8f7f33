"""The table of presence, its diagram, and the roles."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.model import (
    MOVES,
    OFFERED,
    Agent,
    Cause,
    IllegalMove,
    Permission,
    Role,
    State,
    User,
    Wish,
    advance,
    diagram,
    landing,
)

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "presence.md"


def agent(state: State, **fields: object) -> Agent:
    return Agent(agent_id="a1", state=state, since=NOW, seat_id="s1", **fields)


def test_the_diagram_in_the_documentation_is_that_of_the_table() -> None:
    block = PAGE.read_text(encoding="utf-8").split("```mermaid\n")[1].split("\n```")[0]
    assert block == diagram(), f"put the output of agents.model.diagram() into {PAGE.name}"


@given(st.sampled_from(State), st.sampled_from(Cause), st.sampled_from(State))
def test_a_move_outside_the_table_raises(from_: State, cause: Cause, to: State) -> None:
    if (from_, cause, to) in MOVES:
        moved = advance(agent(from_), to, cause, NOW)
        assert (moved.state, moved.cause, moved.version) == (to, cause, 1)
    else:
        with pytest.raises(IllegalMove, match=from_):
            advance(agent(from_), to, cause, NOW)


def test_p7_ready_is_entered_only_by_asking_or_after_a_call_or_an_offer() -> None:
    into_ready = {(from_, cause) for from_, cause, to in MOVES if to is State.READY}
    assert into_ready == {
        (State.NOT_READY, Cause.ASKED),
        (State.RESERVED, Cause.RELEASED),
        (State.RESERVED, Cause.RESTART),
        (State.RESERVED, Cause.LEASE_EXPIRED),
        (State.RESERVED, Cause.RECONCILED),
        (State.RINGING, Cause.RECONCILED),
        (State.RINGING, Cause.RELEASED),
        (State.RINGING, Cause.RESTART),
        (State.WRAP_UP, Cause.WRAP_UP_FINISHED),
        (State.WRAP_UP, Cause.WRAP_UP_OVER),
    }


def test_p6_only_a_ready_agent_is_reserved_by_routing() -> None:
    """By hand one dials from a break, and has a known caller back in the wrap-up."""
    reserved: dict[Cause, set[State]] = {}
    for from_, cause, to in MOVES:
        if to is State.RESERVED:
            reserved.setdefault(cause, set()).add(from_)
    assert reserved == {
        Cause.RESERVED: {State.READY},
        Cause.DIALS: {State.READY, State.NOT_READY},
        Cause.PICKS_UP: {State.READY, State.NOT_READY, State.WRAP_UP},
        Cause.RETURNED: {State.READY, State.WRAP_UP},
    }


def test_p1_every_state_has_a_way_back_to_ready() -> None:
    reach = {State.READY}
    while more := {from_ for from_, _, to in MOVES if to in reach} - reach:
        reach |= more
    assert reach == set(State)


@given(st.sampled_from(sorted(OFFERED)), st.booleans(), st.booleans(), st.sampled_from([None, "lunch", "out"]))
def test_what_follows_an_offer(state: State, phone: bool, missed: bool, wish: str | None) -> None:
    wished = Wish(State.LOGGED_OUT) if wish == "out" else Wish(State.NOT_READY, wish) if wish else None
    to, reason = landing(agent(state, wish=wished), phone, missed)
    if wished:
        assert (to, reason) == (wished.state, wished.reason)
    else:
        assert (to is State.READY) == (phone and not missed)


def test_roles() -> None:
    may = {role: User(id="u", username="u", name="u", role=role).may for role in Role}
    assert [role for role in Role if may[role](Permission.TAKE_CALLS)] == [
        Role.AGENT,
        Role.DEPUTY,
        Role.SHIFT_LEAD,
        Role.SUPERVISOR,
    ]
    assert [role for role in Role if may[role](Permission.MANAGE_USERS)] == [Role.ADMIN]


def test_p07_no_path_leads_to_ready_without_a_cause_that_says_so() -> None:
    """Model check of the table: every way into ready, from every state that can be reached, in full.

    From a break only the agent's own asking; else a call or an offer must have ended in between.
    """
    reached, edges = {State.LOGGED_OUT}, set(MOVES)
    while more := {to for from_, _, to in edges if from_ in reached} - reached:
        reached |= more
    assert reached == set(State)
    into_ready = {(from_, cause) for from_, cause, to in edges if to is State.READY and from_ in reached}
    assert {from_ for from_, cause in into_ready if cause is Cause.ASKED} == {State.NOT_READY}
    assert {cause for from_, cause in into_ready if from_ is State.NOT_READY} == {Cause.ASKED}
    assert {from_ for from_, _ in into_ready} == {State.NOT_READY, State.WRAP_UP, *OFFERED}
    never = {Cause.SEAT_LOST, Cause.DESKTOP_GONE, Cause.SIGNED_IN, Cause.SIGNED_OUT, Cause.DISABLED, Cause.NO_ANSWER}
    assert never & {cause for _, cause in into_ready} == set()
    assert State.LOGGED_OUT not in {from_ for from_, _ in into_ready}


@given(
    st.lists(st.tuples(st.sampled_from(Cause), st.sampled_from(State)), max_size=60), st.sampled_from(["meal", "out"])
)
def test_p07_whoever_wishes_a_break_never_finds_themselves_ready(steps: list[tuple[Cause, State]], wish: str) -> None:
    """Random walks: a wish that was not taken back wins over every way by which a call or an offer ends."""
    wished = Wish(State.LOGGED_OUT) if wish == "out" else Wish(State.NOT_READY, wish)
    one = agent(State.READY)
    for cause, to in steps:
        if (one.state, cause, to) not in MOVES or one.state not in {*OFFERED, State.WRAP_UP}:
            one = advance(one, to, cause, NOW) if (one.state, cause, to) in MOVES else one
            continue
        there, reason = landing(
            agent(one.state, wish=wished), phone=True, missed=cause in {Cause.NO_ANSWER, Cause.BUSY}
        )
        assert (there, reason) == (wished.state, wished.reason)
        one = advance(one, to, cause, NOW)
