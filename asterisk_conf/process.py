"""A process that we did not necessarily start: alive or not, is it the one meant, and how to end it."""

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

_POLL_S = 0.02


def is_running(pid: int, conf: Path) -> bool:
    """Whether `pid` is a living Asterisk that reads `conf` (a number may have been given to another program since)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError, IndexError):
        return False
    return state not in "ZX" and os.fsencode(conf) in words and b"-rx" not in words


def find(conf: Path) -> int | None:
    """The process id of the Asterisk that reads `conf`, found without its pid file."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and is_running(int(entry.name), conf):
            return int(entry.name)
    return None


async def gone(pid: int, conf: Path, timeout: float) -> bool:
    """Wait up to `timeout` seconds for the process to end; False when it is still there."""
    end = time.monotonic() + timeout
    while is_running(pid, conf):
        if time.monotonic() >= end:
            return False
        await asyncio.sleep(_POLL_S)
    return True


def send(pid: int, what: signal.Signals) -> None:
    """Send a signal; a process that is gone meanwhile is fine."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, what)
