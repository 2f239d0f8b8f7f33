"""say: say any text, with variables."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, field_validator

from ivr import expressions
from ivr.call import IvrCall
from ivr.node import Node, Target


class Say(Node):
    """Says `text`; `{name}` is a variable: figures one by one, `{name:number}` as a number.

    A text without variables is made ready when a call comes in, one with them as soon as the node is reached.
    """

    do: Literal["say"]
    text: str = Field(min_length=1, max_length=300)
    next: Target

    @field_validator("text")
    @classmethod
    def _has_right_places(cls, text: str) -> str:
        expressions.places(text)
        return text

    def reads(self) -> Iterator[tuple[str, str]]:
        yield from (("text", name) for name in expressions.places(self.text))

    def sentences(self) -> Iterator[str]:
        if not expressions.places(self.text):
            yield self.text

    async def run(self, call: IvrCall, here: str) -> str | None:
        await call.tell([expressions.spoken(self.text, call.known)])
        return self.next
