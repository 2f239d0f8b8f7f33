"""Makes sound files of a text: whole, or cut into fragments where the voice says that each character sounds."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import BadInput
from speech import sound
from speech.port import Samples, Speaker, Utterance

_START = (-0.02, 0.02)
"""Seconds before and after the start that the voice tells in which the quietest place is taken as the cut."""
_END = (0.0, 0.07)
"""The same at the end: the voice tells onsets well, and the ends of long syllables too early."""
_DIED = 0.15
"""Share of its loudness at which a syllable has died away; silence kept before a fricative makes it an affricate."""
_WINDOW = 0.006
_FADE = 0.004
_TAIL = 0.12
"""Seconds after the told end of the last character of a clause in which its sound dies away, before the next begins."""
_DECAY = 0.02
"""Seconds kept of that pause, in which a vowel still fades."""
_SILENT_DB = -45.0
"""Level below the peak of a fragment at which the pause after it has begun."""
_PAUSE = 0.12
"""Seconds of silence at the end of a fragment that ends a clause."""
_LEVEL = 0.12
"""Root mean square of the speech of a carrier, so that fragments of different carriers are equally loud."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A fragment of a text: characters `start` to `end`, into `stem`; `final`: a pause follows it in the text."""

    stem: str
    start: int
    end: int
    final: bool


@dataclass(frozen=True, slots=True)
class Work:
    """One text for the voice: made whole into `stem`, or, when there are `cuts`, cut into these.

    `spoken` is the file that keeps what the engine itself said, so that finishing or cutting it in another way
    later needs no engine; empty for what must not be kept.
    """

    text: str
    stem: str = ""
    cuts: tuple[Cut, ...] = ()
    mode: int = 0o644
    spoken: str = ""


def make(speaker: Speaker, work: Work) -> float:
    """Make the files of `work`; return the seconds of speech. Raises BadInput for what cannot be said or cut."""
    said = _said(speaker, work)
    if not work.cuts:
        samples = sound.finish(said.samples, said.rate, sound.Finish())
        sound.write(samples, said.rate, Path(work.stem), mode=work.mode)
        return len(samples) / said.rate
    level = _levelled(said)
    times = _times(work.text, said)
    for cut in work.cuts:
        sound.write(_cut(level, said.rate, times, cut), said.rate, Path(cut.stem), mode=work.mode)
    return said.seconds


def _said(speaker: Speaker, work: Work) -> Utterance:
    """Return what the engine says, or said the last time."""
    if not work.spoken:
        return speaker.speak(work.text)
    file = Path(work.spoken)
    said = _kept(file)
    if said is None:
        said = speaker.speak(work.text)
        peak = max(1.0, float(np.max(np.abs(said.samples), initial=0.0)))
        pieces, starts, ends = zip(*said.marks, strict=True) if said.marks else ((), (), ())
        out = io.BytesIO()
        linear = np.rint(said.samples * (32767 / peak)).astype(np.int16)
        np.savez(out, samples=linear, rate=said.rate, peak=peak, pieces=np.array(pieces, str), starts=starts, ends=ends)
        sound.write_bytes(file, out.getvalue())
    return said


def _kept(file: Path) -> Utterance | None:
    """Return what a file keeps; None when there is none that can be read."""
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as data:
            samples = (data["samples"] * (float(data["peak"]) / 32767)).astype(np.float32)
            marks = zip(data["pieces"].tolist(), data["starts"].tolist(), data["ends"].tolist(), strict=True)
            return Utterance(samples, int(data["rate"]), tuple(marks))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _levelled(said: Utterance) -> Samples:
    passed = sound.high_pass(said.samples, said.rate, sound.Finish().high_pass)
    loud = passed[np.abs(passed) > 0.01]
    size = float(np.sqrt(np.mean(loud**2))) if len(loud) else 1.0
    ceiling = 10 ** (sound.Finish().peak_db / 20)
    level: Samples = np.clip(passed * (_LEVEL / size), -ceiling, ceiling).astype(np.float32)
    return level


def _times(text: str, said: Utterance) -> list[tuple[float, float]]:
    """Return when each character of `text` sounds. Raises BadInput when the voice did not say each of them."""
    spoken = [mark for mark in said.marks if mark[0].isalnum()]
    wanted = [at for at, char in enumerate(text) if char.isalnum()]
    if len(spoken) != len(wanted):
        raise BadInput("the voice does not tell where each character sounds; this text cannot be cut")
    times = [(0.0, 0.0)] * len(text)
    for at, (_, start, end) in zip(wanted, spoken, strict=True):
        times[at] = (start, end)
    return times


def _cut(samples: Samples, rate: int, times: list[tuple[float, float]], cut: Cut) -> Samples:
    first, last = times[cut.start][0], times[cut.end - 1][1]
    start = _quietest(samples, rate, first, _START)
    end = _silent(samples, rate, last) if cut.final else _died_away(samples, rate, last)
    frame = round(sound.FRAME * rate)
    length = max(frame, round((end - start) / frame) * frame)
    part = samples[start : start + length].copy()
    fade = np.linspace(0, 1, round(_FADE * rate), dtype=np.float32)
    part[: len(fade)] *= fade
    part[-len(fade) :] *= fade[::-1]
    return np.concatenate([part, np.zeros(round(_PAUSE * rate), np.float32)]) if cut.final else part


def _silent(samples: Samples, rate: int, at: float) -> int:
    """Return the sample at which the pause after a syllable that ends about `at` has begun, or is deepest."""
    half = round(_WINDOW * rate / 2)
    low, high = round((at - _TAIL) * rate), round((at + _TAIL) * rate)
    loudest = max(_energy(samples, place, half) for place in range(low - 50 * half, low, half))
    limit = 10 ** (_SILENT_DB / 10) * loudest
    quiet = (place for place in range(max(half, low), high, half) if _energy(samples, place, half) < limit)
    begun = next(quiet, None)
    return begun + round(_DECAY * rate) if begun else _quietest(samples, rate, at, (0.0, _TAIL))


def _died_away(samples: Samples, rate: int, at: float) -> int:
    """Return the sample at which a syllable that ends about `at` has died away, or is least within `_END`."""
    half = round(_WINDOW * rate / 2)
    low, high = (round((at + side) * rate) for side in _END)
    limit = _DIED**2 * max(_energy(samples, place, half) for place in range(low - 50 * half, low, half))
    quiet = (place for place in range(low, high, max(1, half // 2)) if _energy(samples, place, half) < limit)
    return next(quiet, None) or _quietest(samples, rate, at, _END)


def _energy(samples: Samples, place: int, half: int) -> float:
    return float(np.sum(samples[max(0, place - half) : place + half] ** 2))


def _quietest(samples: Samples, rate: int, at: float, within: tuple[float, float]) -> int:
    """Return the sample of least energy from `within[0]` to `within[1]` seconds round `at`."""
    half = round(_WINDOW * rate / 2)
    low, high = (round((at + side) * rate) for side in within)
    places = range(max(half, low), min(len(samples) - half, high), max(1, half // 2))
    if not places:
        return min(max(low, 0), len(samples))
    return min(places, key=lambda place: float(np.sum(samples[place - half : place + half] ** 2)))
