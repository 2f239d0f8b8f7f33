"""say: say any text, with variables."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, field_validator

from ivr import expressions
from ivr.call import IvrCall
from ivr.node import Node, Target
from ivr.wording import MOST, Words
from speech.prompts import Prompt
from speech.sayable import shown, unsayable


class Say(Node):
    """Says `text`; `{name}` is a variable: figures one by one, `{name:number}` as a number.

    A text without variables is a prompt of its own, rendered before any call is taken; one with them is made by the
    voice when the node is reached.
    """

    do: Literal["say"]
    text: str = Field(min_length=1, max_length=MOST)
    next: Target

    @field_validator("text")
    @classmethod
    def _has_right_places(cls, text: str) -> str:
        expressions.places(text)
        if silent := unsayable(text):
            raise ValueError(f"the voice has no sound for {' '.join(map(shown, silent))}; leave it out")
        return text

    def reads(self) -> Iterator[tuple[str, str]]:
        yield from (("text", name) for name in expressions.places(self.text))

    def said(self) -> Iterator[Prompt]:
        if not expressions.places(self.text):
            yield Words.of(self.text).prompt()

    async def run(self, call: IvrCall, here: str) -> str | None:
        if expressions.places(self.text):
            await call.tell([expressions.spoken(self.text, call.known)])
        else:
            await call.say([Words.of(self.text)])
        return self.next
