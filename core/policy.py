"""The numbers of the business: profiles in files, each value with its unit and its source."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML

from core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Rule:
    """One number of the business: `value` in `unit`, what it `means`, and the `source` it comes from."""

    value: float
    unit: str
    means: str
    source: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A named profile of rules; read one by its name."""

    name: str
    rules: dict[str, Rule]

    def number(self, rule: str) -> float:
        """Return the value of `rule` in its unit. Raises ConfigError when the profile has no such rule."""
        try:
            return self.rules[rule].value
        except KeyError:
            raise ConfigError(f"policy profile {self.name!r} has no rule {rule!r}") from None


def profiles() -> list[str]:
    """Return the names of the profiles that exist."""
    return sorted(f.name.removesuffix(".yaml") for f in files("core.policies").iterdir() if f.name.endswith(".yaml"))


def load(name: str) -> Policy:
    """Read the profile `name`. Raises ConfigError when there is none or a rule lacks a part."""
    file = files("core.policies") / f"{name}.yaml"
    if not file.is_file():
        raise ConfigError(f"[site] policy = {name!r}: there is no such profile; known: {', '.join(profiles())}")
    data: dict[str, dict[str, Any]] = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    try:
        return Policy(name, {key: Rule(**row) for key, row in data.items()})
    except TypeError as error:
        raise ConfigError(f"policy profile {name!r}: {error}") from None
