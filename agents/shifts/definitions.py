"""Reads the shifts of this installation."""

from datetime import time
from typing import Any

from agents.shifts.model import Shift
from core import definitions
from core.errors import ConfigError

FILE = "agents/shifts/shifts.yaml"


def load(own: str = "") -> dict[str, Shift]:
    """Return the shifts by code, of the installation's `own` file or those shipped.

    Raises ConfigError naming file and what is wrong.
    """
    return parse(*definitions.text_of(own, FILE, "shifts"))


def parse(text: str, where: str) -> dict[str, Shift]:
    """Return the shifts that `text` defines by code. Raises ConfigError."""
    rows = definitions.rows(text, where, "shifts is expected, each with code, names, begins, ends and source")
    shifts = [_shift(row, where) for row in rows]
    definitions.distinct([shift.code for shift in shifts], where, "code of a shift")
    return {shift.code: shift for shift in shifts}


def _shift(row: Any, where: str) -> Shift:
    try:
        times = {end: time.fromisoformat(row[end]) for end in ("begins", "ends")}
        return Shift(**{**row, **times})
    except (TypeError, KeyError, ValueError) as error:
        raise ConfigError(
            f'{where}: {row}: {error}; a shift has code, names {{zh, en}}, begins "08:00", ends "16:00" and source'
        ) from None
