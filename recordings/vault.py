"""Where sound is kept: files being written in `spool/`, kept ones by day, all private to this user."""

import fcntl
import os
import shutil
import signal
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from core.config import Settings
from core.errors import BadInput, ConfigError, Unavailable
from recordings.wav import FRAME_BYTES, WavFile, convert, sha256_of, sync_folder

MEGABYTE = 1_000_000
UNSAFE = frozenset(',"\\`')
"""Characters that end or change an argument of the PBX's MixMonitor."""
QUIET_S = 3.0
"""Asterisk writes at least once a second (32 KiB at 32,000 bytes a second): older than this is taken as closed."""


class DiskFull(Unavailable):
    """There is too little room on the disk for another recording."""

    code = "disk_full"


@dataclass(frozen=True, slots=True)
class Space:
    """Room on the recordings' disk in MB; below `needed_mb` no recording is begun."""

    free_mb: int
    needed_mb: int

    @property
    def enough(self) -> bool:
        return self.free_mb >= self.needed_mb


def disk_free(folder: Path) -> int:
    """Return the free bytes of the disk that holds `folder`."""
    return shutil.disk_usage(folder).free


class Vault:
    """The files of recordings under `root`. Every method blocks: call them in a thread."""

    def __init__(
        self, root: Path, zone: tzinfo = UTC, min_free_mb: int = 0, free: Callable[[Path], int] = disk_free
    ) -> None:
        """`zone` decides to which day a talk belongs. Raises ConfigError when the PBX cannot be told such a path."""
        self.root = root.absolute()
        self.spool = self.root / "spool"
        self._zone = zone
        self._min_free_mb = min_free_mb
        self._free = free
        if bad := UNSAFE & set(str(self.root)):
            raise ConfigError(
                f"[storage] dir: recordings cannot be written under {self.root}: Asterisk takes no "
                f"{' '.join(sorted(bad))} in a file name; choose another directory"
            )

    @classmethod
    def of(cls, settings: Settings) -> "Vault":
        """The vault that the settings name."""
        return cls(settings.var / "recordings", settings.site.zone, settings.storage.recordings_min_free_mb)

    def prepare(self) -> None:
        """Make the directories, private to this user."""
        for folder in (self.root, self.spool):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)

    def space(self) -> Space:
        """Tell how much room there is."""
        return Space(self._free(self.root) // MEGABYTE, self._min_free_mb)

    def admit(self, recording_id: str) -> bool:
        """Tell whether the PBX has begun this file already. Raises DiskFull when there is no room to begin it."""
        if self.spooled(recording_id):
            return True
        space = self.space()
        if not space.enough:
            raise DiskFull(
                f"{self.root}: {space.free_mb} MB free, {space.needed_mb} MB needed for a recording; free some or "
                "lower [storage] recordings_min_free_mb",
                free_mb=space.free_mb,
                needed_mb=space.needed_mb,
            )
        return False

    def spool_file(self, recording_id: str) -> Path:
        """Where the PBX writes the sound of a recording."""
        return self.spool / f"{_safe(recording_id)}.raw"

    def spooled(self, recording_id: str) -> bool:
        """Tell whether the PBX has begun the file of a recording."""
        return self.spool_file(recording_id).exists()

    def closed(self, recording_id: str) -> bool:
        """Tell whether nobody writes the spool file any more; false too when there is none."""
        file = self.spool_file(recording_id)
        try:
            handle = os.open(file, os.O_RDONLY)
        except FileNotFoundError:
            return False
        except PermissionError:
            return _quiet(file.stat())
        try:
            return not _being_written(handle)
        finally:
            os.close(handle)

    def keep(self, recording_id: str, day_of: datetime) -> tuple[str, WavFile, datetime]:
        """Make the kept file out of the spool file and return its path under the vault, its facts, and the
        moment the PBX wrote its last sample.

        The spool file stays until `forget_spool`. Running it again gives the same file. Raises OSError.
        """
        raw = self.spool_file(recording_id)
        closed_at = datetime.fromtimestamp(raw.stat().st_mtime, UTC)
        day = f"{day_of.astimezone(self._zone):%Y/%m/%d}"
        target = self.root / day / f"{_safe(recording_id)}.wav"
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        wav = convert(raw, target)
        return target.relative_to(self.root).as_posix(), wav, closed_at

    def keep_said(self, recording_id: str, day_of: datetime, mono: bytes) -> tuple[str, WavFile]:
        """Write what a caller said (16-bit mono) as the left channel of a kept file; its path and its facts.

        Running it again gives the same file. Raises OSError.
        """
        left = array("h", mono[: len(mono) // 2 * 2])
        both = array("h", bytes(4 * len(left)))
        both[0::2] = left
        raw = self.spool / f"{_safe(recording_id)}.said"
        raw.write_bytes(both.tobytes())
        raw.chmod(0o600)
        day = f"{day_of.astimezone(self._zone):%Y/%m/%d}"
        target = self.root / day / f"{_safe(recording_id)}.wav"
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        wav = convert(raw, target)
        raw.unlink()
        return target.relative_to(self.root).as_posix(), wav

    def holds_sound(self, recording_id: str) -> bool:
        """Tell whether the spool file has at least one sample of each side."""
        return self.spool_file(recording_id).stat().st_size >= FRAME_BYTES

    def forget_spool(self, recording_id: str) -> None:
        """Remove the spool file of a recording that is kept."""
        self.spool_file(recording_id).unlink(missing_ok=True)
        sync_folder(self.spool)

    def file(self, path: str) -> Path | None:
        """Return the kept file of `path`, or None when it is not there."""
        found = self.root / path
        return found if found.is_file() else None

    def intact(self, path: str, sha256: str) -> bool:
        """Tell whether the kept file is there and still has this hash."""
        found = self.file(path)
        return found is not None and sha256_of(found) == sha256

    def spooled_ids(self) -> list[str]:
        """Return the ids of all recordings that have a spool file."""
        return sorted(file.stem for file in self.spool.glob("*.raw"))


def _safe(recording_id: str) -> str:
    if not recording_id.replace("-", "").replace(".", "").replace("_", "").isalnum() or recording_id[0] == ".":
        raise BadInput(f"recording id {recording_id!r} cannot be a file name")
    return recording_id


def _being_written(handle: int) -> bool:
    """Ask the kernel for a read lease: it gives none while anyone has the file open for writing."""
    try:
        # The default signal for a broken lease would end this process; this one is ignored unless asked for.
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        # Another user's file or a disk without leases.
        return not _quiet(os.fstat(handle))
    fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def _quiet(status: os.stat_result) -> bool:
    return time.time() - status.st_mtime > QUIET_S
