"""Talks recorded by the real PBX: whole and true in time whatever a phone does not send, sides apart."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pytest
import pytest_asyncio

from core.clock import SystemClock
from core.db import Database
from core.tasks import TaskOwner
from cti.ami.link import AmiAddress
from cti.ami.service import AmiService
from cti.ari.client import AriAddress
from cti.ari.pbx import AriPbx
from cti.legs import talk_bridge
from cti.messages import ChannelEntered, PbxMessage
from cti.port import Arrival, SeatDial
from cti.ua import IncomingCall, OutgoingCall, UaCall, UserAgent
from recordings.model import Recording, RecordingState, Verdict
from recordings.vault import Vault
from tests.databases import create_tables
from tests.pbx import Pbx, started_pbx
from tests.phone import caller, seat_phone
from tests.recordings.world import World, recording_world
from tests.until import until

pytestmark = [pytest.mark.integration, pytest.mark.sound, pytest.mark.asyncio(loop_scope="module")]

RATE = 8000
CALLER_HZ, AGENT_HZ = 1000.0, 700.0
BURST_S = 0.2
ALIGNED_S = 0.1
"""Sending waits for the phone's next packet (20 ms), the bridge mixes every 20 ms and holds one more."""
SEATS = 6


def burst(hz: float) -> npt.NDArray[np.int16]:
    wave: npt.NDArray[np.float64] = 8000 * np.sin(2 * np.pi * hz / RATE * np.arange(int(BURST_S * RATE)))
    return wave.astype(np.int16)


def onsets(samples: npt.NDArray[np.float64], hz: float) -> npt.NDArray[np.float64]:
    """Seconds at which a tone of `hz` begins."""
    turned: npt.NDArray[np.complex128] = samples * np.exp(-2j * np.pi * hz / RATE * np.arange(len(samples)))
    level = np.abs(np.convolve(turned, np.ones(40) / 40, "same"))
    loud = np.concatenate(([False], level > 1500))  # a tone may have begun before the file
    begins: npt.NDArray[np.float64] = np.flatnonzero(loud[1:] & ~loud[:-1]) / RATE
    return begins


def samples_of(file: Path) -> npt.NDArray[np.float64]:
    """The two sides of a kept file as columns."""
    return np.frombuffer(file.read_bytes()[44:], "<i2").reshape(-1, 2).astype(np.float64)


@dataclass(slots=True)
class Voice:
    """One person who makes a short tone each second, and knows when."""

    phone: UaCall
    ua: UserAgent
    hz: float
    at: list[float] = field(default_factory=list)

    def heard(self, start: float, end: float) -> float:
        """How many seconds of sound reached this phone between two moments."""
        return 0.02 * sum(start <= packet.at < end for packet in self.phone.received.packets)

    async def speak(self, seconds: float) -> None:
        """Speak for so long; each tone begins on a tenth of a second of its own."""
        end = time.monotonic() + seconds
        while time.monotonic() < end - 2 * BURST_S:
            self.at.append(time.monotonic())
            self.phone.rtp.play(burst(self.hz))
            await asyncio.sleep(min(1.0, end - time.monotonic()))
        await asyncio.sleep(max(0.0, end - time.monotonic()))


