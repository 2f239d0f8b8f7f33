"""What callers leave behind: the wish to be told when the power is back, a message, an address, a callback."""

import asyncio
import io
import json
import wave
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cti.ua import tone_power
from speech.g711 import Pcm
from speech.mandarin import digits
from tests.e2e.heard import come_to, heard, hears, ids, place
from tests.phone import caller
from tests.service import Service
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.sound, pytest.mark.asyncio(loop_scope="module")]

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
        await hears(call, 1.5)
        await call.send_digits("9")
        await come_to(hotline, DARK, "main")
        await hears(call, 1.5)
        await call.hangup()
    names = ids(await heard(hotline, call))
    assert [n for n in names if n in ("said", "watch_offer", "watch_done")] == ["said", "watch_offer", "watch_done"], (
        names
    )
    assert (await hotline.story(DARK)).count("PowerWatched") == 1
    await hotline.request("admin", "PATCH", "/outages/demo-today", {"status": "ended"})
    await until(lambda: bool(notes(hotline, DARK)), 10, what="the note is with the gateway")
    assert ["已经恢复供电" in text for text in notes(hotline, DARK)] == [True]


ALONE, NOWHERE = "13900000061", "13900000062"
"""Numbers that nobody knows."""


async def speaking(hotline: Service, number: str) -> str:
    """Wait until the PBX writes down what the latest call of a number says; return the name of the recording."""

    async def begun() -> str:
        calls = await hotline.calls(number)
        story = await hotline.timeline(calls[0]["id"]) if calls else []
        names = [e["data"]["recording_id"] for e in story if e["event"] == "RecordingStarted"]
        return str(names[-1]) if names else ""

    return await until(begun, 60, every=0.05, what=f"{number} may speak")


async def asked_what_becomes_of_it(hotline: Service) -> None:
    """Wait until the PBX has written the address to its end."""
    folder = hotline.pbx.spec.directories.spool / "recording"
    sizes: list[list[int]] = [[], [0]]

    async def grows_no_more() -> bool:
        sizes.append([file.stat().st_size for file in folder.glob("*-address-*")])
        return sizes[-1] == sizes[-2] != []

    await until(grows_no_more, 30, every=1.5, what="the PBX has the address")


async def orders_of(hotline: Service, number: str) -> list[dict[str, Any]]:
    """Return the work orders of a caller's number, as a lead sees them."""
    items = (await hotline.request("lead", "GET", "/work-orders"))["items"]
    return [one for one in items if one["caller"] == number]


async def sound_of(hotline: Service, order: dict[str, Any]) -> Pcm:
    """Return what the caller said, as an agent hears it through the order."""
    token = hotline.tokens["lead"]
    async with hotline.api.get(f"{hotline.base}{order['audio']}", headers={"Authorization": f"Bearer {token}"}) as got:
        assert got.status == 200, await got.text()
        with wave.open(io.BytesIO(await got.read())) as file:
            both = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)
    assert not both[:, 1].any(), "nobody answered: the right side is silence"
    return both[:, 0]


