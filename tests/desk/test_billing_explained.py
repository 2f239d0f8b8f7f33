"""How a bill is told: tree, text message, speech, causes, what-if, anomalies."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import policy
from desk.billing import english as bill_english
from desk.billing import explained, explained_speech, steps, what_if
from desk.billing.anomalies import History, Oddity, anomalies
from desk.billing.comparison import OTHERS, compare
from desk.billing.model import Bill, Line, summary
from desk.billing.reckoning import Reckoned, reckon_bill
from desk.billing.speech import causes
from desk.billing.step_words import WORDS, plain
from desk.billing.supply import (
    Adjustment,
    Basic,
    BasicKind,
    BillRefused,
    Capacity,
    Meter,
    Point,
    Register,
    Supply,
)
from desk.billing.tariff_file import book
from speech.fragments import FragmentPack, carriers
from tests.desk.supplies import D, dial, home, meter, point, supply, walk
from tests.desk.test_billing_laws import businesses

pytestmark = pytest.mark.unit

DEMO = book("demo")
SEED = policy.load("seed")
SEPTEMBER = date(2023, 9, 1)
JUMPED = {"used_before": D(4400)}


def industry(peak: int = 3000, valley: int = 2000, reactive: int = 9000, demand: int = 300) -> Supply:
    of = meter(
        10_000,
        dial(Register.PEAK, 0, peak),
        dial(Register.VALLEY, 0, valley),
        dial(Register.REACTIVE, 0, reactive),
        dial(Register.DEMAND, 0, demand),
    )
    basic = Basic(BasicKind.CAPACITY, (Capacity(D(630)),), contract=D(400))
    return supply(point("business_two_part", of), basic=basic, power_factor=D("0.90"))


def reckoned(one: Supply) -> Reckoned:
    return reckon_bill(one, DEMO)


@settings(deadline=None)
@given(businesses())
def test_every_step_has_words_and_shared_steps_are_shown_once(one: Supply) -> None:
    bill = reckoned(one)
    for language in ("zh-CN", "en"):
        rows = list(explained.tree(bill, language))  # type: ignore[arg-type]
        shown = [row.number for row in rows if not row.again]
        assert len(shown) == len(set(shown)) == len({id(step) for step in walk(bill.amount)})
        assert all(row.name and row.value for row in rows)
        assert explained.text(bill, language)  # type: ignore[arg-type]


def test_the_tree_shows_formula_rounding_and_source() -> None:
    text = explained.text(reckoned(home(420, **JUMPED)), "en")
    assert "Energy in the tier, tier 2: min(4820, 5760) − max(4400, 4320) = 420 kWh" in text
    assert "Energy, tier 2: 420 × 0.5969 = 250.70 yuan  [to 0.01, half up]" in text
    assert "This reading, M1: 420" in text
    chinese = explained.text(reckoned(home(420, **JUMPED)), "zh-CN")
    assert "第2档本档电量: 取小(4820, 5760) − 取大(4400, 4320) = 420 度" in chinese
    assert "End of the tier, tier 1: 360 × 12 = 4320 kWh" in text


def test_a_text_message_names_lines_and_causes_and_nobody() -> None:
    before, now = reckoned(home(300, period=SEPTEMBER, used_before=D(4100))), reckoned(home(420, **JUMPED))
    text = explained.message(now, compare(before, now))
    assert text == (
        "尾号1001的户号，2023年10月用电420度，电费250.70元：第2档420度×0.5969=250.70元。"
        "比上期多82.63元，其中用电量变化+60.16元，阶梯变化+17.00元。"
    )


def test_a_customer_with_two_bills_in_hand_reckons_the_change_that_was_told() -> None:
    before, now = reckoned(home(300, period=SEPTEMBER, used_before=D(4100))), reckoned(home(420, **JUMPED))
    fees = compare(before, now, (D(0), D(90)))
    assert fees.change.value == D("172.63"), "the agent sees the late fee as a cause"
    assert "比上期多82.63元，其中用电量变化+60.16元，阶梯变化+17.00元。" in explained.message(now, fees)
    told = [one.text for one in explained_speech.bill(now, fees)]
    assert "比上期多八十二元六角三分。" in told
    assert not [one for one in told if "违约金" in one]
    assert not [one for one in explained_speech.english(now, fees) if "Late fee" in one.text]


def test_speech_tells_lines_and_causes() -> None:
    before, now = reckoned(home(300, period=SEPTEMBER, used_before=D(4100))), reckoned(home(420, **JUMPED))
    told = [one.text for one in explained_speech.bill(now, compare(before, now))]
    assert told == [
        "您二零二三年十月用电四百二十度，本期电费二百五十元七角。",
        "其中第二档四百二十度，每度零点五九六九元，计二百五十元七角。",
        "比上期多八十二元六角三分。",
        "因为用电量变化，多六十元一角六分。",
        "因为阶梯变化，多十七元。",
    ]
    english = " ".join(one.text for one in explained_speech.english(now, compare(before, now)))
    assert "tier two: two hundred and fifty point seven zero yuan" in english


def test_a_long_bill_is_told_by_its_largest_lines() -> None:
    told = [one.text for one in explained_speech.bill(reckoned(industry()))]
    assert told[1].startswith("电费共五项")
    assert told[2].startswith("基本电费")
    assert len(told) == 4


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> FragmentPack:
    folder = tmp_path_factory.mktemp("fragments")
    return FragmentPack(folder / "pack", carriers(), settings_key="none", cache=folder / "cache")


@settings(deadline=None)
@given(st.integers(0, 6000), st.integers(0, 3000), st.integers(0, 3000))
def test_the_causes_that_the_menu_tells_need_no_voice(pack: FragmentPack, before: int, one: int, other: int) -> None:
    bills = [reckoned(home(kwh, used_before=D(before))) for kwh in (one, other)]
    tier = max(int(line.of) for line in bills[1].lines)
    issued = Bill("4400001001", SEPTEMBER, D(other), D(1), (Line(D(1), D(1), D(1), tier),), SEPTEMBER)
    told = summary(issued, [], None, SEPTEMBER, SEED, compare(*bills).causes)
    for sentence in causes(told):
        assert pack.clauses(sentence.text)


def test_the_menu_tells_another_tier_beside_more_use() -> None:
    bills = [reckoned(home(kwh, used_before=D(before))) for kwh, before in ((300, 4000), (420, 4330))]
    issued = Bill("4400001001", SEPTEMBER, D(420), D(1), (Line(D(1), D(1), D(1), 2),), SEPTEMBER)
    told = summary(issued, [], None, SEPTEMBER, SEED, compare(*bills).causes)
    assert [one.text for one in causes(told)] == [
        "原因是用电增加，电费多六十五元六角三分。",
        "原因是第二档电价，电费多二十一元。",
    ]
    more = summary(issued, [], None, SEPTEMBER, SEED, compare(reckoned(home(10)), reckoned(home(20))).causes)
    assert [one.text for one in causes(more)] == ["电价没有变，原因是用电增加。"]
    less = compare(reckoned(home(20)), reckoned(home(20, until=date(2023, 10, 15))))
    assert causes(summary(issued, [], None, SEPTEMBER, SEED, less.causes)) == [], "fewer days, more a day: the same"


def test_every_cause_of_a_factory_has_words_in_both_languages(pack: FragmentPack) -> None:
    for key in (*OTHERS, "compare.kwh", "compare.days", "compare.hours", "compare.price", "compare.tier"):
        step = steps.given(key, D("12.34"), "yuan")
        other = steps.given("compare.price" if key != "compare.price" else "compare.tier", D(1), "yuan")
        issued = Bill("4400001001", SEPTEMBER, D(420), D(1), (Line(D(1), D(1), D(1), 2),), SEPTEMBER)
        told = summary(issued, [], None, SEPTEMBER, SEED, (step, other))
        first = causes(told)[0]
        assert first.parts[0] == "原因是"
        assert pack.clauses(first.text)
        english = [one.text for one in bill_english.bill(told, SEPTEMBER, cut_off=False, policy=SEED)]
        assert any("twelve point three four yuan more." in one and one.startswith("Because") for one in english)


@settings(deadline=None)
@given(businesses(), businesses(), st.decimals(0, 99, places=2))
def test_causes_sum_to_the_change_and_come_by_size(one: Supply, other: Supply, fee: Decimal) -> None:
    before, now = reckoned(one), reckoned(replace(other, until=date(2023, 11, 5)))
    found = compare(before, now, (D(0), fee))
    assert found.change.value == now.amount.value + fee - before.amount.value
    assert sum(cause.value for cause in found.causes) == found.change.value
    sizes = [abs(cause.value) for cause in found.causes if cause.key != "compare.rounding"]
    assert sizes == sorted(sizes, reverse=True)
    assert all(abs(cause.value) <= D("0.15") for cause in found.causes if cause.key == "compare.rounding")
    assert explained.causes(found, "zh-CN")


def keys(before: Supply, now: Supply) -> list[str]:
    return [cause.key for cause in compare(reckoned(before), reckoned(now)).causes]


def test_each_cause_is_named() -> None:
    base = home(300, period=date(2023, 8, 1))
    august = {"period": date(2023, 8, 1)}
    assert keys(base, home(400, **august)) == ["compare.kwh"]
    assert keys(base, home(300, used_before=D(4320), **august)) == ["compare.tier"]
    assert keys(base, home(300, "residential_tou", **august)) == []
    assert keys(base, replace(base, until=date(2023, 9, 5))) == ["compare.days", "compare.kwh"]
    assert keys(home(300, "agriculture", period=date(2023, 5, 1)), home(300, "agriculture", **august)) == [
        "compare.price"
    ]
    assert keys(industry(), industry(reactive=3000)) == ["compare.power_factor"]
    assert keys(industry(peak=3000), industry(peak=2000))[0] == "compare.hours"
    assert "compare.basic" in keys(
        industry(), replace(industry(), basic=Basic(BasicKind.CAPACITY, (Capacity(D(800)),)))
    )
    assert keys(base, replace(base, adjustments=(Adjustment(D(5), "更正"),))) == ["compare.adjustment"]


def test_what_another_contract_would_cost_in_a_year() -> None:
    found = what_if.effect([industry()], what_if.contract(D(400)), DEMO)
    assert found.after < found.before
    assert found.yearly == found.difference * 12
    assert found.bills[0].of("charge.basic") == 400 * 42
    with pytest.raises(BillRefused, match=r"not between 252\.0 and 567\.0 kW"):
        what_if.effect([industry()], what_if.contract(D(100)), DEMO)


def test_what_a_better_power_factor_would_save() -> None:
    found = what_if.effect([industry()], what_if.power_factor(D("0.95"), DEMO), DEMO)
    factor = found.bills[0].power_factor
    assert factor is not None
    assert factor.value == D("0.95")
    assert found.yearly < 0
    assert what_if.effect([industry(reactive=0)], what_if.power_factor(D("0.95"), DEMO), DEMO).difference == 0


def test_what_moving_load_to_the_valley_would_save() -> None:
    found = what_if.effect([industry()], what_if.moved(D("0.5")), DEMO)
    assert found.bills[0].used.value == reckoned(industry()).used.value
    saved = 1500 * D("0.5502") * (D("1.5") - D("0.5"))
    rate = next(one.value for one in walk(found.bills[0].amount) if one.key == "power_factor.rate")
    assert abs(found.difference + saved * (1 + rate / 100)) < D("0.05")
    with pytest.raises(BillRefused, match="no meter of it has registers"):
        what_if.effect([home(100)], what_if.moved(D("0.5")), DEMO)


def test_capacity_and_demand_are_compared() -> None:
    measured = what_if.effect([industry()], what_if.basic_by(BasicKind.MEASURED_DEMAND), DEMO)
    assert measured.bills[0].of("charge.basic") == 300 * 42
    with pytest.raises(BillRefused, match="no basic charge"):
        what_if.effect([home(100)], what_if.basic_by(BasicKind.CAPACITY), DEMO)


def test_a_reading_that_does_not_begin_where_the_last_ended_is_odd() -> None:
    def month(period: date, *dials: tuple[int, int], removed: Meter | None = None) -> Supply:
        ((before, after),) = dials
        of = Meter("M1", (dial(Register.TOTAL, before, after),), D(1), D(1), removed=removed)
        return supply(Point("P", "residential", meter=of), period=period)

    september = month(SEPTEMBER, (0, 200))
    october = date(2023, 10, 1)
    old = Meter("M0", (dial(Register.TOTAL, 200, 250),), D(1), D(1))
    following = History({}, before=september)
    assert odd(month(october, (200, 400)), following) == []
    assert odd(month(october, (190, 400)), following) == [Oddity.OTHER_BEGIN]
    assert odd(month(october, (0, 150), removed=old), following) == [], "the old meter goes on, the new one begins"
    late = replace(month(october, (200, 400)), since=date(2023, 10, 3))
    assert odd(late, following) == [Oddity.OTHER_BEGIN]


def odd(one: Supply, history: History | None = None) -> list[Oddity]:
    try:
        bill = reckoned(one)
    except BillRefused:
        bill = None
    return [found.kind for found in anomalies(one, bill, history or History({}), SEED, D(315))]


def test_what_is_odd_is_marked_with_a_question() -> None:
    usual = History({date(2023, month, 1): D(200) for month in range(1, 10)})
    assert odd(home(210), usual) == []
    assert odd(home(401), usual) == [Oddity.JUMP]
    more = anomalies(home(401), reckoned(home(401)), usual, SEED, D(315))
    assert explained.odd(more, "zh-CN")[0].startswith("用电突增 (本期每月401度，平常每月约200度): ")
    assert explained.odd(more, "en")[0].startswith("Much more than usual (401 kWh a month, usually about 200 kWh): ")
    assert odd(home(59), usual) == [Oddity.DROP]
    assert odd(home(0), usual) == [Oddity.ZERO]
    assert odd(replace(home(210), estimated=True), usual) == [Oddity.ESTIMATED]
    gap = History({date(2023, month, 1): D(200) for month in range(1, 8)})
    assert odd(home(210), gap) == [Oddity.MISSING_PERIOD]
    assert odd(home(210, months=3), gap)[:1] != [Oddity.MISSING_PERIOD]
    assert odd(industry(), History({}, D("0.95"))) == [Oddity.POWER_FACTOR]
    small = replace(industry(), basic=Basic(BasicKind.CAPACITY, (Capacity(D(250)),)))
    assert odd(small) == [Oddity.SMALL_CAPACITY]


def test_a_register_that_fell_is_marked_even_when_the_bill_is_refused() -> None:
    def reads(before: int, after: int, digits: int | None) -> Supply:
        return supply(point("residential", Meter("M1", (dial(Register.TOTAL, before, after),), D(1), D(1), digits)))

    assert odd(reads(500, 400, None)) == [Oddity.BELOW_LAST]
    assert odd(reads(500, 400, 5)) == [Oddity.BELOW_LAST], "a whole round of the meter is not believed"
    assert odd(reads(99_990, 10, 5)) == []
    found = anomalies(reads(500, 400, None), None, History({}), SEED, D(315))
    assert explained.odd(found, "zh-CN")[0].startswith("示数比上期小 M1 (总：500 → 400): ")
    assert explained.odd(found, "en")[0].startswith("Reading below the last M1 (total: 500 → 400): ")
    assert "表号" in found[0].question("zh-CN")
    assert "number on the meter" in found[0].question("en")


def test_words_are_in_both_languages_and_numbers_are_plain() -> None:
    assert all(chinese and english for chinese, english in WORDS.values())
    assert [plain(D(text)) for text in ("1E+3", "0.500", "12", "-3.10", "0.123456789")] == [
        "1000",
        "0.5",
        "12",
        "-3.1",
        "0.12345679",
    ]