@dataclass(slots=True)
class Talk:
    """A caller and a seat joined on the PBX, being recorded since `began` (monotonic seconds)."""

    lab: "Lab"
    call_id: str
    agent_id: str
    caller: Voice
    agent: Voice
    began: float
    over: float = 0.0

    @property
    def stalled(self) -> float:
        """For how many seconds of the talk the PBX sent nothing to either phone: a busy machine loses that time."""
        heard = [voice.heard(self.began, self.over) for voice in (self.caller, self.agent)]
        return max(0.0, self.over - self.began - max(heard))

    async def both(self, seconds: float) -> None:
        await asyncio.gather(self.caller.speak(seconds), self.agent.speak(seconds))

    async def released(self) -> Recording:
        """The agent's release is journaled; the caller stays. Returns the recording once settled."""
        self.over = time.monotonic()
        await self.lab.world.released(self.call_id, self.agent_id)
        (recording,) = await self.lab.world.settled(self.call_id, timeout=15)
        return recording

    async def check(self, name: str, recording: Recording) -> None:
        """Length, and every tone on its side and in its place."""
        assert recording.state is RecordingState.STORED, name
        assert recording.length_s == pytest.approx(self.over - self.began, abs=0.3 + self.stalled), (
            f"{name}: {recording.reason}; the PBX itself stalled for {self.stalled:.2f} s"
        )
        assert recording.verdict is Verdict.OK or self.stalled > ALIGNED_S, f"{name}: {recording.reason}"
        file = await self.lab.world.service.open_audio(recording.id)
        assert await self.lab.world.service.intact(recording.id), name
        samples = samples_of(file)
        for side, other, voice in ((0, 1, self.caller), (1, 0, self.agent)):
            self._in_place(f"{name}, {voice.hz:.0f} Hz", onsets(samples[:, side], voice.hz), voice)
            assert not len(onsets(samples[:, other], voice.hz)), f"{name}: {voice.hz:.0f} Hz is on both sides"

    def _in_place(self, name: str, heard: npt.NDArray[np.float64], voice: Voice) -> None:
        """Each tone said was recorded at its time, and nothing else was."""
        said = np.array(voice.at) - self.began
        busy = min(0.3, voice.ua.pacer.worst_late + self.stalled)
        early, late = -ALIGNED_S - busy, BURST_S + ALIGNED_S + busy
        placed = [[early < at - then < late for then in said] for at in heard]
        words = f"{name}: said {said.round(2)}, recorded {heard.round(2)}, machine busy for {busy:.3f}"
        assert all(any(row) for row in placed), words
        assert all(any(row[n] for row in placed) for n in range(len(said))), words


class Lab:
    """ARI, AMI and a recording service on a real PBX; calls are put together by hand."""

    def __init__(self, pbx: Pbx, world: World, ari: AriPbx, ami: AmiService) -> None:
        self.pbx, self.world, self.ari, self.ami = pbx, world, ari, ami
        self.arrivals: list[Arrival] = []
        self.said: list[PbxMessage] = []
        self._tasks = TaskOwner("lab")

    async def open(self) -> Self:
        """Connect both links."""
        await self.ari.connect()
        self._tasks.start(self._hear(), "ari")
        self._tasks.start(self.ami.run(), "ami")
        await until(lambda: self.ami.trouble is None, what="AMI is connected")
        return self

    async def _hear(self) -> None:
        async for message in self.ari.messages():
            if isinstance(message, Arrival):
                self.arrivals.append(message)
            else:
                self.said.append(message)

    async def cut(self) -> None:
        """Lose both links and forget everything, as a killed process does."""
        await self._tasks.close()
        await self.ami.close()
        await self.ari.close()

    @contextlib.asynccontextmanager
    async def talk(self, seat: int) -> AsyncIterator[Talk]:
        """A call between a caller and seat number `seat`, from its first second of talk on."""
        account = self.pbx.seats[seat]
        number, before = f"1380000{seat:04}", len(self.arrivals)
        async with contextlib.AsyncExitStack() as stack:
            phone = await stack.enter_async_context(
                seat_phone(self.pbx, account.sip_username, account.sip_password, answer_after=0.0)
            )
            ua = await stack.enter_async_context(UserAgent())
            line: OutgoingCall = await stack.enter_async_context(caller(self.pbx, number, ua=ua))
            found = await until(
                lambda: [a for a in self.arrivals[before:] if number in a.caller_raw], 10, what="the call arrives"
            )
            call_id = found[-1].channel_id
            answering = await self._answered(call_id, seat)
            began = time.monotonic()
            await self.world.answered(call_id, agent_id=f"a{seat}")
            await self.ari.stop_music(call_id)
            await self.ari.join(talk_bridge(call_id), call_id, answering)
            seat_call: IncomingCall = phone.calls[-1]
            voices = Voice(line, ua, CALLER_HZ), Voice(seat_call, phone.ua, AGENT_HZ)
            yield Talk(self, call_id, f"a{seat}", *voices, began)

    async def _answered(self, call_id: str, seat: int) -> str:
        """Answer the caller with music, ring the seat until it answers; returns the seat's channel."""
        await self.ari.answer(call_id)
        await self.ari.start_music(call_id)
        channel_id = f"{call_id}-seat-1"
        user = self.pbx.seats[seat].sip_username
        await self.ari.dial_seat(SeatDial(channel_id, user, "", call_id, f"a{seat}", user))
        await until(lambda: ChannelEntered(channel_id) in self.said, 10, what="the seat answers")
        return channel_id


