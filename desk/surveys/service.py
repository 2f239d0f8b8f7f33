"""Takes down what callers answer, once a call, and lists it; who was badly served is visited again."""

from collections.abc import Collection
from typing import Protocol

from sqlalchemy import Connection

from core.clock import Clock
from core.db import Database
from core.events import Event
from core.journal import Journal, Save
from desk.surveys import model, store
from desk.surveys.events import SurveyAnswered, SurveyReasonGiven
from desk.surveys.model import Caller, Reason, Survey
from desk.surveys.store import SurveyFilter


class Visits(Protocol):
    """Where a low score becomes a task: `desk.workorders` keeps it."""

    def visit(self, call_id: str, caller: Caller) -> tuple[Event, Save]:
        """Return the event and the row of a return visit, to be written together with the answer."""
        ...


class SurveyService:
    """The answers of callers; a score of at most `low` becomes one return visit (回访) for its call."""

    def __init__(
        self, db: Database, journal: Journal, clock: Clock, *, visits: Visits | None = None, low: float = 0
    ) -> None:
        self._db = db
        self._journal = journal
        self._clock = clock
        self._visits = visits
        self._low = low

    async def answer(
        self, call_id: str, agent_id: str, queue: str, score: int, *, caller: Caller | None = None
    ) -> None:
        """Take down a score of 1 (worst) to 5 and, when it is low, the task, in one transaction.

        Raises BadScore, and AlreadyAnswered for a second one, which then makes no second task.
        """
        survey = Survey(call_id, agent_id, queue, model.check(score), self._clock.now())
        told: list[Event] = [SurveyAnswered(at=survey.at, call_id=call_id, agent_id=agent_id, queue=queue, score=score)]
        keep: Save | None = None
        if self._visits is not None and score <= self._low:
            event, keep = self._visits.visit(call_id, caller or Caller())
            told.append(event)

        def save(connection: Connection) -> None:
            store.add(connection, survey)
            if keep is not None:
                keep(connection)

        await self._journal.record(*told, save=save)

    async def reason(self, call_id: str, reason: Reason) -> None:
        """Take down why the caller of an answered survey was not satisfied."""
        told = SurveyReasonGiven(at=self._clock.now(), call_id=call_id, reason=reason)
        await self._journal.record(told, save=lambda c: store.set_reason(c, call_id, reason))

    async def find(self, wanted: SurveyFilter) -> list[Survey]:
        """Return answers, newest first."""
        return await self._db.read(lambda c: store.find(c, wanted))

    async def of_calls(self, call_ids: Collection[str]) -> dict[str, Survey]:
        """Return the answers given in these calls, by call."""
        if not call_ids:
            return {}
        return await self._db.read(lambda c: store.of_calls(c, call_ids))
