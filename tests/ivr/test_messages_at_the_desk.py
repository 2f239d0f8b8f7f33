"""What callers said is kept once and becomes one work order, whatever comes in between, on both engines."""

from array import array
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core import policy
from core.bus import Bus
from core.clock import FakeClock
from core.config import Site
from core.db import Database
from core.journal import Journal, of_call
from cti import store as calls
from cti.events import CallEnded
from cti.model import Call, CallState
from cti.port import NoSuchChannel
from desk.customers.service import CustomerService
from desk.notifications.files import FileGateway
from desk.notifications.service import NotificationService
from desk.workorders.model import Kind, Priority, WorkOrder
from desk.workorders.service import WorkOrderService
from ivr.call import DANGER
from ivr.events import IvrNodeEntered
from ivr.messages import IvrMessages
from recordings.events import RecordingMissing, RecordingStored
from recordings.messages import MessageService
from recordings.vault import Vault
from recordings.wav import sha256_of
from tests.desk.killed import AT

pytestmark = pytest.mark.integration

SEED, SITE = policy.load("seed"), Site()
MESSAGE, ADDRESS = "1700.1-message-1", "1700.1-address-1"
TONE = array("h", [0, 8000] * 8000).tobytes()


@dataclass
class Mailbox:
    """What the PBX has: `sounds` by name; `writing` is not finished."""

    sounds: dict[str, bytes] = field(default_factory=dict)
    writing: set[str] = field(default_factory=set)

    async def names(self) -> list[str]:
        return [*self.sounds]

    async def taking(self, name: str) -> bool:
        return name in self.writing

    async def sound(self, name: str) -> bytes:
        if name not in self.sounds:
            raise NoSuchChannel
        return self.sounds[name]

    async def forget(self, name: str) -> None:
        self.sounds.pop(name, None)


class Rooms:
    """The rooms on one database and one disk; `start` makes them anew, as after a kill."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db, self.folder, self.mailbox, self.free_mb = db, folder, Mailbox(), 100
        self.journals: list[Journal] = []
        self.start()

    def start(self) -> None:
        clock, bus = FakeClock(AT), Bus()
        journal = Journal(self.db, bus)
        self.journals.append(journal)
        self.vault = Vault(self.folder, SITE.zone, 1, free=lambda _: self.free_mb * 1_000_000)
        self.vault.prepare()
        outbox = NotificationService(
            journal, self.db, clock, gateway=FileGateway(self.folder / "sms.jsonl"), policy=SEED
        )
        self.orders = WorkOrderService(journal, self.db, clock, notifications=outbox, policy=SEED, site=SITE)
        self.said = MessageService(journal, self.db, self.mailbox, self.vault, clock)
        self.messages = IvrMessages(self.said, self.orders, CustomerService(self.db), self.db)
        self.messages.listen(bus)
        self.journal = journal

    async def book(self, state: CallState = CallState.ENDED) -> None:
        call = Call("1700.1", "13900000061", True, "95598", state, AT)
        await self.db.write(lambda c: calls.add(c, call))

    async def all_orders(self) -> list[WorkOrder]:
        return await self.orders.orders()

    async def events(self, kind: type) -> int:
        return sum(isinstance(r.event, kind) for r in await self.db.read(lambda c: of_call(c, "1700.1")))


@pytest.fixture
async def rooms(db: Database, tmp_path: Path) -> AsyncIterator[Rooms]:
    made = Rooms(db, tmp_path)
    yield made
    await made.messages.close()
    for journal in made.journals:
        await journal.close()


async def test_a_message_is_kept_with_its_hash_and_becomes_an_enquiry(rooms: Rooms) -> None:
    await rooms.book(CallState.MENU)
    place = await rooms.messages.place("1700.1", "message")
    assert place is not None
    assert (place.name, place.said) == (MESSAGE, False)
    await rooms.messages.begins(MESSAGE)
    rooms.mailbox.sounds[MESSAGE] = TONE
    for _ in range(2):
        assert await rooms.messages.send(MESSAGE)
    kept = (await rooms.said.kept("1700.1"))[0]
    assert kept.path is not None
    assert kept.sha256 == sha256_of(rooms.folder / kept.path)
    assert (kept.length_s, kept.call_id, kept.kind) == (2.0, "1700.1", "message")
    assert [(o.report.kind, o.report.recording_id, o.report.caller) for o in await rooms.all_orders()] == [
        (Kind.ENQUIRY, MESSAGE, "13900000061")
    ]
    assert rooms.mailbox.sounds == {}
    another = await rooms.messages.place("1700.1", "message")
    assert another is not None
    assert another.name == "1700.1-message-2"


@pytest.mark.parametrize("name", [MESSAGE, ADDRESS])
async def test_what_a_caller_who_hung_up_has_said_is_work_as_soon_as_the_call_is_over(rooms: Rooms, name: str) -> None:
    await rooms.book(CallState.MENU)
    await rooms.messages.begins(name)
    rooms.mailbox.sounds[name] = TONE
    await rooms.messages.settle()
    assert await rooms.all_orders() == [], "the caller is still there and may record it anew"
    ended = Call("1700.1", "13900000061", True, "95598", CallState.ENDED, AT)
    before = Call("1700.1", "13900000061", True, "95598", CallState.MENU, AT)
    event = CallEnded(at=AT, call_id="1700.1", by="caller", why="hung_up", where="leave_message")
    await rooms.journal.record(event, save=lambda c: calls.save(c, ended, before))
    await rooms.messages.close()
    order = (await rooms.all_orders())[0]
    assert (order.report.kind, order.report.needs_address) == (
        (Kind.FAULT, True) if name == ADDRESS else (Kind.ENQUIRY, False)
    )


@pytest.mark.parametrize("line", ["_keep", "sound", "keep_said", "_record", "forget", "_order"])
async def test_killed_between_any_two_lines_the_message_is_kept_once_and_is_one_order(
    rooms: Rooms, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`line` is the last one that is done before the kill."""
    await rooms.book()
    rooms.mailbox.sounds[MESSAGE] = TONE
    owner = next(o for o in (rooms.said, rooms.mailbox, rooms.vault, rooms.messages) if hasattr(o, line))
    monkeypatch.setattr(owner, line, killed_after(getattr(owner, line)))
    with pytest.raises(KeyboardInterrupt):
        await rooms.messages.settle()
    monkeypatch.undo()

    rooms.start()
    await rooms.messages.settle()
    await rooms.messages.settle()
    assert len(await rooms.all_orders()) == 1
    assert await rooms.events(RecordingStored) == 1
    assert rooms.mailbox.sounds == {}
    assert len(list(rooms.folder.rglob("*.wav"))) == 1
    assert list(rooms.vault.spool.iterdir()) == []


