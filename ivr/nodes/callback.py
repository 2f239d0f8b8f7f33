"""callback: book that the caller is rung back, with the place in the queue kept."""

import asyncio
from typing import ClassVar, Literal

from core.errors import Unavailable
from core.phone import normalise
from desk.callbacks.events import CallbackBooked
from ivr.call import IvrCall
from ivr.node import BACK_KEY, PERSON_KEY, REPEAT_KEY, Node, Prompts, QueueName, Target
from ivr.port import Wanted

RIGHT, ANOTHER = "1", "2"
PARTS = {"1": "soon", "2": "morning", "3": "afternoon"}
LONGEST = 13


class Callback(Node):
    """Reads the caller's number back digit by digit: `1` it is right, `2` another one is typed in and read back.
    Then asks when by `window` (none: as soon as possible): `1` soon, `2` in the morning, `3` in the afternoon of an
    office day, which is told with the day; nothing pressed is soon.

    Who withholds the number, or has one that is not rung back, types one. `*` leads `back`, `0` to `person`; nothing
    pressed, or no usable number after the policy's `menu_tries`: `give_up`. A number that is to be rung back already
    is told so. Booked once for a call, also through a restart.
    """

    by_caller: ClassVar[frozenset[str]] = frozenset({"next", "back", "person"})

    do: Literal["callback"]
    queue: QueueName
    ask: Prompts = ("callback_type",)
    prompts: Prompts = ("callback_confirm",)
    window: Prompts = ("callback_window",)
    wrong: Prompts = ("input_wrong",)
    done: Prompts = ("callback_done",)
    open: Prompts = ("callback_open",)
    person: Target
    back: Target
    give_up: Target
    next: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        caller, callbacks = call.session.call, call.services.callbacks
        if any(isinstance(event, CallbackBooked) for event in call.since):
            await call.say(self.done)
            return self.next
        number = caller.caller if caller.caller_known and callbacks.dialable(caller.caller) else ""
        for _ in range(int(call.number("menu_tries"))):
            if not number and (number := await self._typed(call, here)) == BACK_KEY:
                return self.back
            if not number:
                call.session.forget_digits()  # what is left of a number that was too long
                await call.say(self.wrong)
                continue
            match await self._confirmed(call, here, number):
                case "1":
                    return await self._chosen(call, here, number)
                case "2":
                    number = ""
                case "0":
                    return self.person
                case "*":
                    return self.back
        return self.give_up

    async def _typed(self, call: IvrCall, here: str) -> str:
        """Return the number that is typed in, `*`, or nothing when there is none that may be rung."""
        await call.say(self.ask)
        digits, timeout = "", call.number("menu_digit_timeout")
        while len(digits) <= LONGEST and (key := await call.session.digit(timeout)) not in (None, REPEAT_KEY):
            digits += key or ""
            timeout = call.number("interdigit_timeout")
            if digits == BACK_KEY:
                return BACK_KEY
        call.collected(here, digits, secret=True)  # a number of a person: the journal knows only how long it is
        phone = normalise(digits)
        return phone.number if phone.known and call.services.callbacks.dialable(phone.number) else ""

    async def _confirmed(self, call: IvrCall, here: str, number: str) -> str:
        """Read the number back and return the key that is pressed; nothing when none is.

        The number from which the caller rings needs no reading back where the voice cannot say it; a typed one does.
        """
        if not await _could_tell(call, call.services.callbacks.number(number)):
            return RIGHT if number == call.session.call.caller else ""
        await call.say(self.prompts)
        key = await call.session.digit(call.number("menu_digit_timeout"))
        call.collected(here, key or "")
        if key not in (None, RIGHT, ANOTHER, PERSON_KEY, BACK_KEY, REPEAT_KEY):
            await call.say(self.wrong)
        return key or ""

    async def _chosen(self, call: IvrCall, here: str, number: str) -> str:
        """Ask when, and book it."""
        for _ in range(int(call.number("menu_tries")) if self.window else 0):
            await call.say(self.window)
            key = await call.session.digit(call.number("menu_digit_timeout"))
            call.collected(here, key or "")
            match key:
                case "0":
                    return self.person
                case "*":
                    return self.back
                case "#":
                    continue
                case None:
                    break
                case _ if key in PARTS:
                    return await self._book(call, number, PARTS[key])
            await call.say(self.wrong)
        return await self._book(call, number, PARTS["1"])

    async def _book(self, call: IvrCall, number: str, part: str) -> str:
        caller = call.session.call
        since = caller.queued_at or caller.started_at
        async with asyncio.timeout(call.number("lookup_wait")):
            wanted = Wanted(call.id, number, caller.queue or self.queue, since, part)
            booking = await call.services.callbacks.book(wanted)
        if not booking.new:
            await call.say(self.open)
        elif not booking.later or not await _could_tell(call, booking.later):
            await call.say(self.done)
        return self.next


async def _could_tell(call: IvrCall, sentence: str) -> bool:
    """Say a sentence; False when the voice cannot in time: what it tells of stands all the same."""
    try:
        await call.tell([sentence])
    except Unavailable:
        return False
    return True
