"""set: keep texts as variables."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from ivr import expressions
from ivr.call import IvrCall
from ivr.node import Node, Target, Variable


class Set(Node):
    """Keeps each of `values` under its name; `{name}` in a value is another variable. Journaled, so no secrets."""

    leads_on: ClassVar[bool] = True

    do: Literal["set"]
    values: dict[Variable, str] = Field(min_length=1)
    next: Target

    @field_validator("values")
    @classmethod
    def _have_right_places(cls, values: dict[str, str]) -> dict[str, str]:
        for text in values.values():
            expressions.places(text)
        return values

    def sets(self) -> Iterator[tuple[str, str]]:
        yield from ((f"values.{name}", name) for name in self.values)

    def reads(self) -> Iterator[tuple[str, str]]:
        yield from ((f"values.{name}", read) for name, text in self.values.items() for read in expressions.places(text))

    async def run(self, call: IvrCall, here: str) -> str | None:
        call.known.update({name: expressions.filled(text, call.known) for name, text in self.values.items()})
        return self.next