def killed_after(real: Callable[..., object]) -> Callable[..., object]:
    """Return what does as `real` and then ends this process, as far as the code can tell."""
    import inspect

    async def slow(*given: object) -> None:
        await real(*given)  # type: ignore[misc]
        raise KeyboardInterrupt

    def quick(*given: object) -> None:
        real(*given)
        raise KeyboardInterrupt

    return slow if inspect.iscoroutinefunction(real) else quick


async def test_what_is_still_written_waits_and_what_is_silent_is_no_work(rooms: Rooms) -> None:
    await rooms.book()
    rooms.mailbox.sounds[MESSAGE] = TONE
    rooms.mailbox.writing.add(MESSAGE)
    rooms.mailbox.sounds[ADDRESS] = bytes(32000)
    rooms.mailbox.sounds["music"] = TONE
    await rooms.messages.settle()
    assert await rooms.all_orders() == []
    assert await rooms.events(RecordingMissing) == 1
    assert set(rooms.mailbox.sounds) == {MESSAGE, "music"}, "what is no message of ours is left alone"


async def test_an_address_that_was_said_in_danger_is_urgent_also_when_the_caller_hung_up(rooms: Rooms) -> None:
    await rooms.book()
    rooms.mailbox.sounds[ADDRESS] = TONE
    entered = IvrNodeEntered(
        at=AT, call_id="1700.1", flow="hotline", version=1, node="fault_address", known={DANGER: "yes"}
    )
    await rooms.journal.record(entered)
    await rooms.messages.settle()
    assert [order.report.priority for order in await rooms.all_orders()] == [Priority.URGENT]


async def test_what_is_said_after_nothing_was_heard_is_kept(rooms: Rooms) -> None:
    await rooms.book(CallState.MENU)
    await rooms.messages.begins(MESSAGE)
    rooms.mailbox.sounds[MESSAGE] = bytes(32000)
    assert not await rooms.messages.send(MESSAGE)
    rooms.mailbox.sounds[MESSAGE] = TONE
    assert await rooms.messages.send(MESSAGE), "the second try has the same name"
    assert [order.report.recording_id for order in await rooms.all_orders()] == [MESSAGE]


async def test_without_room_nobody_is_asked_to_speak(rooms: Rooms) -> None:
    await rooms.book(CallState.MENU)
    rooms.free_mb = 0
    assert await rooms.messages.place("1700.1", "message") is None


async def test_two_who_have_no_account_are_not_one_fault(rooms: Rooms) -> None:
    await rooms.book()
    for name in (ADDRESS, "1700.1-address-2"):
        rooms.mailbox.sounds[name] = TONE
    await rooms.messages.settle()
    assert [o.main_id for o in await rooms.all_orders()] == [None, None]
