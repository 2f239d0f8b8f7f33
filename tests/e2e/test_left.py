"""What callers leave behind: the wish to be told when the power is back."""

import asyncio
import json

import pytest

from tests.e2e.heard import come_to, heard, ids
from tests.phone import caller
from tests.service import Service
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

DARK = "13800000003"
"""Lives where the power is out today."""


def notes(hotline: Service, to: str) -> list[str]:
    """Return the texts that the file gateway has taken for a number."""
    file = hotline.settings.var / "outbox" / "sms.jsonl"
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []
    return [line["text"] for line in lines if line["to"] == to]


async def test_who_is_in_an_outage_is_told_once_when_the_power_is_back(hotline: Service) -> None:
    async with caller(hotline.pbx, DARK) as call:
        await call.wait_answered(5)
        await come_to(hotline, DARK, "watch_first", 60)
        await call.send_digits("w2,9")
        await come_to(hotline, DARK, "main")
        await asyncio.sleep(1.5)
        await call.hangup()
    names = ids(heard(hotline, call))
    assert names.index("said") < names.index("watch_offer") < names.index("watch_done"), names
    assert (await hotline.story(DARK)).count("PowerWatched") == 1
    await hotline.request("admin", "PATCH", "/outages/demo-today", {"status": "ended"})
    await until(lambda: bool(notes(hotline, DARK)), 10, what="the note is with the gateway")
    assert ["已经恢复供电" in text for text in notes(hotline, DARK)] == [True]
