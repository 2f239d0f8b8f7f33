"""Looks at the files of a prompt pack: are they there, unchanged, of the catalogue's words, and do they sound right."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from speech import g711
from speech.prompts import PromptPack
from speech.sound import FORMATS
from speech.syllables import syllables

QUIETEST_DB = -20.0
"""A peak below this, in dB of full scale, is hardly heard beside the other prompts, which peak at -3 dB."""
CLIPPED = 0.002
"""A recording of which a larger part stands at full scale sounds torn."""
SLOWEST, FASTEST = 1.5, 9.0
"""Syllables a second; people and voices speak 3 to 6, the seed asks for 150 a minute [seed 000]."""
SHORT = 4
"""Prompts of fewer syllables are not judged by their speed: their silence weighs too much."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one prompt, and what mends it."""

    prompt: str
    says: str
    cure: str


def inspect(pack: PromptPack) -> Iterator[Fault]:
    """Yield the faults of a pack in the order of its catalogue. Reads every file."""
    differing = set(pack.differing())
    for prompt in pack.prompts:
        if not pack.has(prompt):
            yield Fault(prompt, "has no sound yet", f"hotline prompts render {prompt}")
            continue
        if prompt in differing:
            yield Fault(prompt, "was recorded with other words", f"record it again: {pack.text(prompt)}")
        yield from _files(pack, prompt)


def _files(pack: PromptPack, prompt: str) -> Iterator[Fault]:
    cure = f"record it again, or remove {pack.directory / prompt}.* and render it"
    for suffix, digest in pack.entries()[prompt].files.items():
        data = (pack.directory / f"{prompt}.{suffix}").read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            yield Fault(prompt, f"the .{suffix} file is not the one that was made", cure)
            return
    yield from (Fault(prompt, says, cure) for says in _sound(pack, prompt))


def _sound(pack: PromptPack, prompt: str) -> Iterator[str]:
    samples = g711.decode((pack.directory / f"{prompt}.alaw").read_bytes())
    level = np.abs(samples.astype(np.float64)) / 32768
    peak_db = 20 * np.log10(max(level.max(initial=0.0), 1e-6))
    if peak_db < QUIETEST_DB:
        yield f"is too quiet: its peak is {peak_db:.0f} dB"
    elif (torn := float(np.mean(level > 0.97))) > CLIPPED:
        yield f"is torn: {100 * torn:.1f} % of it is at full scale"
    count, seconds = len(syllables(pack.text(prompt))), len(samples) / FORMATS["alaw"]
    if count >= SHORT and not SLOWEST <= count / seconds <= FASTEST:
        yield f"lasts {seconds:.1f} s for {count} syllables: words are missing, or silence is too long"
