"""Reads why an agent may be not ready: the list of this installation, by code or by its words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core import definitions
from core.errors import BadInput, ConfigError

FILE = "agents/reasons.yaml"
LONGEST = 24
NEEDED = frozenset({"monitoring"})
"""Codes that the service itself gives, whatever else an installation has: a shift lead who listens to a talk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason: `names` by language (zh, en), whether it counts as `work`, and who decided it (`source`)."""

    code: str
    names: Mapping[str, str]
    work: bool
    source: str


class Reasons:
    """The list, in the order in which people see it."""

    def __init__(self, items: Mapping[str, Reason]) -> None:
        self.items = items
        words = [(name, reason.code) for reason in items.values() for name in (reason.code, *reason.names.values())]
        self._codes = {name.casefold(): code for name, code in words}

    def code(self, said: str | None) -> str:
        """Return the code of what was said: a code, or a name in any language. Raises BadInput naming the list."""
        found = self._codes.get((said or "").strip().casefold())
        if found is None:
            raise BadInput(f"not_ready needs a reason out of: {', '.join(self.items)}", field="reason")
        return found

    def choices(self, language: str) -> list[tuple[str, str]]:
        """Return codes with their names in `language` (zh-CN, en), in order."""
        short = language.partition("-")[0]
        return [(reason.code, reason.names.get(short) or reason.code) for reason in self.items.values()]


def load(own: str = "") -> Reasons:
    """Return the reasons of this installation, of its `own` file or those shipped.

    Raises ConfigError naming file and what is wrong.
    """
    return parse(*definitions.text_of(own, FILE, "reasons"))


def parse(text: str, where: str) -> Reasons:
    """Return the reasons that `text` defines. Raises ConfigError."""
    rows = definitions.rows(text, where, "reasons is expected, each with code, names, work and source")
    reasons = [_reason(row, where) for row in rows]
    definitions.distinct([reason.code for reason in reasons], where, "code of a reason")
    if missing := NEEDED - {reason.code for reason in reasons}:
        raise ConfigError(f"{where}: the reason {min(missing)!r} is missing; the service itself gives it")
    return Reasons({reason.code: reason for reason in reasons})


def _reason(row: Any, where: str) -> Reason:
    try:
        reason = Reason(**row)
    except TypeError as error:
        raise ConfigError(f"{where}: {error}; a reason has code, names {{zh, en}}, work and source") from None
    if not isinstance(reason.code, str) or not 0 < len(reason.code) <= LONGEST or not isinstance(reason.names, dict):
        raise ConfigError(f"{where}: {row}: a code of 1 to {LONGEST} letters and names {{zh, en}} are needed")
    return reason
