"""What the doctor looks at around the PBX: the program, the ports, ARI and AMI with our secrets, the phones."""

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp

from app.asterisk_command import seats_of
from app.asterisk_setup import ports_of, private_asterisk, secrets_of
from app.doctor_files import service_runs
from app.findings import FINE, NOTE, WRONG, Finding
from asterisk_conf.errors import PortInUse
from asterisk_conf.install import find_asterisk
from asterisk_conf.modules import REQUIRED
from asterisk_conf.private import check_ports
from asterisk_conf.spec import Install, Secrets
from core.config import Settings
from core.errors import HotlineError
from cti.ami.link import AmiAddress, AmiLink
from cti.port import PbxDown

ANSWER_LIMIT_S = 5.0
LOCAL = ("127.0.0.1", "::1", "localhost")
RENDER = "hotline asterisk render, then start the PBX again"


async def examine(settings: Settings, cache: Path) -> list[Finding]:
    """Return what is found; nothing is started, made or changed."""
    found = [_web_port(settings)]
    install = await asyncio.to_thread(find_asterisk, cache)
    local = settings.asterisk.host in LOCAL
    if local:
        found.append(_program(install))
    running = not local
    if local and install is not None:
        running = (await private_asterisk(settings, install).status()).running
        found.append(_process(settings, running=running))
    if running or await _listens(settings):
        found += await _answers(settings)
    return found


def _web_port(settings: Settings) -> Finding:
    host, port = settings.web.host, settings.web.port
    if service_runs(settings):
        return Finding("web port", FINE, f"{host}:{port}, held by the running service")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            cure = "end what uses it, or change [web] host or port (HOTLINE_WEB__PORT)"
            return Finding("web port", WRONG, f"{host}:{port} cannot be used: {error.strerror}", cure)
    return Finding("web port", FINE, f"{host}:{port} is free")


def _program(install: Install | None) -> Finding:
    if install is None:
        return Finding("Asterisk", NOTE, "not in the cache: `hotline asterisk install` or the first demo fetches it")
    return Finding("Asterisk", FINE, f"{install.version} ({install.kind}), every module is there")


def _process(settings: Settings, *, running: bool) -> Finding:
    if running:
        return Finding("PBX", FINE, "the private one is running")
    try:
        check_ports(ports_of(settings))
    except PortInUse as error:
        return Finding("PBX ports", WRONG, error.message, "see there; or, for an Asterisk of yours, read the how-to")
    return Finding("PBX", NOTE, "not running, its ports are free: the demo starts it, or `hotline asterisk start`")


async def _listens(settings: Settings) -> bool:
    try:
        async with asyncio.timeout(1):
            _, writer = await asyncio.open_connection(settings.asterisk.host, settings.asterisk.ami_port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _answers(settings: Settings) -> list[Finding]:
    if not (settings.var / "secrets.json").exists():
        return [Finding("ARI, AMI", WRONG, "an Asterisk listens, but there are no secrets of ours yet", RENDER)]
    try:
        secrets = secrets_of(settings)
    except HotlineError as error:
        return [Finding("secrets", WRONG, error.message, "remove the file, " + RENDER)]
    return [*await _ari(settings, secrets), await _ami(settings, secrets)]


async def _ari(settings: Settings, secrets: Secrets) -> list[Finding]:
    at = settings.asterisk
    base = f"http://{at.host}:{at.http_port}/ari"
    who = {"Authorization": aiohttp.encode_basic_auth(secrets.ari_user, secrets.ari_password)}
    try:
        async with aiohttp.ClientSession(headers=who, timeout=aiohttp.ClientTimeout(total=ANSWER_LIMIT_S)) as http:
            async with http.get(f"{base}/asterisk/modules") as answer:
                if answer.status in (401, 403):
                    return [Finding("ARI", WRONG, "refuses our user name or password", RENDER)]
                answer.raise_for_status()
                modules = await answer.json()
            async with http.get(f"{base}/endpoints/PJSIP") as answer:
                endpoints = await answer.json() if answer.status == 200 else []
    except (aiohttp.ClientError, TimeoutError, OSError, json.JSONDecodeError) as error:
        why = str(error) or type(error).__name__
        return [Finding("ARI", WRONG, f"{base} does not answer: {why}", "start the PBX; check [asterisk] http_port")]
    return [Finding("ARI", FINE, f"{base} answers"), _modules(modules), *_phones(settings, endpoints)]


def _modules(modules: list[dict[str, Any]]) -> Finding:
    runs = {str(module["name"]).removesuffix(".so") for module in modules if module.get("status") == "Running"}
    lacking = [name for name in REQUIRED if name not in runs]
    if lacking:
        cure = f"load them in modules.conf; {RENDER}"
        return Finding("PBX modules", WRONG, f"{len(lacking)} are not running: {', '.join(lacking[:6])}", cure)
    return Finding("PBX modules", FINE, f"all {len(REQUIRED)} that Hotline needs are running")


def _phones(settings: Settings, endpoints: list[dict[str, Any]]) -> Iterator[Finding]:
    there = {str(one["resource"]): str(one["state"]) for one in endpoints}
    seats = seats_of(settings)
    unknown = [seat.id for seat in seats if seat.sip_username not in there]
    without = [seat.id for seat in seats if there.get(seat.sip_username) == "offline"]
    if unknown:
        yield Finding("seats", WRONG, f"the PBX does not know: {', '.join(unknown)}", "hotline asterisk render")
    if without:
        yield Finding("phones", NOTE, f"seats without a registered phone: {', '.join(without)}", "")
    if seats and not unknown and not without:
        yield Finding("phones", FINE, f"every one of {len(seats)} seats has its phone")
    if not seats:
        yield Finding("seats", NOTE, "there is none yet: nobody can answer a call", "hotline seat add 1001")


async def _ami(settings: Settings, secrets: Secrets) -> Finding:
    at = settings.asterisk
    link = AmiLink(AmiAddress(at.host, at.ami_port, secrets.ami_user, secrets.ami_secret))
    try:
        await link.connect()
    except PbxDown as error:
        return Finding("AMI", WRONG, error.message, RENDER)
    finally:
        await link.close()
    return Finding("AMI", FINE, f"{at.host}:{at.ami_port} answers")
