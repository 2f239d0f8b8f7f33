"""Tariff files: those that come with the program are whole; faults are told with place and cure."""

from datetime import date
from pathlib import Path

import pytest

from core.errors import ConfigError
from desk.billing.model import Part
from desk.billing.reckoning import reckon_bill
from desk.billing.steps import Step
from desk.billing.supply import BillRefused
from desk.billing.tariff_file import book, check, check_all, regions
from tests.desk.supplies import home, walk

pytestmark = pytest.mark.unit

VERSION = """
      title: 居民
      category: residential
      source: "price list 7"
      price: {value: 0.5, source: "price list 7"}
"""


def written(folder: Path, versions: str, more: str = "") -> str:
    file = folder / "ours.yaml"
    file.write_text(f"region: ours\ntitle: 我们\n{more}tariffs:\n  residential:\n{versions}", encoding="utf-8")
    return str(file)


def version(since: str, until: str = "", more: str = "") -> str:
    end = f"      until: {until}\n" if until else ""
    return f"    - since: {since}\n{end}{VERSION.lstrip(chr(10))}{more}"


def told(file: str) -> str:
    return "\n".join(str(one) for one in check(file))


def test_every_file_that_comes_with_the_program_is_whole() -> None:
    assert set(regions()) >= {"national", "shandong", "zhejiang", "beijing", "shenzhen", "shanghai", "demo"}
    assert {name: faults for name, faults in check_all().items() if faults} == {}


def test_every_number_of_an_explanation_that_comes_from_a_tariff_has_its_source() -> None:
    for region in ("shandong", "zhejiang", "beijing", "shenzhen", "demo"):
        bill = reckon_bill(home(5000), book(region))
        prices: list[Step] = [one for one in walk(bill.amount) if one.op is None and one.unit.startswith("yuan/")]
        assert prices
        assert all(one.source for one in prices)


def test_the_hours_of_shanghai_cover_the_day() -> None:
    spans = [span for spans in book("shanghai").hours.values() for span in spans]
    assert sum((end - begin) % 1440 for begin, end in spans) == 1440
    assert book("shanghai").hours[Part.VALLEY] == ((22 * 60, 6 * 60),)


@pytest.mark.parametrize(
    ("versions", "what"),
    [
        (version("2020-01-01", "2021-12-31") + version("2022-02-01"), "no version holds from 2022-01-01 to 2022-01-31"),
        (version("2020-01-01", "2022-03-31") + version("2022-02-01"), "overlap; end it on 2022-01-31"),
        (version("2020-01-01") + version("2022-02-01"), "overlap"),
        (version("2020-01-01", "2019-01-01"), "ends on 2019-01-01"),
        (version("2020-01-01", more="      part: {}\n"), "'part' is not known; did you mean 'parts'?"),
        (version("2020-01-01", more="      parts: {noon: {price: 1, source: list}}\n"), "noon"),
        (version("2020-01-01", more="      parts: {peak: {source: list}}\n"), "exactly one of price and ratio"),
        (version("2020-01-01", more="      free: {value: 15}\n"), "free.source: it is missing"),
        (
            version(
                "2020-01-01", more="      ladder: {cycle: year, source: list, plus: [0, 1], bounds: [{upto: [5, 4]}]}\n"
            ),
            "2 tiers have 2 upper ends",
        ),
        (
            version(
                "2020-01-01",
                more="      ladder: {cycle: year, source: list, plus: [0, 1, 2], bounds: [{upto: [5, 4]}]}\n",
            ),
            "the upper ends do not rise",
        ),
        (
            version(
                "2020-01-01",
                more="      seasons: [{months: [6], ratio: 1, source: list}, {months: [6], ratio: 2, source: list}]\n",
            ),
            "a month is in two seasons",
        ),
        (
            version(
                "2020-01-01",
                more="      surcharges: [{name: levy, value: 0, included: true, without_loss: true, source: list}]\n",
            ),
            "one that is in the price is paid on the loss too; remove `without_loss`",
        ),
        (version("2020-01-01").replace("0.5", "cheap"), "price.value"),
        ("    - {\n", "cannot be read as YAML"),
    ],
)
def test_faults_are_told_with_place_and_cure(versions: str, what: str, tmp_path: Path) -> None:
    file = written(tmp_path, versions)
    assert what in told(file)
    assert file in told(file)
    with pytest.raises(ConfigError):
        book(file)


@pytest.mark.parametrize("way", ["3", "1.5"])
def test_a_way_to_share_the_basic_charge_that_there_is_not_is_told(way: str, tmp_path: Path) -> None:
    rules = f"rules: {{basic_shared: {{value: {way}, source: list}}}}\n"
    assert "rules.basic_shared" in told(written(tmp_path, version("2020-01-01"), rules))
    assert "give 0 to 2" in told(written(tmp_path, version("2020-01-01"), rules))


