"""Every sentence about a bill can be put together from fragments, so that a caller never waits for the voice."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import policy
from desk.billing.model import Bill, Line, summary
from desk.billing.speech import bill as sentences
from speech.fragments import FragmentPack, carriers

pytestmark = pytest.mark.unit

SEED = policy.load("seed")
TODAY = date(2026, 11, 22)
MONEY = st.decimals("0.01", "99999.99", places=2)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> FragmentPack:
    folder = tmp_path_factory.mktemp("fragments")
    return FragmentPack(folder / "pack", carriers(), settings_key="none", cache=folder / "cache")


@given(
    amount=MONEY,
    usage=st.integers(1, 99_999).map(Decimal) | st.decimals("0.1", "999.9", places=1),
    price=st.decimals("0.3000", "1.9999", places=4),
    tier=st.sampled_from([None, 1, 2, 3]),
    month=st.integers(1, 12),
    # No carrier has 百天: a bill overdue for exactly 100, 200, 300 days waits for the voice.
    due_in=st.integers(-400, 38).filter(lambda days: days >= 0 or days % 100 != 0),
    paid=st.booleans(),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_sentence_about_a_bill_has_its_fragments(
    pack: FragmentPack, amount: Decimal, usage: Decimal, price: Decimal, tier: int, month: int, due_in: int, paid: bool
) -> None:
    lines = (Line(usage, price, amount, tier),)
    bill = Bill("3200000001", date(2026, month, 1), usage, amount, lines, TODAY + timedelta(days=due_in))
    told = summary(bill, [] if paid else [bill], None, TODAY, SEED)
    for sentence in sentences(told, TODAY, cut_off=True, policy=SEED):
        assert pack.clauses(sentence.text)


def test_a_caller_with_many_lines_is_told_from_fragments(pack: FragmentPack) -> None:
    lines = tuple(Line(Decimal(1), Decimal("0.5"), Decimal("0.50"), 1) for _ in range(9))
    bill = Bill("3200000001", date(2026, 10, 1), Decimal(9), Decimal("4.50"), lines, TODAY)
    for sentence in sentences(summary(bill, [], None, TODAY, SEED), TODAY, cut_off=False, policy=SEED):
        assert pack.clauses(sentence.text)
