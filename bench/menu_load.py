"""CPU of a menu call of 2.2 s (answer, greeting, one key, prompt, hang-up), beside a bare dialplan that does the same.

Calls arrive at a steady rate from our own user agent, which is in this process and counts for nothing; the service is
a process of its own. A call is served when it was answered within 2 s and its menu took the key.
"""

import asyncio
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asterisk_conf.spec import Trunk
from bench.first_prompt import greeting
from core.db import Database
from core.journal import since
from core.tasks import TaskOwner
from cti.ua import CallRefused, UserAgent
from ivr.events import IvrNodeEntered
from tests.pbx import Pbx, started_pbx
from tests.service import Service, started_service

BARE, HOTLINE, CALLER = "95500", "95598", "13900000077"
LENGTH_S, KEY_AT_S, ANSWER_WITHIN_S = 2.2, 1.0, 2.0
TICKS = os.sysconf("SC_CLK_TCK")
MENU = """
[from-trunk](+)
exten => {bare},1,Goto(bench,s,1)
[bench]
exten => s,1,Answer()
 same => n,Background({greeting})
 same => n,WaitExten(5)
exten => 2,1,Playback({prompts}/account_ask)
 same => n,Wait(5)
"""


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of one process, user and system, without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@dataclass(slots=True)
class Bench:
    """What is measured, and who calls."""

    pbx: Pbx
    service: Service
    ua: UserAgent
    asterisk: int

    async def rate(self, number: str, per_second: float, seconds: float) -> dict[str, Any]:
        """Let calls arrive at a steady rate and return what they cost."""
        calls = round(per_second * seconds)
        assert self.service.process is not None
        pids = {"service": self.service.process.pid, "asterisk": self.asterisk}
        before, began = {name: cpu_s(pid) for name, pid in pids.items()}, datetime.now(UTC)
        tasks, loop = TaskOwner("bench"), asyncio.get_running_loop()
        start, working = loop.time(), []
        for n in range(calls):
            await asyncio.sleep(start + n / per_second - loop.time())
            working.append(tasks.start(self._call(number), f"call {n}"))
        answered = sum(await asyncio.gather(*working))
        await asyncio.sleep(0.5)
        cost = {f"{name}_ms": round((cpu_s(pid) - before[name]) * 1000 / calls, 2) for name, pid in pids.items()}
        served = answered if number == BARE else min(answered, await self._took_the_key(began))
        return {"per_second": per_second, "calls": calls, "served": served, **cost}

    async def _call(self, number: str) -> bool:
        host, port = self.pbx.sip
        try:
            async with self.ua.call(f"sip:{number}@{host}:{port}", CALLER, keep_audio=False) as call:
                await call.wait_answered(ANSWER_WITHIN_S)
                await asyncio.sleep(KEY_AT_S)
                await call.send_digits("2")
                await asyncio.sleep(LENGTH_S - call.now())
                return call.ended is None
        except (CallRefused, TimeoutError):
            return False

    async def _took_the_key(self, began: datetime) -> int:
        db = Database(self.service.settings.database_url)
        try:
            rows = await db.read(lambda connection: since(connection, 0, (IvrNodeEntered,), 1_000_000))
        finally:
            await db.close()
        return sum(r.event.at >= began and getattr(r.event, "node", "") == "ask_account" for r in rows)


async def run(rates: tuple[float, ...] = (5, 10, 20, 30), seconds: float = 10.0) -> dict[str, Any]:
    """Return for each rate the calls served and the CPU milliseconds a call of service and Asterisk."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        var, load_before = Path(folder), os.getloadavg()[0]
        menu = MENU.format(bare=BARE, greeting=greeting(var), prompts=var / "prompts")
        trunk = Trunk(("127.0.0.1",), (HOTLINE,), 300, HOTLINE)
        async with (
            started_pbx(var, dialplan=menu, trunk=trunk) as pbx,
            started_service(pbx) as service,
            UserAgent() as ua,
        ):
            status = await pbx.asterisk.status()
            assert status.pid is not None
            bench = Bench(pbx, service, ua, status.pid)
            await bench.rate(HOTLINE, 5, 3)
            hotline = [await bench.rate(HOTLINE, rate, seconds) for rate in rates]
            bare = [await bench.rate(BARE, rate, seconds) for rate in rates]
    return {"load": [round(load_before, 1), round(os.getloadavg()[0], 1)], "hotline": hotline, "bare": bare}
