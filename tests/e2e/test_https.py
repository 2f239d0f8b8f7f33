"""The desktop under HTTPS and its phone over WSS, from one command, in a Chromium that trusts our CA alone."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import expect

from app import doctor_tls
from app.certificate_command import certificate_group
from core.clock import SystemClock
from core.config import Settings, load
from tests.browser import chromium
from tests.e2e.heard import come_to_state
from tests.e2e.page_phone import headset, open_page
from tests.pbx import started_pbx
from tests.phone import caller
from tests.service import Service, free_port, started_service

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

NAME = "hotline.example"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Service]:
    """A PBX that runs already when the certificate is made, and the service that starts with it."""
    async with started_pbx(browsers=1) as pbx, started_service(pbx, ui=True, start=False) as service:
        ports = f"[web]\nhttps_port = {free_port()}\n", f"[asterisk]\ntls_port = {pbx.spec.ports.sip + 4}\n"
        text = service.config.read_text()
        service.config.write_text(text.replace("[web]\n", ports[0]).replace("[asterisk]\n", ports[1]))
        service.settings = load(service.config, {})
        said = await typed(service.settings, "make", NAME)
        assert "the running PBX shows it" in said
        service.settings = load(service.config, {})
        await service.start()
        yield service


async def typed(settings: Settings, *words: str) -> str:
    """Type `hotline certificate …` and return what it says."""
    result = await asyncio.to_thread(CliRunner().invoke, certificate_group, list(words), obj=settings)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def trusting(ca: Path) -> list[str]:
    """Return the arguments by which Chromium finds our name on this machine, and takes what this CA has signed."""
    key = x509.load_pem_x509_certificate(ca.read_bytes()).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    return [
        f"--host-resolver-rules=MAP {NAME} 127.0.0.1",
        f"--ignore-certificate-errors-spki-list={base64.b64encode(digest).decode()}",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        "--autoplay-policy=no-user-gesture-required",
    ]


async def test_a_page_under_a_name_has_a_microphone_and_a_phone_once_there_is_a_certificate(hotline: Service) -> None:
    settings = hotline.settings
    base, number = f"https://{NAME}:{settings.web.https_port}", "13800000002"
    async with chromium(trusting(settings.tls.ca)) as browser:
        desk = await open_page(await headset(browser), hotline)
        await desk.page.goto(hotline.base.replace("127.0.0.1", NAME))
        assert not await desk.page.evaluate("isSecureContext && 'mediaDevices' in navigator"), "plain HTTP has none"
        desk.problems.clear()
        desk.base = base
        sockets: list[str] = []
        desk.page.on("websocket", lambda socket: sockets.append(socket.url))
        await desk.sign_in("anna", "1001")
        assert await desk.page.evaluate("navigator.mediaDevices.getUserMedia({audio: true}).then(s => s.active)")
        phone = f"wss://{NAME}:{settings.asterisk.tls_port}/ws"
        assert phone in sockets, sockets
        (cookie,) = [one for one in await desk.page.context.cookies() if one["name"] == "hotline_session"]
        assert cookie["secure"]
        assert cookie["httpOnly"]
        await desk.page.keyboard.press("Alt+r")
        await desk.page.get_by_role("status").get_by_text("就绪", exact=True).wait_for()
        async with caller(hotline.pbx, number) as call:
            await call.wait_answered(5)
            await call.send_digits("w0.3,0")
            await come_to_state(hotline, number, "talking", 60)
            await desk.flows_both_ways()
            await renewed_in_mid_call(hotline)
            await desk.flows_both_ways()
            assert sockets.count(phone) == 1, "the phone's line has not been broken by the renewal"
            await hotline.kill()
            await desk.page.get_by_text("连接已中断").first.wait_for()
            await desk.flows_both_ways()
            await hotline.start()
            await expect(desk.page.get_by_text("连接已中断")).to_have_count(0)
            await expect(desk.page.locator(".pill")).to_contain_text("通话")
            await desk.flows_both_ways()
            assert sockets.count(phone) == 1
        assert [one for one in desk.problems if "asked elsewhere" not in one and "WebSocket" not in one] == []


async def renewed_in_mid_call(hotline: Service) -> None:
    """Renew the certificate while somebody talks, and see that the PBX shows it at once."""
    settings = hotline.settings
    before = settings.tls.certificate.read_bytes()
    said = await typed(settings, "renew")
    assert "within 15 s" in said or "next start" in said
    assert settings.tls.certificate.read_bytes() != before
    found = {one.what: one for one in await asyncio.to_thread(lambda: [*doctor_tls.examine(settings, SystemClock())])}
    assert found["WSS"].grade == "fine", found
