"""lookup: keep facts of the customer, the bill, an outage or a work order as variables."""

import asyncio
from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from ivr import facts
from ivr.call import IvrCall
from ivr.node import Node, Target, Variable
from ivr.nodes.bill import chosen_bill
from ivr.port import Asker


class Lookup(Node):
    """Keeps for each variable of `values` the fact named there (`ivr/facts.py`); what is not known is the empty text.

    Facts of a bill are those of the one chosen in this call, or of the only one. Nobody known who calls:
    `unidentified`; none of the facts known: `none`. A customer system that does not answer in time fails the node.
    """

    leads_on: ClassVar[bool] = True

    do: Literal["lookup"]
    values: dict[Variable, str] = Field(min_length=1)
    unidentified: Target
    none: Target
    next: Target

    @field_validator("values")
    @classmethod
    def _are_facts(cls, values: dict[str, str]) -> dict[str, str]:
        for fact in values.values():
            if fact not in facts.ALL:
                raise ValueError(f"{fact!r} is no fact; known: {', '.join(facts.ALL)}")
        return values

    def sets(self) -> Iterator[tuple[str, str]]:
        yield from ((f"values.{name}", name) for name in self.values)

    async def run(self, call: IvrCall, here: str) -> str | None:
        answers = await call.customer()
        if not answers.accounts:
            return self.unidentified
        chosen = chosen_bill(call, answers)
        known = dict(answers.facts)
        if chosen is not None and chosen < len(answers.details):
            known |= answers.details[chosen].facts
        if answers.outages:
            known["outage_text"] = answers.outages[0]
        if not facts.ORDER.keys().isdisjoint(self.values.values()):
            known |= await self._order(call, answers.accounts)
        found = {name: known.get(fact, "") for name, fact in self.values.items()}
        call.known.update(found)
        return self.next if any(found.values()) else self.none

    async def _order(self, call: IvrCall, accounts: tuple[str, ...]) -> dict[str, str]:
        call.stay()
        caller = call.session.call
        async with asyncio.timeout(call.number("lookup_wait")):
            latest = await call.services.orders.latest(Asker(accounts, caller.caller if caller.caller_known else ""))
        return {"order_number": latest.number, "order_open": facts.YES if latest.open else ""} if latest else {}
