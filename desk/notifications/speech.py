"""What a caller hears about a note."""

from desk.spoken import Sentence, sentence
from speech import mandarin

TAIL = 4
"""Digits by which people know a number, and strangers do not."""


def sent(to: str) -> Sentence:
    """Return what the caller hears of a note that goes to the number `to`."""
    return sentence("短信已发送到", "尾号", mandarin.digits(to[-TAIL:]), "的手机", "。")
