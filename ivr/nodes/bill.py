"""bill: tell the last bill of the caller's account."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from ivr.call import CustomerAnswers, IvrCall
from ivr.node import BACK_KEY, PERSON_KEY, Node, Prompts, Target

CHOSEN = "bill_chosen"


class Bill(Node):
    """Tells amount, parts and arrears; who has several accounts chooses one. Not known who calls: `unidentified`.

    With `again` it is the one chosen before in this call.

    `0` leads to `person`, `*` back to `back`. Who chooses none leaves to `next` after the policy's `menu_tries`.
    """

    by_caller: ClassVar[frozenset[str]] = frozenset({"person", "back"})

    do: Literal["bill"]
    none: Prompts = ("bill_none",)
    wrong: Prompts = ("input_wrong",)
    again: bool = False
    unidentified: Target
    person: Target
    back: Target
    next: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        answers = await call.customer()
        if not answers.accounts:
            return self.unidentified
        if not answers.bills:
            await call.say(self.none)
            return self.next
        chosen: Sequence[str] | str | None = answers.bills[0]
        if len(answers.bills) > 1:
            chosen = await self._choose(call, here, answers)
        if isinstance(chosen, str):
            return chosen
        await call.tell(chosen or ())
        return self.next

    async def _choose(self, call: IvrCall, here: str, answers: CustomerAnswers) -> Sequence[str] | str | None:
        """Return the bill that is asked for, the node that a key leads to instead, or None: nothing was chosen."""
        bills = {str(key): bill for key, bill in enumerate(answers.bills, start=1)}
        if self.again and (before := bills.get(call.known.get(CHOSEN, ""))):
            return before
        for _ in range(int(call.number("menu_tries"))):
            await call.tell(answers.which)
            key = await call.session.digit(call.number("menu_digit_timeout"))
            if key is None:
                continue
            call.collected(here, key)
            if key in bills:
                call.known[CHOSEN] = key
                return bills[key]
            if way := {PERSON_KEY: self.person, BACK_KEY: self.back}.get(key):
                return way
            await call.say(self.wrong)
        return None
