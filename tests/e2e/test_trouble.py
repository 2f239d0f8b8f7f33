"""What goes wrong around the service: the PBX dies, the disk is full, the port is taken, a setting is wrong."""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.heard import come_to, come_to_state
from tests.pbx import ROOT, started_pbx
from tests.phone import caller, seat_phone
from tests.service import started_service, write_settings
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.sound]


async def test_asterisk_dies_the_service_says_so_and_comes_back_with_it(tmp_path: Path) -> None:
    number = "13900000061"
    async with started_pbx() as pbx, started_service(pbx) as hotline:
        async with caller(pbx, number) as call:
            await call.wait_answered(5)
            await come_to(hotline, number, "welcome")
            process = hotline.process
            await pbx.asterisk.stop()

            async def told() -> str:
                async with hotline.api.get(f"{hotline.base}/readyz") as answer:
                    body = await answer.json()
                    return "" if answer.status == 200 else str(body["dependencies"]["pbx"]["detail"])

            detail = await until(told, 10, what="/readyz says that the PBX is gone")
            assert "hotline asterisk status" in detail or "lost" in detail
            await asyncio.sleep(1)
            assert not (await pbx.asterisk.status()).running, "the service restarts nothing by itself"
        await pbx.asterisk.start()
        await until(hotline.ready, 15, what="the service has reconnected")
        assert process is hotline.process
        assert process is not None
        assert process.returncode is None
        await until(lambda: hotline.calls(number, "ended"), 5, what="the call that died with the PBX is ended")
        async with caller(pbx, "13900000062") as call:
            await call.wait_answered(5)
            await come_to(hotline, "13900000062", "main")


async def test_no_room_for_recordings_the_talk_goes_on_and_the_journal_says_why(tmp_path: Path) -> None:
    number = "13900000063"
    async with started_pbx() as pbx, started_service(pbx, start=False) as hotline:
        config = hotline.config.read_text().replace("recordings_min_free_mb = 1", "recordings_min_free_mb = 900000000")
        hotline.config.write_text(config)
        await hotline.start_unready()
        seat = pbx.seats[0]
        async with seat_phone(pbx, seat.sip_username, seat.sip_password) as phone:
            await hotline.make_ready("anna")
            async with caller(pbx, number) as call:
                await call.wait_answered(5)
                await call.send_digits("w0.3,0")
                leg = await phone.answer(60)
                await come_to_state(hotline, number, "talking")
                await asyncio.sleep(1)
                await leg.hangup()
            await until(lambda: hotline.calls(number, "ended"), 10)
        story = await hotline.timeline((await hotline.calls(number))[0]["id"])
        missing = [e["data"]["reason"] for e in story if e["event"] == "RecordingMissing"]
        assert missing == ["disk_full"]
        async with hotline.api.get(f"{hotline.base}/readyz") as answer:
            disk = (await answer.json())["dependencies"]["disk"]
        assert disk["ok"] is False
        assert "MB" in disk["detail"]


async def test_a_web_port_in_use_is_named_with_its_cure() -> None:
    async with started_pbx() as pbx, started_service(pbx, start=False) as hotline:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", hotline.settings.web.port))
            taken.listen()
            done = await serve(hotline.config)
        assert done.returncode == 1
        assert f"127.0.0.1:{hotline.settings.web.port}" in done.stderr
        assert "[web] port" in done.stderr


async def test_a_wrong_setting_is_named_with_file_key_and_cure(tmp_path: Path) -> None:
    async with started_pbx() as pbx:
        config = write_settings(pbx, tmp_path)
        config.write_text(config.read_text().replace("sip_port", "sip_prot"))
        done = await serve(config)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith(f"hotline: {config}: [asterisk] sip_prot")
    assert "did you mean 'sip_port'?" in done.stderr


async def serve(config: Path) -> "subprocess.CompletedProcess[str]":
    """Run `hotline serve` until it gives up."""
    command = [sys.executable, "-m", "app", "--config", str(config), "serve", "--no-ui"]
    return await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
