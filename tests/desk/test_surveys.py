"""Answers of callers: one a call, with its reason, found again on both databases."""

from datetime import timedelta

import pytest

from core.bus import Bus
from core.clock import FakeClock
from core.db import Database
from core.journal import Journal
from desk.surveys.model import AlreadyAnswered, BadScore, Reason
from desk.surveys.service import SurveyService
from desk.surveys.store import SurveyFilter
from desk.surveys.tables import surveys

pytestmark = pytest.mark.integration


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def service(db: Database, clock: FakeClock) -> SurveyService:
    surveys.create(db.engine, checkfirst=True)
    return SurveyService(db, Journal(db, Bus()), clock)


async def test_an_answer_and_its_reason_are_kept(service: SurveyService) -> None:
    await service.answer("c1", "anna", "general", 2)
    await service.reason("c1", Reason.SPEED)
    (one,) = await service.find(SurveyFilter())
    assert (one.call_id, one.agent_id, one.queue, one.score, one.reason) == ("c1", "anna", "general", 2, Reason.SPEED)


async def test_the_first_answer_of_a_call_counts(service: SurveyService, db: Database) -> None:
    await service.answer("c1", "anna", "general", 5)
    with pytest.raises(AlreadyAnswered):
        await service.answer("c1", "anna", "general", 1)
    assert [one.score for one in await service.find(SurveyFilter())] == [5]
    assert len(await Journal(db, Bus()).of_call("c1")) == 1


@pytest.mark.parametrize("score", [0, 6, -1])
async def test_what_is_no_score_is_refused(service: SurveyService, score: int) -> None:
    with pytest.raises(BadScore):
        await service.answer("c1", "anna", "general", score)
    assert await service.find(SurveyFilter()) == []


async def test_answers_are_found_by_agent_time_and_score(service: SurveyService, clock: FakeClock) -> None:
    begin = clock.now()
    for n, (agent, score) in enumerate([("anna", 5), ("ben", 1), ("anna", 3)]):
        await service.answer(f"c{n}", agent, "general", score)
        await clock.advance(60)

    async def found(wanted: SurveyFilter) -> list[str]:
        return [one.call_id for one in await service.find(wanted)]

    assert await found(SurveyFilter()) == ["c2", "c1", "c0"]
    assert await found(SurveyFilter(agent_id="anna")) == ["c2", "c0"]
    assert await found(SurveyFilter(worst=2)) == ["c1"]
    assert await found(SurveyFilter(since=begin + timedelta(seconds=30), until=begin + timedelta(seconds=90))) == ["c1"]
    assert await found(SurveyFilter(limit=1)) == ["c2"]
