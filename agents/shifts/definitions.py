"""Reads the shifts of this installation."""

from datetime import time
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from agents.shifts.model import Shift
from core.errors import ConfigError

FILE = "agents/shifts/shifts.yaml"


def load() -> dict[str, Shift]:
    """Return the shifts by code. Raises ConfigError naming file and what is wrong."""
    return parse((files("agents.shifts") / "shifts.yaml").read_text(encoding="utf-8"), FILE)


def parse(text: str, where: str) -> dict[str, Shift]:
    """Return the shifts that `text` defines by code. Raises ConfigError."""
    try:
        rows: Any = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise ConfigError(f"{where}: not valid YAML: {error}") from None
    if not isinstance(rows, list) or not rows:
        raise ConfigError(f"{where}: a list of shifts is expected, each with code, names, begins, ends and source")
    shifts = [_shift(row, where) for row in rows]
    if len({shift.code for shift in shifts}) < len(shifts):
        raise ConfigError(f"{where}: two shifts have the same code")
    return {shift.code: shift for shift in shifts}


def _shift(row: Any, where: str) -> Shift:
    try:
        times = {end: time.fromisoformat(row[end]) for end in ("begins", "ends")}
        return Shift(**{**row, **times})
    except (TypeError, KeyError, ValueError) as error:
        raise ConfigError(
            f'{where}: {row}: {error}; a shift has code, names {{zh, en}}, begins "08:00", ends "16:00" and source'
        ) from None
