"""The real service on a real PBX for stories: a process of its own that can be killed and started again."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from agents.accounts import Accounts
from agents.model import Role, SeatKind
from app import storage
from app.demo_data import load_demo
from asterisk_conf.lifeboat_notice import FILE_NAME
from core import policy
from core.bus import Bus
from core.clock import SystemClock
from core.config import Settings, load
from core.db import Database
from core.journal import Journal
from speech import sound
from speech.render import user_cache
from tests.pbx import ROOT, Pbx
from tests.until import until

PASSWORD = "correct horse battery"
AGENTS = ("anna", "bert", "carl", "dora")
"""Agents of the stories; anna sits at seat 1001, bert at 1002 and so on."""
_SENTENCES_KEPT_S = 20 * 3600
"""Sentences name days: those of yesterday are not said again."""


@dataclass(slots=True)
class Service:
    """A running service, its API and the PBX under it."""

    pbx: Pbx
    settings: Settings
    config: Path
    api: aiohttp.ClientSession
    tokens: dict[str, str] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None
    ui: bool = False

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.settings.web.port}"

    async def start(self) -> None:
        """Start the process and wait until it takes calls."""
        await self._launch()
        await until(self.ready, 60, what=lambda: f"the service is ready; it says: {self.said()}")

    async def start_unready(self) -> None:
        """Start the process and wait until the PBX is there, whatever else is wrong."""
        await self._launch()

        async def connected() -> bool:
            with contextlib.suppress(aiohttp.ClientError):
                async with self.api.get(f"{self.base}/readyz") as answer:
                    return bool((await answer.json())["dependencies"]["pbx"]["ok"])
            return False

        await until(connected, 60, what=lambda: f"the PBX is connected; the service says: {self.said()}")

    async def _launch(self) -> None:
        command = [sys.executable, "-m", "app", "--config", str(self.config), "serve"]
        if not self.ui:
            command.append("--no-ui")
        out = (self.settings.var / "serve.out").open("ab")
        with out:
            self.process = await asyncio.create_subprocess_exec(
                *command, stdout=out, stderr=out, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
            )

    def said(self) -> str:
        """What the process printed."""
        return (self.settings.var / "serve.out").read_text("utf-8", "replace")[-3000:]

    async def ready(self) -> bool:
        """Whether /readyz says so; fails at once when the process has ended."""
        assert self.process is not None
        assert self.process.returncode is None, self.said()
        try:
            async with self.api.get(f"{self.base}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def kill(self) -> None:
        """SIGKILL: what a crash, the kernel out of memory, or a power cut of the process does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> None:
        """End it as an operator does."""
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            try:
                async with asyncio.timeout(15):
                    await self.process.wait()
            except TimeoutError:
                await self.kill()
                raise AssertionError(f"the service did not stop: {self.said()}") from None

    # --- the API ---------------------------------------------------------------------------------

    async def request(
        self, who: str, method: str, path: str, body: Any = None, expect: int = 200, *, wait: float = 10
    ) -> Any:
        """Do a request as the user `who` and return the decoded answer, which comes within `wait` seconds."""
        if who not in self.tokens:
            self.tokens[who] = await self._sign_in(who)
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        url, limit = f"{self.base}/api/v1{path}", aiohttp.ClientTimeout(total=wait)
        async with self.api.request(method, url, json=body, headers=headers, timeout=limit) as answer:
            text = await answer.text()
            assert answer.status in (expect, 201 if expect == 200 else expect, 204), f"{method} {path}: {text}"
            return json.loads(text) if text else None

    async def _sign_in(self, who: str) -> str:
        body = {"username": who, "password": PASSWORD}
        if who in AGENTS:
            body["seat"] = str(1001 + AGENTS.index(who))
        async with self.api.post(f"{self.base}/api/v1/session", json=body) as answer:
            assert answer.status == 201, await answer.text()
            return str((await answer.json())["token"])

    async def make_ready(self, who: str) -> None:
        """Let an agent be ready; waits until the seat's phone is seen as registered."""

        async def tried() -> bool:
            headers = {"Authorization": f"Bearer {self.tokens[who]}"}
            where = f"{self.base}/api/v1/agents/me/state"
            async with self.api.post(where, json={"state": "ready"}, headers=headers) as answer:
                return answer.status == 200

        await self.request(who, "GET", "/agents/me")
        await until(tried, 10, what=f"{who} is ready")

    async def agent(self, who: str) -> Any:
        """Return an agent as the API shows it."""
        return await self.request(who, "GET", "/agents/me")

    async def calls(self, caller: str, state: str | None = None) -> list[Any]:
        """Return the calls of a caller's number, newest first."""
        query = f"?caller={caller}" + (f"&state={state}" if state else "")
        return list((await self.request("lead", "GET", f"/calls{query}"))["items"])

    async def timeline(self, call_id: str) -> list[Any]:
        """Return the journal of a call."""
        return list((await self.request("lead", "GET", f"/calls/{call_id}/timeline"))["items"])

    async def story(self, caller: str) -> list[str]:
        """Return the names of the events of the latest call of a caller."""
        calls = await self.calls(caller)
        return [e["event"] for e in await self.timeline(calls[0]["id"])] if calls else []


