"""What the customer system says to a caller who chose English: the same things, each in English."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.demo_data import load_demo
from core.bus import Bus
from core.clock import FakeClock
from core.db import Database
from core.journal import Journal
from desk.billing.service import BillService
from desk.customers.service import CustomerService
from desk.outages.service import OutageService
from ivr.desk import IvrDesk
from tests.databases import create_tables
from tests.desk.test_bill_speech import NOW, SEED, ZONE

pytestmark = pytest.mark.integration


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[IvrDesk]:
    """The menu's desk on the customers of the demo."""
    clock, db = FakeClock(NOW), Database(f"sqlite:///{tmp_path / 'desk.db'}")
    create_tables(db.engine)
    await load_demo(db, clock, ZONE)
    bills, outages = BillService(db, clock, ZONE, SEED), OutageService(db, Journal(db, Bus()), clock, ZONE)
    yield IvrDesk(CustomerService(db), bills, outages, clock=clock, zone=ZONE, policy=SEED)
    await db.close()


async def test_bill_usage_and_outage_of_an_account(desk: IvrDesk) -> None:
    told = await desk.by_account("3200000003", "en")
    assert told.language == "en"
    assert told.bills[0][0] == "In October you used one hundred and forty one kilowatt hours."
    assert told.details[0].usage[0] == told.bills[0][0]
    assert told.outages == (
        "The power at your address is off because of planned work on the grid.",
        "It should be back by the end of today.",
    )


async def test_all_that_a_number_with_two_accounts_hears_is_english_and_at_home_none_is(desk: IvrDesk) -> None:
    told, home = await desk.by_number("13800000005", "en"), await desk.by_number("13800000005")
    english = [*told.sentences(), *(text for each in told.details for text in each.usage)]
    assert all(re.fullmatch(r"[A-Za-z ,.:']+", text) for text in english)
    assert told.which[1] == "For account ending in zero zero zero six, press two."
    assert not any(re.search("[A-Za-z]", text) for text in home.sentences())
    assert home.language == ""
    assert [d.facts for d in told.details] == [d.facts for d in home.details], "facts are figures, not words"


async def test_who_is_not_known_is_nobody_in_english_too(desk: IvrDesk) -> None:
    for told in (await desk.by_number("13900000099", "en"), await desk.by_account("3299999999", "en")):
        assert (told.accounts, told.language) == ((), "en")
