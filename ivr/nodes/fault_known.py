"""fault_known: find the account that is without power, and tell what is known of it already."""

import asyncio
from collections.abc import Iterator
from typing import ClassVar, Literal

from ivr.call import IvrCall
from ivr.node import BACK_KEY, PERSON_KEY, Node, Prompts, Target

FAULT_ACCOUNT, ORDER = "fault_account", "order"
"""What the flow knows of a report: the account that is without power, and the number of its order."""


class FaultKnown(Node):
    """Decides which account is without power, and tells a cut supply, a published outage or an open order of it.

    Told something: `told`; nothing known: `next`. Who has several accounts chooses one: `0` leads to `person`, `*` to
    `back`. No account, or none chosen: `unidentified`, where it can be typed in.
    An account typed in that does not exist gets `wrong` and is asked again; after `verify_tries`: `give_up`.
    """

    by_caller: ClassVar[frozenset[str]] = frozenset({"person", "back"})

    do: Literal["fault_known"]
    wrong: Prompts = ("account_again",)
    not_offered: Prompts = ("input_wrong",)
    unidentified: Target
    person: Target
    back: Target
    give_up: Target
    told: Target
    next: Target

    def sets(self) -> Iterator[tuple[str, str]]:
        """Yield (field, variable) for what a caller's number tells without a question."""
        yield from (("do", FAULT_ACCOUNT), ("do", ORDER))

    def reads(self) -> Iterator[tuple[str, str]]:
        """Yield (field, variable) for the account that was typed in."""
        yield "do", FAULT_ACCOUNT

    async def run(self, call: IvrCall, here: str) -> str | None:
        own = await self._own(call)
        account = call.known.get(FAULT_ACCOUNT) or (own[0] if len(own) == 1 else None)
        if account is None and len(own) > 1:
            account = await self._choose(call, here, own)
        if account is None:
            return self.unidentified
        if account in (PERSON_KEY, BACK_KEY):
            return self.person if account == PERSON_KEY else self.back
        async with asyncio.timeout(call.number("lookup_wait")):
            known = await call.services.faults.known(account, own=account in own)
        if known is None:
            return await self._wrong(call)
        call.known[FAULT_ACCOUNT] = account
        if known.order:
            call.known[ORDER] = known.order
        if not known.told:
            return self.next
        await call.tell(known.told)
        return self.told

    async def _own(self, call: IvrCall) -> tuple[str, ...]:
        """Return the accounts that are the caller's: the one that was proved, else those of the number."""
        verified = call.known.get("verified")
        return (verified,) if verified else (await call.customer()).accounts

    async def _choose(self, call: IvrCall, here: str, own: tuple[str, ...]) -> str | None:
        """Return the account of the key that is pressed, `0` or `*` itself, or None: nothing was chosen."""
        sentences = call.services.faults.which(own)
        keys = {str(key): account for key, account in enumerate(own, start=1)}
        keys |= {PERSON_KEY: PERSON_KEY, BACK_KEY: BACK_KEY}
        for _ in range(int(call.number("menu_tries")) if sentences else 0):
            await call.tell(sentences)
            key = await call.session.digit(call.number("menu_digit_timeout"))
            if key is None:
                continue
            call.collected(here, key)
            if key in keys:
                return keys[key]
            await call.say(self.not_offered)
        return None

    async def _wrong(self, call: IvrCall) -> str:
        call.known.pop(FAULT_ACCOUNT, None)
        if call.again("fault_account") >= call.number("verify_tries"):
            return self.give_up
        await call.say(self.wrong)
        return self.unidentified