def take_sentences(settings: Settings) -> None:
    """Lay there what services of earlier tests have said today, as if this one had: speaking is what costs most."""
    kept, said = _sentences(), settings.var / "prompts" / "sentences"
    if not (kept / ".key").exists():
        sound.write_bytes(kept / ".key", os.urandom(32), mode=0o600)
    said.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copy(kept / ".key", said)
    for file in kept.glob("[!.]*.alaw"):
        with contextlib.suppress(FileNotFoundError):  # one of yesterday, cleared away in this moment
            for each in _files(file):
                shutil.copy(each, said)


def keep_sentences(settings: Settings) -> None:
    """Keep what a service has said for the next test; the same text has the same name, whoever says it."""
    kept, said = _sentences(), settings.var / "prompts" / "sentences"
    if (kept / ".key").read_bytes() != (said / ".key").read_bytes():
        return  # two tests have begun the folder at once; this one's names are of no use
    for file in said.glob("[!.]*.alaw"):
        if not (kept / file.name).exists() and all(each.exists() for each in _files(file)):
            for each in _files(file):
                sound.write_bytes(kept / each.name, each.read_bytes(), mode=0o600)
    for file in kept.glob("[!.]*"):
        if file.stat().st_mtime < time.time() - _SENTENCES_KEPT_S:
            file.unlink(missing_ok=True)


def _files(alaw: Path) -> tuple[Path, ...]:
    """The files of a sentence, the one by which it is found last."""
    return alaw.with_suffix(".txt"), alaw.with_suffix(".sln16"), alaw


def _sentences() -> Path:
    return user_cache() / "tests-sentences"


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_settings(pbx: Pbx, var: Path, url: str = "", zone: str = "") -> Path:
    """Write the installation's settings and secrets so that they fit the PBX of the test; `url` of the database."""
    ports, secrets = pbx.spec.ports, pbx.spec.secrets
    (var / "secrets.json").write_text(
        json.dumps({"ari_password": secrets.ari_password, "ami_secret": secrets.ami_secret})
    )
    host = "127.0.0.1" if ports.on_loopback else "0.0.0.0"
    config = var / "hotline.toml"
    config.write_text(
        f'[storage]\ndir = "{var}"\nurl = "{url}"\nrecordings_min_free_mb = 1\n'
        f'[web]\nport = {free_port()}\nhost = "{host}"\n'
        f'[site]\ntimezone = "{zone or "Asia/Shanghai"}"\n'
        '[speech]\nrecogniser = "off"\n'  # the stories about it switch it on; the others need not load a model
        f"[asterisk]\nsip_port = {ports.sip}\nhttp_port = {ports.http}\nami_port = {ports.ami}\n"
        f"rtp_start = {ports.rtp_start}\nrtp_end = {ports.rtp_end}\n"
    )
    return config


async def people(pbx: Pbx, settings: Settings, *, demo: bool = True) -> None:
    """Fill the database: the demo's customers, the PBX's seats, four agents, a lead, a reviewer, an administrator."""
    storage.upgrade(settings.database_url)
    clock, db = SystemClock(), Database(settings.database_url)
    try:
        accounts = Accounts(Journal(db, Bus()), db, clock, policy.load("seed"))
        if demo:
            await load_demo(db, clock, settings.site.zone)
        for seat in pbx.seats:
            kind = SeatKind.BROWSER if seat.browser else SeatKind.PHONE
            await accounts.add_seat(seat.id, sip_username=seat.sip_username, sip_password=seat.sip_password, kind=kind)
        for name in AGENTS[: len(pbx.seats)]:
            await accounts.create_user(name, PASSWORD, Role.AGENT, name=name.title())
        for name, role in (("lead", Role.SHIFT_LEAD), ("quality", Role.QUALITY), ("admin", Role.ADMIN)):
            await accounts.create_user(name, PASSWORD, role, name=name.title())
    finally:
        await db.close()


@contextlib.asynccontextmanager
async def started_service(
    pbx: Pbx, *, ui: bool = False, start: bool = True, url: str = "", zone: str = ""
) -> AsyncIterator[Service]:
    """The service on `pbx` with the demo's customers; stopped at the end. `url`: another database than SQLite.

    `zone`: another time zone than Shanghai's.
    """
    var = pbx.spec.directories.state.parent
    config = write_settings(pbx, var, url, zone)
    settings = load(config, {})
    await people(pbx, settings)
    take_sentences(settings)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as api:
        service = Service(pbx, settings, config, api, ui=ui)
        try:
            if start:
                await service.start()
                # Today's outages are said by then, which stories about them count on.
                await until((settings.var / "lifeboat" / FILE_NAME).exists, 90, what="the lifeboat is current")
            yield service
        finally:
            await service.stop()
            keep_sentences(settings)