async def test_a_message_of_who_hangs_up_and_an_address_through_a_kill_become_work(hotline: Service) -> None:
    async with caller(hotline.pbx, ALONE) as alone, caller(hotline.pbx, NOWHERE) as nowhere:
        await alone.wait_answered(5)
        await nowhere.wait_answered(5)
        await alone.send_digits("w0.3,0")
        await nowhere.send_digits("w0.3,1")
        await come_to(hotline, NOWHERE, "fault", 60)
        await nowhere.send_digits("w0.5,2")
        await come_to(hotline, ALONE, "nobody", 60)
        await alone.send_digits("w0.5,4")
        await come_to(hotline, NOWHERE, "ask_account_fault", 60)
        await nowhere.send_digits("w0.5,#")

        await speaking(hotline, ALONE)
        alone.tone(440)
        await asyncio.sleep(3)
        await alone.hangup()
        await speaking(hotline, NOWHERE)
        nowhere.tone(700)
        await asyncio.sleep(2)
        await hotline.kill()
        await asyncio.sleep(1)
        nowhere.silence()
        await hotline.start()

        await come_to(hotline, NOWHERE, "fault_address", 30)
        await asked_what_becomes_of_it(hotline)
        await hears(nowhere, 1.2)
        await nowhere.send_digits("#")
        await come_to(hotline, NOWHERE, "fault_scope", 30)
        await hears(nowhere, 1.2)
        await nowhere.send_digits("2")
        await come_to(hotline, NOWHERE, "fault_done", 60)
        await hears(nowhere, 0.5)
        await nowhere.hangup()
    names = ids(await heard(hotline, nowhere))
    order = ["account_ask_fault", "address_ask", "message_choice", "fault_scope", "fault_done"]
    assert [name for name in names if name in order] == order, names

    message = await until(lambda: orders_of(hotline, ALONE), 20, what="the message is work")
    address = await until(lambda: orders_of(hotline, NOWHERE), 20, what="the address is work")
    assert [(one["kind"], one["needs_address"]) for one in (*message, *address)] == [
        ("enquiry", False),
        ("fault", True),
    ]
    assert address[0]["address_recording"] == address[0]["recording_id"]
    listed = await hotline.request("lead", "GET", "/work-orders?needs_address=true")
    assert [one["id"] for one in listed["items"]] == [address[0]["id"]]
    for one, hz, other in ((message[0], 440, 700), (address[0], 700, 440)):
        said = await sound_of(hotline, one)
        assert len(said) > 1.5 * 8000
        assert tone_power(said, hz) > max(-25, tone_power(said, other) + 20)
        kept = await hotline.request("lead", "GET", f"/recordings/{one['recording_id']}")
        assert (kept["call_id"], len(kept["sha256"])) == (one["call_id"], 64)
    assert message[0]["recording_id"] in str(await hotline.timeline(message[0]["call_id"]))


async def heard_to_the_end(hotline: Service, number: str, node: str) -> None:
    """Wait until the latest call has heard all that a node says and has pressed nothing."""

    async def lapsed() -> bool:
        story = await hotline.timeline((await hotline.calls(number))[0]["id"])
        pressed = [e["data"] for e in story if e["event"] == "DigitsCollected" and e["data"]["node"] == node]
        return any(data["length"] == 0 for data in pressed)

    await until(lapsed, 60, every=0.05, what=f"{number} hears {node} to the end")


async def pressed(hotline: Service, number: str, node: str) -> None:
    """Wait until a key of the latest call was taken at a node."""

    async def taken() -> bool:
        story = await hotline.timeline((await hotline.calls(number))[0]["id"])
        return any(e["event"] == "DigitsCollected" and e["data"]["node"] == node and e["data"]["length"] for e in story)

    await until(taken, 30, every=0.05, what=f"{number} presses a key at {node}")


async def test_who_finds_nobody_is_rung_back_and_books_it_once(hotline: Service) -> None:
    number = "13900000063"
    said = []
    for _ in range(2):
        async with caller(hotline.pbx, number) as call:
            await call.wait_answered(5)
            await call.send_digits("w0.3,0")
            await come_to(hotline, number, "nobody", 60)
            await call.send_digits("w0.5,5")
            await come_to(hotline, number, "book_callback", 30)
            await heard_to_the_end(hotline, number, "book_callback")
            await call.send_digits("w1,1")  # while it is read back for the second time
            await pressed(hotline, number, "book_callback")
            await call.send_digits("w1.5,3")  # in the afternoon
            await come_to(hotline, number, "bye", 60)
            await call.wait_ended(30)
        said.append(await heard(hotline, call))
    assert all(place(each, digits(number)) >= 0 for each in said), said
    assert place(said[0], "已为您预约") >= 0, said
    assert place(said[1], "您已预约过回拨") >= 0, said
    [booked] = (await hotline.request("lead", "GET", "/callbacks?state=booked"))["items"]
    first = (await hotline.calls(number))[1]["id"]
    assert (booked["number"], booked["queue"], booked["call_id"]) == (number, "general", first)
    hours = [
        datetime.fromisoformat(booked[end]).astimezone(ZoneInfo("Asia/Shanghai")).hour
        for end in ("not_before", "not_after")
    ]
    assert hours == [14, 18]
    story = [e["event"] for e in await hotline.timeline(first)]
    assert (story.count("CallbackOffered"), story.count("CallbackBooked")) == (1, 1)
