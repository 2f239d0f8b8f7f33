"""Reads what can come out of a call: the result codes of this installation, one of which ends each wrap-up."""

from dataclasses import dataclass

from agents import codes
from agents.codes import Coded, Codes
from core import definitions

FILE = "agents/results.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Coded):
    """One result."""


def load(own: str = "") -> Codes[Result]:
    """Return the results of this installation, of its `own` file or those shipped.

    Raises ConfigError naming file and what is wrong.
    """
    return parse(*definitions.text_of(own, FILE, "results"))


def parse(text: str, where: str) -> Codes[Result]:
    """Return the results that `text` defines. Raises ConfigError."""
    found = codes.parse(text, where, Result, "code, names {zh, en} and source")
    return Codes(found, field="result_code", asks="wrap-up needs a result_code out of")
