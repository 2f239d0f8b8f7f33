"""A bill on paper: what is still open of it, causes once, long names and many meters over several pages."""

from datetime import date

import pytest

from core import policy
from desk.billing import arrears, explanation, paper
from desk.billing.booking import Booked, Booking, BookingKind
from desk.billing.explanation import Records
from desk.billing.model import Bill
from desk.billing.reckoning import reckon_bill
from desk.billing.supply import Adjustment
from desk.billing.tariff_file import book
from tests.desk.supplies import D, home, meter, point, supply

pytestmark = pytest.mark.unit

TODAY = date(2023, 11, 10)
OCTOBER = date(2023, 10, 1)
SEED = policy.load("seed")


def test_the_cause_of_an_adjustment_is_no_source() -> None:
    """It stands beside its amount already."""
    bill = reckon_bill(home(100, period=OCTOBER, adjustments=(Adjustment(D("-5"), "接线错误"),)), book("demo"))
    assert "接线错误" not in paper.sources(bill, "zh-CN")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_what_was_booked_stands_with_number_and_cause_and_what_is_open_last(language: paper.Language) -> None:
    entry = Booking("JF-1", "4400001001", BookingKind.PAYMENT, date(2023, 11, 5), D(20))
    less = Booking("TB-1", "4400001001", BookingKind.ADJUSTMENT, date(2023, 11, 6), D(-1), OCTOBER, "读错")
    booked = (Booked(entry.day, D(-20), D(0), entry), Booked(less.day, D(-1), D(0), less))
    issued = Bill("4400001001", OCTOBER, D(100), D("54.69"), (), date(2023, 10, 31), booked=booked)
    found = explanation.explain(
        Records({OCTOBER: home(100, period=OCTOBER)}, {OCTOBER: issued}), OCTOBER, TODAY, SEED, "demo"
    )
    assert found is not None
    assert isinstance(found.owed, arrears.Owed)
    rows = paper.still_open(found.owed, language)
    assert [tuple(cells[1:]) for cells in rows] == [
        ("", "54.69"),
        ("JF-1", "-20.00"),
        ("TB-1 读错", "-1.00"),
        ("", "1.00"),
        ("", "34.69"),
    ]
    assert paper.pdf(found, site="演示供电公司", language=language, today=TODAY).startswith(b"%PDF-")


def test_many_meters_and_long_words_take_more_pages() -> None:
    points = [point("business", meter(9_999, name="M" * 32))]
    points += [point("business", meter(10, name=f"S{n:02d}"), parents=(points[0].id,)) for n in range(40)]
    long = supply(*points, period=OCTOBER, adjustments=(Adjustment(D("-5"), "因电能表接线错误造成多计电量" * 12),))
    found = explanation.explain(Records({OCTOBER: long}, {}), OCTOBER, TODAY, SEED, "demo")
    assert found is not None
    made = paper.pdf(found, site="某某省电力有限公司某某市供电分公司" * 4, language="zh-CN", today=TODAY)
    assert made.count(b"/Type /Page\n") == 3
