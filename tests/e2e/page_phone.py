"""A desktop page that is the phone of its agent's seat, in a real Chromium whose microphone plays a tone."""

import contextlib
import json
import os
import signal
import wave
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.async_api import Browser, BrowserContext, Error, Page

from tests.browser import chromium, speaking
from tests.service import PASSWORD, Service
from tests.until import until
from tests.web.desk import WIDE, watch

RATE = 48_000
PICTURES = os.environ.get("HOTLINE_PICTURES")
LISTEN = """
(() => {
  const Before = window.RTCPeerConnection;
  window.heard = [];
  window.RTCPeerConnection = class extends Before {
    constructor(...given) {
      super(...given);
      this.addEventListener('track', (event) => {
        const context = new AudioContext();
        const analyser = context.createAnalyser();
        analyser.fftSize = 4096;
        context.createMediaStreamSource(new MediaStream([event.track])).connect(analyser);
        window.heard.push({ peer: this, context, analyser });
      });
    }
  };
})();
"""
"""Put into every page before its own script: keeps each connection with an ear on what comes in."""
LOUDEST = """
() => {
  const last = window.heard.at(-1);
  if (!last) return 0;
  const bins = new Float32Array(last.analyser.frequencyBinCount);
  last.analyser.getFloatFrequencyData(bins);
  const top = bins.indexOf(Math.max(...bins));
  return bins[top] > -60 ? top * last.context.sampleRate / last.analyser.fftSize : 0;
}
"""
PACKETS = """
async () => {
  const last = window.heard.at(-1);
  if (!last) return [0, 0];
  let sent = 0, received = 0;
  for (const one of (await last.peer.getStats()).values()) {
    if (one.type === 'outbound-rtp') sent += one.packetsSent;
    if (one.type === 'inbound-rtp') received += one.packetsReceived;
  }
  return [sent, received];
}
"""


@dataclass
class PagePhone:
    """One page of an agent, and what went wrong in it."""

    page: Page
    base: str
    problems: list[str]

    async def sign_in(self, who: str, seat: str, *, connected: bool = True) -> None:
        """Sign in, sit down, and wait until the page is the seat's phone, when it is to be `connected`."""
        page = self.page
        await page.goto(self.base)
        await page.fill("#username", who)
        await page.fill("#password", PASSWORD)
        await page.keyboard.press("Enter")
        await page.check(f"input[value='{seat}']")
        await page.get_by_role("button", name="进入工作台").click()
        if connected:
            await self.connected()

    async def connected(self, timeout: float = 20.0) -> None:
        """Wait until the page says that calls can reach it."""
        await self.page.locator("[data-status=up]").wait_for(timeout=timeout * 1000)

    async def picture(self, name: str) -> None:
        """Keep how the page looks now as NAME.png in the folder HOTLINE_PICTURES, when there is one."""
        if PICTURES:
            await self.page.screenshot(path=Path(PICTURES) / f"{name}.png")

    async def tone(self) -> float:
        """Return the loudest frequency that the agent hears now, in Hz; 0 is silence."""
        return float(await self.page.evaluate(LOUDEST))

    async def hears(self, hz: float, timeout: float = 10.0) -> None:
        """Wait until the agent hears this tone."""

        async def so() -> bool:
            return abs(await self.tone() - hz) < 30

        await until(so, timeout, every=0.1, what=f"the page hears {hz} Hz")

    async def packets(self) -> tuple[int, int]:
        """Return how many packets of sound the newest connection has sent and received."""
        sent, received = await self.page.evaluate(PACKETS)
        return int(sent), int(received)

    async def flows_both_ways(self) -> None:
        """Wait until more sound has gone out and come in than now."""
        sent, received = await self.packets()

        async def more() -> bool:
            out, back = await self.packets()
            return out > sent and back > received

        await until(more, 5, every=0.1, what="sound flows both ways")


async def open_page(context: BrowserContext, hotline: Service) -> PagePhone:
    """Open a page in a browser that has signed in, or not yet."""
    problems: list[str] = []
    page = await context.new_page()
    base = hotline.base.replace("127.0.0.1", hotline.pbx.spec.ports.bind)
    watch(page, base, problems)
    return PagePhone(page, base, problems)


async def crash(page: Page) -> None:
    """Let the process that draws a page crash."""
    async with page.expect_event("crash"):
        with contextlib.suppress(Error):
            await page.goto("chrome://crash")


def browser_processes(folder: Path) -> list[int]:
    """The processes of the Chromium whose microphone plays a sound in `folder`, and theirs."""
    parents = {int(one.name): int((one / "stat").read_text().rpartition(")")[2].split()[1]) for one in _processes()}
    own = {pid for pid in parents if str(folder) in Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace")}
    while more := {pid for pid, parent in parents.items() if parent in own} - own:
        own |= more
    return sorted(own)


def _processes() -> Iterator[Path]:
    return (one for one in Path("/proc").iterdir() if one.name.isdecimal() and (one / "stat").exists())


@contextlib.contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    """Let processes do nothing at all, as a machine that sleeps."""
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def headset(browser: Browser, locale: str = "zh-CN") -> BrowserContext:
    """A browser profile of an agent whose headset takes out no noise, so that a tone is a tone."""
    context = await browser.new_context(
        viewport={"width": WIDE[0], "height": WIDE[1]}, reduced_motion="reduce", locale=locale
    )
    choice = json.dumps({"clean": False})
    await context.add_init_script(f"localStorage.setItem('hotline.locale', '{locale}')")
    await context.add_init_script(f"localStorage.setItem('hotline.phone', '{choice}')")
    await context.add_init_script(LISTEN)
    return context


@contextlib.asynccontextmanager
async def talking_browser(
    folder: Path, hz: float, more: Sequence[str] = (), program: Path | None = None
) -> AsyncIterator[Browser]:
    """A Chromium into whose microphone a tone of `hz` is played."""
    sound = folder / f"{hz:.0f}.wav"
    tone = np.sin(2 * np.pi * hz * np.arange(RATE) / RATE) * 10_000
    with wave.open(str(sound), "wb") as file:
        file.setparams((1, 2, RATE, RATE, "NONE", ""))
        file.writeframes(tone.astype("<i2").tobytes())
    async with chromium([*speaking(sound), *more], program) as browser:
        yield browser
