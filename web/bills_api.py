"""Bills explained step by step from their readings, why they changed, what is odd, on paper, and sent by text."""

import asyncio
import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal

from aiohttp import web

from desk.billing import explained, model, told, what_if
from desk.billing import speech as bill_speech
from desk.billing.comparison import Comparison
from desk.billing.explanation import Explained
from desk.billing.model import Bill
from desk.billing.service import NoReadings, NoSuchBill
from desk.billing.step_words import Language, Row, rows
from desk.billing.supply import BasicKind
from web.customers_api import StoredBill, bill_of
from web.masking import number_for
from web.route import DESK, DESKTOPS, EVERYONE, Ask, Routes
from web.shapes import Given, Shape

routes = Routes("bills")
_ID = re.compile(r"([0-9]{6,20})-([0-9]{4})([0-9]{2})")


class BillLanguage(Given):
    """In which language a bill is told."""

    language: Literal["zh-CN", "en"] = "zh-CN"


class StepRow(Shape):
    """One step: `depth` in the tree; `reckoning` is its formula with figures; `again`: shown before by that number.

    `key` is the name of the step in programs: it stays the same in all languages.
    """

    number: int
    depth: int
    key: str
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


class BillRow(Shape):
    """One row of an issued bill, the sum last."""

    text: str
    reckoning: str
    amount: Decimal


class WhatIfs(Shape):
    """Which other terms make sense for the account, with what holds now; null and false: they change nothing."""

    contract_kw: Decimal | None
    contract_least: Decimal | None
    contract_most: Decimal | None
    basic: list[BasicKind]
    power_factor: Decimal | None
    to_valley: bool
    people: int | None
    poor: bool


class BillExplanation(Shape):
    """Everything about the bill of a month.

    `owed`: what is still to be paid of the issued bill today, as a tree with what the utility's books have on it; empty
    when it is paid and they have nothing. `credit_yuan`: what was paid and no bill has asked for, by these books.

    `why`: the answer to "why so much?", to be read out. `issued`: as the billing system has it, with its `items`; null
    when none was issued. `reckoned`: from readings; null when there are none. `message`: the text that is sent. `since`
    and `until`: first and last day that the readings span.
    """

    why: str
    issued: StoredBill | None
    items: list[BillRow]
    reckoned: BillSteps | None
    since: date | None
    until: date | None
    message: str
    what_if: WhatIfs | None
    owed: list[StepRow]
    credit_yuan: Decimal


class BillSent(Shape):
    """To which number a bill was sent, masked; `first`: not sent before on this day."""

    to: str
    first: bool


@routes.add("GET", "/bills/{id}/explanation", roles=EVERYONE)
async def explain_bill(ask: Ask, query: BillLanguage) -> BillExplanation:
    """Tell all about a bill: why it is what it is, how each cent came about, what is odd, what other terms would do."""
    account, period = await _seen(ask)
    bills = ask.services.bills
    issued = await bills.issued(account, period)
    before = await bills.issued(account, model.month_before(period))
    try:
        found = await bills.explained(account, period)
    except NoReadings:
        if issued is None:
            raise NoSuchBill(bill=ask.part("id")) from None
        return await _by_issued(ask, issued, before, query.language)
    return BillExplanation(
        why=told.answer(found, before, query.language),
        issued=bill_of(issued) if issued else None,
        items=_items(issued, query.language),
        reckoned=await asyncio.to_thread(_steps, found, query.language),
        since=found.supply.since,
        until=date.fromordinal(found.supply.until.toordinal() - 1),
        message=_message(ask, found),
        what_if=WhatIfs.model_validate(what_if.possible(found.bill, bills.book_of(found.supply)))
        if found.bill
        else None,
        owed=_owed(ask, issued, query.language),
        credit_yuan=await bills.credit(account),
    )


async def _by_issued(ask: Ask, issued: Bill, before: Bill | None, language: Language) -> BillExplanation:
    return BillExplanation(
        why=told.answer_by_issued(issued, before, language),
        issued=bill_of(issued),
        items=_items(issued, language),
        reckoned=None,
        since=None,
        until=None,
        message=_issued_message(ask, issued),
        what_if=None,
        owed=_owed(ask, issued, language),
        credit_yuan=await ask.services.bills.credit(issued.account),
    )


