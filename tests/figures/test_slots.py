"""P30: half hours across midnight and changes of the clock, in zones that have them and in ours that has none."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figures.slots import HALF_HOUR, Slots

pytestmark = pytest.mark.unit

ZONES = ["Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"]
MOMENTS = st.datetimes(datetime(1985, 12, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Asia/Shanghai", date(2026, 11, 23), 24),
        ("Asia/Shanghai", date(1986, 5, 4), 23),  # China had summer time from 1986 to 1991
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),  # its midnight was left out
        ("America/Sao_Paulo", date(2019, 2, 16), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Pacific/Apia", date(2011, 12, 30), 0),  # a whole day was left out
    ],
)
def test_p30_a_day_has_the_half_hours_that_its_clock_shows(zone: str, day: date, hours: float) -> None:
    slots = Slots(ZoneInfo(zone))
    begin, end = slots.day(day)
    pieces = list(slots.split(begin, end))
    assert end - begin == timedelta(hours=hours)
    assert len(pieces) == hours * 2
    assert all(slot == first for slot, first, _ in pieces)
    assert {slot.astimezone(slots.zone).date() for slot, _, _ in pieces} <= {day}


def test_p30_an_hour_that_the_clock_shows_twice_is_two_hours() -> None:
    slots = Slots(ZoneInfo("Europe/Berlin"))
    first = datetime(2026, 10, 25, 0, 40, tzinfo=UTC)
    twice = [slots.of(first), slots.of(first + timedelta(hours=1))]
    assert [slot.astimezone(slots.zone).isoformat() for slot in twice] == [
        "2026-10-25T02:30:00+02:00",
        "2026-10-25T02:30:00+01:00",
    ]


def test_p30_a_half_hour_in_which_the_clock_is_changed_is_shorter() -> None:
    """Nepal went from +05:30 to +05:45 at the midnight in which 1986 began."""
    slots = Slots(ZoneInfo("Asia/Kathmandu"))
    begin, end = slots.day(date(1986, 1, 1))
    first, second, *_ = slots.split(begin, end)
    assert end - begin == timedelta(hours=23, minutes=45)
    assert begin.astimezone(slots.zone).isoformat() == "1986-01-01T00:15:00+05:45"
    assert first[2] - first[1] == timedelta(minutes=15)
    assert second[2] - second[1] == HALF_HOUR
    assert slots.of(begin + timedelta(minutes=14)) == begin
    assert slots.end(slots.of(begin - timedelta(minutes=1))) == begin


def test_p30_a_half_hour_that_the_clock_leaves_is_not_there() -> None:
    slots = Slots(ZoneInfo("Europe/Berlin"))
    begin, end = slots.day(date(2026, 3, 29))
    shown = {slot.astimezone(slots.zone).strftime("%H:%M") for slot, _, _ in slots.split(begin, end)}
    assert shown.isdisjoint({"02:00", "02:30"})


@settings(deadline=None)
@given(st.sampled_from(ZONES), MOMENTS, st.timedeltas(timedelta(), timedelta(days=3)))
def test_p30_a_span_is_split_without_a_gap_and_nothing_is_counted_twice(
    zone: str, begin: datetime, span: timedelta
) -> None:
    slots = Slots(ZoneInfo(zone))
    pieces = list(slots.split(begin, begin + span))
    assert sum((last - first for _, first, last in pieces), timedelta()) == span
    assert [first for _, first, _ in pieces[1:]] == [last for _, _, last in pieces[:-1]]
    for slot, first, last in pieces:
        assert slot <= first < last <= slots.end(slot)
        assert slots.end(slot) - slot <= HALF_HOUR
        assert slots.of(first) == slot == slots.of(last - timedelta(microseconds=1))
        shown = slot.astimezone(slots.zone)
        assert shown.minute % 30 == 0 or shown.utcoffset() != (slot - HALF_HOUR).astimezone(slots.zone).utcoffset()
