"""Reads why an agent may be not ready: the list of this installation, by code or by its words."""

from dataclasses import dataclass

from agents import codes
from agents.codes import Coded, Codes
from core import definitions
from core.errors import ConfigError

FILE = "agents/reasons.yaml"
NEEDED = frozenset({"monitoring"})
"""Codes that the service itself gives, whatever else an installation has: a shift lead who listens to a talk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason(Coded):
    """One reason, and whether it counts as `work`."""

    work: bool


def load(own: str = "") -> Codes[Reason]:
    """Return the reasons of this installation, of its `own` file or those shipped.

    Raises ConfigError naming file and what is wrong.
    """
    return parse(*definitions.text_of(own, FILE, "reasons"))


def parse(text: str, where: str) -> Codes[Reason]:
    """Return the reasons that `text` defines. Raises ConfigError."""
    found = codes.parse(text, where, Reason, "code, names {zh, en}, work and source")
    if missing := NEEDED - found.keys():
        raise ConfigError(f"{where}: the reason {min(missing)!r} is missing; the service itself gives it")
    return Codes(found, field="reason", asks="not_ready needs a reason out of")
