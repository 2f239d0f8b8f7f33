"""The private Asterisk as a daemon of its own: it goes on with its calls when whoever started it is killed."""

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from asterisk_conf import process
from asterisk_conf.errors import PbxFailed, PortInUse
from asterisk_conf.rundir import make_private, run_directory
from asterisk_conf.spec import Install, Ports

_POLL_S = 0.03
_COMMAND_TIMEOUT_S = 5.0
_TURN_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of the private Asterisk; `booted` means it takes calls; `stale` that it left files of a crash."""

    running: bool
    booted: bool = False
    pid: int | None = None
    stale: bool = False


class PrivateAsterisk:
    """Starts, asks and stops the Asterisk whose configuration `render` wrote into `conf_dir`.

    `conf_dir` is `etc` of `spec.Directories`; `ports` None leaves out the check that they are free. Everything is
    found again from the files there, so any process of this user can take over from the one that started it.
    """

    def __init__(self, install: Install, conf_dir: Path, ports: Ports | None = None) -> None:
        self._binary = install.binary
        self._conf = conf_dir.absolute() / "asterisk.conf"
        self._state = conf_dir.absolute().parent
        self._run = run_directory(self._state)
        self._log = self._state / "log"
        self._ports = ports

    async def start(self, timeout: float = 10.0) -> Status:
        """Start it and wait until it is fully booted; one that runs already is left alone and reported.

        Raises PortInUse before anything is started, PbxFailed when it does not come up within `timeout` seconds;
        what this call has started is ended then.
        """
        async with self._turn():
            ours = self._pid() is None
            if ours:
                self._clear_remains()
                if self._ports:
                    await asyncio.to_thread(check_ports, self._ports)
                await self._launch()
            try:
                await self._until_booted(timeout)
            except PbxFailed:
                pid = self._pid()
                if ours and pid is not None:
                    await self._end(pid, 1.0)
                raise
            return await self.status()

    async def stop(self, timeout: float = 5.0) -> None:
        """End it: first by its own command, then by signals, each within `timeout` seconds; not running is fine."""
        async with self._turn():
            pid = self._pid()
            if pid is not None:
                await self._end(pid, timeout)
            self._clear_remains()

    async def status(self) -> Status:
        """Look, without changing anything."""
        pid = self._pid()
        if pid is None:
            return Status(running=False, stale=self._pid_file.exists())
        return Status(running=True, booted=await self._is_booted(), pid=pid)

    async def command(self, cli_line: str, timeout: float = _COMMAND_TIMEOUT_S) -> str:
        """Run one line of the command-line interface and return what it prints.

        Raises PbxFailed when Asterisk does not answer within `timeout` seconds.
        """
        code, output = await self._call("-rx", cli_line, timeout=timeout)
        if code != 0:
            raise PbxFailed(f"Asterisk did not take the command {cli_line.split()[0]!r}: {output.strip() or code}")
        return output

    async def reload_seats(self) -> None:
        """Read changed seats and trunk addresses; calls go on and phones stay registered.

        Ports and transports are read at the next start only (Asterisk does not move a bound socket).
        """
        for module in ("res_pjsip", "res_pjsip_endpoint_identifier_ip", "pbx_config"):
            await self.command(f"module reload {module}.so")

    async def reload_certificate(self) -> None:
        """Read `http.conf` and the certificate again, also one changed alone: for new connections, open ones go on."""
        await self.command("module reload http")

    @property
    def _pid_file(self) -> Path:
        return self._run / "asterisk.pid"

    def _pid(self) -> int | None:
        with contextlib.suppress(FileNotFoundError, ValueError):
            pid = int(self._pid_file.read_text())
            if process.is_running(pid, self._conf):
                return pid
        return process.find(self._conf)

    async def _launch(self) -> None:
        make_private(self._run)
        # Without -f Asterisk makes itself a daemon: own session, no parent, standard files closed.
        code, output = await self._call(timeout=10.0)
        if code != 0:
            raise PbxFailed(f"Asterisk does not start: {_last_lines(output) or f'status {code}'} (conf {self._conf})")

    async def _until_booted(self, timeout: float) -> None:
        end = time.monotonic() + timeout
        seen = False
        while not await self._is_booted():
            pid = self._pid()
            seen = seen or pid is not None
            if time.monotonic() >= end or (seen and pid is None):
                why = "ended while starting" if pid is None else f"was not ready after {timeout:g} s"
                raise PbxFailed(f"Asterisk {why}: {self._complaints()} (see {self._log / 'messages.log'})")
            await asyncio.sleep(_POLL_S)

    async def _is_booted(self) -> bool:
        if not (self._run / "asterisk.ctl").exists():
            return False
        code, output = await self._call("-rx", "core waitfullybooted", timeout=_COMMAND_TIMEOUT_S)
        return code == 0 and "fully booted" in output

    async def _end(self, pid: int, timeout: float) -> None:
        code, _ = await self._call("-rx", "core stop now", timeout=timeout)
        if code == 0 and await process.gone(pid, self._conf, timeout):
            return
        for last in (signal.SIGTERM, signal.SIGKILL):
            process.send(pid, last)
            if await process.gone(pid, self._conf, timeout):
                return
        raise PbxFailed(f"Asterisk (process {pid}) does not end, not even by SIGKILL")

    async def _call(self, *arguments: str, timeout: float) -> tuple[int, str]:
        """Run the Asterisk program; returns its exit status and output, status -1 when it took too long."""
        child = await asyncio.create_subprocess_exec(
            self._binary,
            "-C",
            self._conf,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd="/",
            env=_environment(),
        )
        try:
            output, _ = await asyncio.wait_for(child.communicate(), timeout)
        except TimeoutError:
            child.kill()
            await child.wait()
            return -1, f"no answer within {timeout:g} s"
        finally:
            if child.returncode is None:
                child.kill()
        return child.returncode or 0, output.decode("utf-8", "replace")

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One start or stop at a time, over all processes."""
        self._state.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._state / ".turn").open("w") as lock:
            end = time.monotonic() + _TURN_TIMEOUT_S
            while not _locked(lock):
                if time.monotonic() >= end:
                    raise PbxFailed(f"another process has been starting or stopping Asterisk for {_TURN_TIMEOUT_S:g} s")
                await asyncio.sleep(_POLL_S)
            yield

    def _clear_remains(self) -> None:
        """A killed Asterisk leaves its pid file and socket; the next one would trip over neither, readers would."""
        for name in ("asterisk.pid", "asterisk.ctl"):
            (self._run / name).unlink(missing_ok=True)
        if not self._run.is_relative_to(self._state):
            with contextlib.suppress(OSError):
                self._run.rmdir()

    def _complaints(self) -> str:
        with contextlib.suppress(FileNotFoundError):
            lines = (self._log / "messages.log").read_text("utf-8", "replace").splitlines()
            errors = [line for line in lines if "ERROR" in line]
            return _last_lines("\n".join(errors or lines))
        return "it wrote no log"