@pytest.mark.parametrize(
    ("hours", "what"),
    [
        ("{peak: [8-20], valley: [21-8]}", "no part holds from 20:00 to 21:00"),
        ("{peak: [8-22], valley: [21-8]}", "before another part ends at 22:00"),
        ("{peak: [8-25], valley: [21-8]}", "'8-25' is no time"),
    ],
)
def test_hours_cover_the_day_once(hours: str, what: str, tmp_path: Path) -> None:
    assert what in told(written(tmp_path, version("2020-01-01"), f"hours: {{source: list, parts: {hours}}}\n"))


def test_a_table_that_lacks_a_row_or_rewards_the_worse_is_told(tmp_path: Path) -> None:
    table = 'power_factor: {"0.90": {source: list, rows: {"1.00": -1}}}\n'
    assert "it lacks rows: 0.00, 0.01" in told(written(tmp_path, version("2020-01-01"), table))
    rows = ", ".join(f'"{n / 100:.2f}": {1 if n == 100 else 0}' for n in range(101))
    table = f'power_factor: {{"0.90": {{source: list, rows: {{{rows}}}}}}}\n'
    assert "a better power factor costs more" in told(written(tmp_path, version("2020-01-01"), table))


@pytest.mark.parametrize(
    ("rules", "what"),
    [
        ("rules: {month_days: {value: 0, source: ours}}", "rules.month_days: 0 cannot be meant; give 28 to 31"),
        ("rules: {energy_places: {value: 400, source: ours}}", "rules.energy_places: 400 cannot be meant"),
        ("rules: {demand_multiple: {value: -2, source: ours}}", "rules.demand_multiple: -2 cannot be meant"),
        ("rules: {submeter_parents: {value: 1.5, source: ours}}", "rules.submeter_parents: 1.5 is no whole number"),
        ("copper: {source: ours, brackets: []}", "copper.brackets: they do not rise"),
        ("copper: {source: ours, brackets: [{upto: 0.4, value: 0.02}]}", "copper.brackets: they do not rise"),
        (
            "copper: {source: ours, brackets: [{upto: 0.4, value: 0.02}, {upto: 0.3, value: 0.02}, {value: 0.03}]}",
            "copper.brackets: they do not rise",
        ),
        ("copper: {source: ours, brackets: [{value: 3}]}", "a share is not from 0 to 1"),
        ('power_factor: {"0.905": {source: ours, rows: ROWS}}', "power_factor.0.905: it is no standard"),
        ('power_factor: {"NaN": {source: ours, rows: ROWS}}', "power_factor.NaN: it is no standard"),
        ('power_factor: {"0.9": {source: ours, rows: {sNaN: 1}}}', "it lacks rows: 0.00"),
        ('power_factor: {"0.9": {source: ours, rows: ROWS}, "0.90": {source: ours, rows: ROWS}}', "there twice"),
    ],
)
def test_rules_and_tables_that_no_bill_could_be_reckoned_by_are_told(rules: str, what: str, tmp_path: Path) -> None:
    rows = ", ".join(f'"{n / 100:.2f}": 0' for n in range(101))
    file = written(tmp_path, version("2020-01-01"), rules.replace("ROWS", f"{{{rows}}}") + "\n")
    assert what in told(file)
    with pytest.raises(ConfigError):
        book(file)


@pytest.mark.parametrize("more", ["free: {value: -15, source: ours}", "free: {value: 15, source: ours}"])
def test_free_energy_is_part_of_a_ladder(more: str, tmp_path: Path) -> None:
    assert "free energy" in told(written(tmp_path, version("2020-01-01", more=f"      {more}\n")))


def test_ones_own_file_has_the_rules_of_the_nation_and_its_own(tmp_path: Path) -> None:
    own = 'rules: {demand_multiple: {value: 3, source: "ours"}}\n'
    mine = book(written(tmp_path, version("2020-01-01"), own))
    assert mine.rules["demand_multiple"].value == 3
    assert mine.rules["month_days"].value == 30
    assert reckon_bill(home(100), mine).amount.value == 50
    unknown = 'rules: {demand_multipel: {value: 3, source: "ours"}}\n'
    assert "there is no such rule" in told(written(tmp_path, version("2020-01-01"), unknown))


def test_two_versions_in_a_period_are_charged_by_days(tmp_path: Path) -> None:
    dearer = version("2023-10-11").replace("0.5", "0.6")
    mine = book(written(tmp_path, version("2020-01-01", "2023-10-10") + dearer))
    bill = reckon_bill(home(310), mine)
    assert [(line.inputs[0].value, line.inputs[1].value) for line in bill.lines] == [
        (100, mine.on("residential", date(2023, 10, 1)).price.value),  # type: ignore[union-attr]
        (210, mine.on("residential", date(2023, 10, 31)).price.value),  # type: ignore[union-attr]
    ]


def test_a_gap_in_the_period_refuses_the_bill() -> None:
    with pytest.raises(BillRefused, match="has no version for 2024-07-01"):
        reckon_bill(home(100, period=date(2024, 6, 1), until=date(2024, 7, 2)), book("shandong"))


def test_a_region_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match="known: beijing, demo"):
        book("atlantis")
