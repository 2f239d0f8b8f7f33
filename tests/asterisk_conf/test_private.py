"""The private Asterisk as a process: quick start, clean end, two at once, ports in use, what a crash leaves behind."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from asterisk_conf import process
from asterisk_conf.errors import PbxFailed, PortInUse
from asterisk_conf.private import PrivateAsterisk, Status
from asterisk_conf.render import render
from tests.pbx import ROOT, Pbx, claimed_ports, make_spec, started_pbx
from tests.until import until

pytestmark = pytest.mark.integration


@pytest.fixture
async def pbx() -> AsyncIterator[Pbx]:
    async with started_pbx() as started:
        yield started


def listeners() -> str:
    return subprocess.run(["ss", "-lntup"], capture_output=True, text=True, check=True).stdout


async def pid_of(pbx: Pbx) -> int:
    pid = (await pbx.asterisk.status()).pid
    assert pid is not None
    return pid


async def test_starts_within_five_seconds_and_ends_clean() -> None:
    before = time.monotonic()
    async with started_pbx() as pbx:
        assert time.monotonic() - before < 5
        assert (await pbx.asterisk.status()).booted
        assert f":{pbx.spec.ports.sip} " in listeners()
    assert await pbx.asterisk.status() == Status(running=False)
    assert process.find(pbx.spec.directories.etc / "asterisk.conf") is None
    for port in (pbx.spec.ports.sip, pbx.spec.ports.http, pbx.spec.ports.ami):
        assert f":{port} " not in listeners()


async def test_its_services_listen_on_loopback_only(pbx: Pbx) -> None:
    ports = pbx.spec.ports
    listening = [line.split()[4] for line in listeners().splitlines()[1:]]
    for port in (ports.sip, ports.http, ports.ami):
        assert [address for address in listening if address.endswith(f":{port}")] == [f"127.0.0.1:{port}"]


async def test_its_log_holds_no_error_and_no_warning_after_a_start(pbx: Pbx) -> None:
    assert [line for line in pbx.messages.splitlines() if "ERROR" in line or "WARNING" in line] == []


async def test_two_run_at_once(pbx: Pbx) -> None:
    async with started_pbx() as other:
        assert await pid_of(pbx) != await pid_of(other)
        assert (await pbx.asterisk.status()).booted
    assert (await pbx.asterisk.status()).booted


@pytest.mark.parametrize("setting", ["sip_port", "http_port", "ami_port"])
async def test_a_port_in_use_is_named_with_its_setting(tmp_path: Path, setting: str) -> None:
    with claimed_ports() as ports:
        spec = make_spec(tmp_path, ports)
        render(spec)
        kind = socket.SOCK_DGRAM if setting == "sip_port" else socket.SOCK_STREAM
        port = getattr(ports, setting.removesuffix("_port"))
        pbx = PrivateAsterisk(spec.install, spec.directories.etc, ports)
        with socket.socket(socket.AF_INET, kind) as taker:
            if kind == socket.SOCK_STREAM:
                taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of a test before may linger
            taker.bind(("127.0.0.1", port))
            if kind == socket.SOCK_STREAM:
                taker.listen()
            with pytest.raises(PortInUse) as refused:
                await pbx.start()
        assert f"127.0.0.1:{port}/" in str(refused.value)
        assert f"[asterisk] {setting}" in str(refused.value)
        assert not (await pbx.status()).running


async def test_starting_what_runs_changes_nothing(pbx: Pbx) -> None:
    before = await pid_of(pbx)
    assert (await pbx.asterisk.start()).pid == before


async def test_two_starts_at_the_same_moment_make_one() -> None:
    async with started_pbx() as pbx:
        await pbx.asterisk.stop()
        first, second = await asyncio.gather(pbx.asterisk.start(), pbx.asterisk.start())
        assert first.pid == second.pid


async def test_stopping_what_does_not_run_is_fine(pbx: Pbx) -> None:
    await pbx.asterisk.stop()
    await pbx.asterisk.stop()
    assert await pbx.asterisk.status() == Status(running=False)


async def test_killed_it_leaves_remains_that_the_next_start_clears(pbx: Pbx) -> None:
    pid = await pid_of(pbx)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: status_is(pbx, Status(running=False, stale=True)))
    status = await pbx.asterisk.start()
    assert status.booted
    assert status.pid != pid


async def status_is(pbx: Pbx, status: Status) -> bool:
    return await pbx.asterisk.status() == status


async def test_a_pid_file_with_the_number_of_another_program_is_no_pbx(pbx: Pbx) -> None:
    await pbx.asterisk.stop()
    (pbx.spec.directories.run / "asterisk.pid").write_text(str(os.getpid()))
    assert await pbx.asterisk.status() == Status(running=False, stale=True)
    await pbx.asterisk.stop()  # and we are still alive
    assert (await pbx.asterisk.start()).booted


async def test_it_is_found_without_its_pid_file(pbx: Pbx) -> None:
    pid = await pid_of(pbx)
    (pbx.spec.directories.run / "asterisk.pid").unlink()
    assert await pid_of(pbx) == pid


async def test_a_frozen_one_is_ended_all_the_same(pbx: Pbx) -> None:
    pid = await pid_of(pbx)
    os.kill(pid, signal.SIGSTOP)
    await pbx.asterisk.stop(timeout=0.5)
    assert await pbx.asterisk.status() == Status(running=False)


async def test_a_start_does_not_end_a_slow_one_that_it_did_not_start(pbx: Pbx) -> None:
    pid = await pid_of(pbx)
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(PbxFailed, match="not ready"):
        await pbx.asterisk.start(timeout=0.2)
    os.kill(pid, signal.SIGCONT)
    assert (await pbx.asterisk.start()).pid == pid


async def test_it_outlives_a_starter_that_is_killed(pbx: Pbx) -> None:
    await pbx.asterisk.stop()
    script = (
        "import asyncio, sys; from pathlib import Path; from asterisk_conf.private import PrivateAsterisk;"
        "from asterisk_conf.spec import Install; b, etc = map(Path, sys.argv[1:]);"
        "print(asyncio.run(PrivateAsterisk(Install('private', b, b, b, ''), etc).start()).pid, flush=True);"
        "sys.stdin.read()"
    )
    arguments = [sys.executable, "-c", script, str(pbx.spec.install.binary), str(pbx.spec.directories.etc)]
    starter = await asyncio.create_subprocess_exec(
        *arguments, cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert starter.stdout is not None
    pid = int(await asyncio.wait_for(starter.stdout.readline(), 10))
    os.killpg(starter.pid, signal.SIGKILL)
    await starter.wait()
    assert await pid_of(pbx) == pid
    assert (await pbx.asterisk.status()).booted


async def test_a_missing_module_is_said_and_nothing_stays(tmp_path: Path) -> None:
    with claimed_ports() as ports:
        spec = make_spec(tmp_path, ports)
        render(spec)
        modules = spec.directories.etc / "modules.conf"
        modules.write_text(modules.read_text("utf-8") + "require = res_of_nobody.so\n", "utf-8")
        pbx = PrivateAsterisk(spec.install, spec.directories.etc, ports)
        with pytest.raises(PbxFailed, match="res_of_nobody"):
            await pbx.start()
        assert not (await pbx.status()).running


async def test_a_command_to_a_pbx_that_is_not_there_says_so(pbx: Pbx) -> None:
    await pbx.asterisk.stop()
    with pytest.raises(PbxFailed, match="core"):
        await pbx.asterisk.command("core show version")


async def test_it_runs_in_a_directory_with_a_long_name_and_leaves_nothing(tmp_path: Path) -> None:
    deep = tmp_path / ("a directory whose name is too long for a socket " * 3).strip()
    async with started_pbx(deep) as pbx:
        assert (await pbx.asterisk.status()).booted
        assert "Asterisk 2" in await pbx.asterisk.command("core show version")
        assert not pbx.spec.directories.run.is_relative_to(deep)
    assert not (await asyncio.to_thread(pbx.spec.directories.run.exists))
