"""A network of its own for a browser, joined to this machine by a cable that a test can cut (root only)."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.browser import chromium_program

NOBODY = "02:00:00:00:00:99"
"""No network card has it, so frames to it are lost."""


@dataclass(frozen=True, slots=True)
class Cable:
    """Two ends: `here` is an address of this machine, `there` the one of the browser in the namespace `name`."""

    name: str
    here: str
    there: str

    @property
    def card(self) -> str:
        """This machine's end."""
        return f"{self.name}a"

    def program(self, folder: Path) -> Path:
        """Write into `folder` a program that starts Chromium at the far end, and return it."""
        file = folder / "chromium-there"
        file.write_text(f'#!/bin/sh\nexec ip netns exec {self.name} {chromium_program()} "$@"\n')
        file.chmod(0o755)
        return file

    @contextlib.contextmanager
    def cut(self) -> Iterator[None]:
        """Let nothing through either way, and tell neither end: as a switch that died somewhere between."""
        for far, where, device in ((self.there, (), self.card), (self.here, ("-n", self.name), "eth0")):
            _ip(*where, "neigh", "replace", far, "lladdr", NOBODY, "dev", device, "nud", "permanent")
        try:
            yield
        finally:
            for far, where, device in ((self.there, (), self.card), (self.here, ("-n", self.name), "eth0")):
                _ip(*where, "neigh", "del", far, "dev", device)


@contextlib.contextmanager
def laid_cable() -> Iterator[Cable | None]:
    """Lay a cable; None where this user or machine may not."""
    number = os.getpid() % 60_000
    near = f"10.213.{number // 250}.{number % 250}"
    cable = Cable(f"hl{number}", near, f"10.214.{number // 250}.{number % 250}")
    if os.geteuid() != 0 or not shutil.which("ip") or not _tried("netns", "add", cable.name):
        yield None
        return
    try:
        if not _tried("link", "add", cable.card, "type", "veth", "peer", "name", "eth0", "netns", cable.name):
            yield None
            return
        _ip("addr", "add", cable.here, "peer", cable.there, "dev", cable.card)
        _ip("link", "set", cable.card, "up")
        _ip("-n", cable.name, "addr", "add", cable.there, "peer", cable.here, "dev", "eth0")
        for device in ("lo", "eth0"):
            _ip("-n", cable.name, "link", "set", device, "up")
        yield cable
    finally:
        _tried("link", "del", cable.card)
        _tried("netns", "del", cable.name)


def _ip(*words: str) -> None:
    subprocess.run(("ip", *words), check=True, capture_output=True, timeout=10)


def _tried(*words: str) -> bool:
    return subprocess.run(("ip", *words), check=False, capture_output=True, timeout=10).returncode == 0
