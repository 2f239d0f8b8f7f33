"""Bills explained step by step from their readings, why they changed, what is odd, and what other terms would cost."""

import asyncio
import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from desk.billing import explained, what_if
from desk.billing.comparison import Comparison
from desk.billing.explanation import Explained
from desk.billing.service import NoReadings, NoSuchBill
from desk.billing.step_words import Language, Row, rows
from desk.billing.supply import BasicKind
from web.route import EVERYONE, Ask, Routes
from web.shapes import Given, Shape

routes = Routes("bills")
_ID = re.compile(r"(\d{6,20})-(\d{4})(\d{2})")


class StepsQuery(Given):
    """In which language the steps are told."""

    language: Literal["zh-CN", "en"] = "zh-CN"


class StepRow(Shape):
    """One step: `depth` in the tree; `reckoning` is its formula with figures; `again`: shown before by that number."""

    number: int
    depth: int
    name: str
    reckoning: str
    value: str
    unit: str
    rounding: str
    source: str
    again: bool


class Odd(Shape):
    """Something odd, with the question to ask the customer."""

    kind: str
    meter: str
    figures: list[str]
    question: str


class BillSteps(Shape):
    """A bill as it was reckoned of readings and terms.

    `refused` says why it could not be, then there are no steps. `late_fee`: on the issued bill as of today.
    `differences`: what the issued bill has differently.
    """

    refused: str | None
    steps: list[StepRow]
    late_fee: list[StepRow]
    last_month: list[StepRow]
    last_year: list[StepRow]
    odd: list[Odd]
    differences: list[str]


class WhatIf(Given):
    """Exactly one change; `to_valley` is the share of the peak that would be used in the valley."""

    contract_kw: Annotated[Decimal | None, Field(ge=0)] = None
    basic: BasicKind | None = None
    power_factor: Annotated[Decimal | None, Field(gt=0, le=1)] = None
    to_valley: Annotated[Decimal | None, Field(ge=0, le=1)] = None

    @model_validator(mode="after")
    def _one(self) -> "WhatIf":
        if len(self.model_fields_set) != 1:
            raise ValueError("give one of contract_kw, basic, power_factor, to_valley")
        return self


class WhatIfAnswer(Shape):
    """Yuan of the months that were reckoned, as they were and as they would be, and the effect of a year."""

    months: int
    before_yuan: Decimal
    after_yuan: Decimal
    difference_yuan: Decimal
    yearly_yuan: Decimal


@routes.add("GET", "/bills/{id}/steps", roles=EVERYONE)
async def read_steps(ask: Ask, query: StepsQuery) -> BillSteps:
    """Tell how each cent of a bill came about, why it changed, and what is odd."""
    found = await ask.services.bills.explained(*_bill(ask.part("id")))
    return _steps(found, query.language)


@routes.add("POST", "/bills/{id}/what-if", roles=EVERYONE)
async def what_would(ask: Ask, body: WhatIf) -> WhatIfAnswer:
    """Tell what the account would have paid in the twelve months up to a bill on other terms."""
    account, period = _bill(ask.part("id"))
    bills = ask.services.bills
    supplies = await bills.supplies(account, period)
    if not supplies:
        raise NoReadings(account=account, period=f"{period:%Y-%m}")
    book = bills.book_of(supplies[-1])
    change: what_if.Change
    if body.contract_kw is not None:
        change = what_if.contract(body.contract_kw)
    elif body.basic is not None:
        change = what_if.basic_by(body.basic)
    elif body.power_factor is not None:
        change = what_if.power_factor(body.power_factor, book)
    else:
        change = what_if.moved(body.to_valley or Decimal(0))
    found = await asyncio.to_thread(what_if.effect, supplies, change, book)
    return WhatIfAnswer(
        months=found.months,
        before_yuan=found.before,
        after_yuan=found.after,
        difference_yuan=found.difference,
        yearly_yuan=found.yearly,
    )


def _bill(bill_id: str) -> tuple[str, date]:
    found = _ID.fullmatch(bill_id)
    if not found or not 1 <= int(found[3]) <= 12 or found[2] < "0001":
        raise NoSuchBill(bill=bill_id)
    return found[1], date(int(found[2]), int(found[3]), 1)


def _steps(found: Explained, language: Language) -> BillSteps:
    return BillSteps(
        refused=found.refused.message if found.refused else None,
        steps=_rows(explained.tree(found.bill, language)) if found.bill else [],
        late_fee=_rows(rows(found.late_fee, language)) if found.late_fee else [],
        last_month=_causes(found.last_month, language),
        last_year=_causes(found.last_year, language),
        odd=[
            Odd(kind=one.kind, meter=one.meter, figures=list(one.figures), question=one.question(language))
            for one in found.odd
        ],
        differences=[str(one) for one in found.differences],
    )


def _causes(change: Comparison | None, language: Language) -> list[StepRow]:
    return _rows(explained.causes(change, language)) if change else []


def _rows(found: Iterable[Row]) -> list[StepRow]:
    return [StepRow.model_validate(row) for row in found]
