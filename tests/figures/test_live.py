"""P15: what is counted live is what a restart counts from the journal, byte by byte, whatever came in which order."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from core import policy
from core.bus import Bus
from core.clock import FakeClock
from core.db import Database, metadata
from core.events import Event, Recorded
from core.journal import Journal, append
from cti.events import CallAnswered, CallArrived, CallEnded, CallQueued, PbxFound
from figures import live
from figures.live import LiveFigures
from tests.figures.centre import DAY, SHANGHAI
from tests.figures.test_fold import CHOICES, day_of
from tests.until import until

pytestmark = pytest.mark.integration

QUICK = (Phase.explicit, Phase.reuse, Phase.generate)
"""Each example opens a database: to find the shortest that fails would take minutes."""
RULES = policy.load("seed")
NINE = DAY + timedelta(hours=9)


class Centre:
    """A journal with its bus, and live figures that hear it first."""

    def __init__(self, folder: str | Path, clock: FakeClock) -> None:
        self.clock = clock
        self.db = Database(f"sqlite:///{folder}/hotline.db")
        metadata.create_all(self.db.engine)
        self.bus = Bus()
        self.figures = LiveFigures(self.db, clock, RULES, SHANGHAI)
        self.figures.listen(self.bus)
        self.journal = Journal(self.db, self.bus)

    async def text(self) -> str:
        """Return the counts once everything that was written is counted."""
        shown = self.figures.snapshot()
        assert shown is not None
        return shown.to_json()

    async def again(self) -> str:
        """Return what a service that starts now counts."""
        other = LiveFigures(self.db, self.clock, RULES, SHANGHAI)
        await other.load()
        shown = other.snapshot()
        await other.close()
        assert shown is not None
        return shown.to_json()

    async def caught_up(self) -> None:
        async def equal() -> bool:
            await self.clock.advance(live.PATIENCE_S)
            return await self.text() == await self.again()

        await until(equal, 10, what="live and rebuilt are equal")


@asynccontextmanager
async def centre(clock: FakeClock) -> AsyncIterator[Centre]:
    with tempfile.TemporaryDirectory() as folder:
        made = Centre(folder, clock)
        try:
            yield made
        finally:
            await made.figures.close()
            await made.journal.close()
            await made.db.close()


async def go_on(clock: FakeClock, event: Event) -> None:
    await clock.advance(max((event.at - clock.now()).total_seconds(), 0.0))


@settings(max_examples=25, deadline=None, phases=QUICK)
@given(CHOICES, st.integers(0, 60), st.integers(0, 200))
def test_p15_the_wallboard_is_the_same_after_a_restart_at_any_moment(
    choices: list[int], start: int, restart: int
) -> None:
    events = day_of(choices).events

    async def story() -> None:
        async with centre(FakeClock(DAY - timedelta(hours=1))) as one:
            for number, event in enumerate(events):
                await go_on(one.clock, event)
                if number == min(start, len(events) - 1):
                    await one.figures.load()  # from here on it hears what it did not read
                await one.journal.record(event)
                if number % 9 == restart % 9 and one.figures.ready:
                    assert await one.text() == await one.again()
            assert await one.text() == await one.again()

    asyncio.run(story())


@settings(max_examples=25, deadline=None, phases=QUICK)
@given(CHOICES, st.randoms(use_true_random=False))
def test_p15_the_order_in_which_it_is_told_changes_nothing(choices: list[int], chance: object) -> None:
    """The bus may tell a later event before an earlier one, and not tell one at all that another process wrote."""
    events = day_of(choices).events

    async def story() -> None:
        async with centre(FakeClock(DAY - timedelta(hours=1))) as one:
            await one.figures.load()
            with one.db.engine.begin() as connection:
                told = append(connection, events)
            await go_on(one.clock, events[-1])
            for recorded in mixed(told, chance):
                one.bus.tell([recorded])
            await one.journal.record(PbxFound(at=one.clock.now()))  # by what comes next a gap is seen
            await one.caught_up()

    asyncio.run(story())


def mixed(told: Sequence[Recorded], chance: object) -> list[Recorded]:
    """Leave out one in twenty, and move the others a few places."""
    kept = [one for one in told if chance.random() > 0.05]  # type: ignore[attr-defined]
    places = [(n + chance.random() * 6, n) for n in range(len(kept))]  # type: ignore[attr-defined]
    return [kept[n] for _, n in sorted(places)]


def arrives(call_id: str, at: timedelta) -> list[Event]:
    seen = NINE + at
    arrived = CallArrived(
        at=seen, call_id=call_id, channel_id="x", caller="1", caller_known=True, caller_raw="", number="9"
    )
    return [arrived, CallAnswered(at=seen, call_id=call_id), CallQueued(at=seen, call_id=call_id, queue="general")]


async def test_what_is_told_before_it_is_loaded_and_by_other_processes_is_counted() -> None:
    async with centre(FakeClock(NINE)) as one:
        await one.journal.record(*arrives("c1", timedelta()))
        assert one.figures.snapshot() is None
        assert one.figures.service_level("general") is None
        await one.figures.load()
        with one.db.engine.begin() as connection:  # another process: the bus does not tell it
            append(connection, arrives("c2", timedelta(seconds=1)))
        await one.journal.record(*arrives("c3", timedelta(seconds=2)))
        await one.caught_up()
        assert '"O": 3' in await one.text()


async def test_the_service_level_of_this_moment_waits_for_t_to_pass() -> None:
    async with centre(FakeClock(NINE)) as one:
        await one.figures.load()
        await one.journal.record(*arrives("c1", timedelta()))
        now = one.figures.service_level("general")
        assert now is not None
        assert (now.variant, now.percent, now.threshold_s) == ("SL-8", None, 20.0)
        await one.clock.advance(19.9)
        assert one.figures.service_level("general").percent is None  # type: ignore[union-attr]
        await one.clock.advance(0.2)
        assert str(one.figures.service_level("general").percent) == "0.00"  # type: ignore[union-attr]
        assert one.figures.service_level("nowhere").percent is None  # type: ignore[union-attr]


async def test_at_midnight_another_day_begins() -> None:
    async with centre(FakeClock(DAY + timedelta(hours=23, minutes=59))) as one:
        await one.figures.load()
        await one.journal.record(*arrives("c1", timedelta(hours=14, minutes=59, seconds=10)))
        assert '"O": 1' in await one.text()
        await one.clock.advance(61)
        assert await one.text() == await one.again()
        assert '"O"' not in await one.text(), "the contact is yesterday's"
        end = CallEnded(at=one.clock.now(), call_id="c1", by="caller", why="hung_up", where="queued")
        await one.journal.record(end, *arrives("c2", timedelta(hours=15, minutes=1)))
        assert await one.text() == await one.again()
        assert '"O": 1' in await one.text()


async def test_an_event_costs_no_query(monkeypatch: pytest.MonkeyPatch) -> None:
    async with centre(FakeClock(NINE)) as one:
        await one.figures.load()

        async def refuse(work: object) -> None:
            raise AssertionError("a query")

        monkeypatch.setattr(one.db, "read", refuse)
        for number in range(20):
            await one.journal.record(*arrives(f"c{number}", timedelta(seconds=number)))
        await one.clock.advance(60)
        assert '"O": 20' in await one.text()
