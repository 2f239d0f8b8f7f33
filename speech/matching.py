"""Names the prompts in received sound, in order and with times, by finding their very waveforms again."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from core.errors import ConfigError
from speech.g711 import Pcm, decode

Wave = npt.NDArray[np.float32]

RATE: Final = 8000
_WINDOW: Final = 160
"""Samples compared at a time: one telephone frame, so an end is found to 20 ms."""
_PROBE: Final = 4000
"""Samples of a prompt's first sound that are searched for: half a second."""
_APART: Final = 2000
"""Samples between two places that are told apart; for shorter prompts, which may follow themselves, less."""
_BLOCK: Final = 16384
"""Transform length of the search, in samples."""
_SUSPECT: Final = 0.35
"""Correlation from which a place is looked at closely; 0.2 s of a cut prompt still reach it."""
_SAME: Final = 0.8
"""Correlation from which a window is the prompt's own; other speech of the same voice stays below it."""
_LEAST: Final = 8
"""Windows of sound (0.16 s) below which a part of a prompt is not named."""
_SHORTEST: Final = 3
"""Windows of sound below which a whole prompt cannot be told from anything else."""
_EXACT: Final = 0.95
"""Correlation demanded of each window when a whole prompt has fewer than `_LEAST`."""
_SURE: Final = 50
"""Windows of sound (1 s) below which a prompt that breaks off must break off into silence: sentences share openings."""
_MISSES: Final = 3
"""Windows lost one after another that a prompt survives: 60 ms of lost packets."""
_STALL: Final = 4000
"""Longest hole (0.5 s) in a prompt that stalled and then went on."""
_PIECE: Final = 800
"""Samples (0.1 s) of a prompt's begin by which it is found when it stalled within the half second searched for."""
_LATER: Final = (25, 50)
"""Windows after its first sound from which a prompt is looked for again where sound is left unnamed: its beginning may
have been lost on the way."""
_STRANGE: Final = 12
"""Windows (0.24 s) of other sound before such a place: what came before a stall, not another sentence."""
_FLOOR_DB: Final = -38.0


@dataclass(frozen=True, slots=True)
class Known:
    """A prompt that may be heard: its id, its words, its 8 kHz samples."""

    id: str
    text: str
    pcm: Pcm


