"""What callers answer."""

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyAnswered(Event):
    """The caller gave a score after the talk with the agent: 5 very satisfied … 1 very dissatisfied."""

    call_id: str
    agent_id: str
    queue: str
    score: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyReasonGiven(Event):
    """The caller said what was wrong: a value of `desk.surveys.model.Reason`."""

    call_id: str
    reason: str
