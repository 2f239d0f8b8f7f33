"""What callers hear of their bill."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from app.demo_data import demo_data
from core import policy
from desk.billing.model import Bill, BillSummary, Line, month_before, summary, usage_history
from desk.billing.speech import bill as sentences
from desk.billing.speech import message, usage

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
        "比上月少用十六度，电费少八元七角五分。",
        "其中第一档二百八十六度，每度零点五四六九元，计一百五十六元四角一分。",
        "本期电费已缴清，谢谢您。",
    ]


def test_arrears_with_late_fee_and_total() -> None:
    told = of_demo("3200000002")
    assert (told.owed, told.late_fee, told.total_due) == (Decimal("100.00"), Decimal("1.00"), Decimal("101.00"))
    assert said(told)[-1] == "您欠费一百元，应于十一月十七日前缴纳，已逾期五天，违约金一元，合计应缴一百零一元。"


def test_supply_cut_for_arrears() -> None:
    told = of_demo("3200000007")
    assert told.owed == Decimal("327.60")
    assert said(told, cut_off=True)[-2:] == [
        "您欠费三百二十七元六角，应于十月十三日前缴纳，已逾期四十天，违约金十三元一角，合计应缴三百四十元七角。",
        "您的用电因欠费已停，缴清后二十四小时内恢复供电。",
    ]


def test_a_bill_not_yet_due_is_asked_for_until_its_day() -> None:
    bill = Bill("3200000003", date(2026, 10, 1), Decimal(2), Decimal("1.05"), (), TODAY + timedelta(days=1))
    assert said(summary(bill, [bill], None, TODAY, SEED)) == [
        "您二零二六年十月用电两度，本期电费一元零五分。",
        "没有上月账单可以比较。",
        "您应缴电费一元零五分，请于明天前缴纳。",
    ]


def test_a_bill_that_is_due_today_is_asked_for_today() -> None:
    bill = Bill("3200000003", date(2026, 10, 1), Decimal(2), Decimal("1.05"), (), TODAY)
    assert said(summary(bill, [bill], None, TODAY, SEED))[-1] == "您应缴电费一元零五分，请于今天缴纳。"


def test_several_unpaid_bills_are_summed_and_the_earliest_counts() -> None:
    old = Bill("3200000003", date(2026, 9, 1), Decimal(5), Decimal("200"), (), TODAY - timedelta(days=30))
    new = Bill("3200000003", date(2026, 10, 1), Decimal(5), Decimal("50"), (), TODAY + timedelta(days=3))
    told = summary(new, [new, old], old, TODAY, SEED)
    assert (told.owed, told.late_fee, told.overdue_days) == (Decimal(250), Decimal("6.00"), 30)
    assert told.previous_usage == 5
    assert told.pay_until == TODAY - timedelta(days=30)


def test_many_lines_are_counted_not_read() -> None:
    lines = tuple(Line(Decimal(1), Decimal("0.5"), Decimal("0.50"), tier) for tier in range(1, 6))
    bill = Bill("3200000003", date(2026, 10, 1), Decimal(5), Decimal("2.50"), lines, TODAY, NOW)
    assert said(summary(bill, [], None, TODAY, SEED))[2] == "电费共五项，明细请按零咨询人工座席。"


def of_months(*months: tuple[int, str]) -> list[Bill]:
    """Bills of the account, latest first: kWh and yuan of October, September and so on."""
    period, bills = date(2026, 10, 1), []
    for used, amount in months:
        lines = (Line(Decimal(used), Decimal("0.5"), Decimal(amount), 2 if used > 200 else 1),)
        bills.append(Bill("3200000001", period, Decimal(used), Decimal(amount), lines, TODAY, NOW))
        period = month_before(period)
    return bills


@pytest.mark.parametrize(
    ("months", "compared"),
    [
        ([(286, "156.41"), (302, "165.16")], "比上月少用十六度，电费少八元七角五分。"),
        ([(302, "165.16"), (286, "156.41")], "比上月多用十六度，电费多八元七角五分。"),
        ([(290, "150.00"), (288, "152.00")], "比上月多用两度，电费少两元。"),
        ([(288, "150.00"), (288, "152.00")], "用电与上月相同，电费少两元。"),
        ([(288, "150.00"), (288, "150.00")], "用电与上月相同，电费相同。"),
        ([(0, "0.00"), (288, "150.00")], "比上月少用二百八十八度，电费少一百五十元。"),
        ([(286, "156.41")], "没有上月账单可以比较。"),
    ],
)
def test_the_bill_is_compared_with_the_month_before(months: list[tuple[int, str]], compared: str) -> None:
    latest, *former = of_months(*months)
    assert said(summary(latest, [], former[0] if former else None, TODAY, SEED))[1] == compared


def test_a_month_without_use_says_so_and_reads_no_parts() -> None:
    latest, before = of_months((0, "0.00"), (31, "16.95"))
    assert said(summary(latest, [], before, TODAY, SEED)) == [
        "您二零二六年十月没有用电，本期电费零元。",
        "比上月少用三十一度，电费少十六元九角五分。",
        "本期电费已缴清，谢谢您。",
    ]


def test_an_estimate_and_money_in_advance_are_told() -> None:
    told = said(of_demo("3200000009"))
    assert told[2] == "本期电量是估算的，以实际抄表为准。"
    assert told[-1] == "账户余额三十四元四角。"


def test_parts_of_the_day_are_named() -> None:
    assert said(of_demo("3200000006"))[2:4] == [
        "其中高峰时段一百一十二度，每度零点五七六九元，计六十四元六角一分。",
        "其中低谷时段八十度，每度零点三三六九元，计二十六元九角五分。",
    ]


def test_usage_of_the_last_months_of_the_year_and_the_step_reached() -> None:
    told = usage_history(of_months((210, "1"), (50, "1"), (0, "1"), (70, "1")), 3)
    assert told is not None
    assert [s.text for s in usage(told, TODAY)] == [
        "十月用电二百一十度。",
        "九月用电五十度。",
        "八月没有用电。",
        "七月以来累计用电三百三十度，目前是第二档电价。",
    ]


def test_a_gap_in_the_bills_ends_the_sum_and_so_does_the_year() -> None:
    october, _, august = of_months((210, "1"), (50, "1"), (70, "1"))
    with_gap = usage_history([october, august], 3)
    assert with_gap is not None
    assert (with_gap.since, with_gap.year) == (date(2026, 10, 1), 210)
    assert [s.text for s in usage(with_gap, TODAY)][-1] == "目前是第二档电价。"
    last_year = [replace(b, period=date(2026 - n, 12 if n else 1, 1)) for n, b in enumerate([october, august])]
    over_new_year = usage_history(last_year, 3)
    assert over_new_year is not None
    assert over_new_year.since == date(2026, 1, 1)
    assert usage_history([], 3) is None


def test_the_text_message_names_the_account_by_its_end_only() -> None:
    assert message(of_demo("3200000001"), today=TODAY) == "尾号0001的户号，2026年10月用电286度，电费156.41元，已缴清。"
    owed = message(of_demo("3200000002"), today=TODAY)
    assert owed.endswith("欠费100.00元，应于2026年11月17日前缴纳，截至11月22日违约金1.00元，合计应缴101.00元。")
    assert "3200000002" not in owed


def test_parts_join_to_the_text_and_hold_each_value_alone() -> None:
    told = sentences(of_demo("3200000001"), TODAY, cut_off=False, policy=SEED)
    assert "一百五十六元四角一分" in told[0].parts
    assert all(sentence.text == "".join(sentence.parts) for sentence in told)


def test_the_month_before_january_is_december() -> None:
    assert month_before(date(2026, 1, 31)) == date(2025, 12, 1)
    assert month_before(date(2026, 12, 1)) == date(2026, 11, 1)
