"""Phones for stories over the real PBX: a caller on the trunk, and a seat that is registered."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol

from cti.ua import IncomingCall, OutgoingCall, Registration, UserAgent
from tests.until import until


class HasSip(Protocol):
    """Anything that knows the PBX's SIP address, such as `tests.pbx.Pbx`."""

    @property
    def sip(self) -> tuple[str, int]: ...


@contextlib.asynccontextmanager
async def caller(
    pbx: HasSip, number: str, *, to: str = "95598", ua: UserAgent | None = None, **plan: Any
) -> AsyncIterator[OutgoingCall]:
    """A call from `number` to the hotline, INVITE just sent; hung up at the end.

    `plan` are further arguments of `UserAgent.call` (codec, headers …); `ua` shares one user agent among callers.
    """
    async with contextlib.AsyncExitStack() as stack:
        phone = ua or await stack.enter_async_context(UserAgent())
        host, port = pbx.sip
        yield await stack.enter_async_context(phone.call(f"sip:{to}@{host}:{port}", number, **plan))


@dataclass(slots=True)
class SeatPhone:
    """A registered seat; its calls arrive in `calls`, unanswered unless `answer_after` is set."""

    ua: UserAgent
    registration: Registration
    calls: list[IncomingCall]
    answer_after: float | None = None

    async def ringing(self, timeout: float = 10.0) -> IncomingCall:
        """Wait until the latest call rings here, and return it."""
        await until(lambda: bool(self.calls) and self.calls[-1].ended is None, timeout, what="the seat rings")
        return self.calls[-1]

    async def answer(self, timeout: float = 10.0) -> IncomingCall:
        """Wait for a call, answer it at once, and return it."""
        call = await self.ringing(timeout)
        assert await call.answer(), f"the call was over before the answer: {call.ended}"
        return call

    async def _incoming(self, call: IncomingCall) -> None:
        self.calls.append(call)
        call.ring()
        if self.answer_after is not None:
            await call.answer(after=self.answer_after)


@contextlib.asynccontextmanager
async def seat_phone(
    pbx: HasSip, username: str, password: str, *, answer_after: float | None = None
) -> AsyncIterator[SeatPhone]:
    """A phone registered as a seat (`pbx.seats[0].username`, `.password`); unregistered at the end."""
    async with UserAgent() as ua:
        registration = await ua.register(username, password, pbx.sip)
        phone = SeatPhone(ua, registration, [], answer_after)
        ua.on_call(phone._incoming)
        yield phone
