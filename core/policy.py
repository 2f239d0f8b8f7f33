"""The numbers of the business: profiles in files, each value with its unit and its source."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from core import definitions
from core.errors import ConfigError

STANDARD = "seed"
_SHAPE = "write each as `rule: {value: 5, source: who decided it}`"


@dataclass(frozen=True, slots=True)
class Rule:
    """One number of the business: `value` in `unit`, what it `means`, and the `source` it comes from.

    `least`: below it nothing works; an installation's own file may not say less.
    """

    value: float
    unit: str
    means: str
    source: str
    least: float = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """A named profile of rules; read one by its name."""

    name: str
    rules: dict[str, Rule]

    def number(self, rule: str) -> float:
        """Return the value of `rule` in its unit. Raises ConfigError when the profile has no such rule."""
        return self.rule(rule).value

    def rule(self, rule: str) -> Rule:
        """Return a rule with its unit and source. Raises ConfigError when the profile has no such rule."""
        try:
            return self.rules[rule]
        except KeyError:
            raise ConfigError(f"policy profile {self.name!r} has no rule {rule!r}") from None


def profiles() -> list[str]:
    """Return the names of the profiles that exist."""
    return sorted(f.name.removesuffix(".yaml") for f in files("core.policies").iterdir() if f.name.endswith(".yaml"))


def load(name: str) -> Policy:
    """Read the profile `name`, or the installation's own file when it ends in `.yaml`.

    An own file names only the rules that it changes, each with `value` and `source`; the rest is that of `seed`.
    Raises ConfigError when there is no such profile, or a rule lacks a part.
    """
    if name.endswith(".yaml"):
        return parse(definitions.text_of(name, "", "policy")[0], name)
    file = files("core.policies") / f"{name}.yaml"
    if not file.is_file():
        known = f"known: {', '.join(profiles())}, or a file of your own, NAME.yaml"
        raise ConfigError(f"[site] policy = {name!r}: there is no such profile; {known}")
    data: dict[str, dict[str, Any]] = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    try:
        return Policy(name, {key: Rule(**row) for key, row in data.items()})
    except TypeError as error:
        raise ConfigError(f"policy profile {name!r}: {error}") from None


def parse(text: str, name: str) -> Policy:
    """Return the policy of an installation's own file `name` with this text. Raises ConfigError with file and line."""
    rules, file, data = load(STANDARD).rules, Path(name), definitions.data(text, name)
    if not isinstance(data, dict):
        raise ConfigError(f"{file}: not a list of rules; {_SHAPE}")
    own = {str(key): _rule(rules, str(key), row, _place(file, text, str(key))) for key, row in data.items()}
    return Policy(name, {**rules, **own})


def _place(file: Path, text: str, key: str) -> str:
    """Return file and line of a rule."""
    lines = (number for number, line in enumerate(text.splitlines(), 1) if re.match(rf"['\"]?{re.escape(key)}\b", line))
    return f"{file}:{next(lines, 1)}"


def _rule(rules: Mapping[str, Rule], key: str, row: Any, file: str) -> Rule:
    if key not in rules:
        near = difflib.get_close_matches(key, rules, n=1)
        cure = f"did you mean {near[0]!r}?" if near else f"profile {STANDARD!r} names all that there are"
        raise ConfigError(f"{file}: there is no rule {key!r}; {cure}")
    if not isinstance(row, dict) or set(row) != {"value", "source"} or not str(row["source"]).strip():
        raise ConfigError(f"{file}: rule {key!r}: {_SHAPE}")
    value = row["value"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not rules[key].least <= value < float("inf"):
        from_ = f"from {rules[key].least} on, in {rules[key].unit}"
        raise ConfigError(f"{file}: rule {key!r}: value {value!r} is not a number {from_}")
    return replace(rules[key], value=value, source=str(row["source"]))
