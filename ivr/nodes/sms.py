"""sms: send a text message to the caller."""

import asyncio
from collections.abc import Iterator
from typing import Literal

from pydantic import Field, field_validator

from core.errors import Unavailable
from ivr import expressions
from ivr.call import IvrCall
from ivr.node import Node, Prompts, Target
from ivr.port import TextWanted


class Sms(Node):
    """Sends `text` (with variables) to the mobile number on record, or to the caller's own number (`to: caller`).

    Two texts of a call `about` the same thing are one; so it is after a restart. The caller hears to which number, by
    its last digits; `sent` when that cannot be said in time; `no_number` when there is no number to send to.
    """

    do: Literal["sms"]
    text: str = Field(min_length=1, max_length=300)
    about: str = Field(min_length=1, max_length=60)
    to: Literal["record", "caller"] = "record"
    sent: Prompts = ("sms_sent",)
    no_number: Prompts = ("sms_no_number",)
    next: Target

    @field_validator("text", "about")
    @classmethod
    def _has_right_places(cls, text: str) -> str:
        expressions.places(text)
        return text

    def reads(self) -> Iterator[tuple[str, str]]:
        yield from (("text", name) for name in expressions.places(self.text))
        yield from (("about", name) for name in expressions.places(self.about))

    async def run(self, call: IvrCall, here: str) -> str | None:
        texts = call.services.texts
        async with asyncio.timeout(call.number("lookup_wait")):
            to = await self._number(call)
            if to:
                about, text = (expressions.filled(each, call.known) for each in (self.about, self.text))
                await texts.send(TextWanted(call.id, about, to, text))
        if not to:
            await call.say(self.no_number)
            return self.next
        try:
            await call.tell([texts.sent(to)])
        except Unavailable:
            await call.say(self.sent)
        return self.next

    async def _number(self, call: IvrCall) -> str:
        caller = call.session.call
        own = caller.caller if caller.caller_known else ""
        if self.to == "caller":
            return own
        return await call.services.texts.on_record((await call.customer()).customer_id, own)
