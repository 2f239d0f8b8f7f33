"""A real PBX for one test or one worker: own ports, secrets and directories, ended and removed afterwards."""

import asyncio
import contextlib
import secrets
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from asterisk_conf.addresses import own_addresses
from asterisk_conf.errors import PortInUse
from asterisk_conf.install import default_cache, ensure_asterisk
from asterisk_conf.private import PrivateAsterisk, check_ports
from asterisk_conf.render import render
from asterisk_conf.spec import Directories, Lifeboat, Ports, RenderSpec, Seat, Secrets, Trunk

ROOT = Path(__file__).parent.parent
LOOPBACK, EVERYWHERE = "127.0.0.1", "0.0.0.0"
BLOCK = 400
BLOCKS = range(22_000, 32_000, BLOCK)
"""Each PBX owns a block of ports below 32768, where the kernel gives none away by itself: 3 listening, 390 for RTP."""


@dataclass(frozen=True, slots=True)
class Pbx:
    """A running PBX: what it was rendered from and the handle that stops and starts it."""

    spec: RenderSpec
    asterisk: PrivateAsterisk

    @property
    def ari_url(self) -> str:
        return f"http://127.0.0.1:{self.spec.ports.http}/ari"

    @property
    def sip(self) -> tuple[str, int]:
        return self.spec.ports.bind, self.spec.ports.sip

    @property
    def seats(self) -> tuple[Seat, ...]:
        return self.spec.seats

    @property
    def messages(self) -> str:
        """Asterisk's log up to now."""
        return (self.spec.directories.log / "messages.log").read_text("utf-8", "replace")


@contextlib.contextmanager
def claimed_ports() -> Iterator[Ports]:
    """A block of ports that no other test on this machine gets meanwhile: a guard socket holds it."""
    for start in BLOCKS:
        with socket.socket() as guard:
            ports = Ports(sip=start, http=start + 1, ami=start + 2, rtp_start=start + 10, rtp_end=start + BLOCK - 1)
            try:
                guard.bind(("127.0.0.1", start))
                check_ports(ports)
            except (OSError, PortInUse):
                continue
            yield ports
            return
    raise AssertionError("no free block of ports from 22000 to 32000: is a test's PBX left running?")


def make_spec(var: Path, ports: Ports, *, seats: int = 4, browsers: int = 0, trunk: Trunk | None = None) -> RenderSpec:
    """What a test's PBX is rendered from: seats `1001`… with user names `seat1001`…, number 95598.

    The first `browsers` of the seats are pages.
    """
    return RenderSpec(
        install=ensure_asterisk(default_cache(), print),
        directories=Directories(
            state=var / "asterisk",
            recordings=var / "recordings",
            prompts=var / "prompts",
            lifeboat=var / "lifeboat",
        ),
        ports=ports,
        secrets=Secrets("hotline", secrets.token_hex(16), "hotline", secrets.token_hex(16)),
        trunk=trunk or Trunk(("127.0.0.1",), ("95598",), 100, "95598"),
        lifeboat=Lifeboat(
            python=Path(sys.executable),
            script=ROOT / "asterisk_conf" / "agi" / "lifeboat.py",
            apology=var / "lifeboat" / "apology",
        ),
        seats=tuple(Seat(str(1001 + n), f"seat{1001 + n}", secrets.token_hex(16), n < browsers) for n in range(seats)),
        own_addresses=own_addresses(),
    )


@contextlib.asynccontextmanager
async def started_pbx(
    tmp_path: Path | None = None,
    *,
    seats: int = 4,
    browsers: int = 0,
    trunk: Trunk | None = None,
    dialplan: str = "",
    address: str = LOOPBACK,
) -> AsyncIterator[Pbx]:
    """Render and start a PBX of its own; `dialplan` is added to `extensions.conf`; ended on leaving.

    At another `address` of this machine than loopback it is reached from other networks too.

    Its directory is a short one under the system's temporary directory (a control socket's path must be short) and
    is removed at the end, unless `tmp_path` names one.
    """
    with contextlib.ExitStack() as stack:
        ports = stack.enter_context(claimed_ports())
        if address != LOOPBACK:
            ports = replace(ports, bind=address, http_bind=EVERYWHERE)
        var = tmp_path or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotline-pbx-")))
        spec = make_spec(var, ports, seats=seats, browsers=browsers, trunk=trunk)
        render(spec)
        (spec.directories.etc / "extensions_local.conf").write_text(dialplan, "utf-8")
        asterisk = PrivateAsterisk(spec.install, spec.directories.etc, ports)
        try:
            await asterisk.start()
            yield Pbx(spec, asterisk)
        finally:
            await asterisk.stop()


@contextlib.contextmanager
def shared_pbx(*, seats: int = 4, trunk: Trunk | None = None, dialplan: str = "") -> Iterator[Pbx]:
    """`started_pbx` for a fixture of module or session scope: bound to no test's event loop."""
    with asyncio.Runner() as runner:
        world = started_pbx(seats=seats, trunk=trunk, dialplan=dialplan)
        pbx = runner.run(world.__aenter__())
        try:
            yield pbx
        finally:
            runner.run(world.__aexit__(None, None, None))
