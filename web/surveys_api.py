"""What callers said of the service; agents have the answers about themselves."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from core.errors import Forbidden
from desk.surveys.model import Survey
from desk.surveys.store import SurveyFilter
from web import shapes
from web.route import DESK, HEARING, Ask, Routes
from web.shapes import Given, Moment, Shape

routes = Routes("surveys")


class SurveyQuery(Given):
    """Which answers: every filter that is given must fit."""

    agent: str | None = Field(default=None, description="an agent's id, or me")
    since: Moment | None = Field(default=None, alias="from")
    until: Moment | None = Field(default=None, alias="to")
    worst: Annotated[int | None, Field(ge=1, le=5, description="only scores of at most this")] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class SurveyRow(Shape):
    """One answer: 5 very satisfied … 1 very dissatisfied; `reason` when the caller gave one for a low score."""

    call_id: str
    agent_id: str
    queue: str
    score: int
    reason: str | None
    at: datetime


@routes.add("GET", "/surveys", roles=DESK | HEARING)
async def list_surveys(ask: Ask, query: SurveyQuery) -> shapes.Items[SurveyRow]:
    """List answers, newest first; an agent gets those about their own talks."""
    agent = ask.user.id if query.agent == "me" or ask.user.role.value not in HEARING else query.agent
    if query.agent not in (None, "me", agent):
        raise Forbidden("only answers about your own talks", agent_id=query.agent)
    wanted = SurveyFilter(agent, query.since, query.until, query.worst, query.limit)
    return shapes.Items(items=[_row(one) for one in await ask.services.surveys.find(wanted)])


def _row(survey: Survey) -> SurveyRow:
    return SurveyRow(
        call_id=survey.call_id,
        agent_id=survey.agent_id,
        queue=survey.queue,
        score=survey.score,
        reason=survey.reason,
        at=survey.at,
    )
