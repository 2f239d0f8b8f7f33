"""menu: say what the keys do and go where the pressed one leads."""

from typing import ClassVar, Literal

from pydantic import Field, field_validator

from desk.callbacks.events import CallbackOffered
from ivr.call import IvrCall
from ivr.node import REPEAT_KEY, TELEPHONE_KEYS, MaybeTarget, Node, Prompts, Target, Targets

BURST_MOST = 20
"""So many wrong keys one after the other are one miss; a telephone that lies on its keys does not stay for ever."""


class Menu(Node):
    """Says `prompts` and waits for one of `keys`.

    `#` says them again. A key that is not there gets `wrong` and the menu again, silence the menu again; wrong keys
    that follow each other faster than the policy's `key_burst`, as of a telephone in a pocket, are one miss;
    after the policy's `menu_tries` the caller goes to `give_up`. Who has not pressed any key in the whole call
    goes to `unheard` already after the policy's `silent_menu_times`.
    """

    by_caller: ClassVar[frozenset[str]] = frozenset({"keys"})

    do: Literal["menu"]
    prompts: Prompts
    keys: Targets = Field(min_length=1, json_schema_extra={"propertyNames": {"pattern": "^[0-9*#]$"}})
    wrong: Prompts = ("input_wrong",)
    silent: Prompts = ()
    offers_callback: bool = False
    """It offers a callback, which the journal says."""
    question: bool = False
    """It asks about a task that has begun: no further level of menu to get lost in."""
    give_up: Target
    unheard: MaybeTarget = None

    @field_validator("keys")
    @classmethod
    def _can_be_pressed(cls, keys: dict[str, str]) -> dict[str, str]:
        for key in keys:
            if key not in TELEPHONE_KEYS:
                raise ValueError(f"{key!r} is no key of a telephone (0-9, *, #)")
        return keys

    async def run(self, call: IvrCall, here: str) -> str | None:
        tries = 0
        if self.offers_callback:
            call.session.note(CallbackOffered(at=call.services.clock.now(), call_id=call.id, node=here))
        while tries < call.number("menu_tries"):
            await call.say(self.prompts)
            key = await call.session.digit(call.number("menu_digit_timeout"))
            if key is not None:
                call.collected(here, key)
            if key in self.keys:
                return self.keys[key]
            tries += 1
            if key == REPEAT_KEY:
                continue
            if self.unheard and not call.pressed and tries >= call.number("silent_menu_times"):
                return self.unheard
            call.session.forget_digits()
            await call.say(self.silent if key is None else self.wrong)
            if key is not None:
                await self._let_burst_pass(call, here)
        return self.give_up

    async def _let_burst_pass(self, call: IvrCall, here: str) -> None:
        """Drop the wrong keys that cut short what was said, until one leads on or none comes."""
        wrong, wait = "", 0.0
        while len(wrong) < BURST_MOST:
            key = await call.session.peek(wait)
            if key is None or key in self.keys or key == REPEAT_KEY:
                break
            wrong += await call.session.digit(0) or ""
            wait = call.number("key_burst")
        if wrong:
            call.collected(here, wrong)
