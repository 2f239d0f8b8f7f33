"""collect: ask for a number by keys."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from ivr.call import IvrCall
from ivr.node import BACK_KEY, REPEAT_KEY, MaybeTarget, Node, Prompts, RuleName, Target, Variable

END_KEY = REPEAT_KEY


class Collect(Node):
    """Asks with `prompts` for as many digits as the policy rule `length` says and keeps them as `into`.

    Complete at the last digit or at `#`. `*` alone leads `back`; `#` alone leads to `unknown`, where that is set.
    Too few or too many digits, or none, get
    `wrong` and the question again; after `menu_tries` the caller goes to `give_up`. `secret` digits are kept
    in memory only and journaled by their number.
    """

    by_caller: ClassVar[frozenset[str]] = frozenset({"next", "back", "unknown"})

    do: Literal["collect"]
    prompts: Prompts
    into: Variable
    length: RuleName
    secret: bool = False
    wrong: Prompts = ("input_wrong",)
    back: Target
    unknown: MaybeTarget = None
    give_up: Target
    next: Target

    def sets(self) -> Iterator[tuple[str, str]]:
        yield "into", self.into

    async def run(self, call: IvrCall, here: str) -> str | None:
        wanted = int(call.number(self.length))
        for _ in range(int(call.number("menu_tries"))):
            await call.say(self.prompts)
            digits = await self._digits(call, wanted)
            call.collected(here, digits, secret=self.secret)
            if digits == BACK_KEY:
                return self.back
            if self.unknown and digits == END_KEY:
                return self.unknown
            if len(digits) == wanted and digits.isdigit():
                (call.secrets if self.secret else call.known)[self.into] = digits
                return self.next
            call.session.forget_digits()
            await call.say(self.wrong)
        return self.give_up

    async def _digits(self, call: IvrCall, wanted: int) -> str:
        """Return what is pressed until `#`, until nothing more comes, or until it is `*` alone.

        A complete number still waits a moment: more digits than asked for are a mistake that is told, not cut.
        """
        digits = ""
        timeout = call.number("menu_digit_timeout")
        while (key := await call.session.digit(timeout)) is not None and (key != END_KEY or not digits):
            digits += key
            if digits in (BACK_KEY, END_KEY):
                break
            timeout = call.number("interdigit_timeout") if len(digits) < wanted else call.number("last_digit_wait")
        return digits
