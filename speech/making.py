"""Makes sound files of a text: whole, or cut into fragments where the voice says that each character sounds."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import BadInput
from speech import sound
from speech.port import Samples, Speaker, Utterance

_REACH = 0.15
"""Seconds into the pauses round a fragment in which its sound is looked for: what the voice tells is not exact."""
_QUIET = 0.006
"""Root mean square below which a place belongs to the pause."""
_PLACE = 0.005
_MARGIN = 0.01
"""Seconds kept of the pause on both sides."""
_FADE = 0.004
_LEVEL = 0.12
"""Root mean square of the speech of a carrier, so that fragments of different carriers are equally loud."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A clause of a text: characters `start` to `end`, into `stem`."""

    stem: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Work:
    """One text for the voice: made whole into `stem`, or, when there are `cuts`, cut into these."""

    text: str
    stem: str = ""
    cuts: tuple[Cut, ...] = ()
    mode: int = 0o644


def make(speaker: Speaker, work: Work) -> float:
    """Make the files of `work`; return the seconds of speech. Raises BadInput for what cannot be said or cut."""
    said = speaker.speak(work.text)
    if not work.cuts:
        samples = sound.finish(said.samples, said.rate, sound.Finish())
        sound.write(samples, said.rate, Path(work.stem), mode=work.mode)
        return len(samples) / said.rate
    level = _levelled(said)
    times = _times(work.text, said)
    for cut in work.cuts:
        sound.write(_cut(level, said.rate, times, cut), said.rate, Path(cut.stem), mode=work.mode)
    return said.seconds


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
    """Cut a clause out between the pauses on its two sides, and lengthen it to whole frames."""
    before = max((end for _, end in times[: cut.start]), default=0.0)
    after = min((start for start, _ in times[cut.end :] if start), default=len(samples) / rate)
    first, last = times[cut.start][0], times[cut.end - 1][1]
    low = max(first - _REACH, (before + first) / 2 - _REACH / 5, 0.0)
    high = min(last + _REACH, (last + after) / 2 + _REACH / 5)
    part = _trimmed(samples[round(low * rate) : round(high * rate)], rate)
    part = np.concatenate([part, np.zeros(-len(part) % round(sound.FRAME * rate), np.float32)])
    fade = np.linspace(0, 1, round(_FADE * rate), dtype=np.float32)
    part[: len(fade)] *= fade
    part[-len(fade) :] *= fade[::-1]
    return part


def _trimmed(part: Samples, rate: int) -> Samples:
    place = round(_PLACE * rate)
    count = len(part) // place
    loud = np.sqrt(np.mean(part[: count * place].reshape(count, place) ** 2, axis=1)) > _QUIET
    found = np.flatnonzero(loud)
    if not len(found):
        raise BadInput("a fragment has no sound; its carrier cannot be cut here")
    margin = round(_MARGIN * rate)
    return part[max(0, int(found[0]) * place - margin) : (int(found[-1]) + 1) * place + margin].copy()
