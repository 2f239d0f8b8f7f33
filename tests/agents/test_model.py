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


def test_p6_only_a_ready_agent_can_be_reserved() -> None:
    assert {from_ for from_, _, to in MOVES if to is State.RESERVED} == {State.READY}


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
