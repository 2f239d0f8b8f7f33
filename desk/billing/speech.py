"""The sentences in which a caller hears of the bill: what it is, what it consists of, what is still to be paid."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from core.policy import Policy
from desk.billing.model import PARTS, Bill, BillSummary, Line, UsageHistory
from desk.billing.steps import Step
from desk.spoken import Sentence, sentence
from speech import mandarin

LINES_SAID = 4
"""More lines than this are too many to remember; the caller is told how many there are instead."""
CAUSES_SAID = 2
"""Causes of a change that a caller hears; the agent sees all."""
USE = ("compare.kwh", "compare.days")
CAUSES = {
    "compare.kwh": "用电",
    "compare.price": "电价",
    "compare.hours": "用电时段",
    "compare.power_factor": "功率因数",
    "compare.basic": "基本电费",
    "compare.surcharge": "代征附加",
    "compare.free": "免费电量",
    "compare.adjustment": "退补电费",
}
"""What a caller hears as a cause, beside the tier; the late fee is told with what is to be paid."""
TAIL = 4
"""Digits by which a caller tells the own accounts apart."""


def bill(summary: BillSummary, today: date, *, cut_off: bool, policy: Policy) -> list[Sentence]:
    """Return what the caller hears, one thought a sentence; `cut_off`: the supply is cut for arrears."""
    told = [_amount(summary.bill), _compared(summary.bill, summary.previous), *causes(summary)]
    if summary.bill.estimated:
        told.append(sentence("本期电量是估算的，以实际抄表为准。"))
    told += [*_lines(summary.lines), _payment(summary, today)]
    if summary.balance:
        told.append(sentence("账户余额", mandarin.money(summary.balance), "。"))
    if cut_off:
        told.append(cut_off_for_arrears(policy))
    return told


def causes(summary: BillSummary) -> list[Sentence]:
    """Return why the bill is not that of the month before, in words of which every voice has fragments.

    That more was used is told already: where it is the only cause, the caller hears that the price is the same.
    """
    own = reasons(summary.causes)
    if not own:
        return []
    if used := only_use(summary.causes):
        return [sentence("电价没有变", "，", "原因是", _used(used), "。")]
    tier = max((line.tier or 1 for line in summary.lines), default=1)
    names = {**CAUSES, "compare.tier": f"{mandarin.ordinal(tier)}档电价"}
    return [
        sentence(
            "原因是",
            _used(yuan) if key == "compare.kwh" else names[key],
            "，",
            "电费多" if yuan > 0 else "电费少",
            mandarin.money(abs(yuan)),
            "。",
        )
        for key, yuan in own
    ]


def _used(yuan: Decimal) -> str:
    return "用电增加" if yuan > 0 else "用电减少"


def reasons(causes: Sequence[Step]) -> list[tuple[str, Decimal]]:
    """Return the largest causes that a caller hears, each with its yuan; more days are more use."""
    yuan: dict[str, Decimal] = {}
    for one in causes:
        key = "compare.kwh" if one.key == "compare.days" else one.key
        yuan[key] = yuan.get(key, Decimal(0)) + one.value
    told = [(key, value) for key, value in yuan.items() if value and (key in CAUSES or key == "compare.tier")]
    return sorted(told, key=lambda one: abs(one[1]), reverse=True)[:CAUSES_SAID]


def only_use(causes: Sequence[Step]) -> Decimal | None:
    """Return the yuan that more or less use makes where nothing else has changed."""
    if any(one.key not in (*USE, "compare.rounding") for one in causes):
        return None
    return sum((one.value for one in causes if one.key in USE), Decimal(0))


def usage(history: UsageHistory, today: date) -> list[Sentence]:
    """Return what the caller hears of the last months, of the year, and of the step of the ladder reached."""
    months = [
        sentence(_month(bill.period, today), "用电", mandarin.energy(bill.usage), "。")
        if bill.usage
        else sentence(_month(bill.period, today), "没有用电", "。")
        for bill in history.months
    ]
    ladder = ("目前是", f"{mandarin.ordinal(history.tier)}档", "电价") if history.tier else ()
    year = ("累计用电", mandarin.energy(history.year)) if history.since != history.months[0].period else ()
    since = (_month(history.since, today), "以来") if year else ()
    if not (year or ladder):
        return months
    return [*months, sentence(*since, *year, "，" if year and ladder else "", *ladder, "。")]


def which(accounts: Sequence[str]) -> list[Sentence]:
    """Return how a caller with several accounts chooses one: by the last digits, with keys from 1 on."""
    return [
        sentence("尾号", mandarin.digits(account[-TAIL:]), "的用电户请按", mandarin.cardinal(key), "。")
        for key, account in enumerate(accounts, start=1)
    ]


def cut_off_for_arrears(policy: Policy) -> Sentence:
    """Return what a caller hears whose supply is cut for arrears."""
    hours = mandarin.count(int(policy.number("reconnect_limit")), "小时")
    return sentence("您的用电因欠费已停，", "缴清后", hours, "内恢复供电。")


def _amount(bill: Bill) -> Sentence:
    month = mandarin.month(bill.period.year, bill.period.month)
    used = ("用电", mandarin.energy(bill.usage)) if bill.usage else ("没有用电",)
    return sentence("您", month, *used, "，本期电费", mandarin.money(bill.amount), "。")


def _compared(bill: Bill, before: Bill | None) -> Sentence:
    """The bill beside that of the month before, energy and money each; they may go different ways."""
    if before is None:
        return sentence("没有上月账单可以比较。")
    energy, money = bill.usage - before.usage, bill.amount - before.amount
    used = (
        ("比上月多用" if energy > 0 else "比上月少用", mandarin.energy(abs(energy))) if energy else ("用电与上月相同",)
    )
    costs = ("电费多" if money > 0 else "电费少", mandarin.money(abs(money))) if money else ("电费相同",)
    return sentence(*used, "，", *costs, "。")


def _lines(lines: tuple[Line, ...]) -> list[Sentence]:
    if len(lines) > LINES_SAID:
        return [sentence("电费共", mandarin.count(len(lines), "项"), "，明细请按零咨询人工座席。")]
    return [_line(line) for line in lines if line.kwh]


def _line(line: Line) -> Sentence:
    step = f"{mandarin.ordinal(line.tier)}档" if line.tier else ""
    part = PARTS[line.part] if line.part else ""
    energy, price = mandarin.energy(line.kwh), mandarin.price(line.price)
    return sentence("其中", step, part, energy, "，", price, "，计", mandarin.money(line.amount), "。")


def _payment(summary: BillSummary, today: date) -> Sentence:
    if not summary.total_due:
        return sentence("本期电费已缴清，谢谢您。")
    if not summary.owed:
        fee = mandarin.money(summary.late_fee)
        return sentence("本期电费已缴清，违约金", fee, "，合计应缴", fee, "。")
    owed = mandarin.money(summary.owed)
    until = mandarin.day(summary.pay_until, today=today)
    if not summary.late_fee:
        last_day = summary.pay_until == today
        return sentence("您应缴电费", owed, "，请于", until, "缴纳。" if last_day else "前缴纳。")
    late = mandarin.count(summary.overdue_days, "天")
    fee, total = mandarin.money(summary.late_fee), mandarin.money(summary.total_due)
    due = ("，应于", until, "前缴纳")
    return sentence("您欠费", owed, *due, "，已逾期", late, "，违约金", fee, "，合计应缴", total, "。")


def _month(period: date, today: date) -> str:
    """The month, with its year when that is not this one."""
    return (
        mandarin.month(period.year, period.month)
        if period.year != today.year
        else f"{mandarin.cardinal(period.month)}月"
    )


def message(summary: BillSummary, *, today: date) -> str:
    """Return the bill as a text message: the account by its last digits only, no name, no address."""
    one = summary.bill
    used = f"{one.period.year}年{one.period.month}月用电{_plain(one.usage)}度"
    return f"尾号{one.account[-TAIL:]}的户号，{used}，电费{one.amount}元，{_state(summary, today)}。"


def _state(summary: BillSummary, today: date) -> str:
    if not summary.total_due:
        return "已缴清"
    if not summary.owed:
        return f"电费已缴清，还应缴违约金{summary.late_fee}元"
    due = f"{summary.pay_until.year}年{summary.pay_until.month}月{summary.pay_until.day}日"
    if not summary.late_fee:
        return f"应缴{summary.owed}元，请于{due}前缴纳"
    until = f"截至{today.month}月{today.day}日"
    return f"欠费{summary.owed}元，应于{due}前缴纳，{until}违约金{summary.late_fee}元，合计应缴{summary.total_due}元"


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")
