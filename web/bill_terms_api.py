"""What an account would have paid on other terms or with other habits."""

import asyncio
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, model_validator

from desk.billing import what_if
from desk.billing.service import NoReadings
from desk.billing.supply import BasicKind
from desk.billing.tariff import TariffBook
from web.bills_api import bill_key
from web.route import EVERYONE, Ask, Routes
from web.shapes import Given, Shape

routes = Routes("bills")
Amount = Annotated[Decimal, Field(max_digits=18, allow_inf_nan=False)]
MONTHS = 12


class WhatIf(Given):
    """Exactly one change; `to_valley` is the share of the peak that would be used in the valley."""

    contract_kw: Annotated[Amount | None, Field(ge=0)] = None
    basic: BasicKind | None = None
    power_factor: Annotated[Amount | None, Field(gt=0, le=1)] = None
    to_valley: Annotated[Amount | None, Field(ge=0, le=1)] = None
    people: Annotated[int | None, Field(ge=1, le=50)] = None
    poor: bool | None = None

    @model_validator(mode="after")
    def _one(self) -> "WhatIf":
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("give one of contract_kw, basic, power_factor, to_valley, people, poor")
        return self

    def change(self, book: TariffBook) -> what_if.Change:
        """Return the change that is asked about."""
        ways: dict[str, Any] = {
            "contract_kw": what_if.contract,
            "basic": what_if.basic_by,
            "power_factor": lambda target: what_if.power_factor(target, book),
            "to_valley": what_if.moved,
            "people": what_if.people,
            "poor": what_if.poor,
        }
        ((name, value),) = self.model_dump(exclude_none=True).items()
        change: what_if.Change = ways[name](value)
        return change


class WhatIfAnswer(Shape):
    """Yuan of the months that were reckoned, as they were and as they would be, and the effect of a year."""

    months: int
    before_yuan: Decimal
    after_yuan: Decimal
    difference_yuan: Decimal
    yearly_yuan: Decimal


@routes.add("POST", "/bills/{id}/what-if", roles=EVERYONE)
async def what_would(ask: Ask, body: WhatIf) -> WhatIfAnswer:
    """Tell what the account would have paid in the twelve months up to a bill on other terms."""
    account, period = bill_key(ask.part("id"))
    bills = ask.services.bills
    supplies = await bills.supplies(account, period, MONTHS)
    if not supplies:
        raise NoReadings(account=account, period=f"{period:%Y-%m}")
    book = bills.book_of(supplies[-1])
    found = await asyncio.to_thread(what_if.effect, supplies, body.change(book), book)
    return WhatIfAnswer(
        months=found.months,
        before_yuan=found.before,
        after_yuan=found.after,
        difference_yuan=found.difference,
        yearly_yuan=found.yearly,
    )
