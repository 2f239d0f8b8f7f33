"""Callers hear the whole of the bill and have it sent; who has reported a fault hears of it and urges it."""

import asyncio
import json

import pytest

from cti.ua import OutgoingCall
from speech.mandarin import digits
from tests.e2e.heard import heard, hears, ids, place, way, words
from tests.phone import caller
from tests.service import Service
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.sound, pytest.mark.asyncio(loop_scope="module")]

HOME, NEIGHBOUR = "13800000008", "13900000031"


def notes(hotline: Service) -> list[dict[str, str]]:
    """Return the notes that the file gateway has taken."""
    file = hotline.settings.var / "outbox" / "sms.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


async def come_to(hotline: Service, number: str, node: str, times: int = 1) -> None:
    """Wait until the latest call of a number has come to a node so many times."""
    story: list[str] = []

    async def there() -> bool:
        calls = await hotline.calls(number)
        events = await hotline.timeline(calls[0]["id"]) if calls else []
        story[:] = way(events)
        return story.count(node) >= times

    await until(there, 60, every=0.1, what=lambda: f"{number} comes to {node} {times} times: {story}")


async def walks(hotline: Service, number: str, steps: list[tuple[str, str]]) -> OutgoingCall:
    """Call, press at each node what is told there, each as soon as the call has come there; return the ended call."""
    seen: dict[str, int] = {}
    async with caller(hotline.pbx, number) as call:
        await call.wait_answered(5)
        for node, keys in steps:
            seen[node] = seen.get(node, 0) + 1
            await come_to(hotline, number, node, seen[node])
            await hears(call, 1.2)
            if keys:
                await call.send_digits(keys)
        await call.hangup()
    return call


async def test_bills_are_compared_explained_and_sent_to_whom_they_belong(hotline: Service) -> None:
    one, owing, cut, two = await asyncio.gather(
        walks(hotline, "13800000001", [("main", "2"), ("after", "1"), ("after", "1"), ("after", "")]),
        walks(hotline, "13800000002", [("main", "2"), ("after", "")]),
        walks(hotline, "13800000007", [("main", "2"), ("after", "")]),
        walks(hotline, "13800000005", [("main", "2"), ("bill", "2"), ("after", "2"), ("after_usage", "")]),
    )
    told = await heard(hotline, one)
    # Four at once may hear fragments, and one as short as 六度 is not always named: figures are held by the text below.
    parts = ["本期电费", "比上月少用", "电费少", "电价没有变", "用电减少", "已缴清", "短信已发送到", "的手机"]
    assert [part for part in parts if place(told, part) < 0] == [], told
    assert ids(told).count("menu") <= 1, "who presses at once hears too little of it to be named"

    told = await heard(hotline, owing)
    parts = ["比上月多用", "原因是", "第二档", "您欠费", "应于", "前缴纳", "已逾期", "违约金", "合计应缴"]
    assert [part for part in parts if place(told, part) < 0] == [], told
    assert place(await heard(hotline, cut), "您的用电因欠费已停") >= 0
    told = await heard(hotline, two)
    assert [part for part in ("高峰时段", "低谷时段", "用电") if place(told, part) < 0] == [], told

    await until(lambda: bool(notes(hotline)), 10, what="the text is with the gateway")
    sent = [note for note in notes(hotline) if note["to"] == "13800000001"]
    assert [note["text"] for note in sent] == [
        "【供电服务热线】尾号0001的户号，2026年10月用电286度，电费156.41元，已缴清。"
    ], "asked for twice, sent once"


async def test_a_reported_fault_is_followed_and_urged_once_and_strangers_hear_no_more_than_its_state(
    hotline: Service,
) -> None:
    await walks(hotline, HOME, [("main", "1"), ("fault", "2"), ("fault_scope", "2"), ("fault_done", "")])
    await until(lambda: any(note["to"] == HOME for note in notes(hotline)), 10, what="the number is sent")
    number = next(note["text"] for note in notes(hotline) if note["to"] == HOME).split("工单号")[1][:12]

    own = [
        ("main", "4"),
        ("business", "1"),
        ("progress_open", "1"),
        ("urged", "#"),
        ("progress_open", "1"),
        ("urged", ""),
    ]
    mine, other = await asyncio.gather(
        walks(hotline, HOME, own),
        walks(hotline, NEIGHBOUR, stranger(number)),
    )
    told = await heard(hotline, mine)
    names = ids(told)
    assert names.count("urge_done") == 2, "who urges twice in a call hears so twice"
    parts = [digits(number[-4:]), "受理", "正在处理", "下一步由抢修人员到现场", "已催办一次"]
    assert [part for part in parts if place(told, part) < 0] == [], told
    calls = await hotline.calls(HOME)
    events = [e["event"] for e in await hotline.timeline(calls[0]["id"])]
    assert events.count("WorkOrderUrged") == 1, "but it is counted once"

    told = await heard(hotline, other)
    assert ids(told).count("order_unknown") == 1, "a number that does not exist"
    assert place(told, "下一步由抢修人员到现场") >= 0, told
    assert [part for part in ("赵", "人民路", "城北") if part in words(told)] == []


def stranger(number: str) -> list[tuple[str, str]]:
    """Steps of a caller who knows nothing but a number, and mistypes it first."""
    typed = [("ask_order", "999999999999#"), ("ask_order", f"{number}#")]
    return [("main", "4"), ("business", "1"), *typed, ("progress_open", "")]
