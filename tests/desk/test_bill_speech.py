"""What callers hear of their bill."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from app.demo_data import demo_data
from core import policy
from desk.billing.model import Bill, BillSummary, Line, month_before, summary
from desk.billing.speech import bill as sentences

pytestmark = pytest.mark.unit

SEED = policy.load("seed")
ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
TODAY = NOW.astimezone(ZONE).date()


def of_demo(account: str) -> BillSummary:
    bills = sorted((b for b in demo_data(NOW, ZONE).bills if b.account == account), key=lambda b: b.period)
    unpaid = [bill for bill in bills if not bill.paid]
    return summary(bills[-1], unpaid, bills[-2] if len(bills) > 1 else None, TODAY, SEED)


def said(told: BillSummary, *, cut_off: bool = False) -> list[str]:
    return [sentence.text for sentence in sentences(told, TODAY, cut_off=cut_off, policy=SEED)]


def test_the_paid_bill_of_the_first_demo_customer() -> None:
    assert said(of_demo("3200000001")) == [
        "您二零二六年十月用电二百八十六度，本期电费一百五十六元四角一分。",
        "其中第一档二百八十六度，每度零点五四六九元，计一百五十六元四角一分。",
        "本期电费已缴清，谢谢您。",
    ]


def test_arrears_with_late_fee_and_total() -> None:
    told = of_demo("3200000002")
    assert (told.owed, told.late_fee, told.total_due) == (Decimal("100.00"), Decimal("1.00"), Decimal("101.00"))
    assert said(told)[-1] == "您欠费一百元，已逾期五天，违约金一元，合计应缴一百零一元。"


def test_supply_cut_for_arrears() -> None:
    told = of_demo("3200000007")
    assert told.owed == Decimal("327.60")
    assert said(told, cut_off=True)[-2:] == [
        "您欠费三百二十七元六角，已逾期四十天，违约金十三元一角，合计应缴三百四十元七角。",
        "您的用电因欠费已停，缴清后二十四小时内恢复供电。",
    ]


def test_a_bill_not_yet_due_is_asked_for_until_its_day() -> None:
    bill = Bill("3200000003", date(2026, 10, 1), Decimal(2), Decimal("1.05"), (), TODAY + timedelta(days=1))
    assert said(summary(bill, [bill], None, TODAY, SEED)) == [
        "您二零二六年十月用电两度，本期电费一元零五分。",
        "您应缴电费一元零五分，请于明天前缴纳。",
    ]


def test_several_unpaid_bills_are_summed_and_the_earliest_counts() -> None:
    old = Bill("3200000003", date(2026, 9, 1), Decimal(5), Decimal("200"), (), TODAY - timedelta(days=30))
    new = Bill("3200000003", date(2026, 10, 1), Decimal(5), Decimal("50"), (), TODAY + timedelta(days=3))
    told = summary(new, [new, old], old, TODAY, SEED)
    assert (told.owed, told.late_fee, told.overdue_days) == (Decimal(250), Decimal("6.00"), 30)
    assert told.previous_usage == 5


def test_many_lines_are_counted_not_read() -> None:
    lines = tuple(Line(Decimal(1), Decimal("0.5"), Decimal("0.50"), tier) for tier in range(1, 6))
    bill = Bill("3200000003", date(2026, 10, 1), Decimal(5), Decimal("2.50"), lines, TODAY, NOW)
    assert said(summary(bill, [], None, TODAY, SEED))[1] == "电费共五项，明细请按零咨询人工座席。"


def test_parts_join_to_the_text_and_hold_each_value_alone() -> None:
    told = sentences(of_demo("3200000001"), TODAY, cut_off=False, policy=SEED)
    assert "一百五十六元四角一分" in told[0].parts
    assert all(sentence.text == "".join(sentence.parts) for sentence in told)


def test_the_month_before_january_is_december() -> None:
    assert month_before(date(2026, 1, 31)) == date(2025, 12, 1)
    assert month_before(date(2026, 12, 1)) == date(2026, 11, 1)
