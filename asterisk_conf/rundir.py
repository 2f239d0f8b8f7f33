"""Where the control socket lives: its whole path must fit into the 107 bytes that the kernel allows."""

import hashlib
import os
from pathlib import Path

from core.errors import ConfigError

_LONGEST = 103
"""Bytes that Linux and the BSDs both accept."""


def run_directory(state: Path) -> Path:
    """`state`/run, or for a `state` with too long a name a directory under /tmp that is always the same for it."""
    if len(os.fsencode(state / "run" / "asterisk.ctl")) <= _LONGEST:
        return state / "run"
    name = hashlib.sha256(os.fsencode(state)).hexdigest()[:16]
    return Path(f"/tmp/hotline-{os.geteuid()}-{name}")  # noqa: S108 - `make_private` refuses one made by another


def make_private(directory: Path) -> None:
    """Make `directory` (mode 0700) or take it over; raises ConfigError when it is another user's or a link."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.lstat()
    if directory.is_symlink() or found.st_uid != os.geteuid():
        raise ConfigError(
            f"{directory} belongs to another user or is a link: remove it, or use a shorter [storage] dir"
        )
    directory.chmod(0o700)
