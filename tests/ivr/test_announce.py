"""What a caller hears of announcements before the menu, and of festivals in the greeting."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import OperationalError

from desk.announcements.model import Announcement, Kind
from desk.announcements.service import Spoken
from ivr.call import CustomerAnswers
from ivr.flow import Flow
from tests.ivr.caller import Caller

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Told:
    """Announcements in memory: one for everybody, one for an area, and a greeting."""

    def __init__(self, *, everybody: str = "", area: str = "", greeting: str | None = None) -> None:
        self._everybody, self._area, self._greeting = everybody, area, greeting

    def greeting(self) -> str | None:
        return f"sound:{self._greeting}" if self._greeting else None

    def by_area(self) -> bool:
        return bool(self._area)

    def current(self, areas: Collection[str]) -> list[Spoken]:
        texts = [self._everybody, self._area if "城东片区" in areas else ""]
        return [Spoken(Announcement(text, Kind.EMERGENCY, text, NOW), f"sound:{text}") for text in texts if text]


async def heard(caller: Caller, flow: Flow, told: Told) -> list[str]:
    """Let somebody of 城东片区 call until the menu, and return what was heard."""
    caller.services = replace(caller.services, announcements=told)
    caller.books.numbers["13800000001"] = CustomerAnswers("k1", ("3200000001",), areas=("城东片区",))
    caller.line.leaves_after = "menu"
    await caller.serve(flow, await caller.arrives())
    return caller.line.heard


async def test_announcements_come_between_greeting_and_menu_in_order(caller: Caller, shipped: Flow) -> None:
    told = Told(everybody="大风", area="城东抢修", greeting="新年好")
    assert await heard(caller, shipped, told) == ["新年好", "大风", "城东抢修", "menu"]
    (event,) = [e for e in await caller.story() if type(e).__name__ == "AnnouncementsHeard"]
    assert getattr(event, "announcement_ids") == ("大风", "城东抢修")  # noqa: B009


async def test_without_any_nothing_is_said_and_nothing_is_told(caller: Caller, shipped: Flow) -> None:
    assert await heard(caller, shipped, Told()) == ["greeting_morning", "menu"]
    assert "AnnouncementsHeard" not in await caller.names()


async def test_a_customer_system_that_is_down_costs_only_what_is_for_an_area(caller: Caller, shipped: Flow) -> None:
    caller.books.broken = OperationalError("", None, Exception())
    assert (await heard(caller, shipped, Told(everybody="大风", area="城东抢修")))[:2] == ["greeting_morning", "大风"]


async def test_a_customer_system_that_hangs_costs_only_what_is_for_an_area(caller: Caller, shipped: Flow) -> None:
    caller.books.hangs = True
    assert (await heard(caller, shipped, Told(everybody="大风", area="城东抢修")))[:2] == ["greeting_morning", "大风"]


async def test_a_key_pressed_before_it_does_not_spare_it_and_counts_for_the_menu(caller: Caller, shipped: Flow) -> None:
    caller.services = replace(caller.services, announcements=Told(everybody="大风"))
    caller.line.presses({"greeting_morning": ["!3"]})
    caller.line.leaves_after = "account_ask"
    await caller.serve(shipped, await caller.arrives())
    assert caller.line.heard == ["greeting_morning", "大风", "account_ask"]
