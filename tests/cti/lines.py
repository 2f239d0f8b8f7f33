"""The same telephone twice, on the fake and on the real Asterisk, for tests that must hold for both."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from core.tasks import TaskOwner
from cti.ari.client import AriAddress
from cti.ari.pbx import AriPbx
from cti.messages import ChannelGone, PbxMessage
from cti.port import Arrival, PbxTaken, SeatDial
from cti.ua import IncomingCall, OutgoingCall, UserAgent
from speech.g711 import Pcm
from tests.cti.fake_ari import FakeAri
from tests.pbx import Pbx
from tests.until import until

M = TypeVar("M")
SEATS = {"answer": "seat1001", "busy": "seat1002", "reject": "seat1003", "away": "seat1004", "ring": "seat1005"}
"""What the phone of each seat does; `away` is not registered, `ring` only rings (and only at the fake)."""
SEATS["other"] = "seat1006"
"""Another one that answers (only at the fake)."""
ANSWERS_OUTSIDE, RINGS_OUTSIDE = "13800000077", "13800000078"
"""Numbers outside of the fake; any other is busy."""


class Listener:
    """Everything a connection says, kept; `over` when it has ended."""

    def __init__(self, pbx: AriPbx) -> None:
        self.pbx = pbx
        self.heard: list[Arrival | PbxMessage] = []
        self.over = False
        self.taken = False
        """Another program took our name."""

    async def run(self) -> None:
        try:
            await self.pbx.listen(self.heard.append)
        except PbxTaken:
            self.taken = True
        self.over = True

    async def wait(self, kind: type[M], timeout: float = 5.0, **fields: Any) -> M:
        """Return the first message of a class whose fields are as given."""

        def found() -> M | None:
            for message in self.heard:
                if isinstance(message, kind) and all(getattr(message, k) == v for k, v in fields.items()):
                    return message
            return None

        return await until(found, timeout, what=f"{kind.__name__} {fields}; heard {self.heard}")  # type: ignore[return-value]


class Caller(Protocol):
    """The phone of a caller on the trunk."""

    async def answered(self) -> None: ...

    async def press(self, digits: str) -> None: ...

    async def speak(self, sound: Pcm) -> None: ...

    def send_nothing(self) -> None: ...

    async def hang_up(self) -> None: ...

    async def ended(self) -> None: ...


class SeatPhone(Protocol):
    """The phone of a seat, by its own keys."""

    async def refer(self, to: str) -> None:
        """Press the transfer key and dial."""
        ...

    async def hold(self, *, on: bool) -> None: ...

    def told(self) -> str:
        """What was last told of the transfer: nothing, done, or declined."""
        ...


@dataclass(slots=True)
class Lines:
    """A connected PBX, what it says, and phones."""

    pbx: AriPbx
    listener: Listener
    call: Callable[[str], Awaitable[Caller]]
    sound: str
    """Media that can be played."""
    phone: Callable[[str], "SeatPhone"]
    """The phone behind the channel of a seat that was dialled and has answered."""
    callers: list[Caller] = field(default_factory=list)

    async def arrive(self, number: str = "13800000001") -> tuple[str, Caller]:
        """A caller calls; returns the channel and the caller's phone."""
        before = len(self.listener.heard)
        phone = await self.call(number)

        def came() -> list[Arrival]:
            return [m for m in self.listener.heard[before:] if isinstance(m, Arrival)]

        return (await until(came, what="the call arrives"))[0].channel_id, phone

    async def dial(self, phone: str, channel_id: str, call_id: str = "c1") -> None:
        await self.pbx.dial_seat(SeatDial(channel_id, SEATS[phone], "13800000001", call_id, "a1", "1001"))

    async def gone(self, channel_id: str) -> ChannelGone:
        return await self.listener.wait(ChannelGone, channel_id=channel_id)


@contextlib.asynccontextmanager
async def connected(address: AriAddress) -> AsyncIterator[tuple[AriPbx, Listener]]:
    """A connection that is listened to; closed at the end."""
    pbx, tasks = AriPbx(address), TaskOwner("lines")
    await pbx.connect()
    listener = Listener(pbx)
    tasks.start(listener.run(), "listen")
    try:
        yield pbx, listener
    finally:
        for channel in await pbx.channels() if pbx.connected else []:
            await pbx.hang_up(channel.id)
        await pbx.close()
        await tasks.close()


class _FakeCaller:
    def __init__(self, fake: FakeAri, channel_id: str) -> None:
        self._fake, self._id = fake, channel_id

    async def answered(self) -> None:
        await until(lambda: self._fake.channels[self._id].state == "Up", what="answered")

    async def press(self, digits: str) -> None:
        self._fake.press(self._id, digits)

    async def speak(self, sound: Pcm) -> None:
        self._fake.speaking[self._id] = sound.astype("<i2").tobytes()

    def send_nothing(self) -> None:
        self._fake.speaking.pop(self._id, None)

    async def hang_up(self) -> None:
        self._fake.phone_hangs_up(self._id)

    async def ended(self) -> None:
        await until(lambda: self._id not in self._fake.channels, what="ended")


