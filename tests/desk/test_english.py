"""Bill and outage in English: the same figures as in Chinese, in words that the voice knows."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from app.demo_data import demo_data
from desk.billing import english as bill_english
from desk.billing.model import Bill, Line, Part, summary, usage_history
from desk.outages import english as outage_english
from desk.outages.model import Kind, Outage, Status
from speech import english
from tests.desk.test_bill_speech import NOW, SEED, TODAY, ZONE, of_demo

pytestmark = pytest.mark.unit


MORNING, END = datetime(2026, 11, 22, 0, 0, tzinfo=UTC), datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
"""Of an outage."""


def said(account: str, *, cut_off: bool = False) -> list[str]:
    return [s.text for s in bill_english.bill(of_demo(account), TODAY, cut_off=cut_off, policy=SEED)]


def test_the_paid_bill_of_the_first_demo_customer() -> None:
    assert said("3200000001") == [
        "In October you used two hundred and eighty six kilowatt hours.",
        "The bill is one hundred and fifty six point four one yuan.",
        "That is sixteen kilowatt hours less than the month before, and eight point seven five yuan less.",
        "At price step one: two hundred and eighty six kilowatt hours,"
        " at zero point five four six nine yuan for each kilowatt hour,"
        " that is one hundred and fifty six point four one yuan.",
        "This bill is paid. Thank you.",
    ]


def test_arrears_with_due_day_late_fee_total_and_supply_cut() -> None:
    assert said("3200000002")[-2:] == [
        "You owe one hundred yuan, due November seventeenth, now five days late.",
        "The late fee is one yuan. Together that is one hundred and one yuan.",
    ]
    assert said("3200000007", cut_off=True)[-2:] == [
        "Your power is off because of unpaid bills.",
        "Once you have paid, it is back within twenty four hours.",
    ]


def test_a_bill_not_yet_due_the_first_one_and_one_due_today() -> None:
    bill = Bill("1", date(2026, 10, 1), Decimal(0), Decimal("1.05"), (), TODAY + timedelta(days=2))
    told = bill_english.bill(summary(bill, [bill], None, TODAY, SEED), TODAY, cut_off=False, policy=SEED)
    assert [s.text for s in told] == [
        "In October you used nothing.",
        "The bill is one point zero five yuan.",
        "There is no bill of the month before.",
        "You have one point zero five yuan to pay, before November twenty fourth.",
    ]
    due = replace(bill, due_date=TODAY)
    told = bill_english.bill(summary(due, [due], due, TODAY, SEED), TODAY, cut_off=False, policy=SEED)
    assert [s.text for s in told][2:] == [
        "That is the same as the month before, and the same money.",
        "You have one point zero five yuan to pay, today.",
    ]


def test_several_accounts_and_usage() -> None:
    assert [s.text for s in bill_english.which(["3200000005", "3200000006"])] == [
        "For account ending in zero zero zero five, press one.",
        "For account ending in zero zero zero six, press two.",
    ]
    bills = sorted((b for b in demo_data(NOW, ZONE).bills if b.account == "3200000001"), key=lambda b: b.period)
    history = usage_history(bills[::-1], 2)
    assert history is not None
    told = [s.text for s in bill_english.usage(history, TODAY)]
    assert told[0] == "In October you used two hundred and eighty six kilowatt hours."
    assert any(text.startswith("Since ") for text in told)
    assert told[-1] == "You have now come to price step one."


def every_sentence() -> list[str]:
    """Everything that can be said of the demo's bills, of all parts of the day, and of every kind of outage."""
    accounts = {bill.account for bill in demo_data(NOW, ZONE).bills}
    told = [text for account in accounts for text in said(account, cut_off=True)]
    lines = tuple(Line(Decimal(1), Decimal(1), Decimal(1), tier, part) for part in Part for tier in (None, 2))
    for some in (lines[:4], lines[4:], lines, (replace(lines[0], part=None),)):
        one = Bill("1", date(2025, 1, 1), Decimal(2), Decimal(2), some, TODAY, estimated=True, balance=Decimal(3))
        told += [
            s.text for s in bill_english.bill(summary(one, [], None, TODAY, SEED), TODAY, cut_off=True, policy=SEED)
        ]
    return told + [text for kind in Kind for now in (NOW, END) for text in outage(kind, now)]


def outage(kind: Kind, now: datetime = NOW) -> list[str]:
    notice = Outage("1", kind, ("城东片区",), (), "线路检修", MORNING, END, Status.PUBLISHED)
    return [s.text for s in outage_english.outage(notice, now, ZONE)]


def test_an_outage_says_why_and_until_when_without_a_chinese_word() -> None:
    assert outage(Kind.PLANNED) == [
        "The power at your address is off because of planned work on the grid.",
        "It should be back by six in the evening today.",
    ]


def test_an_announced_end_that_has_passed_is_told_as_passed() -> None:
    assert outage(Kind.FAULT, END)[1:] == [
        "It should have been back by six in the evening today.",
        "No news of that has come yet, and the work goes on.",
    ]


def test_every_word_has_a_sound_and_nothing_else_is_in_it() -> None:
    for text in every_sentence():
        assert re.fullmatch(r"[A-Za-z ,.:']+", text), text
        for word in re.findall(r"[A-Za-z']+", text):
            assert english.phonemes(word), word
