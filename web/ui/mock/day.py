"""A day at one desk, played over and over: `python -m web.ui.mock.day DIST [PORT]`."""

import asyncio
import contextlib
import sys
from pathlib import Path

from web.ui.mock import data
from web.ui.mock.server import MockCentre


async def play(centre: MockCentre) -> None:
    """Go through the states an agent sees, slowly enough to look at each."""
    pops = [data.pop, data.plain_pop, data.several_pop, data.unknown_pop, data.ugly_pop]
    for number, make in enumerate(pops):
        call_id = f"c{number}"
        await centre.be("ready")
        await asyncio.sleep(4)
        await centre.ring(make(call_id, "13800000002") if make is data.pop else make(call_id))  # type: ignore[operator]
        await asyncio.sleep(5)
        await centre.answer()
        await asyncio.sleep(15)
        await centre.finish(20)
        await asyncio.sleep(20)
    await centre.be("ready")
    await centre.ring(data.pop("missed", "13800000002"))
    await asyncio.sleep(6)
    await centre.miss()
    await asyncio.sleep(15)


async def main(dist: Path, port: int) -> None:
    """Serve until stopped."""
    centre = await MockCentre(dist).start(port)
    print(centre.address)  # noqa: T201 - it is a program for a terminal
    try:
        while True:
            await play(centre)
    finally:
        await centre.stop()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 8099))
