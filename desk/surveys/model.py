"""An answer to the question how satisfied a caller was, and what may be answered."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.errors import BadInput, Conflict

SCORES = range(1, 6)
"""5 very satisfied … 1 very dissatisfied; 4 and 5 count as satisfied [kpi.md CSAT]."""


class Reason(StrEnum):
    """Why a caller was not satisfied [domain §10, survey: attitude, speed, repair quality, not repaired, other]."""

    ATTITUDE = "attitude"
    SPEED = "speed"
    QUALITY = "quality"
    NOT_SOLVED = "not_solved"
    OTHER = "other"


class AlreadyAnswered(Conflict):
    """The caller has answered for this call; the first answer counts."""

    code = "survey_answered"


class BadScore(BadInput):
    """A score is a whole number from 1 to 5."""

    code = "bad_score"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who answers, as far as that is known: `number` in the form of `core.phone`, `known` unless it is withheld."""

    number: str = ""
    known: bool = False
    customer_id: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """One caller's answer for one call."""

    call_id: str
    agent_id: str
    queue: str
    score: int
    at: datetime
    reason: Reason | None = None


def check(score: int) -> int:
    """Return the score. Raises BadScore."""
    if score not in SCORES:
        raise BadScore(f"{score!r} is no score from 1 to 5", score=score)
    return score