def links(pbx: Pbx, world: World) -> tuple[AriPbx, AmiService]:
    """New links to the PBX."""
    secrets, ports = pbx.spec.secrets, pbx.spec.ports
    ari = AriPbx(AriAddress("127.0.0.1", ports.http, secrets.ari_user, secrets.ari_password))
    address = AmiAddress("127.0.0.1", ports.ami, secrets.ami_user, secrets.ami_secret)
    return ari, AmiService(address, world.journal, SystemClock(), _ignore)


async def _ignore(_: object) -> None:
    return None


class Later:
    """A capture that is given its PBX afterwards: service and AMI need each other's parts."""

    def __init__(self) -> None:
        self.ami: AmiService | None = None

    async def start(self, channel_id: str, path: str) -> None:
        assert self.ami is not None
        await self.ami.start(channel_id, path)

    async def stop(self, channel_id: str) -> None:
        assert self.ami is not None
        await self.ami.stop(channel_id)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def pbx() -> AsyncIterator[Pbx]:
    async with started_pbx(seats=SEATS) as started:
        yield started


@contextlib.asynccontextmanager
async def started_lab(pbx: Pbx, db: Database) -> AsyncIterator[Lab]:
    capture = Later()
    vault = Vault(pbx.spec.directories.recordings)
    async with recording_world(db, vault, capture, SystemClock()) as world:
        ari, capture.ami = links(pbx, world)
        lab = await Lab(pbx, world, ari, capture.ami).open()
        try:
            yield lab
        finally:
            await lab.cut()


@pytest_asyncio.fixture(loop_scope="module")
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    create_tables(database.engine)
    yield database
    await database.close()


@pytest_asyncio.fixture(loop_scope="module")
async def lab(pbx: Pbx, db: Database) -> AsyncIterator[Lab]:
    async with started_lab(pbx, db) as made:
        yield made


# --- what a phone does in the middle of a talk: each gets 4 s ----------------------------------------------


async def _nothing_special(talk: Talk) -> None:
    await talk.both(4)


async def _agent_mute_without_packets(talk: Talk) -> None:
    talk.agent.phone.stop_rtp()
    await talk.caller.speak(4)
    talk.agent.phone.start_rtp()


async def _caller_sends_nothing(talk: Talk) -> None:
    talk.caller.phone.stop_rtp()
    await talk.agent.speak(4)
    talk.caller.phone.start_rtp()


async def _neither_sends(talk: Talk) -> None:
    for voice in (talk.caller, talk.agent):
        voice.phone.stop_rtp()
    await asyncio.sleep(4)
    for voice in (talk.caller, talk.agent):
        voice.phone.start_rtp()


async def _agents_phone_holds_inactive(talk: Talk) -> None:
    await talk.agent.phone.hold("inactive")
    await talk.caller.speak(4)
    await talk.agent.phone.resume()


async def _callers_phone_holds_inactive(talk: Talk) -> None:
    await talk.caller.phone.hold("inactive")
    await asyncio.sleep(4)
    await talk.caller.phone.resume()


