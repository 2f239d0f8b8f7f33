"""What an order number looks like, which states follow, which open fault explains a report, and the words."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from core.config import Site
from core.errors import BadInput
from desk.notifications import model as notes
from desk.notifications.model import Note, Patience
from desk.workorders import speech
from desk.workorders.model import MOVES, Kind, OrderClosed, Report, Scope, State, WorkOrder, main_of, moved, number
from speech.fragments import FragmentPack, carriers

pytestmark = pytest.mark.unit

AT = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
DAY = date(2026, 11, 22)
REPORT = Report(
    key="call-1:fault:3200000001",
    kind=Kind.FAULT,
    scope=Scope.HOME,
    call_id="call-1",
    caller="13800000001",
    caller_known=True,
    account="3200000001",
    customer_id="C0001",
    area="城西片区",
    address="人民路1号",
)
ORDER = WorkOrder("01A", "261122000001", REPORT, AT)
SITE = Site()


def order(key: str, account: str, scope: Scope, *, minutes: int = 0, area: str = "城西片区") -> WorkOrder:
    report = replace(REPORT, key=key, account=account, scope=scope, area=area)
    return WorkOrder(key, f"26112200000{key}", report, AT + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("serial", "digits", "expected"),
    [
        (1, 12, "261122000001"),
        (999_999, 12, "261122999999"),
        (1, 16, "2026112200000001"),
        (99_999_999, 16, "2026112299999999"),
    ],
)
def test_a_number_is_the_day_and_the_count(serial: int, digits: int, expected: str) -> None:
    assert number(DAY, serial, digits) == expected


@pytest.mark.parametrize(("serial", "digits"), [(0, 12), (1_000_000, 12), (100_000_000, 16), (1, 13)])
def test_a_number_that_cannot_be_is_refused(serial: int, digits: int) -> None:
    with pytest.raises(BadInput):
        number(DAY, serial, digits)


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("after", State)
def test_only_the_moves_of_the_table_are_made(before: State, after: State) -> None:
    thing = replace(ORDER, state=before)
    if after in MOVES[before]:
        assert moved(thing, after, AT).state is after
    else:
        with pytest.raises(OrderClosed):
            moved(thing, after, AT)


def test_a_closed_order_says_when_and_a_merged_one_into_which() -> None:
    merged = moved(ORDER, State.MERGED, AT, "01B")
    assert (merged.main_id, merged.closed_at) == ("01B", None)
    closed = moved(merged, State.CLOSED, AT)
    assert (closed.main_id, closed.closed_at) == ("01B", AT)


OWN = order("1", "3200000001", Scope.ROOM, minutes=5)
STREET = order("2", "3200000002", Scope.STREET, minutes=1)
LATER_STREET = order("3", "3200000003", Scope.STREET, minutes=2)
NEIGHBOUR = order("4", "3200000004", Scope.HOME)
ELSEWHERE = order("5", "3200000005", Scope.STREET, area="城东片区")


@pytest.mark.parametrize(
    ("open_faults", "scope", "expected"),
    [
        ([], Scope.HOME, None),
        ([NEIGHBOUR], Scope.HOME, None),
        ([ELSEWHERE], Scope.STREET, None),
        ([OWN], Scope.HOME, OWN),
        ([STREET, OWN], Scope.HOME, OWN),
        ([LATER_STREET, STREET, NEIGHBOUR], Scope.HOME, STREET),
        ([LATER_STREET, STREET], Scope.STREET, STREET),
        ([STREET], Scope.ROOM, None),
        ([OWN, STREET], Scope.ROOM, OWN),
        ([replace(OWN, state=State.MERGED)], Scope.HOME, None),
        ([replace(OWN, report=replace(OWN.report, kind=Kind.COMPLAINT))], Scope.HOME, None),
    ],
)
def test_the_main_order_is_the_own_one_or_the_first_of_the_street(
    open_faults: list[WorkOrder], scope: Scope, expected: WorkOrder | None
) -> None:
    assert main_of(open_faults, "3200000001", "城西片区", scope) == expected


def test_where_no_area_is_known_no_street_is_the_same() -> None:
    nowhere = order("6", "3200000006", Scope.STREET, area="")
    assert main_of([nowhere], "3200000001", "", Scope.HOME) is None


# --- words ------------------------------------------------------------------------------------------------


def test_a_number_is_read_digit_by_digit_in_fours() -> None:
    assert speech.number_said("261122000001").text == "您的报修工单号是二六幺幺，二二零零，零零零幺。"


def test_the_caller_hears_whether_the_own_home_or_the_street_was_reported() -> None:
    number_said = "工单号是二六幺幺，二二零零，零零零幺，正在处理。"
    assert speech.known(ORDER, "3200000001").text == "您的户号已经报修，" + number_said
    assert speech.known(ORDER, "3200000009").text == "您所在的街道已经报修，" + number_said


def test_the_note_holds_the_number_and_nothing_personal() -> None:
    text = speech.message(ORDER, SITE)
    assert text == "【供电服务热线】您的故障报修已受理，工单号261122000001。查询进度请拨打95598。"
    assert "合并" in speech.message(replace(ORDER, main_id="01B"), SITE)
    other = speech.message(replace(ORDER, report=replace(REPORT, kind=Kind.ENQUIRY)), SITE)
    assert other == "【供电服务热线】您的诉求已受理，工单号261122000001。查询进度请拨打95598。", "a message is no fault"
    for personal in (REPORT.account, REPORT.caller, REPORT.address):
        assert personal not in text


@pytest.mark.parametrize("digits", ["261122000001", "261231987654", "2026112200000013"])
def test_every_sentence_about_an_order_has_its_fragments(tmp_path: Path, digits: str) -> None:
    pack = FragmentPack(tmp_path / "pack", carriers(), settings_key="none", cache=tmp_path / "cache")
    assert pack.clauses(speech.number_said(digits).text)
    for account in ("3200000001", "3200000009"):
        assert pack.clauses(speech.known(replace(ORDER, number=digits), account).text)


# --- notes ------------------------------------------------------------------------------------------------

NOTE = Note("n1", "13800000001", "text", about="01A", created_at=AT)
PATIENCE = Patience(4, timedelta(seconds=10), timedelta(seconds=25))


def test_a_note_waits_twice_as_long_after_each_failure_and_is_given_up_in_the_end() -> None:
    tried = [NOTE]
    for _ in range(4):
        tried.append(notes.missed(tried[-1], AT, PATIENCE))
    assert [one.due_at and (one.due_at - AT).seconds for one in tried] == [None, 10, 20, 25, None]
    assert [one.state for one in tried] == [notes.State.WAITING] * 4 + [notes.State.FAILED]
    assert tried[-1].tries == 4


def test_a_sent_note_says_when_and_after_how_many_tries() -> None:
    after = notes.sent(notes.missed(NOTE, AT, PATIENCE), AT)
    assert (after.state, after.tries, after.sent_at, after.due_at) == (notes.State.SENT, 2, AT, None)
