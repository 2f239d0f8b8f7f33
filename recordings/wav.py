"""Raw interleaved sound of the PBX made into a WAV file: 8 kHz, 16 bit, caller left, what the caller hears right."""

import hashlib
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

RATE_HZ = 8000
CHANNELS = 2
FRAME_BYTES = 2 * CHANNELS
HEADER_BYTES = 44
CHUNK_BYTES = 1 << 20
RAW_LIMIT = (1 << 32) - HEADER_BYTES
"""RIFF counts bytes in 32 bits; at 32,000 bytes a second that is 37 hours."""


@dataclass(frozen=True, slots=True)
class WavFile:
    """A WAV file that is complete on the disk: its length in seconds, size in bytes, and the hash of all of it."""

    length_s: float
    size: int
    sha256: str


def header(frames: int) -> bytes:
    """Return the RIFF header of `frames` stereo frames of 16-bit PCM at 8 kHz."""
    size = frames * FRAME_BYTES
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        HEADER_BYTES - 8 + size,
        b"WAVE",
        b"fmt ",
        16,
        1,
        CHANNELS,
        RATE_HZ,
        RATE_HZ * FRAME_BYTES,
        FRAME_BYTES,
        16,
        b"data",
        size,
    )


def convert(raw: Path, wav: Path) -> WavFile:
    """Write `wav` (mode 0600) from the interleaved 16-bit samples in `raw`; blocking, for a thread.

    `wav` appears complete and on the disk or not at all; running it again gives the same file. Bytes after the last
    whole frame (a PBX that died while writing) are left out. Raises OSError, e.g. when the disk is full.
    """
    part = wav.with_name(f"{wav.name}.part")
    frames = min(raw.stat().st_size, RAW_LIMIT) // FRAME_BYTES
    digest = hashlib.sha256()
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with raw.open("rb") as source, os.fdopen(handle, "wb") as target:
            for piece in _pieces(source, frames):
                digest.update(piece)
                target.write(piece)
            target.flush()
            os.fsync(target.fileno())
        part.replace(wav)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    sync_folder(wav.parent)
    return WavFile(frames / RATE_HZ, HEADER_BYTES + frames * FRAME_BYTES, digest.hexdigest())


def _pieces(source: BinaryIO, frames: int) -> Iterator[bytes]:
    yield header(frames)
    left = frames * FRAME_BYTES
    while left:
        piece = source.read(min(left, CHUNK_BYTES))
        if not piece:
            raise OSError(f"{source.name}: became shorter while it was read")
        left -= len(piece)
        yield piece


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` safe on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(file: Path) -> str:
    """Return the hash of a file, read in pieces; blocking, for a thread."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
