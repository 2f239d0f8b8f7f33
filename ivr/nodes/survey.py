"""survey: ask the caller after the talk how satisfied they are."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from core.errors import Conflict, HotlineError
from desk.surveys.model import SCORES, Caller, Reason
from ivr.call import SENT_TO, IvrCall
from ivr.node import Node, Prompts, Target

T = TypeVar("T")
REASON_KEYS = {
    "1": Reason.ATTITUDE,
    "2": Reason.SPEED,
    "3": Reason.QUALITY,
    "4": Reason.NOT_SOLVED,
    "5": Reason.OTHER,
}
EVERYBODY = 2
SCORE_KEYS = {str(score): score for score in SCORES}


class Survey(Node):
    """Asks for a score (key 5 very satisfied … 1 very dissatisfied) and after a low one for the reason.

    Only who has talked to an agent is asked, and only once a call; who presses nothing is not pressed.
    """

    do: Literal["survey"]
    prompts: Prompts = ("survey_ask",)
    reasons: Prompts = ("survey_reason",)
    thanks: Prompts = ("survey_thanks",)
    next: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        talked = call.session.call
        if talked.talking_at is None or talked.agent_id is None or not self._wanted(call, here):
            return self.next
        call.session.forget_digits()  # pressed in the talk, not in answer to what is asked now
        caller = Caller(talked.caller, talked.caller_known, await self._customer(call))
        score = await self._ask(call, here, self.prompts, SCORE_KEYS)
        if score is None:
            return self.next
        try:
            await call.services.surveys.answer(call.id, talked.agent_id, talked.queue or "", score, caller=caller)
        except Conflict:
            return self.next  # asked again after a restart: the answer stands
        if score <= call.number("survey_low"):
            reason = await self._ask(call, here, self.reasons, REASON_KEYS)
            if reason is not None:
                await call.services.surveys.reason(call.id, reason)
        await call.say(self.thanks)
        return self.next

    def _wanted(self, call: IvrCall, here: str) -> bool:
        """Tell whether this caller is to be asked: `survey_asked` 0 nobody, 1 whom an agent sent here, 2 everybody."""
        asked = call.number("survey_asked")
        return asked >= EVERYBODY or (asked > 0 and call.known.get(SENT_TO) == here)

    async def _customer(self, call: IvrCall) -> str:
        """Return who calls, as far as the customer system tells."""
        with contextlib.suppress(HotlineError, SQLAlchemyError, TimeoutError):
            return (await call.customer()).customer_id or ""
        return ""

    async def _ask(self, call: IvrCall, here: str, prompts: Sequence[str], keys: Mapping[str, T]) -> T | None:
        for _ in range(int(call.number("survey_tries"))):
            await call.say(prompts)
            key = await call.session.digit(call.number("menu_digit_timeout"))
            if key is None:
                return None
            call.collected(here, key)
            if key in keys:
                return keys[key]
        return None
