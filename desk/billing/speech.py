"""The sentences in which a caller hears the bill: what it is, what it consists of, what is still to be paid."""

from collections.abc import Sequence
from datetime import date

from core.policy import Policy
from desk.billing.model import BillSummary, Line
from desk.spoken import Sentence, sentence
from speech import mandarin

LINES_SAID = 4
"""More lines than this are too many to remember; the caller is told how many there are instead."""
TAIL = 4
"""Digits by which a caller tells the own accounts apart."""


def bill(summary: BillSummary, today: date, *, cut_off: bool, policy: Policy) -> list[Sentence]:
    """Return what the caller hears, one thought a sentence; `cut_off`: the supply is cut for arrears."""
    told = [_amount(summary), *_lines(summary.lines), _payment(summary, today)]
    if cut_off:
        told.append(cut_off_for_arrears(policy))
    return told


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


def _amount(summary: BillSummary) -> Sentence:
    month = mandarin.month(summary.period.year, summary.period.month)
    used = mandarin.energy(summary.usage)
    return sentence("您", month, "用电", used, "，本期电费", mandarin.money(summary.amount), "。")


def _lines(lines: tuple[Line, ...]) -> list[Sentence]:
    if len(lines) > LINES_SAID:
        return [sentence("电费共", mandarin.count(len(lines), "项"), "，明细请按零咨询人工座席。")]
    return [_line(line) for line in lines]


def _line(line: Line) -> Sentence:
    step = f"{mandarin.ordinal(line.tier)}档" if line.tier else ""
    energy, price = mandarin.energy(line.kwh), mandarin.price(line.price)
    return sentence("其中", step, energy, "，", price, "，计", mandarin.money(line.amount), "。")


def _payment(summary: BillSummary, today: date) -> Sentence:
    if not summary.owed:
        return sentence("本期电费已缴清，谢谢您。")
    owed = mandarin.money(summary.owed)
    if not summary.late_fee:
        until = mandarin.day(summary.due_date, today=today)
        return sentence("您应缴电费", owed, "，请于", until, "前缴纳。")
    late = mandarin.count(summary.overdue_days, "天")
    fee, total = mandarin.money(summary.late_fee), mandarin.money(summary.total_due)
    return sentence("您欠费", owed, "，已逾期", late, "，违约金", fee, "，合计应缴", total, "。")
