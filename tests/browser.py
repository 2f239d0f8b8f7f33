"""A real Chromium for tests: the machine's own, headless, talking to nobody but us."""

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright, expect

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# A page is drawn when the machine has time for it; what is never drawn still fails.
expect.set_options(timeout=20_000)


def chromium_program() -> Path:
    """Return the path of Chromium. Raises AssertionError naming the cure when there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "no Chromium: apt-get install -y chromium fonts-noto-cjk"
    return Path(found)


def speaking(sound: Path) -> list[str]:
    """Return the arguments with which Chromium's microphone hears the WAV file `sound`, again and again.

    Nobody is there to click, so the microphone is allowed and sound may be played at once.
    """
    return [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={sound}",
        "--autoplay-policy=no-user-gesture-required",
    ]


@asynccontextmanager
async def chromium(more: Sequence[str] = (), program: Path | None = None) -> AsyncIterator[Browser]:
    """Run a headless Chromium until the end of the block, with `more` arguments; `program` starts it otherwise."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program or chromium_program(), args=[*ARGUMENTS, *more]
        )
        try:
            yield browser
        finally:
            await browser.close()