HAPPENINGS: tuple[Callable[[Talk], Awaitable[None]], ...] = (
    _nothing_special,
    _agent_mute_without_packets,
    _caller_sends_nothing,
    _neither_sends,
    _agents_phone_holds_inactive,
    _callers_phone_holds_inactive,
)


async def _story(lab: Lab, seat: int, happening: Callable[[Talk], Awaitable[None]]) -> tuple[Talk, Recording]:
    async with lab.talk(seat) as talk:
        await talk.both(2)
        await happening(talk)
        await talk.both(2)
        await asyncio.sleep(0.2)
        recording = await talk.released()
        return talk, recording


async def test_time_is_true_whatever_the_phones_do_not_send(lab: Lab) -> None:
    told = await asyncio.gather(*(_story(lab, n, happening) for n, happening in enumerate(HAPPENINGS)))
    for happening, (talk, recording) in zip(HAPPENINGS, told, strict=True):
        await talk.check(happening.__name__, recording)


async def test_on_hold_the_callers_words_and_the_music_are_recorded(lab: Lab) -> None:
    async with lab.talk(0) as talk:
        await talk.both(2)
        held = time.monotonic()
        await lab.ari.leave(talk_bridge(talk.call_id), talk.call_id)
        await lab.ari.start_music(talk.call_id)
        await talk.caller.speak(3)
        resumed = time.monotonic()
        await lab.ari.stop_music(talk.call_id)
        await lab.ari.join(talk_bridge(talk.call_id), talk.call_id)
        await talk.both(2)
        await asyncio.sleep(0.2)
        recording = await talk.released()
    samples = samples_of(await lab.world.service.open_audio(recording.id))
    music = samples[int((held - talk.began + 0.5) * RATE) : int((resumed - talk.began - 0.2) * RATE), 1]
    assert np.sqrt(np.mean(music**2)) > 100
    talk.agent.at = [at for at in talk.agent.at if not held < at < resumed]
    heard = onsets(samples[:, 0], CALLER_HZ)
    talk._in_place("caller on hold", heard, talk.caller)
    assert recording.verdict is Verdict.OK or talk.stalled > ALIGNED_S, recording.reason


async def test_after_the_release_nothing_of_the_caller_is_recorded(lab: Lab) -> None:
    async with lab.talk(0) as talk:
        await talk.both(2)
        recording = await talk.released()
        talk.caller.phone.tone(CALLER_HZ)
        await asyncio.sleep(0.5)
        assert not lab.world.vault.spooled(recording.id)
        await talk.check("released", recording)


async def test_the_caller_hangs_up(lab: Lab) -> None:
    async with lab.talk(0) as talk:
        await talk.both(2)
        await talk.caller.phone.hangup()
        talk.over = time.monotonic()
        await lab.world.hung_up(talk.call_id, talk.agent_id)
        (recording,) = await lab.world.settled(talk.call_id, timeout=15)
        await talk.check("hung up", recording)


async def test_a_service_that_dies_in_a_talk_costs_no_sound(pbx: Pbx, db: Database) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with started_lab(pbx, db) as first:
            talk = await stack.enter_async_context(first.talk(0))
            await talk.both(2)
        await talk.both(3)  # nobody is there
        second = await stack.enter_async_context(started_lab(pbx, db))
        assert len((await second.world.service.reconcile()).running) == 1
        talk.lab = second
        await talk.both(2)
        talk.over = time.monotonic()
        await second.world.released(talk.call_id, talk.agent_id)
        (recording,) = await second.world.settled(talk.call_id, timeout=15)
        await talk.check("killed", recording)


async def test_a_call_that_is_gone_when_its_recording_begins(lab: Lab) -> None:
    await lab.world.answered("pbx-0.0")
    (recording,) = await lab.world.of_call("pbx-0.0")
    assert (recording.state, recording.reason) == (RecordingState.MISSING, "channel_gone")
