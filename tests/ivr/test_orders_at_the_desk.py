"""What callers hear of orders, and the texts they are sent, out of the rooms behind the menu."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.demo_data import load_demo
from core import policy
from core.bus import Bus
from core.clock import FakeClock
from core.config import Site
from core.db import Database
from core.journal import Journal, since
from desk.customers.service import CustomerService
from desk.notifications.events import NotificationRequested
from desk.notifications.files import FileGateway
from desk.notifications.service import NotificationService
from desk.surveys.model import Caller as SurveyCaller
from desk.workorders.model import Kind, Scope, WorkOrder
from desk.workorders.service import WorkOrderService
from ivr.orders import IvrOrders
from ivr.port import Asker, TextWanted
from ivr.texts import IvrTexts
from tests.databases import create_tables
from tests.desk.killed import REPORT

pytestmark = pytest.mark.integration

SEED, SITE = policy.load("seed"), Site()
OWN = Asker((REPORT.account,), "")
STRANGER = Asker((), "13900000031")
TEXT = TextWanted("call-1", "3200000001-202610", "13800000001", "电费1元")


class Rooms:
    """Orders, outbox and the demo's customers, at nine in the morning."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db, self.sms = db, folder / "sms.jsonl"
        self.clock = FakeClock(datetime(2026, 11, 22, 1, tzinfo=UTC))
        self.journal = Journal(db, Bus())
        gateway = FileGateway(self.sms)
        self.outbox = NotificationService(self.journal, db, self.clock, gateway=gateway, policy=SEED)
        self.desk = WorkOrderService(self.journal, db, self.clock, notifications=self.outbox, policy=SEED, site=SITE)
        self.orders = IvrOrders(self.desk, clock=self.clock, zone=SITE.zone, policy=SEED)
        self.texts = IvrTexts(self.outbox, CustomerService(db), self.clock, SITE)

    async def take(self, call: str = "call-1", **changes: object) -> WorkOrder:
        report = replace(REPORT, key=call, call_id=call, **changes)  # type: ignore[arg-type]
        return await self.desk.take(report)

    async def told(self, number: str, asker: Asker = STRANGER) -> tuple[str, ...] | None:
        found = await self.orders.by_number(number, asker)
        return found.told if found else None


@pytest.fixture
async def rooms(tmp_path: Path) -> AsyncIterator[Rooms]:
    db = Database(f"sqlite:///{tmp_path / 'orders.db'}")
    create_tables(db.engine)
    made = Rooms(db, tmp_path)
    await load_demo(db, made.clock, SITE.zone)
    yield made
    await made.journal.close()
    await db.close()


async def test_an_order_is_told_by_state_time_and_next_step(rooms: Rooms) -> None:
    order = await rooms.take()
    taken = "尾号零零零幺的工单，今天九点受理。"
    assert await rooms.told(order.number) == (taken, "正在处理，下一步由抢修人员到现场。")
    await rooms.desk.urge(order.id, "call-2")
    assert (await rooms.told(order.number) or ())[2:] == ("已催办一次。",)
    folded = await rooms.take("call-3")
    assert (await rooms.told(folded.number) or ())[1] == "已合并到同一故障，正在处理，下一步由抢修人员到现场。"
    await rooms.clock.advance(24 * 3600 + 90)
    await rooms.desk.close(order.id)
    assert await rooms.told(order.number) == ("尾号零零零幺的工单，昨天九点受理。", "已于今天九点零一分办结。")


async def test_the_own_newest_open_order_comes_before_closed_ones_and_those_are_told_for_a_while(rooms: Rooms) -> None:
    assert await rooms.orders.latest(OWN) is None
    first = await rooms.take(kind=Kind.APPLICATION, scope=Scope.NONE)
    await rooms.clock.advance(60)
    second = await rooms.take("call-2", kind=Kind.APPLICATION, scope=Scope.NONE)
    await rooms.desk.close(second.id)
    found = await rooms.orders.latest(OWN)
    assert found is not None
    assert (found.number, found.open) == (first.number, True)
    assert found.told[1] == "正在处理，下一步由专业部门答复您。"
    await rooms.desk.close(first.id)
    found = await rooms.orders.latest(OWN)
    assert found is not None
    assert (found.number, found.open) == (second.number, False)
    assert await rooms.orders.latest(STRANGER) is None
    assert await rooms.orders.latest(Asker((), REPORT.caller)) is not None, "who reported it may hear of it too"
    await rooms.clock.advance(31 * 24 * 3600)
    assert await rooms.orders.latest(OWN) is None


async def test_a_return_visit_does_not_hide_what_the_caller_asked_for(rooms: Rooms) -> None:
    order = await rooms.take()
    await rooms.clock.advance(60)
    event, save = rooms.desk.visit("call-2", SurveyCaller(REPORT.caller, True, REPORT.customer_id))
    await rooms.journal.record(event, save=save)
    found = await rooms.orders.latest(Asker((), REPORT.caller))
    assert found is not None
    assert found.number == order.number


async def test_a_stranger_with_a_number_hears_of_a_fault_and_of_nothing_else(rooms: Rooms) -> None:
    fault, complaint = await rooms.take(), await rooms.take("call-2", kind=Kind.COMPLAINT, scope=Scope.NONE)
    words = "".join(await rooms.told(fault.number) or ())
    assert [part for part in (REPORT.address, REPORT.area, REPORT.account, "张伟") if part in words] == []
    assert await rooms.told(complaint.number) is None
    assert await rooms.told(complaint.number, OWN) is not None
    assert await rooms.told(complaint.number, Asker((), REPORT.caller)) is not None
    assert await rooms.told("999999999999") is None


async def test_a_text_is_written_once_a_call_and_thing_with_who_asked(rooms: Rooms) -> None:
    for wanted in (TEXT, TEXT, replace(TEXT, call_id="call-2"), replace(TEXT, about="other")):
        await rooms.texts.send(wanted)
        await rooms.clock.advance(1)
    assert await rooms.outbox.send_due() == 3
    lines = [json.loads(line) for line in rooms.sms.read_text("utf-8").splitlines()]
    assert {(line["to"], line["text"]) for line in lines} == {("13800000001", "【供电服务热线】电费1元")}
    story = [r.event for r in await rooms.db.read(lambda c: since(c, 0))]
    asked = [(e.call_id, e.about) for e in story if isinstance(e, NotificationRequested)]
    assert asked == [("call-1", TEXT.about), ("call-2", TEXT.about), ("call-1", "other")]


async def test_a_text_goes_to_a_mobile_on_record(rooms: Rooms) -> None:
    assert await rooms.texts.on_record("C0001", "13900000031") == "13800000001"
    assert await rooms.texts.on_record("C0001", "13800000001") == "13800000001"
    assert await rooms.texts.on_record(None, "13900000031") == ""
    assert rooms.texts.sent("13800000001") == "短信已发送到尾号零零零幺的手机。"