def _owed(ask: Ask, issued: Bill | None, language: Language) -> list[StepRow]:
    found = ask.services.bills.owed(issued) if issued else None
    return _rows(rows(found.total, language)) if found and issued and (found.total.value or issued.booked) else []


def _items(issued: Bill | None, language: Language) -> list[BillRow]:
    told = model.explanation(issued, english=language == "en") if issued else []
    return [BillRow.model_validate(row) for row in told]


def _message(ask: Ask, found: Explained) -> str:
    """What is sent: the bill as reckoned where it is the issued one, else the issued one; empty: there is none."""
    if found.bill is not None and not found.differences:
        return explained.message(found.bill, found.last_month)
    return _issued_message(ask, found.issued) if found.issued is not None else ""


def _issued_message(ask: Ask, issued: Bill) -> str:
    today = ask.services.clock.now().astimezone(ask.services.settings.site.zone).date()
    return bill_speech.message(ask.services.bills.told(issued), today=today)


@routes.add("GET", "/bills/{id}/steps", roles=EVERYONE)
async def read_steps(ask: Ask, query: BillLanguage) -> BillSteps:
    """Tell how each cent of a bill came about, why it changed, and what is odd."""
    found = await ask.services.bills.explained(*await _seen(ask))
    return await asyncio.to_thread(_steps, found, query.language)


@routes.add("GET", "/bills/{id}.pdf", roles=EVERYONE, media="application/pdf")
async def read_paper(ask: Ask, query: BillLanguage) -> web.Response:
    """Give the bill as a PDF, made in a process of its own."""
    records, supply = await ask.services.bills.records(*await _seen(ask))
    made = await ask.services.papers.pdf(records, supply, query.language)
    name = f"{supply.account}-{supply.period:%Y%m}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return web.Response(body=made, content_type="application/pdf", headers=headers)


@routes.add("POST", "/bills/{id}/message", roles=DESK)
async def send_bill(ask: Ask) -> BillSent:
    """Send the bill as a text message to a mobile number on record, once a day."""
    bill_id = ask.part("id")
    account, period = bill_key(bill_id)
    try:
        text = _message(ask, await ask.services.bills.explained(account, period))
    except NoReadings:
        text = _issued_message(ask, await ask.services.bills.get(bill_id))
    if not text:
        raise NoSuchBill(bill=bill_id)
    agent = ask.services.agents.roster.get(ask.user.id)
    live = ask.request.app[DESKTOPS].calls.get(agent.call_id) if agent else None
    to, first = await ask.services.bill_notes.send(
        account, bill_id, text, caller=live.call.caller if live else "", call_id=live.call.id if live else ""
    )
    return BillSent(to=number_for(to, ask.user.role.value, own=False), first=first)


async def _seen(ask: Ask) -> tuple[str, date]:
    """Return account and period of the bill that is asked for; who looks into it is told."""
    account, period = bill_key(ask.part("id"))
    await ask.request.app[DESKTOPS].looks.into_account(ask.user, account)
    return account, period


def bill_key(bill_id: str) -> tuple[str, date]:
    found = _ID.fullmatch(bill_id)
    if not found or not 1 <= int(found[3]) <= 12 or found[2] < "0002":
        raise NoSuchBill(bill=bill_id)
    return found[1], date(int(found[2]), int(found[3]), 1)


def _steps(found: Explained, language: Language) -> BillSteps:
    return BillSteps(
        refused=found.refused.told(language) if found.refused else None,
        steps=_rows(explained.tree(found.bill, language)) if found.bill else [],
        late_fee=_rows(rows(found.late_fee, language)) if found.late_fee else [],
        last_month=_causes(found.last_month, language),
        last_year=_causes(found.last_year, language),
        odd=[
            Odd(kind=one.kind, meter=one.meter, figures=one.figures(language), question=one.question(language))
            for one in found.odd
        ],
        differences=[str(one) for one in found.differences],
    )


def _causes(change: Comparison | None, language: Language) -> list[StepRow]:
    return _rows(explained.causes(change, language)) if change else []


def _rows(found: Iterable[Row]) -> list[StepRow]:
    return [StepRow.model_validate(row) for row in found]
