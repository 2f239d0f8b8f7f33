"""Everything heard in a call: each packet with its arrival, as PCM on the call's own timeline, with its gaps."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from speech.g711 import Law, Pcm, decode

RATE: Final = 8000
_LAW_OF: Final[dict[int, Law]] = {0: "PCMU", 8: "PCMA"}
_SLIP: Final = 640  # samples (80 ms) by which RTP time may differ from arrival before we trust arrival
_HELD: Final = 80_000  # samples (10 s) that are held of the bursts that make up for stalls
_REST: Final = 30  # silent packets (0.6 s) after which what is held is caught up with, as a jitter buffer does
_SILENT: Final = 16  # the largest sample of a packet in which there is nothing to hear
_MAX_PACKETS: Final = 540_000  # three hours


@dataclass(frozen=True, slots=True)
class Packet:
    """One audio packet; `at` is its arrival in seconds of the event loop's clock, by the kernel's stamp."""

    at: float
    sequence: int
    timestamp: int
    payload_type: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without audio packets: when it began, in seconds from the INVITE, and how long in ms."""

    at: float
    ms: float


@dataclass(frozen=True, slots=True)
class HeardKey:
    """A key that the other side pressed, in seconds from the INVITE."""

    key: str
    at: float


class Received:
    """The audio and keys received; all times it takes and gives are seconds from `origin` (the INVITE)."""

    def __init__(self, origin: float, *, keep_audio: bool = True) -> None:
        self.origin = origin
        self.packets: list[Packet] = []
        self.keys: list[HeardKey] = []
        self.count = 0
        self._arrivals: list[float] = []
        self._keep_audio = keep_audio

    def add(self, packet: Packet) -> None:
        """Take a packet as it arrives; audio beyond three hours is only counted."""
        self.count += 1
        if self.count <= _MAX_PACKETS:
            self._arrivals.append(packet.at)
            if self._keep_audio:
                self.packets.append(packet)

    @property
    def first_at(self) -> float | None:
        """Arrival of the first audio packet, in seconds from the INVITE."""
        return self._arrivals[0] - self.origin if self._arrivals else None

    @property
    def last_at(self) -> float | None:
        """Arrival of the latest audio packet, in seconds from the INVITE."""
        return self._arrivals[-1] - self.origin if self._arrivals else None

    @property
    def digits(self) -> str:
        """The keys heard, in order."""
        return "".join(heard.key for heard in self.keys)

    @property
    def lost(self) -> int:
        """Sequence numbers missing between the first and the last packet of each stream."""
        missing = 0
        for before, after in zip(self.packets, self.packets[1:], strict=False):
            step = (after.sequence - before.sequence) & 0xFFFF
            missing += step - 1 if 1 < step < 1000 else 0
        return missing

    def gaps(self, over_ms: float, start: float | None = None, end: float | None = None) -> list[Gap]:
        """Return the times longer than `over_ms` between packets; with `start` or `end` also those at the edges."""
        times = np.array(self._arrivals) - self.origin
        if start is not None:
            times = np.concatenate(([start], times[times >= start]))
        if end is not None:
            times = np.concatenate((times[times <= end], [end]))
        widths = np.diff(times) * 1000
        return [Gap(float(times[i]), float(widths[i])) for i in np.flatnonzero(widths > over_ms)]

    def sound(self, start: float) -> float:
        """Return how many seconds of sound, silence left out, have come since `start`."""
        samples = 0
        for packet in reversed(self.packets):
            if packet.at - self.origin < start:
                break
            law = _LAW_OF.get(packet.payload_type)
            if law is not None and np.abs(decode(packet.payload, law)).max(initial=0) > _SILENT:
                samples += len(packet.payload)
        return samples / RATE

    def pcm(self, start: float = 0.0, end: float | None = None) -> Pcm:
        """Return what was heard from `start` to `end` (8 kHz, int16): silence where nothing came.

        As by a phone, the packets of a burst are played one after the other; the time is made up for in a pause.
        """
        places: list[tuple[int, Pcm]] = []
        expected: tuple[int, int] | None = None  # RTP timestamp and place of the next sample
        before, silent = 0, 0
        for packet in self.packets:
            law = _LAW_OF.get(packet.payload_type)
            if law is None:
                continue
            arrived = round((packet.at - self.origin) * RATE)
            place, samples = arrived, decode(packet.payload, law)
            silent = silent + 1 if np.abs(samples).max(initial=0) <= _SILENT else 0
            if expected is not None:
                step = (packet.timestamp - expected[0] + 2**31) % 2**32 - 2**31
                early = expected[1] + step - arrived
                if -_SLIP <= early <= (_HELD if arrived - before <= _SLIP else _SLIP):
                    place = expected[1] + step
                if early > _SLIP and silent > _REST:
                    before, expected = arrived, (packet.timestamp + len(samples), place)
                    continue
            before = arrived
            places.append((place, samples))
            expected = packet.timestamp + len(samples), place + len(samples)
        return _laid_out(places, round(start * RATE), None if end is None else round(end * RATE))

    def tone_power(self, hz: float, start: float = 0.0, end: float | None = None) -> float:
        """Return the level of a tone between two moments, in dB of a full-scale sine (-120 when absent)."""
        return tone_power(self.pcm(start, end), hz)

    def tone_share(self, hz: float, start: float = 0.0, end: float | None = None) -> float:
        """Return how much of the energy between two moments is this tone: 0 none, 1 nothing else."""
        pcm = self.pcm(start, end).astype(np.float64)
        total = float(np.mean(pcm**2)) if len(pcm) else 0.0
        return min(1.0, _tone_mean_square(pcm, hz) / total) if total > 0 else 0.0


def tone_power(pcm: Pcm, hz: float) -> float:
    """Return the level of a tone in 8 kHz PCM, in dB of a full-scale sine, at least -120."""
    level = _tone_mean_square(pcm.astype(np.float64), hz) / (32768.0**2 / 2)
    return float(max(-120.0, 10 * np.log10(max(level, 1e-12))))


def _tone_mean_square(pcm: npt.NDArray[np.float64], hz: float, block: int = 400) -> float:
    """Mean square of the component at `hz`, by 50 ms blocks so that a jump of phase costs one block only."""
    blocks = len(pcm) // block
    if blocks == 0:
        return 0.0
    window = np.hanning(block)
    turn = window * np.exp(-2j * np.pi * hz / RATE * np.arange(block))
    amplitudes = np.abs(pcm[: blocks * block].reshape(blocks, block) @ turn) * 2 / window.sum()
    return float(np.mean(amplitudes**2) / 2)


def _laid_out(places: list[tuple[int, Pcm]], start: int, end: int | None) -> Pcm:
    if end is None:
        end = max((place + len(samples) for place, samples in places), default=start)
    pcm = np.zeros(max(0, end - start), dtype=np.int16)
    for place, samples in places:
        low, high = max(place, start), min(place + len(samples), end)
        if low < high:
            pcm[low - start : high - start] = samples[low - place : high - place]
    return pcm
