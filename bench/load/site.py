"""One PBX that offers the same menu three times: by the hotline, by the least ARI program, by a bare dialplan."""

import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from asterisk_conf.private import PrivateAsterisk
from asterisk_conf.render import render
from asterisk_conf.spec import Ports, Trunk
from bench.first_prompt import greeting
from bench.load import minimal, sipp
from tests.pbx import ROOT, Pbx, make_spec
from tests.service import Service, started_service

HOTLINE, MINIMAL, BARE = "95598", "95501", "95500"
PORTS: Final = Ports(sip=9_980, http=9_981, ami=9_982, rtp_start=10_000, rtp_end=13_999)
CHANNELS: Final = 2_000
_CPU_CLOCK: Final = 2
"""Of the clocks of a process the one of the scheduler (CPUCLOCK_SCHED in Linux' posix-timers.h)."""
_DIALPLAN = """
[from-trunk](+)
exten => {bare},1,Goto(bench,s,1)
exten => {minimal},1,Stasis({app},arrived)
 same => n,Hangup()
[bench]
exten => s,1,Answer()
 same => n,Background({greeting})
 same => n,WaitExten(5)
exten => 2,1,Playback({prompt})
 same => n,Wait(5)
"""


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of one process, user and system, all its threads, without its children.

    From its CPU clock: /proc counts in steps of 10 ms, a tenth of what the least program needs in a round.
    """
    return time.clock_gettime((~pid << 3) | _CPU_CLOCK)


@dataclass(frozen=True, slots=True)
class Site:
    """The PBX and the two programs beside it."""

    var: Path
    pbx: Pbx
    service: Service
    pids: dict[str, int]
    """The processes `hotline`, `minimal` and `asterisk`."""

    def cpu_s(self) -> dict[str, float]:
        """Return the CPU seconds of each process so far."""
        return {name: cpu_s(pid) for name, pid in self.pids.items()}

    async def call(self, load: sipp.Load) -> sipp.Outcome:
        """Let callers come."""
        return await sipp.call(load, self.pbx.sip, self.var / "sipp")


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[Site]:
    """A site of its own in a temporary folder, gone afterwards."""
    sipp.installed()
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        var = Path(folder)
        sounds = {"greeting": str(greeting(var)), "prompt": str(var / "prompts" / "account_ask")}
        menu = _DIALPLAN.format(bare=BARE, minimal=MINIMAL, app=minimal.APP, **sounds)
        async with (
            started(var, menu) as pbx,
            started_service(pbx) as service,
            _minimal(pbx, *sounds.values()) as program,
        ):
            status = await pbx.asterisk.status()
            assert status.pid is not None
            assert service.process is not None
            pids = {"hotline": service.process.pid, "minimal": program, "asterisk": status.pid}
            yield Site(var, pbx, service, pids)


@contextlib.asynccontextmanager
async def started(
    var: Path, dialplan: str, *, seats: int = 4, files: Mapping[str, str] | None = None
) -> AsyncIterator[Pbx]:
    """A PBX for many channels with a dialplan of the bench's own and further configuration `files` by name."""
    trunk = Trunk(("127.0.0.1",), (HOTLINE,), CHANNELS, HOTLINE)
    spec = make_spec(var, PORTS, seats=seats, trunk=trunk)
    render(spec)
    for name, text in {"extensions_local.conf": dialplan, **(files or {})}.items():
        (spec.directories.etc / name).write_text(text, "utf-8")
    asterisk = PrivateAsterisk(spec.install, spec.directories.etc, PORTS)
    try:
        await asterisk.start()
        yield Pbx(spec, asterisk)
    finally:
        await asterisk.stop()


@contextlib.asynccontextmanager
async def _minimal(pbx: Pbx, *sounds: str) -> AsyncIterator[int]:
    secrets = pbx.spec.secrets
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bench.load.minimal", pbx.ari_url, secrets.ari_user, secrets.ari_password, *sounds),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert program.stdout is not None
        async with asyncio.timeout(10):
            await program.stdout.readline()
        yield program.pid
    finally:
        if program.returncode is None:
            program.terminate()
        await program.wait()
