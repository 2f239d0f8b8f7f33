"""What a check of the doctor found."""

from dataclasses import dataclass

FINE, NOTE, WRONG = "fine", "note", "WRONG"
"""Grades of a finding; `note` is good to know and needs nothing done."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `what` it is, its `grade`, what was found, and the cure when there is one to do."""

    what: str
    grade: str
    says: str
    cure: str = ""
