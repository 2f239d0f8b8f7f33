"""branch: go one way or another by what is known."""

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from core import calendar
from ivr import expressions
from ivr.call import IvrCall
from ivr.node import FACTS, Node, Target, Targets

OF_CUSTOMER = frozenset({"identified", "accounts", "bills", "outages"})


class Branch(Node):
    """Goes where the first of the conditions `when` that holds leads, else `next`.

    A condition names variables (texts; not set: "") and facts: `caller_known`, `identified`, `accounts`, `bills`,
    `outages` (numbers of each), `hour` (0-23), `weekday` (1 Monday … 7), `working_day`, `speech_first`,
    `in_danger`, `language` (that the caller chose, like "en"; "" the site's own), `storm` (storm mode is on),
    `shed` (the caller was told that the queue is full).
    """

    leads_on: ClassVar[bool] = True

    do: Literal["branch"]
    when: Targets = Field(min_length=1)
    next: Target

    @field_validator("when")
    @classmethod
    def _are_conditions(cls, when: dict[str, str]) -> dict[str, str]:
        for condition in when:
            expressions.parsed(condition)
        return when

    def reads(self) -> Iterator[tuple[str, str]]:
        for condition in self.when:
            yield from (("when", name) for name in sorted(expressions.names(condition) - FACTS))

    async def run(self, call: IvrCall, here: str) -> str | None:
        wanted = {name for condition in self.when for name in expressions.names(condition)}
        values = {**dict.fromkeys(wanted, ""), **call.known, **_facts_of_the_hour(call), **_facts_of_the_house(call)}
        if wanted & OF_CUSTOMER:
            values |= await _facts_of_the_customer(call)
        for condition, target in self.when.items():
            if expressions.holds(condition, values):
                return target
        return self.next


def _facts_of_the_hour(call: IvrCall) -> dict[str, Any]:
    here = call.services.clock.now().astimezone(call.services.zone)
    return {
        "caller_known": call.session.call.caller_known,
        "hour": here.hour,
        "weekday": here.isoweekday(),
        "working_day": calendar.is_working_day(here.date()),
    }


def _facts_of_the_house(call: IvrCall) -> dict[str, Any]:
    hears = call.services.understanding
    return {
        "speech_first": hears is not None and hears.first and hears.ready,
        "storm": call.services.storm.on(),
    }


async def _facts_of_the_customer(call: IvrCall) -> dict[str, Any]:
    answers = await call.customer()
    return {
        "identified": answers.customer_id is not None,
        "accounts": len(answers.accounts),
        "bills": len(answers.bills),
        "outages": len(answers.outages),
    }
