"""Outage notices: what may be, what may follow, and what callers hear."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from desk.outages import model
from desk.outages.events import OutageChanged, OutageEnded, OutagePublished
from desk.outages.model import BadOutage, Kind, Outage, OutageClosed, Status
from desk.outages.speech import outage as spoken

pytestmark = pytest.mark.unit

ZONE = ZoneInfo("Asia/Shanghai")
MIDNIGHT = datetime(2026, 11, 22, tzinfo=ZONE)
NOW = MIDNIGHT + timedelta(hours=9)
NOTICE = Outage("o1", Kind.PLANNED, ("城东片区",), (), "线路检修", MIDNIGHT, MIDNIGHT + timedelta(days=1))


def test_the_outage_of_the_demo_is_said_with_area_time_kind_and_cause() -> None:
    told = spoken(NOTICE, NOW, ZONE, area="城东片区")
    assert told.text == "您所在的城东片区今天零点至二十四点计划停电，原因是线路检修，敬请谅解。"
    assert told.text == "".join(told.parts)


def test_a_notice_for_everybody_names_its_areas_and_for_accounts_the_address() -> None:
    two = replace(NOTICE, areas=("城东片区", "城西片区"))
    assert spoken(two, NOW, ZONE).text.startswith("城东片区、城西片区今天")
    many = replace(NOTICE, areas=tuple(f"{n}区" for n in "甲乙丙丁戊己"))
    assert spoken(many, NOW, ZONE).text.startswith("甲区、乙区、丙区、丁区、戊区等六个片区今天")
    named = replace(NOTICE, areas=(), accounts=("3200000001",))
    assert spoken(named, NOW, ZONE, area="城东片区").text.startswith("您的用电地址今天")


def test_an_announced_end_that_has_passed_is_told_as_passed() -> None:
    notice = replace(NOTICE, status=Status.PUBLISHED, ends=MIDNIGHT + timedelta(hours=14))
    before = MIDNIGHT + timedelta(hours=14, seconds=-1)
    assert spoken(notice, before, ZONE).text == "城东片区今天零点至十四点计划停电，原因是线路检修，敬请谅解。"
    now = MIDNIGHT + timedelta(hours=14)
    assert spoken(notice, now, ZONE, area="城东片区").text == (
        "您所在的城东片区计划停电，原因是线路检修，原预计今天十四点恢复供电，目前尚未收到恢复消息，仍在处理中，敬请谅解。"
    )
    night = replace(notice, ends=MIDNIGHT)
    assert "原预计昨天二十四点恢复供电" in spoken(night, MIDNIGHT + timedelta(hours=1), ZONE).text
    for status in (Status.DRAFT, Status.ENDED, Status.CANCELLED):
        assert "目前" not in spoken(replace(notice, status=status), now, ZONE).text


def test_times_are_said_in_the_zone_of_the_site() -> None:
    utc = replace(NOTICE, begins=MIDNIGHT.astimezone(ZoneInfo("UTC")), ends=NOTICE.ends.astimezone(ZoneInfo("UTC")))
    assert "今天零点至二十四点" in spoken(utc, NOW, ZONE).text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ends": MIDNIGHT}, "ends"),
        ({"ends": MIDNIGHT - timedelta(hours=1)}, "ends"),
        ({"begins": datetime(2026, 11, 22)}, "begins"),
        ({"areas": ()}, "areas"),
        ({"areas": ("城东片区", " ")}, "areas"),
        ({"cause": "  "}, "cause"),
        ({"cause": "长" * 201}, "cause"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadOutage) as refused:
        model.check(replace(NOTICE, **changes))
    assert refused.value.details["field"] == field


@pytest.mark.parametrize("before", list(Status))
@pytest.mark.parametrize("to", list(Status))
def test_only_the_moves_of_the_table_are_made(before: Status, to: Status) -> None:
    allowed = {("draft", "published"), ("draft", "cancelled"), ("published", "cancelled"), ("published", "ended")}
    notice = replace(NOTICE, status=before)
    if (before, to) in allowed:
        assert model.moved(notice, to).status is to
        return
    with pytest.raises(OutageClosed):
        model.moved(notice, to)


def test_a_change_that_changes_nothing_is_none() -> None:
    assert model.changed(NOTICE, {"cause": "线路检修"}) is NOTICE


def test_only_known_fields_change_and_only_while_the_notice_holds() -> None:
    with pytest.raises(BadOutage, match="status"):
        model.changed(NOTICE, {"status": "published"})
    with pytest.raises(OutageClosed):
        model.changed(replace(NOTICE, status=Status.ENDED), {"cause": "别的"})


def test_only_what_callers_may_have_heard_is_told() -> None:
    published = replace(NOTICE, status=Status.PUBLISHED)
    later = replace(published, ends=published.ends + timedelta(hours=1))
    assert model.told(None, NOTICE, MIDNIGHT) == []
    assert model.told(NOTICE, replace(NOTICE, status=Status.CANCELLED), MIDNIGHT) == []
    assert [type(e) for e in model.told(NOTICE, published, MIDNIGHT)] == [OutagePublished]
    [change] = model.told(published, later, MIDNIGHT)
    assert isinstance(change, OutageChanged)
    assert change.changed == ("ends",)
    [end] = model.told(published, replace(published, status=Status.ENDED), MIDNIGHT)
    assert isinstance(end, OutageEnded)
    assert end.cause == "restored"
