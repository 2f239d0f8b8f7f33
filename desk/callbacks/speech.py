"""The sentences about a callback that hold the caller's own number or time."""

from datetime import datetime

from desk.spoken import Sentence, sentence
from speech import mandarin


def number_said(phone: str) -> Sentence:
    """Return the number to be rung, digit by digit ([domain 4.1])."""
    return sentence("回拨号码是", mandarin.digits(phone), "。")


def within(begins: datetime, ends: datetime, now: datetime) -> Sentence:
    """Return the part of a day in which the caller is rung (all local)."""
    day, first = mandarin.day(begins.date(), today=now.date()), mandarin.clock_time(begins.time())
    return sentence("已为您预约，我们将在", day, first, "至", mandarin.clock_time(ends.time()), "之间回拨。")


def later(not_before: datetime, now: datetime) -> Sentence:
    """Return from when on the caller is rung, where that is not at once (both local)."""
    when = mandarin.day(not_before.date(), today=now.date()) + mandarin.clock_time(not_before.time())
    return sentence("已为您预约，我们将在", when, "以后回拨。")
