"""Announcements: who hears what when, which greeting wins, and that nothing is heard before it has been spoken."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.bus import Bus
from core.clock import FakeClock
from core.config import Site
from core.db import Database
from core.errors import Unavailable
from core.events import Event, Recorded
from core.journal import Journal
from core.tasks import TaskOwner
from desk.announcements import model, store
from desk.announcements.events import AnnouncementPublished, AnnouncementSwitched
from desk.announcements.festivals import festivals, proposals
from desk.announcements.model import Announcement, BadAnnouncement, Kind, State
from desk.announcements.service import RETRY_S, AnnouncementService, NoSuchAnnouncement, Wanted
from desk.customers import store as customer_rows
from desk.customers.model import Account, Customer
from tests.until import until

NOW = datetime(2028, 10, 3, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
ORDER = Site().festivals
ZONE = ZoneInfo("Asia/Shanghai")


def emergency(name: str, *areas: str, place: int = 0, begins: datetime = NOW, **more: Any) -> Announcement:
    return Announcement(name, Kind.EMERGENCY, name, begins, areas=areas, place=place, **more)


def festive(festival: str, begins: datetime = NOW, ends: datetime = NOW + HOUR) -> Announcement:
    return Announcement(f"{festival}-{begins:%H}", Kind.GREETING, festival, begins, ends, festival)


class TestModel:
    pytestmark = pytest.mark.unit

    def test_everybody_hears_what_is_for_everybody_and_others_what_is_for_their_area(self) -> None:
        told = [emergency("all"), emergency("east", "东"), emergency("west", "西", "南"), emergency("off", on=False)]
        names = {area: [one.id for one in model.heard(told, NOW, [area] if area else [])] for area in ("", "东", "南")}
        assert names == {"": ["all"], "东": ["all", "east"], "南": ["all", "west"]}

    def test_several_are_said_by_place_then_by_age(self) -> None:
        told = [
            emergency("c", place=1),
            emergency("b"),
            emergency("a", begins=NOW - HOUR),
            emergency("first", place=-1),
        ]
        assert [one.id for one in model.heard(told, NOW, [])] == ["first", "a", "b", "c"]

    def test_it_holds_from_its_begin_until_before_its_end(self) -> None:
        one = emergency("x", ends=NOW + HOUR)
        second = timedelta(seconds=1)
        held = [bool(model.heard([one], at, [])) for at in (NOW - second, NOW, NOW + HOUR - second, NOW + HOUR)]
        assert held == [False, True, True, False]

    @pytest.mark.parametrize(
        ("order", "wins"),
        [(ORDER, "mid_autumn"), (("national_day", "mid_autumn"), "national_day"), ((), "national_day")],
    )
    def test_where_two_festivals_meet_the_setting_says_whose_greeting_wins(
        self, order: tuple[str, ...], wins: str
    ) -> None:
        both = [festive("mid_autumn", NOW - 2 * HOUR), festive("national_day", NOW - HOUR)]
        for told in (both, both[::-1]):
            found = model.greeting(told, NOW, order)
            assert found is not None
            assert found.festival == wins

    def test_of_one_festival_the_later_notice_wins_and_without_one_there_is_no_greeting(self) -> None:
        told = [
            festive("new_year", NOW - HOUR),
            festive("new_year", NOW),
            festive("labour_day", NOW + HOUR, NOW + 2 * HOUR),
        ]
        found = model.greeting(told, NOW, ORDER)
        assert found is not None
        assert found.begins == NOW
        assert model.greeting(told, NOW - 2 * HOUR, ORDER) is None

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"text": " "}, "text"),
            ({"text": "长" * 301}, "text"),
            ({"text": "停电了🙂，请稍候。"}, "text"),
            ({"ends": NOW}, "until"),
            ({"begins": datetime(2028, 10, 3)}, "from"),
            ({"kind": Kind.GREETING}, "until"),
            ({"kind": Kind.GREETING, "ends": NOW + HOUR, "areas": ("东",)}, "areas"),
            ({"festival": "new_year"}, "festival"),
            ({"areas": tuple(f"片区{n}" for n in range(31))}, "areas"),
        ],
    )
    def test_what_cannot_be_is_refused_by_the_name_of_its_field(self, change: dict[str, Any], field: str) -> None:
        with pytest.raises(BadAnnouncement) as caught:
            model.check(replace(emergency("x"), **change))
        assert caught.value.details["field"] == field

    def test_festivals_are_only_proposed_each_on_its_next_day(self) -> None:
        found = {one.festival.id: f"{one.begins:%Y-%m-%d}" for one in proposals(date(2026, 11, 22), ZONE)}
        assert list(found.items()) == [
            ("new_year", "2027-01-01"),
            ("spring_festival", "2027-02-06"),
            ("labour_day", "2027-05-01"),
            ("mid_autumn", "2027-09-15"),
            ("national_day", "2027-10-01"),
        ]
        assert {one.festival.id for one in proposals(date(2033, 1, 2), ZONE)} == {
            "new_year",
            "labour_day",
            "national_day",
        }
        assert set(ORDER) == set(festivals())


class Tongue:
    """A voice that speaks when it is let, or fails."""

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.broken = False
        self.unreadable = 0
        self.said: list[str] = []

    def kept(self, text: str) -> str | None:
        if self.unreadable:
            self.unreadable -= 1
            raise PermissionError(text)
        return f"sound:{text}" if text in self.said else None

    async def speak(self, text: str) -> str:
        await self.may.wait()
        if self.broken:
            raise Unavailable("no voice")
        self.said.append(text)
        return f"sound:{text}"


class Board:
    """The service on a database, its voice, and what the journal told."""

    def __init__(self, db: Database) -> None:
        self.db, self.clock, self.tongue = db, FakeClock(), Tongue()
        self.bus = Bus()
        self.told: list[Event] = []
        self.journal = Journal(db, self.bus)
        self.service = self.another()
        self.bus.listen(Event, self._hear)

    async def _hear(self, recorded: Recorded) -> None:
        self.told.append(recorded.event)

    def another(self) -> AnnouncementService:
        """One that begins anew, as after a restart or in another process."""
        return AnnouncementService(self.db, self.journal, self.clock, self.tongue, ORDER)

    async def says(self, text: str, **more: Any) -> Announcement:
        return await self.service.create(Wanted(Kind.EMERGENCY, text, **more), "lead")

    def heard(self, *areas: str) -> list[str]:
        return [one.medium for one in self.service.current(areas)]

    async def spoken(self, *texts: str) -> None:
        """Wait until exactly these can be heard by everybody."""

        async def so() -> bool:
            await self.service.refresh()
            return [one.medium for one in self.service.everywhere()] == [f"sound:{text}" for text in texts]

        await until(so, what=f"{texts} are live")


@pytest.fixture
async def board(db: Database) -> AsyncIterator[Board]:
    one = Board(db)
    one.tongue.may.set()
    people, homes = [Customer("k3", "李娜")], [Account("3200000003", "k3", "三号", "城东片区")]
    await db.write(lambda c: (customer_rows.save_customers(c, people), customer_rows.save_accounts(c, homes, {})))
    yield one
    await one.service.close()


class TestService:
    pytestmark = pytest.mark.integration

    async def test_nobody_hears_it_before_it_has_been_spoken(self, board: Board) -> None:
        board.tongue.may.clear()
        made = await board.says("大风")
        await board.service.refresh()
        assert (board.heard(), board.service.state(made)) == ([], State.PREPARING)
        board.tongue.may.set()
        await board.spoken("大风")
        now = await board.service.get(made.id)
        assert (board.service.state(now), now.live_since) == (State.LIVE, board.clock.now())
        assert [type(event) for event in board.told] == [AnnouncementSwitched, AnnouncementPublished]

    async def test_off_is_off_at_once_and_on_again_needs_no_voice(self, board: Board) -> None:
        made = await board.says("大风")
        await board.spoken("大风")
        await board.service.change(made.id, "lead", on=False)
        assert board.heard() == []
        board.tongue.may.clear()
        await board.service.change(made.id, "lead", on=True)
        await board.spoken("大风")
        assert [event.on for event in board.told if isinstance(event, AnnouncementSwitched)] == [True, False, True]

    async def test_off_during_a_look_that_read_its_rows_before_stays_off(self, board: Board) -> None:
        board.tongue.may.clear()
        board.tongue.said.append("大风")
        await board.says("暴雨")
        made = await board.says("大风")
        await board.spoken("大风")
        board.tongue.said.append("暴雨")
        second = board.another()
        off: list[Announcement] = []

        async def switch_off(_: Recorded) -> None:
            if not off:
                off.append(await second.change(made.id, "lead", on=False))

        board.bus.listen(AnnouncementPublished, switch_off)
        await second.refresh()
        assert off
        assert [one.medium for one in second.current([])] == ["sound:暴雨"]
        await second.close()

    async def test_a_folder_that_cannot_be_read_does_not_end_the_looking(self, board: Board) -> None:
        await board.says("大风")
        await board.spoken("大风")
        board.tongue.unreadable = 1
        second = board.another()
        tasks = TaskOwner("looking")
        looking = tasks.start(second.run(), "look")
        second._changed.set()
        await until(lambda: not board.tongue.unreadable, what="a look failed")
        second._changed.set()
        await until(lambda: looking.done() or second.current([]), what="the next look")
        assert not looking.done()
        await tasks.close()
        await second.close()

    async def test_a_voice_that_fails_is_tried_again_and_the_others_are_heard_meanwhile(self, board: Board) -> None:
        await board.says("大风")
        await board.spoken("大风")
        board.tongue.broken = True
        failing = await board.says("暴雨", place=-1)
        await until(lambda: failing.id in board.service._failed or board.service.refresh(), what="it failed")
        assert board.service.state(failing) is State.FAILED
        assert board.heard() == ["sound:大风"]
        board.tongue.broken = False
        await board.service.refresh()
        assert board.heard() == ["sound:大风"], "not tried at once"
        await board.clock.advance(RETRY_S)
        await board.spoken("暴雨", "大风")

    async def test_words_that_the_voice_of_the_site_cannot_read_are_refused(self, board: Board) -> None:
        with pytest.raises(BadAnnouncement, match="write the words in Chinese"):
            await board.says("Power is out in the east.")

    async def test_only_callers_of_an_area_that_exists(self, board: Board) -> None:
        with pytest.raises(BadAnnouncement, match=r"城冬片区.*write an area as the accounts do: 城"):
            await board.says("抢修", areas=("城冬片区",))
        assert not board.service.by_area()
        await board.says("抢修", areas=("城东片区",))
        await board.spoken("抢修")
        assert board.service.by_area()
        assert (board.heard(), board.heard("城东片区")) == ([], ["sound:抢修"])

    async def test_a_restart_and_another_process_hear_the_same_without_speaking_again(self, board: Board) -> None:
        await board.says("大风", ends=board.clock.now() + HOUR)
        await board.spoken("大风")
        board.tongue.may.clear()
        second = board.another()
        await second.refresh()
        assert [one.medium for one in second.current([])] == ["sound:大风"]
        made = await second.create(Wanted(Kind.EMERGENCY, "大风", place=1), "command line")
        await board.spoken("大风", "大风")
        await second.change(made.id, "command line", on=False)
        await board.spoken("大风")
        await board.clock.advance(HOUR.total_seconds())
        assert board.heard() == []
        assert len([event for event in board.told if isinstance(event, AnnouncementPublished)]) == 2
        await second.close()

    async def test_a_greeting_is_said_between_the_times_of_its_notice_only(self, board: Board) -> None:
        begins = board.clock.now() + HOUR
        wanted = Wanted(Kind.GREETING, "新年好", begins, begins + HOUR, "new_year")
        made = await board.service.create(wanted, "lead")
        await until(lambda: "新年好" in board.tongue.said or board.service.refresh(), what="it is spoken")
        await board.service.refresh()
        seen = []
        for _ in range(3):
            seen.append((board.service.greeting(), board.service.state(await board.service.get(made.id))))
            await board.clock.advance(HOUR.total_seconds())
        assert seen == [(None, State.PLANNED), ("sound:新年好", State.LIVE), (None, State.OVER)]
        with pytest.raises(BadAnnouncement, match="known: new_year"):
            await board.service.create(replace(wanted, festival="birthday"), "lead")

    async def test_of_two_who_change_it_at_once_one_is_told_so(self, board: Board) -> None:
        made = await board.says("大风")
        await board.service.change(made.id, "lead", place=1)
        assert not await board.db.write(lambda c: store.save_next(c, replace(made, place=2, version=2)))
        assert (await board.service.get(made.id)).place == 1
        with pytest.raises(NoSuchAnnouncement):
            await board.service.change("none", "lead", on=False)
