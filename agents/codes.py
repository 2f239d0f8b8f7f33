"""Lists of codes with their words in several languages: read, checked, and one of them found by code or words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from core import definitions
from core.errors import BadInput, ConfigError

LONGEST = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """An entry: `names` by language (zh, en), and who decided it (`source`)."""

    code: str
    names: Mapping[str, str]
    source: str

    def called(self, language: str) -> str:
        """Return the name in `language` (zh-CN, en), else the code."""
        return self.names.get(language.partition("-")[0]) or self.code


C = TypeVar("C", bound=Coded)


class Codes(Generic[C]):
    """A list in the order in which people see it; `field` is where one is asked for, `asks` how a refusal begins."""

    def __init__(self, items: Mapping[str, C], *, field: str, asks: str) -> None:
        self.items = items
        self._field, self._asks = field, asks
        words = [(name, one.code) for one in items.values() for name in (*one.names.values(), one.code)]
        self._codes = {name.casefold(): code for name, code in words}

    def code(self, said: str | None) -> str:
        """Return the code of what was said: a code, or a name in any language. Raises BadInput naming the list."""
        found = self._codes.get((said or "").strip().casefold())
        if found is None:
            raise BadInput(f"{self._asks}: {', '.join(self.items)}", field=self._field)
        return found


def parse(text: str, where: str, kind: type[C], has: str) -> dict[str, C]:
    """Return the entries that `text` defines by code; `has` tells what one of this `kind` has. Raises ConfigError."""
    what = kind.__name__.lower()
    rows = definitions.rows(text, where, f"{what}s is expected, each with {has}")
    found = [_coded(row, where, kind, f"a {what} has {has}") for row in rows]
    definitions.distinct([one.code for one in found], where, f"code of a {what}")
    return {one.code: one for one in found}


def _coded(row: Any, where: str, kind: type[C], has: str) -> C:
    try:
        one = kind(**row)
    except TypeError as error:
        raise ConfigError(f"{where}: {error}; {has}") from None
    if not isinstance(one.code, str) or not 0 < len(one.code) <= LONGEST or not _are_names(one.names):
        raise ConfigError(f"{where}: {row}: a code of 1 to {LONGEST} letters and names {{zh, en}} are needed")
    return one


def _are_names(names: object) -> bool:
    return isinstance(names, dict) and all(isinstance(name, str) and name for name in names.values())
