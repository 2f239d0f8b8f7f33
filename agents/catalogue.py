"""Reads which skills and groups there are, and how high a level can be."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core import definitions
from core.errors import BadInput, ConfigError

FILE = "agents/skills.yaml"
GROUPS_MOST = 16


class _Names(BaseModel):
    model_config = ConfigDict(extra="forbid")

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    levels: int = Field(ge=1, le=100)
    skills: dict[str, _Names]
    groups: dict[str, _Names] = {}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The `skills` and `groups` of the installation with their names by language; levels go from 1 to `levels`."""

    levels: int
    skills: Mapping[str, Mapping[str, str]]
    groups: Mapping[str, Mapping[str, str]]

    def check(self, skills: Mapping[str, int], groups: Iterable[str] = ()) -> None:
        """Raise BadInput, which says what is wrong and what there is, unless these may be given to an agent."""
        for skill, level in skills.items():
            if skill not in self.skills:
                raise BadInput(f"there is no skill {skill!r}; {near(skill, self.skills)}", field="skills")
            if not 1 <= level <= self.levels:
                raise BadInput(f"skill {skill!r}: level {level}: levels go from 1 to {self.levels}", field="skills")
        for group in groups:
            if group not in self.groups:
                raise BadInput(f"there is no group {group!r}; {near(group, self.groups)}", field="groups")


def near(name: str, known: Iterable[str]) -> str:
    """Return what may have been meant by a name that is not known."""
    found = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {found[0]!r}?" if found else f"known: {', '.join(sorted(known)) or 'none'}"


def load(own: str = "") -> Catalogue:
    """Return the catalogue of this installation, of its `own` file or the one shipped. Raises ConfigError."""
    return parse(*definitions.text_of(own, FILE, "skills"))


def parse(text: str, where: str) -> Catalogue:
    """Return what `text` defines. Raises ConfigError naming `where`, what is wrong and what is expected."""
    try:
        told = _File.model_validate(definitions.data(text, where))
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(map(str, first["loc"])) or "the file"
        raise ConfigError(f"{where}: {at}: {first['msg']}; it has levels, skills and groups, each {{zh, en}}") from None
    skills = {name: names.model_dump() for name, names in told.skills.items()}
    return Catalogue(told.levels, skills, {name: names.model_dump() for name, names in told.groups.items()})
