"""Every sentence about a bill can be put together from fragments, so that a caller never waits for the voice."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import policy
from desk.billing.model import Bill, Line, Part, month_before, summary, usage_history
from desk.billing.speech import bill as sentences
from desk.billing.speech import usage, which
from desk.callbacks.speech import later, number_said, within
from desk.notifications.speech import sent
from desk.workorders.model import Kind, Report, Scope, State, WorkOrder
from desk.workorders.speech import progress
from speech.fragments import FragmentPack, carriers

pytestmark = pytest.mark.unit

SEED = policy.load("seed")
TODAY = date(2026, 11, 22)
MONEY = st.decimals("0.01", "99999.99", places=2)
USED = st.integers(0, 99_999).map(Decimal) | st.decimals("0.1", "999.9", places=1)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> FragmentPack:
    folder = tmp_path_factory.mktemp("fragments")
    return FragmentPack(folder / "pack", carriers(), settings_key="none", cache=folder / "cache")


@given(
    amount=MONEY,
    usage=USED,
    price=st.decimals("0.3000", "1.9999", places=4),
    tier=st.sampled_from([None, 1, 2, 3]),
    month=st.integers(1, 12),
    # No carrier has 百天: a bill overdue for exactly 100, 200, 300 days waits for the voice.
    due_in=st.integers(-400, 38).filter(lambda days: days >= 0 or days % 100 != 0),
    paid=st.booleans(),
    before=st.none() | st.tuples(USED, MONEY),
    part=st.sampled_from([None, *Part]),
    balance=st.none() | MONEY,
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_sentence_about_a_bill_has_its_fragments(
    pack: FragmentPack,
    amount: Decimal,
    usage: Decimal,
    price: Decimal,
    tier: int,
    month: int,
    due_in: int,
    paid: bool,
    before: tuple[Decimal, Decimal] | None,
    part: Part | None,
    balance: Decimal | None,
) -> None:
    lines = (Line(usage, price, amount, tier, part),)
    period, due = date(2026, month, 1), TODAY + timedelta(days=due_in)
    bill = Bill("3200000001", period, usage, amount, lines, due, estimated=True, balance=balance)
    former = Bill("3200000001", month_before(period), *before, (), due, due_at_noon(due)) if before else None
    told = summary(bill, [] if paid else [bill], former, TODAY, SEED)
    for sentence in sentences(told, TODAY, cut_off=True, policy=SEED):
        assert pack.clauses(sentence.text)


def due_at_noon(due: date) -> datetime:
    return datetime.combine(due, time(12), UTC)


@given(used=st.lists(USED, min_size=1, max_size=14), month=st.integers(1, 12), tier=st.sampled_from([None, 1, 2, 3]))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_sentence_about_usage_has_its_fragments(
    pack: FragmentPack, used: list[Decimal], month: int, tier: int | None
) -> None:
    period, bills = date(2026, month, 1), []
    for each in used:
        lines = (Line(each, Decimal("0.5"), Decimal(1), tier),)
        bills.append(Bill("3200000001", period, each, Decimal(1), lines, TODAY))
        period = month_before(period)
    history = usage_history(bills, 3)
    assert history is not None
    for sentence in usage(history, TODAY):
        assert pack.clauses(sentence.text)


@given(
    taken=st.datetimes(datetime(2026, 1, 1), datetime(2026, 11, 22)),
    urges=st.integers(0, 5),
    kind=st.sampled_from([Kind.FAULT, Kind.COMPLAINT]),
    state=st.sampled_from(State),
    serial=st.integers(0, 9999),
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_sentence_about_an_order_has_its_fragments(
    pack: FragmentPack, taken: datetime, urges: int, kind: Kind, state: State, serial: int
) -> None:
    at = taken.replace(tzinfo=UTC)
    report = Report("", kind, Scope.NONE, "", "", False, "", "", "", "")
    order = WorkOrder("", f"26112200{serial:04}", report, at, state, closed_at=at, urges=urges)
    for sentence in progress(order, order, TODAY, ZoneInfo("Asia/Shanghai")):
        assert pack.clauses(sentence.text)
    tail = f"3200{serial:04}"
    for sentence in (sent(tail), *which([tail, tail, tail])):
        assert pack.clauses(sentence.text)


@given(
    phone=st.from_regex(r"1[3-9][0-9]{9}|0[1-9][0-9]{8,10}", fullmatch=True),
    days=st.integers(0, 39),
    at=st.times(),
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_sentence_about_a_callback_has_its_fragments(pack: FragmentPack, phone: str, days: int, at: time) -> None:
    now = datetime.combine(TODAY, time(3))
    day, noon, evening = (datetime.combine(TODAY + timedelta(days), time(hour)) for hour in (8, 12, 18))
    told = later(datetime.combine(TODAY + timedelta(days), at), now)
    for sentence in (number_said(phone), told, within(day, noon, now), within(noon, evening, now)):
        assert pack.clauses(sentence.text)


def test_a_caller_with_many_lines_is_told_from_fragments(pack: FragmentPack) -> None:
    lines = tuple(Line(Decimal(1), Decimal("0.5"), Decimal("0.50"), 1) for _ in range(9))
    bill = Bill("3200000001", date(2026, 10, 1), Decimal(9), Decimal("4.50"), lines, TODAY)
    for sentence in sentences(summary(bill, [], None, TODAY, SEED), TODAY, cut_off=False, policy=SEED):
        assert pack.clauses(sentence.text)
