"""Takes down what callers answer, once a call, and lists it."""

from core.clock import Clock
from core.db import Database
from core.journal import Journal
from desk.surveys import model, store
from desk.surveys.events import SurveyAnswered, SurveyReasonGiven
from desk.surveys.model import Reason, Survey
from desk.surveys.store import SurveyFilter


class SurveyService:
    """The answers of callers."""

    def __init__(self, db: Database, journal: Journal, clock: Clock) -> None:
        self._db = db
        self._journal = journal
        self._clock = clock

    async def answer(self, call_id: str, agent_id: str, queue: str, score: int) -> None:
        """Take down a score of 1 (worst) to 5. Raises BadScore, and AlreadyAnswered for a second one."""
        survey = Survey(call_id, agent_id, queue, model.check(score), self._clock.now())
        told = SurveyAnswered(at=survey.at, call_id=call_id, agent_id=agent_id, queue=queue, score=score)
        await self._journal.record(told, save=lambda c: store.add(c, survey))

    async def reason(self, call_id: str, reason: Reason) -> None:
        """Take down why the caller of an answered survey was not satisfied."""
        told = SurveyReasonGiven(at=self._clock.now(), call_id=call_id, reason=reason)
        await self._journal.record(told, save=lambda c: store.set_reason(c, call_id, reason))

    async def find(self, wanted: SurveyFilter) -> list[Survey]:
        """Return answers, newest first."""
        return await self._db.read(lambda c: store.find(c, wanted))
