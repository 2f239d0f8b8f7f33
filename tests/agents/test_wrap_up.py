"""Wrap-up: by the queue of the call, extended by the agent, and for each agent ended at exactly its own moment."""

import tempfile
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.events import AgentStateChanged, AgentWrapUpExtended
from agents.model import IllegalMove
from agents.presence import Around, WrapUpLongEnough
from core.db import Database
from tests.agents.centre import WRAP_UP, Centre, centre
from tests.databases import create_tables

pytestmark = pytest.mark.integration

EXTENSION, EXTENSIONS = 30, 2
"""Of the seed policy: wrap_up_extension, wrap_up_extensions."""


@pytest.fixture
async def office(db: Database) -> AsyncIterator[Centre]:
    async with centre(db, 3) as one:
        yield one


async def talked(office: Centre, number: int = 1, call_id: str = "c1") -> None:
    agent_id = f"a{number}"
    await office.agents.reserve(agent_id, call_id)
    await office.rang(call_id, agent_id)
    await office.answered(call_id, agent_id)
    await office.released(call_id, agent_id)


async def test_p06_wrap_up_is_as_long_as_the_queue_of_the_call_says(office: Centre) -> None:
    queues = {"c1": "complaints", "c2": "general"}
    office.agents.know(Around(queue_of=queues.get, wrap_up_of={"complaints": 90.0}.get))
    for number in (1, 2):
        await office.seat(number)
        await talked(office, number, f"c{number}")
    await office.advance(WRAP_UP)
    await office.reaches("a2", "ready")
    assert office.state("a1") == "wrap_up"
    await office.advance(90 - WRAP_UP)
    await office.reaches("a1", "ready")


async def test_the_queue_that_counts_is_that_of_the_talk(office: Centre) -> None:
    """A call that is handed on is already in its next queue when the first agent's wrap-up begins."""
    queues = {"c1": "complaints"}
    office.agents.know(Around(queue_of=queues.get, wrap_up_of={"complaints": 90.0, "general": 0.0}.get))
    await office.seat(1)
    await office.agents.reserve("a1", "c1")
    await office.rang("c1", "a1")
    await office.answered("c1", "a1")
    queues["c1"] = "general"
    await office.released("c1", "a1")
    await office.advance(89)
    assert office.state("a1") == "wrap_up"


async def test_a_wrap_up_is_extended_twice_at_most_and_by_nobody_else(office: Centre) -> None:
    for number in (1, 2):
        await office.seat(number)
        await talked(office, number, f"c{number}")
    for _ in range(EXTENSIONS):
        await office.agents.extend_wrap_up("a1")
    with pytest.raises(WrapUpLongEnough):
        await office.agents.extend_wrap_up("a1")
    assert len(await office.story(AgentWrapUpExtended)) == EXTENSIONS
    await office.advance(WRAP_UP)
    await office.reaches("a2", "ready")
    await office.advance(EXTENSION * EXTENSIONS - 0.001)
    assert office.state("a1") == "wrap_up"
    await office.advance(0.001)
    await office.reaches("a1", "ready")
    with pytest.raises(IllegalMove):
        await office.agents.extend_wrap_up("a1")
    await talked(office, 1, "c3")
    await office.agents.extend_wrap_up("a1")


Turn = tuple[int, float, int]
"""An agent's number, after how many seconds of talk, and how often the wrap-up is extended."""


@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.floats(0, 40).map(lambda s: round(s, 3)), st.integers(0, EXTENSIONS)),
        min_size=2,
        max_size=12,
    ),
    st.dictionaries(st.sampled_from(["q0", "q1", "q2"]), st.integers(0, 120).map(float)),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_p06_under_load_every_wrap_up_ends_exactly_at_its_own_moment(
    turns: list[Turn], own: dict[str, float]
) -> None:
    """Whatever many agents do beside each other: no wrap-up ends early, late, or with somebody else's."""
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{folder}/office.db")
        create_tables(db.engine)
        try:
            await _turns(db, turns, own)
        finally:
            await db.close()


async def _turns(db: Database, turns: list[Turn], own: dict[str, float]) -> None:
    async with centre(db, 6) as office:
        office.agents.know(Around(queue_of=lambda call_id: f"q{int(call_id[1:]) % 3}", wrap_up_of=own.get))
        wanted = {}
        for number in range(1, 7):
            await office.seat(number)
        for call, (number, pause, extensions) in enumerate(turns):
            await office.advance(pause)
            agent = office.agents.roster.get(f"a{number}")
            assert agent is not None
            if agent.state != "ready":
                continue
            began = office.clock.now()
            await talked(office, number, f"c{call}")
            lasts = own.get(f"q{call % 3}", WRAP_UP)
            if lasts > 0:
                for _ in range(extensions):
                    await office.agents.extend_wrap_up(f"a{number}")
            wanted[f"c{call}"] = (began, lasts + (EXTENSION * extensions if lasts > 0 else 0))
        await office.advance(400)
        for number in range(1, 7):
            await office.reaches(f"a{number}", "ready")
        ends = [e for e in await office.story(AgentStateChanged) if e.from_ == "wrap_up"]  # type: ignore[attr-defined]
        took = {e.call_id: round((e.at - wanted[e.call_id][0]).total_seconds(), 6) for e in ends}  # type: ignore[attr-defined]
        assert took == {call_id: round(lasts, 6) for call_id, (_, lasts) in wanted.items()}
