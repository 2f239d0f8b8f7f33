"""Bad input: refused with account, meter, period and cure in both languages, and the rest of a batch goes on."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from desk.billing.explanation import book_of
from desk.billing.reckoning import Reckoned, reckon_all, reckon_bill
from desk.billing.refusals import FAULTS, halves, named
from desk.billing.supply import (
    Adjustment,
    Basic,
    BasicKind,
    BillRefused,
    Capacity,
    Change,
    Kind,
    Meter,
    Point,
    Register,
    Supply,
)
from desk.billing.tariff_file import book
from tests.desk.supplies import D, dial, home, meter, point, supply

pytestmark = pytest.mark.unit

DEMO = book("demo")


def sub(name: str, *parents: str, kwh: int = 10) -> Point:
    return point("business", meter(kwh, name=name), parents=parents)


def main(kwh: int = 1000, name: str = "M1") -> Point:
    return point("business", meter(kwh, name=name))


def one(*points: Point, **more: object) -> Supply:
    return supply(*points, **more)


def reads(before: int | str, after: int | str, digits: int | None = None) -> Supply:
    of = Meter("M1", (dial(Register.TOTAL, before, after),), D(1), D(1), digits)
    return supply(point("residential", of))


CASES = {
    "circle": (one(main(), sub("A", "B"), sub("B", "A")), "A", "form a circle: A → B → A"),
    "itself": (one(main(), sub("A", "A")), "A", "circle"),
    "three parents": (one(main(), main(name="M2"), main(name="M3"), sub("A", "M1", "M2", "M3")), "A", "3 parents"),
    "five levels": (
        one(main(), sub("A", "M1"), sub("B", "A"), sub("C", "B"), sub("D", "C")),
        "D",
        "level 5 of sub-meters",
    ),
    "unknown parent": (one(main(), sub("A", "M9")), "A", "M9"),
    "too much below": (one(main(100), sub("A", "M1", kwh=101)), "A", "1 more than its parents have left"),
    "reading behind a ratio": (
        one(main(), Point("R", "business", Kind.RATIO, quantity=D("0.1"), parents=("M1",)), sub("A", "R")),
        "A",
        "known only later",
    ),
    "fell without digits": (reads(500, 400), "M1", "less than the last 500"),
    "negative": (reads(-5, 10), "M1", "reads -5"),
    "negative rollover": (reads(100_500, 20, 5), "M1", "more than 5 digits can show"),
    "parts above the total": (
        supply(point("residential_tou", meter(100, dial(Register.PEAK, 0, 80), dial(Register.VALLEY, 0, 30)))),
        "M1",
        "the parts of the day come to 110 kWh, the total to 100",
    ),
    "no multiplier": (
        supply(point("residential", Meter("M1", (dial(Register.TOTAL, 0, 10),)))),
        "M1",
        "multiplier is missing",
    ),
    "no total": (
        supply(point("residential", Meter("M1", (dial(Register.PEAK, 0, 10),), D(1), D(1)))),
        "M1",
        "no reading of the total",
    ),
    "no reading": (one(Point("M1", "business")), "M1", "no reading"),
    "change in the total of a meter by the hour": (
        supply(Point("M1", "business", meter=meter(100, dial(Register.PEAK, 0, 10)), changes=(Change(D(5), "换表"),))),
        "M1",
        "put in total",
    ),
    "change in a part of a plain meter": (
        supply(Point("M1", "business", meter=meter(100), changes=(Change(D(5), "x", Register.PEAK),))),
        "M1",
        "put in peak",
    ),
    "unknown tariff": (home(10, "nothing"), "", "no tariff 'nothing'"),
    "no day": (replace(home(10), until=date(2023, 10, 1)), "", "ends on 2023-10-01"),
    "gap in the tariff": (home(10, period=date(2019, 12, 1)), "", "has no version for 2019-12-01"),
    "no cause": (home(10, adjustments=(Adjustment(D(5), " "),)), "", "has no cause"),
    "no reactive": (one(main(), power_factor=D("0.85")), "", "no reactive energy was read"),
    "unknown standard": (
        one(point("business", meter(9, dial(Register.REACTIVE, 0, 1))), power_factor=D("0.7")),
        "",
        "no power factor standard 0.7",
    ),
    "contract too low": (
        one(
            point("business_two_part", meter(9, dial(Register.DEMAND, 0, 5))),
            basic=Basic(BasicKind.CONTRACT_DEMAND, (Capacity(D(6300)),), contract=D(2519)),
        ),
        "",
        "not between 2520.0 and 5670.0 kW",
    ),
    "no demand": (
        one(main(), basic=Basic(BasicKind.MEASURED_DEMAND, (Capacity(D(630)),))),
        "",
        "no price of demand",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_reckoned_is_refused_with_account_meter_period_and_cure(name: str) -> None:
    bad, where, what = CASES[name]
    with pytest.raises(BillRefused) as caught:
        reckon_bill(bad, DEMO)
    error = caught.value
    assert what in error.message
    assert error.message.startswith(f"account {bad.account}, ")
    assert f"{bad.period:%Y-%m}: " in error.message
    assert error.details["meter"] == where
    assert error.details["cure"]
    assert error.message.endswith(error.details["cure"])
    assert error.told("en") == error.message
    in_chinese = error.told("zh-CN")
    meter = f"，计量点{where}" if where else ""
    assert in_chinese.startswith(f"户号{bad.account}{meter}，账期{bad.period:%Y-%m}：")
    assert in_chinese == error.put_in("zh-CN").message
    assert all(value in in_chinese or value in CHINESE for value in error.details["fields"].values())
    assert not any(f"“{word}”" in in_chinese for word in CHINESE), "registers and kinds have Chinese names"


CHINESE = {*Register, *Kind, "actual", "zero", "half", "full", "formula", "simple", "agreed"}
"""What programs and files write in English and people read in Chinese."""
ROOT = Path(__file__).parents[2]


def raised() -> Iterator[tuple[str, frozenset[str], str]]:
    """Each place that refuses a bill: the fault, the names of the fields that it gives, and where it stands."""
    for file in sorted((*ROOT.glob("desk/**/*.py"), *ROOT.glob("app/*.py"), *ROOT.glob("web/*.py"))):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Unusable", "BillRefused.of"):
                fault, place = node.args[0], f"{file.relative_to(ROOT)}:{node.lineno}"
                if ast.unparse(fault) == "self.fault":
                    continue
                assert isinstance(fault, ast.Constant), f"{place}: the fault is a name that is written there"
                yield fault.value, frozenset(str(one.arg) for one in node.keywords), place


def test_each_fault_is_in_the_table_and_each_place_gives_what_it_names() -> None:
    used = list(raised())
    assert {fault for fault, _, _ in used} == set(FAULTS)
    for fault, given, place in used:
        assert given == named(fault, "en") == named(fault, "zh-CN"), f"{place}: {fault}"


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_tells_what_is_wrong_and_how_to_mend_it_in_both_languages(fault: str) -> None:
    for what, cure in (halves(fault, "zh-CN"), halves(fault, "en")):
        assert what
        assert cure
    refused = BillRefused.of(fault, "4400001001", "2026-10", "M1", dict.fromkeys(named(fault, "en"), "7"))
    for said in (refused.told("zh-CN"), refused.told("en")):
        assert not set("{}") & set(said)
    assert refused.told("zh-CN").endswith("。")
    assert re.search("[\u4e00-\u9fff]", refused.message) is None


def test_the_reference_lists_each_fault() -> None:
    listed = (ROOT / "docs" / "reference" / "billing.md").read_text(encoding="utf-8").splitlines()
    wanted = [f"| `{fault}` | {chinese} | {english} |" for fault, (chinese, english) in FAULTS.items()]
    assert [row for row in listed if row.startswith("| `") and row in wanted] == wanted, "\n".join(wanted)


@pytest.mark.parametrize(
    ("region", "fault", "said"),
    [
        ("../etc", "region_name", "“../etc”不是地区的名称"),
        ("atlantis", "region_unknown", "没有地区“atlantis”的电价"),
        ("none.yaml", "region_unusable", "none.yaml"),
    ],
)
def test_a_region_without_tariffs_is_told_in_both_languages(region: str, fault: str, said: str) -> None:
    with pytest.raises(BillRefused, match="correct the region of the account") as caught:
        book_of(replace(home(10), region=region), "national")
    assert caught.value.details["fault"] == fault
    assert said in caught.value.told("zh-CN")


def test_the_rest_of_a_batch_goes_on() -> None:
    batch = [home(100), *(bad for bad, _, _ in CASES.values()), home(200)]
    told = list(reckon_all(batch, DEMO))
    good = [bill for bill in told if isinstance(bill, Reckoned)]
    assert [bill.used.value for bill in good] == [100, 200]
    assert len(told) - len(good) == len(CASES)


def test_overflow_goes_to_the_second_parent() -> None:
    bill = reckon_bill(one(main(100), main(100, "M2"), sub("A", "M1", "M2", kwh=150)), DEMO)
    assert [line.inputs[0].value for line in bill.lines] == [0, 50, 150]


def test_ratios_are_of_what_real_and_fixed_ones_left() -> None:
    points = [
        main(1000),
        Point("S", "residential", Kind.RATIO, quantity=D("0.1"), parents=("M1",)),
        Point("F", "residential", Kind.FIXED, quantity=D(200), parents=("M1",)),
        sub("A", "M1", kwh=300),
    ]
    used = {line.inputs[0].value for line in reckon_bill(one(*points), DEMO).lines}
    assert used == {Decimal(450), Decimal(50), Decimal(200), Decimal(300)}