@dataclass(frozen=True, slots=True)
class _FakePhone:
    fake: FakeAri
    channel_id: str

    async def refer(self, to: str) -> None:
        self.fake.refer(self.channel_id, to)

    async def hold(self, *, on: bool) -> None:
        self.fake.hold_by_phone(self.channel_id, on=on)

    def told(self) -> str:
        told = self.fake.channels[self.channel_id].told
        return {"channel_answered": "done", "channel_declined": "declined"}[told[-1]] if told else ""


class PhonesOfFake:
    """The seats' phones: each does what its name in SEATS says."""

    def __init__(self, fake: FakeAri, answer_after: float = 0.1) -> None:
        self._fake, self._after = fake, answer_after

    async def run(self) -> None:
        done: set[str] = set()
        while True:
            for channel in list(self._fake.channels.values()):
                if channel.state == "Down" and channel.id not in done:
                    done.add(channel.id)
                    self._react(channel.id)
            await asyncio.sleep(0.005)

    def _react(self, channel_id: str) -> None:
        name = self._fake.endpoints[channel_id]
        if name == SEATS["ring"] or name == RINGS_OUTSIDE:
            self._fake.ring(channel_id)
        elif name in (SEATS["answer"], SEATS["other"], ANSWERS_OUTSIDE):
            self._fake.ring(channel_id)
            asyncio.get_running_loop().call_later(self._after, self._answer, channel_id)
        else:
            self._fake.phone_hangs_up(channel_id, 21 if name == SEATS["reject"] else 17)

    def _answer(self, channel_id: str) -> None:
        if channel_id in self._fake.channels:
            self._fake.pick_up(channel_id)


@contextlib.asynccontextmanager
async def fake_lines(version: str = "22.10.1") -> AsyncIterator[Lines]:
    """Lines on the fake."""
    tasks = TaskOwner("phones")
    async with FakeAri(version) as fake, connected(fake.address) as (pbx, listener):
        tasks.start(PhonesOfFake(fake).run(), "seats")

        async def call(number: str) -> Caller:
            return _FakeCaller(fake, fake.arrive(number))

        try:
            yield Lines(pbx, listener, call, "sound:hello", lambda channel_id: _FakePhone(fake, channel_id))
        finally:
            await tasks.close()


class _RealCaller:
    def __init__(self, call: OutgoingCall) -> None:
        self._call = call

    async def answered(self) -> None:
        await self._call.wait_answered(5)

    async def press(self, digits: str) -> None:
        await self._call.send_digits(digits)

    async def speak(self, sound: Pcm) -> None:
        await self._call.play(sound)

    def send_nothing(self) -> None:
        self._call.stop_rtp()

    async def hang_up(self) -> None:
        await self._call.hangup()

    async def ended(self) -> None:
        await self._call.wait_ended(5)


@dataclass(frozen=True, slots=True)
class _RealPhone:
    call: IncomingCall
    pbx: tuple[str, int]

    async def refer(self, to: str) -> None:
        await self.call.refer(f"sip:{to}@{self.pbx[0]}:{self.pbx[1]}")

    async def hold(self, *, on: bool) -> None:
        await (self.call.hold() if on else self.call.resume())

    def told(self) -> str:
        status = int(self.call.transfer_reports[-1].split()[1]) if self.call.transfer_reports else 0
        return "" if status < 200 else "done" if status < 300 else "declined"


@contextlib.asynccontextmanager
async def real_lines(real: Pbx, sound: str) -> AsyncIterator[Lines]:
    """Lines on a real PBX; `sound` is a media URI that it has."""
    host, port = real.sip

    rung: list[IncomingCall] = []

    async def reacts(call: IncomingCall) -> None:
        rung.append(call)
        if call.called == SEATS["answer"]:
            call.ring()
            await call.answer(after=0.1)
        else:
            await call.reject(486 if call.called == SEATS["busy"] else 603)

    async with UserAgent() as ua, connected(ari_address(real)) as (pbx, listener):
        for seat in real.seats[:3]:
            await ua.register(seat.sip_username, seat.sip_password, real.sip)
        ua.on_call(reacts)

        async def call(number: str) -> Caller:
            return _RealCaller(ua.call(f"sip:95598@{host}:{port}", number))

        yield Lines(pbx, listener, call, sound, lambda _: _RealPhone(rung[-1], real.sip))


def ari_address(real: Pbx) -> AriAddress:
    """Where the ARI of a test's PBX is."""
    return AriAddress("127.0.0.1", real.spec.ports.http, real.spec.secrets.ari_user, real.spec.secrets.ari_password)
