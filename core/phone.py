"""Brings a telephone number to the one form under which it is stored, looked up and shown.

The form is ASCII digits without separators: mobiles as 11 digits, landlines with their area code and its 0,
short codes as dialled, foreign numbers with 00 and the country code. Sources: the caller-number rules of the
hotline's interface; ITU-T E.164 (at most 15 digits with the country code); the Chinese numbering plan
(mobiles 1[3-9] and nine more digits, area codes 10, 2x and three digits from 3 on).
"""

import re
from dataclasses import dataclass

UNKNOWN = "unknown"
"""The number of a caller who withholds it or sends something that is no number."""

MOBILE_DIGITS = 11

_SEPARATORS = str.maketrans("", "", " -().")
_NUMBER = re.compile(r"\+?[0-9]{3,20}")
_LONGEST_FOREIGN = 15
_LONGEST_NATIONAL = 13
_MOBILE = re.compile(r"(?:86|0)?(1[3-9][0-9]{9})")
_LANDLINE_WITHOUT_ZERO = re.compile(r"(?:10|2[0-9])[0-9]{8}|(?!400|800|950)[3-9][0-9]{2}[0-9]{7,8}")


@dataclass(frozen=True, slots=True)
class Phone:
    """A number as it came (`raw`) and as it is used (`number`: digits, or `unknown` when not `known`)."""

    number: str
    known: bool
    raw: str


def normalise(raw: str) -> Phone:
    """Return the one form of `raw`; whatever is not a telephone number becomes `unknown` and is never an error.

    Removed: spaces, hyphens, brackets, dots, +86, 0086, 86 and 0 before a mobile number. Letters, digits that
    are not ASCII, other white space, all zeros, fewer than 3 or too many digits make the number unknown.
    """
    plain = raw.translate(_SEPARATORS)
    digits = _one_form(plain) if _NUMBER.fullmatch(plain) else ""
    return Phone(digits, True, raw) if digits.strip("0") else Phone(UNKNOWN, False, raw)


def is_mobile(number: str) -> bool:
    """Tell whether a number in the one form is a mobile at home, to which a text message can be sent."""
    return len(number) == MOBILE_DIGITS and _MOBILE.fullmatch(number) is not None


def _one_form(plain: str) -> str:
    """The digits of `plain`, or nothing when there cannot be such a number."""
    abroad = plain.removeprefix("+") if plain.startswith("+") else plain.removeprefix("00")
    if abroad == plain:
        return _national(plain)
    if abroad.startswith("86"):
        home = abroad.removeprefix("86")
        return _national("0" + home if _LANDLINE_WITHOUT_ZERO.fullmatch(home) else home)
    usable = not abroad.startswith("0") and 3 <= len(abroad) <= _LONGEST_FOREIGN
    return "00" + abroad if usable else ""


def _national(digits: str) -> str:
    if mobile := _MOBILE.fullmatch(digits):
        return mobile[1]
    usable = not digits.startswith("00") and 3 <= len(digits) <= _LONGEST_NATIONAL
    return digits if usable else ""