@dataclass(frozen=True, slots=True)
class HeardPrompt:
    """A prompt found; `at` its file's first and `until` its last sample heard, in seconds of the sound given."""

    prompt: str
    text: str
    at: float
    until: float
    complete: bool
    """Whether it was heard to its end."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """A prompt made ready: its windows of sound, and where it begins to sound."""

    known: Known
    wave: Wave
    loud: npt.NDArray[np.bool_]
    onset: int

    def probe(self, later: int) -> Wave:
        """The half second searched for, `later` windows after the first sound; empty when the prompt ends before."""
        start = self.onset + later * _WINDOW
        return self.wave[start : start + _PROBE]

    @property
    def least(self) -> int:
        """Windows that must be heard: of a very short prompt all of them."""
        return min(_LEAST, int(self.loud.sum()))


@dataclass(frozen=True, slots=True)
class _Match:
    shape: _Shape
    start: int
    sound_start: int
    sound_end: int
    end: int
    windows: int
    complete: bool


class Matcher:
    """Finds a given set of prompts; made once, it is used for any number of recordings."""

    def __init__(self, prompts: Iterable[Known]) -> None:
        """Take the prompts; one without 0.06 s of sound cannot be found and is left out."""
        shapes = (_shape(prompt) for prompt in prompts)
        self._shapes = [shape for shape in shapes if shape is not None]

    def heard(self, pcm: Pcm) -> list[HeardPrompt]:
        """Return the prompts in 8 kHz sound, by time; takes about 8 ms a prompt for a minute of sound."""
        sound = pcm.astype(np.float32)
        chosen = _best(self._found(sound, sound, 0))
        for later in _LATER:
            rest = _unnamed(sound, chosen)
            if rest is not None:
                chosen = _best([*chosen, *self._found(sound, rest, later)])
        chosen = sorted(chosen, key=lambda match: match.sound_start)
        return [
            HeardPrompt(m.shape.known.id, m.shape.known.text, max(0, m.start) / RATE, m.end / RATE, m.complete)
            for m in chosen
        ]

    def _found(self, sound: Wave, where: Wave, later: int) -> list[_Match]:
        """Return the prompts that seem to be in `where`, a part of `sound`, from `later` windows after their begin."""
        search = _Search(where)
        return [
            match
            for shape in self._shapes
            if len(probe := shape.probe(later)) == _PROBE or not later
            for place in search.places(probe, min(_APART, len(shape.wave) * 3 // 4))
            if (match := _verified(shape, sound, place - shape.onset - later * _WINDOW, later)) is not None
        ]


def load_pack(directory: Path) -> list[Known]:
    """Return the prompts of a pack's folder by its `manifest.json`; raises ConfigError when that is unreadable."""
    file = directory / "manifest.json"
    try:
        entries = json.loads(file.read_bytes())["prompts"]
        texts = {str(name): str(entry["text"]) for name, entry in entries.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{file}: not a prompt manifest ({error}); render the prompts first") from error
    sounds = {name: directory / f"{name}.alaw" for name in texts}
    return [Known(n, texts[n], decode(f.read_bytes())) for n, f in sounds.items() if f.is_file()]


def load_spoken(directory: Path) -> list[Known]:
    """Return the sentences kept in a voice's folder; the words are those of `<name>.txt` beside the sound, if any."""
    sounds = sorted(f for f in directory.glob("*.alaw") if not f.name.startswith("."))
    return [Known(f.stem, _words(f.with_suffix(".txt")), decode(f.read_bytes())) for f in sounds]


def load_all(directory: Path) -> list[Known]:
    """Return what may be heard of an installation: every pack and every kept sentence under `directory`."""
    packs = {file.parent for file in directory.rglob("manifest.json")}
    others = {file.parent for file in directory.rglob(".key")} - packs
    known = [prompt for pack in sorted(packs) for prompt in load_pack(pack)]
    return known + [sentence for folder in sorted(others) for sentence in load_spoken(folder)]


def _words(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""


def _shape(known: Known) -> _Shape | None:
    wave = known.pcm.astype(np.float32)
    wave = wave[: len(wave) - len(wave) % _WINDOW]
    power = np.mean(wave.reshape(-1, _WINDOW) ** 2, axis=1) if len(wave) else np.zeros(0, np.float32)
    loud = power > max(16.0, float(np.max(power, initial=0.0)) * 10 ** (_FLOOR_DB / 10))
    if int(loud.sum()) < _SHORTEST:
        return None
    onset = int(np.argmax(loud)) * _WINDOW
    return _Shape(known, wave, loud, onset)


def _unnamed(sound: Wave, chosen: Iterable[_Match]) -> Wave | None:
    """Return the sound without what `chosen` names; None when no second of sound is left."""
    rest = sound.copy()
    for match in chosen:
        rest[max(0, match.sound_start) : match.sound_end] = 0
    windows = rest[: len(rest) - len(rest) % _WINDOW].reshape(-1, _WINDOW)
    return rest if int((np.max(np.abs(windows), axis=1, initial=0.0) > 64).sum()) >= _SURE else None


class _Search:
    """Where a probe may be in one recording: normalised correlation by blocks of transforms."""

    def __init__(self, sound: Wave) -> None:
        self._size = len(sound)
        self._hop = _BLOCK - _PROBE
        blocks = max(1, -(-self._size // self._hop))
        padded = np.concatenate([sound, np.zeros(blocks * self._hop + _BLOCK - self._size, np.float32)])
        views = np.lib.stride_tricks.sliding_window_view(padded, _BLOCK)[:: self._hop][:blocks]
        self._quiet = np.max(np.abs(views), axis=1, initial=0.0) < 32
        self._blocks = np.flatnonzero(~self._quiet)
        self._spectra = np.fft.rfft(views[self._blocks], axis=1)
        self._energy = np.concatenate([[0.0], np.cumsum(padded.astype(np.float64) ** 2)])
        self._norms: dict[int, npt.NDArray[np.float32]] = {}

    def places(self, probe: Wave, apart: int) -> list[int]:
        """Return the samples at which `probe` may begin, best first within `apart` samples."""
        if len(self._blocks) == 0:
            return []
        spectrum = np.conj(np.fft.rfft(probe, _BLOCK))
        products = np.fft.irfft(self._spectra * spectrum, _BLOCK, axis=1)[:, : self._hop]
        alike = products / (self._norm(len(probe)) * float(np.linalg.norm(probe)))
        rows, columns = np.nonzero(alike > _SUSPECT)
        return list(_peaks(self._blocks[rows] * self._hop + columns, alike[rows, columns], apart))

    def _norm(self, length: int) -> npt.NDArray[np.float32]:
        if length not in self._norms:
            energy = self._energy[length:] - self._energy[:-length]
            begins = self._blocks[:, None] * self._hop + np.arange(self._hop)[None, :]
            least = length * 100.0  # quieter than 10 of 32768 is nothing
            self._norms[length] = np.sqrt(np.maximum(energy[begins], least)).astype(np.float32)
        return self._norms[length]


def _peaks(places: npt.NDArray[np.int64], alike: npt.NDArray[np.float32], apart: int) -> Iterator[int]:
    while len(places):
        best = int(places[int(np.argmax(alike))])
        yield best
        keep = np.abs(places - best) > apart
        places, alike = places[keep], alike[keep]


def _verified(shape: _Shape, sound: Wave, start: int, later: int) -> _Match | None:
    """Return the prompt found at `start`, or begun before a stall; None unless enough of it is really there."""
    match = _compared(shape, sound, start, later)
    if match is None and (begun := _begun(shape, sound, start, later)) is not None:
        match = _compared(shape, sound, begun, later)
    return match


def _begun(shape: _Shape, sound: Wave, start: int, later: int) -> int | None:
    """Return where the prompt begins whose half second searched for fits at `start` only after a stall, if it may."""
    first = shape.onset // _WINDOW + later
    fits = _same(shape, sound, start)[first : first + _PROBE // _WINDOW]
    if int(fits.sum()) < _LEAST or fits[0]:
        return None
    piece = shape.wave[first * _WINDOW : first * _WINDOW + _PIECE]
    low = start + first * _WINDOW - _STALL
    before = _cut(sound, low, _STALL + len(piece) - 1)
    energy = np.convolve(before.astype(np.float64) ** 2, np.ones(len(piece)), "valid")
    alike = np.correlate(before, piece, "valid") / np.sqrt(np.maximum(energy, len(piece) * 100.0))
    return low + int(np.argmax(alike)) - first * _WINDOW


def _compared(shape: _Shape, sound: Wave, start: int, later: int) -> _Match | None:
    """Compare window by window from `later` after its begin on."""
    same = _same(shape, sound, start)
    first = shape.onset // _WINDOW + later
    last = _last_kept(same, shape.loud, first)
    heard = int((same & shape.loud)[first : last + 1].sum())
    if heard < 0.8 * int(shape.loud[first : last + 1].sum()):
        return None
    shift = start
    while last >= first and (more := _resumed(shape, sound, shift, last)) is not None:
        shift, last_again = more
        heard += int(shape.loud[last + 1 : last_again + 1].sum())
        last = last_again
    if heard < (_SURE if later else shape.least) or not _lost(same, sound, start, shape.onset // _WINDOW, first):
        return None
    complete = int(shape.loud[last + 1 :].sum()) <= _MISSES
    sound_end = shift + (last + 1) * _WINDOW
    if not complete and heard < _SURE and not _silent_after(shape, sound, sound_end):
        return None
    end = min(shift + len(shape.wave), len(sound)) if complete else sound_end
    return _Match(shape, start, start + first * _WINDOW, sound_end, end, heard, complete)


def _lost(same: npt.NDArray[np.bool_], sound: Wave, start: int, onset: int, first: int) -> bool:
    """Tell whether the beginning, up to window `first`, was lost rather than other words: prompts share sentences."""
    begin = _cut(sound, start + onset * _WINDOW, (first - onset) * _WINDOW).reshape(-1, _WINDOW)
    others = (np.max(np.abs(begin), axis=1, initial=0.0) > 64) & ~same[onset:first]
    return int(others.sum()) <= _STRANGE


def _same(shape: _Shape, sound: Wave, start: int) -> npt.NDArray[np.bool_]:
    ours = shape.wave.reshape(-1, _WINDOW)
    theirs = _cut(sound, start, len(shape.wave)).reshape(-1, _WINDOW)
    norms = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    alike = np.einsum("ij,ij->i", ours, theirs) / np.maximum(norms, 1.0)
    fits: npt.NDArray[np.bool_] = alike > (_SAME if shape.least == _LEAST else _EXACT)
    return fits


def _last_kept(same: npt.NDArray[np.bool_], loud: npt.NDArray[np.bool_], first: int) -> int:
    """Return the last window of sound that fits before more than `_MISSES` in a row do not."""
    last, missed = first - 1, 0
    for window in np.flatnonzero(loud[first:]) + first:
        missed = 0 if same[window] else missed + 1
        if missed > _MISSES:
            break
        if same[window]:
            last = int(window)
    return last


def _resumed(shape: _Shape, sound: Wave, start: int, last: int) -> tuple[int, int] | None:
    """Return the new start and last window of a prompt that went on after a hole of silence, if it did."""
    rest = np.flatnonzero(shape.loud[last + 1 :])
    if len(rest) <= (_MISSES if shape.least == _LEAST else 0):
        return None
    begin = (last + 1) * _WINDOW
    hole = _cut(sound, start + begin, _STALL)
    loud = np.flatnonzero(np.abs(hole) > 64)
    if len(loud) == 0 or loud[0] < _WINDOW // 2:
        return None
    piece = shape.wave[begin : begin + 1600]
    fits = np.correlate(_cut(sound, start + begin, _STALL + len(piece)), piece, "valid")
    again = start + int(np.argmax(fits))
    same = _same(shape, sound, again)
    first = last + 1 + int(rest[0])
    last_again = _last_kept(same, shape.loud, first)
    heard = int((same & shape.loud)[first : last_again + 1].sum())
    return (again, last_again) if heard >= min(_LEAST, len(rest)) else None


def _silent_after(shape: _Shape, sound: Wave, end: int) -> bool:
    """Tell whether the sound stops at `end` (to one window) rather than going on with other words."""
    level = float(np.sqrt(np.mean(shape.wave**2)))
    after = _cut(sound, end + _WINDOW, 3 * _WINDOW)
    return float(np.sqrt(np.mean(after**2))) < 0.05 * level


def _cut(sound: Wave, start: int, length: int) -> Wave:
    """Return `length` samples from `start`, with silence where there are none."""
    piece = np.zeros(length, np.float32)
    low, high = max(start, 0), min(start + length, len(sound))
    if low < high:
        piece[low - start : high - start] = sound[low:high]
    return piece


def _best(found: Sequence[_Match], shared: int = 480) -> list[_Match]:
    """Return the matches with most sound in them that do not claim each other's time by more than 60 ms."""
    chosen: list[_Match] = []
    for match in sorted(found, key=lambda m: -m.windows):
        if all(
            min(match.sound_end, other.sound_end) - max(match.sound_start, other.sound_start) <= shared
            for other in chosen
        ):
            chosen.append(match)
    return chosen
