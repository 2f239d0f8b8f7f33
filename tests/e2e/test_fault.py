"""A caller without power reports it without a person; the next call hears that it is known."""

import json

import pytest

from speech.mandarin import digits
from tests.e2e.heard import come_to, heard, hears, ids, place, words
from tests.phone import caller
from tests.service import Service
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.sound, pytest.mark.asyncio(loop_scope="module")]

HOME = "13800000008"


def notes(hotline: Service) -> list[dict[str, str]]:
    """Return the notes that the file gateway has taken."""
    file = hotline.settings.var / "outbox" / "sms.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


async def come_to_again(hotline: Service, node: str) -> None:
    """Wait until the latest call has come to a node twice."""

    async def twice() -> bool:
        calls = await hotline.calls(HOME)
        return sum(e["data"].get("node") == node for e in await entered(calls[0]["id"])) == 2

    async def entered(call_id: str) -> list[dict[str, dict[str, str]]]:
        return [e for e in await hotline.timeline(call_id) if e["event"] == "IvrNodeEntered"]

    await until(twice, 60, every=0.05, what=f"{node} twice")


async def test_the_whole_home_is_reported_and_the_next_call_hears_that_it_is_known(hotline: Service) -> None:
    async with caller(hotline.pbx, HOME) as first:
        await first.wait_answered(5)
        await come_to(hotline, HOME, "main")
        await hears(first, 1.5)
        await first.send_digits("1")
        await come_to(hotline, HOME, "fault")
        await hears(first, 1.2)
        await first.send_digits("2")
        await come_to(hotline, HOME, "fault_scope")
        await hears(first, 1.2)
        await first.send_digits("2")
        await come_to(hotline, HOME, "fault_done", 60)
        await hears(first, 1.2)
        await first.send_digits("1")  # the number again, whole by now also on a busy machine
        await come_to_again(hotline, "fault_done")
        await hears(first, 0.5)
        await first.hangup()
    told = await heard(hotline, first)
    order = ["menu", "fault_danger", "fault_scope", "fault_done", "fault_done"]
    assert [name for name in ids(told) if name in order] == order, ids(told)
    said = [p for p in told if p.prompt not in order]
    assert place(said, "您的报修工单号是") >= 0, told

    await until(lambda: bool(notes(hotline)), 10, what="the note is with the gateway")
    assert len(notes(hotline)) == 1
    note = notes(hotline)[0]
    assert note["to"] == HOME
    number = note["text"].split("工单号")[1][:12]
    assert place(said, digits(number)) >= 0, "the number heard is the number sent"

    async with caller(hotline.pbx, HOME) as second:
        await second.wait_answered(5)
        await second.send_digits("w0.5,1")
        await come_to(hotline, HOME, "fault")
        await hears(second, 1.2)
        await second.send_digits("2")
        await come_to(hotline, HOME, "fault_is_known", 60)
        await hears(second, 0.5)
        await second.hangup()
    again = await heard(hotline, second)
    assert place(again, "已经报修") >= 0, again
    assert place(again, digits(number)) >= 0, again
    story = [await hotline.timeline(call["id"]) for call in await hotline.calls(HOME)]
    created = [e for one in story for e in one if e["event"] == "WorkOrderCreated"]
    assert len(created) == 1
    assert len(notes(hotline)) == 1


async def test_where_the_power_is_out_the_reporter_hears_cause_and_end(hotline: Service) -> None:
    number = "13800000003"
    async with caller(hotline.pbx, number) as call:
        await call.wait_answered(5)
        await call.send_digits("w0.5,1")
        await come_to(hotline, number, "main", 60)
        await come_to(hotline, number, "fault", 60)
        await hears(call, 1.2)
        await call.send_digits("2")
        await come_to(hotline, number, "fault_is_known", 60)
        await hears(call, 0.5)
        await call.hangup()
    told = await heard(hotline, call)
    names = ids(told)
    after = words(told[names.index("fault_danger") :])
    assert "计划停电" in after
    assert "线路检修" in after
    assert "二十四点" in after
    assert "WorkOrderCreated" not in await hotline.story(number)
