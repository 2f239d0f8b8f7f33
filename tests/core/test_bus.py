"""The bus brings each event to who listens for its class; one bad listener harms nobody."""

import asyncio

import pytest

from core.bus import Bus
from core.events import Event, Recorded
from tests.core.conftest import Lines
from tests.core.happenings import AT, DoorOpened, DoorShut

pytestmark = pytest.mark.unit

OPENED = Recorded(1, DoorOpened(at=AT, call_id="c1"))
SHUT = Recorded(2, DoorShut(at=AT, agent_id="a1"))


class Ear:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    async def __call__(self, recorded: Recorded) -> None:
        self.heard.append(recorded.seq)


async def test_each_listener_hears_its_class_and_who_asked_for_all_hears_all() -> None:
    bus, door, everything = Bus(), Ear(), Ear()
    bus.listen(DoorOpened, door)
    bus.listen(Event, everything)
    await bus.publish(OPENED)
    await bus.publish(SHUT)
    assert (door.heard, everything.heard) == ([1], [1, 2])


async def test_listeners_hear_in_the_order_in_which_they_came() -> None:
    bus, order = Bus(), list[str]()

    def named(name: str, wait: int) -> None:
        async def listener(_recorded: Recorded) -> None:
            for _ in range(wait):
                await asyncio.sleep(0)
            order.append(name)

        bus.listen(DoorOpened, listener)

    named("first", 5)
    named("second", 0)
    await bus.publish(OPENED)
    assert order == ["first", "second"]


async def test_a_broken_listener_is_logged_and_the_next_one_still_hears(logged: Lines) -> None:
    bus, after = Bus(), Ear()

    async def broken(_recorded: Recorded) -> None:
        raise ZeroDivisionError("ear drum")

    bus.listen(DoorOpened, broken)
    bus.listen(DoorOpened, after)
    await bus.publish(OPENED)
    assert after.heard == [1]
    assert logged.actions()[0] == "listener_failed", "a slow machine may log more"
    assert (logged.lines[0]["event"], logged.lines[0]["seq"]) == ("DoorOpened", 1)
    assert "ear drum" in logged.lines[0]["error"]


async def test_a_listener_that_never_ends_is_given_up(logged: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.bus.LIMIT_S", 0.05)
    monkeypatch.setattr("core.bus.SLOW_S", 0.01)
    bus, after = Bus(), Ear()

    async def stuck(_recorded: Recorded) -> None:
        await asyncio.Event().wait()

    bus.listen(DoorOpened, stuck)
    bus.listen(DoorOpened, after)
    async with asyncio.timeout(2):
        await bus.publish(OPENED)
    assert after.heard == [1]
    assert logged.actions() == ["listener_failed", "listener_slow"]


async def test_who_unsubscribed_hears_nothing_more() -> None:
    bus, one, other = Bus(), Ear(), Ear()
    leave = bus.listen(DoorOpened, one)
    bus.listen(DoorOpened, other)
    await bus.publish(OPENED)
    leave()
    await bus.publish(OPENED)
    assert (one.heard, other.heard) == ([1], [1, 1])