def check_ports(ports: Ports) -> None:
    """Raise PortInUse, naming the setting to change, when one of the listening ports is taken."""
    listening = [
        ("sip_port", ports.bind, ports.sip, socket.SOCK_DGRAM),
        ("http_port", ports.http_bind, ports.http, socket.SOCK_STREAM),
        ("ami_port", "127.0.0.1", ports.ami, socket.SOCK_STREAM),
    ]
    if ports.tls:
        listening.append(("tls_port", ports.bind, ports.tls.port, socket.SOCK_STREAM))
    for name, address, port, kind in listening:
        _check_port(name, address, port, kind)


def _check_port(name: str, address: str, port: int, kind: socket.SocketKind) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            # connections of a PBX that has just stopped linger in TIME_WAIT and are no reason to refuse
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            wire = "udp" if kind == socket.SOCK_DGRAM else "tcp"
            raise PortInUse(
                f"cannot listen on {address}:{port}/{wire} ({error.strerror}): set [asterisk] {name} "
                f"(or HOTLINE_ASTERISK__{name.upper()}) to a free port, or stop the program that uses it",
                setting=f"asterisk.{name}",
                port=port,
            ) from error


def _locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _environment() -> dict[str, str]:
    """What Asterisk and the programs that it runs see of ours: no variables of a Python environment."""
    kept = {name: os.environ[name] for name in ("HOME", "PATH", "TZ", "USER") if name in os.environ}
    return kept | {"LANG": "C.UTF-8"}


def _last_lines(text: str, count: int = 3) -> str:
    return " | ".join(line.strip() for line in text.splitlines()[-count:])
