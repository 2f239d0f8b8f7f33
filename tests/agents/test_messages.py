"""A message is one for each form, reaches whom it is for, and is read once, on both engines."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from agents.messages.events import MessageRead, MessageSent
from agents.messages.model import MessageMade, NoSuchMessage
from agents.messages.service import MessageService
from core import policy
from core.bus import Bus
from core.clock import FakeClock
from core.db import Database
from core.errors import BadInput
from core.events import Event
from core.journal import Journal, since

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SEED = policy.load("seed")


@pytest.fixture
def start(db: Database) -> Callable[[], MessageService]:
    """Start the service anew, as after a kill."""
    clock = FakeClock(AT)

    def one() -> MessageService:
        return MessageService(Journal(db, Bus()), db, clock, SEED)

    one.clock = clock  # type: ignore[attr-defined]
    return one


async def story(db: Database) -> list[Event]:
    return [recorded.event for recorded in await db.read(lambda c: since(c, 0))]


async def test_sent_twice_it_is_one_message_with_one_event(db: Database, start: Callable[[], MessageService]) -> None:
    first, second = await asyncio.gather(
        start().send("lead", "form-1", "雷雨", ("anna", "bert")),
        start().send("lead", "form-1", "雷雨", ("anna", "bert")),
    )
    assert first == second
    with pytest.raises(MessageMade):
        await start().send("lead", "form-1", "雷雨！", ("anna", "bert"))
    other = await start().send("deputy", "form-1", "雷雨", ("anna", "bert"))
    assert other.id != first.id, "the key of another sender is another key"
    told = [event for event in await story(db) if isinstance(event, MessageSent)]
    assert [(e.message_id, e.sender_id, e.to, e.text) for e in told] == [
        (first.id, "lead", ("anna", "bert"), "雷雨"),
        (other.id, "deputy", ("anna", "bert"), "雷雨"),
    ]


async def test_it_reaches_whom_it_is_for_and_is_read_once(db: Database, start: Callable[[], MessageService]) -> None:
    own = await start().send("lead", "form-1", "给安娜", ("anna",))
    to_all = await start().send("lead", "form-2", "给大家", ())
    service = start()

    async def inbox(who: str) -> set[str]:
        return {one.message.id for one in await service.inbox(who)}

    assert await inbox("anna") == {own.id, to_all.id}
    assert await inbox("somebody who signs in later") == {to_all.id}
    assert await inbox("lead") == set()
    await asyncio.gather(service.read("anna", own.id), start().read("anna", own.id))
    await service.read("anna", own.id)
    await service.read("bert", to_all.id)
    for who in ("bert", "lead"):
        with pytest.raises(NoSuchMessage):
            await service.read(who, own.id)
    with pytest.raises(NoSuchMessage):
        await service.read("anna", "nothing")
    marks = {one.message.id: one.read_at for one in await start().inbox("anna")}
    assert marks == {own.id: AT, to_all.id: None}
    assert {one.message.id: one.reads for one in await service.sent("lead")} == {
        own.id: {"anna": AT},
        to_all.id: {"bert": AT},
    }
    read = [(e.agent_id, e.message_id) for e in await story(db) if isinstance(e, MessageRead)]
    assert read == [("anna", own.id), ("bert", to_all.id)]


@pytest.mark.parametrize(("text", "to"), [("", ()), ("x" * 301, ()), ("x", ("anna", "anna"))])
async def test_what_says_nothing_too_much_or_to_one_twice_is_refused(
    db: Database, start: Callable[[], MessageService], text: str, to: tuple[str, ...]
) -> None:
    with pytest.raises(BadInput):
        await start().send("lead", "form-1", text, to)
    assert await story(db) == []


async def test_it_is_shown_for_a_day(start: Callable[[], MessageService]) -> None:
    service = start()
    await service.send("lead", "form-1", "x", ())
    await start.clock.advance(24 * 3600)  # type: ignore[attr-defined]
    assert len(await service.inbox("anna")) == 1
    await start.clock.advance(1)  # type: ignore[attr-defined]
    assert await service.inbox("anna") == await service.sent("lead") == []
