"""Numbers that are not served: for a time, by whom, lifted; on both engines."""

from datetime import timedelta

import pytest

from core import policy
from core.bus import Bus
from core.clock import FakeClock
from core.db import Database
from core.errors import BadInput, Conflict
from core.journal import Journal, since
from desk.nuisance.events import NuisanceMarked, NumberBlocked, NumberUnblocked
from desk.nuisance.model import Mark
from desk.nuisance.service import NoSuchBlock, NotWarned, NuisanceService

pytestmark = pytest.mark.integration

NUMBER = "13800000009"
DAY = 86400.0


def service(db: Database, clock: FakeClock) -> NuisanceService:
    return NuisanceService(Journal(db, Bus()), db, clock, policy.load("seed"))


async def test_a_number_is_served_again_when_the_time_is_over_also_after_a_restart(db: Database) -> None:
    clock = FakeClock()
    nuisance = service(db, clock)
    block = await nuisance.block("+86 138 0000 0009", "lead", days=2, note="insults")
    assert (block.phone, block.until - clock.now()) == (NUMBER, timedelta(days=2))
    for step, blocked in ((0.0, True), (2 * DAY - 1, True), (1.0, False)):
        await clock.advance(step)
        anew = service(db, clock)
        await anew.load()
        assert (nuisance.blocked(NUMBER), anew.blocked(NUMBER)) == (blocked, blocked)
    assert [one.holds(clock.now()) for one in await nuisance.blocks()] == [False]
    assert not nuisance.blocked("13800000001")


async def test_a_block_is_changed_and_lifted_by_name(db: Database) -> None:
    clock = FakeClock()
    nuisance = service(db, clock)
    first = await nuisance.block(NUMBER, "lead")
    await clock.advance(DAY)
    longer = await nuisance.block(NUMBER, "deputy", days=30)
    assert (longer.id, longer.until - clock.now()) == (first.id, timedelta(days=30))
    await nuisance.lift(first.id, "lead")
    assert not nuisance.blocked(NUMBER)
    anew = service(db, clock)
    await anew.load()
    assert not anew.blocked(NUMBER)
    with pytest.raises(NoSuchBlock):
        await nuisance.lift(first.id, "lead")
    (kept,) = await nuisance.blocks()
    assert (kept.lifted_by, kept.holds(clock.now())) == ("lead", False)
    told = [one.event for one in await db.read(lambda connection: since(connection, 0))]
    assert [type(e) for e in told] == [NumberBlocked, NumberBlocked, NumberUnblocked]
    assert [e.by for e in told] == ["lead", "deputy", "lead"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("number", "days", "note"), [("anonymous", 1, ""), (NUMBER, 91, ""), (NUMBER, 0, ""), (NUMBER, 1, "x" * 501)]
)
async def test_what_cannot_be_blocked_is_told_and_nothing_is_done(
    db: Database, number: str, days: float, note: str
) -> None:
    nuisance = service(db, FakeClock())
    with pytest.raises(BadInput):
        await nuisance.block(number, "lead", days=days, note=note)
    assert await nuisance.blocks() == []


@pytest.mark.parametrize("reported", [False, True])
async def test_a_call_is_reported_once_and_released_only_after_the_warning(db: Database, reported: bool) -> None:
    clock = FakeClock()
    nuisance = service(db, clock)
    with pytest.raises(NotWarned):
        await nuisance.check_warned("c1")
    await nuisance.warned("c1", "a1")
    await nuisance.check_warned("c1")
    if reported:
        await nuisance.mark(Mark("c1", NUMBER, "a1", clock.now(), False, "mutters"))
    mark = Mark("c1", NUMBER, "a1", clock.now(), True, "shouts")
    await nuisance.mark(mark)
    with pytest.raises(Conflict):
        await nuisance.mark(mark)
    assert await nuisance.marks(10) == [mark]
    story = [one.event for one in await Journal(db, Bus()).of_call("c1")]
    assert [e.released for e in story if isinstance(e, NuisanceMarked)] == [False] * reported + [True]
