"""bill: tell the last bill of the caller's account, or what it used."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from core.errors import Unavailable
from ivr.call import CustomerAnswers, IvrCall
from ivr.node import BACK_KEY, PERSON_KEY, MaybeTarget, Node, Prompts, Target, failed

CHOSEN = "bill_chosen"


def chosen_bill(call: IvrCall, answers: CustomerAnswers) -> int | None:
    """Return which of the bills is meant: the only one, else the one chosen in this call; None: none is."""
    if len(answers.bills) == 1:
        return 0
    key = int(call.known.get(CHOSEN, "0"))
    return key - 1 if 0 < key <= len(answers.bills) else None


class Bill(Node):
    """Tells amount, comparison, parts and arrears, or with `tells: usage` what the last months used.

    Who has several accounts chooses one; with `again` it is the one chosen before in this call. Not known who calls:
    `unidentified`. `0` leads to `person`, `*` back to `back`. Who chooses none leaves to `next` after the policy's
    `menu_tries`. What no voice can say, in the caller's language or in time, leads to `failed`, where one is named.
    """

    leads_on: ClassVar[bool] = True
    by_caller: ClassVar[frozenset[str]] = frozenset({"person", "back"})

    do: Literal["bill"]
    tells: Literal["bill", "usage"] = "bill"
    none: Prompts = ("bill_none",)
    wrong: Prompts = ("input_wrong",)
    again: bool = False
    unidentified: Target
    failed: MaybeTarget = None
    person: Target
    back: Target
    next: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        try:
            return await self._run(call, here)
        except Unavailable as error:
            return failed(call, here, error, self.failed)

    async def _run(self, call: IvrCall, here: str) -> str | None:
        answers = await call.customer()
        if not answers.accounts:
            return self.unidentified
        chosen: int | str | None = chosen_bill(call, answers) if self.again or len(answers.bills) == 1 else None
        if chosen is None and answers.bills:
            chosen = await self._choose(call, here, answers)
        if isinstance(chosen, str):
            return chosen
        if chosen is not None:
            await self._tell(call, answers, chosen)
        elif not answers.bills:
            await call.say(self.none)
        return self.next

    async def _tell(self, call: IvrCall, answers: CustomerAnswers, chosen: int) -> None:
        told: Sequence[str] = answers.bills[chosen]
        if self.tells == "usage":
            told = answers.details[chosen].usage if chosen < len(answers.details) else ()
        await call.tell_of(answers, told)

    async def _choose(self, call: IvrCall, here: str, answers: CustomerAnswers) -> int | str | None:
        """Return which bill is asked for, the node that a key leads to instead, or None: nothing was chosen."""
        ways = {PERSON_KEY: self.person, BACK_KEY: self.back}
        for _ in range(int(call.number("menu_tries"))):
            await call.tell_of(answers, answers.which)
            key = await call.session.digit(call.number("menu_digit_timeout"))
            if key is None:
                continue
            call.collected(here, key)
            if key in ways:
                return ways[key]
            if 0 < int(key if key.isdecimal() else 0) <= len(answers.bills):
                call.known[CHOSEN] = key
                return int(key) - 1
            await call.say(self.wrong)
        return None
