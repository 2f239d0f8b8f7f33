"""Readings and terms by CSV: what is slipped or hostile is told with its place and spoils its account only."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.bill_command import bill_group
from app.readings_file import read
from desk.billing.supply import Capacity, DayCount, People, Supply

pytestmark = pytest.mark.unit

HEAD = "account,period,from,until,point,what,register,before,after,pt,ct,digits,months,value,cause"
OCTOBER = "4400001001,2026-10,2026-10-01,2026-11-01,M1"
GOOD = f"{OCTOBER},,total,100,200,1,1,5,,,"


def files(folder: Path, rows: list[str], terms: list[str] | None = None, columns: str = "") -> tuple[Path, Path]:
    told = terms if terms is not None else ["4400001001,M1,residential"]
    known, read_ = folder / "terms.csv", folder / "readings.csv"
    known.write_text("\n".join([f"account,point,tariff{columns}", *told]), encoding="utf-8")
    read_.write_text("\n".join([HEAD, *rows]), encoding="utf-8")
    return known, read_


def problems(folder: Path, rows: list[str], terms: list[str] | None = None, columns: str = "") -> str:
    found, told, *_ = read(*files(folder, rows, terms, columns))
    assert found == [], "its account is spoilt"
    return "\n".join(str(one) for one in told)


def only(folder: Path, rows: list[str], terms: list[str], columns: str = "") -> Supply:
    (found,), told, *_ = read(*files(folder, rows, terms, columns))
    assert told == []
    return found


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"{OCTOBER},,peak,100,200,1,1,5.5,,,", "digits = '5.5'"),
        (f"{OCTOBER},,peak,100,200,1,1,5,1.5,,", "months = '1.5'"),
        (f"{OCTOBER},,peak,100,200,1,1,5,900000000000,,", "months = '900000000000'"),
        (f"{OCTOBER},,peak,NaN,200,1,1,5,,,", "before = 'NaN'"),
        (f"{OCTOBER},,peak,1e3,2e9,1,1,5,,,", "before = '1e3'"),
        (f"{OCTOBER},,peak,１００,200,1,1,5,,,", "before = '１００'"),
        (f"{OCTOBER},adjustment,,,,,,,,5.00,上期\x1b[31m多收", "cause"),
        (f"{OCTOBER},adjustment,,,,,,,,5.00,{'x' * 300}", "cause"),
        ("4400001001,2026-10,2026-10-02,2026-11-01,M1,,peak,1,2,1,1,5,,,", "from = '2026-10-02'"),
        (f"{OCTOBER},,peak,1,2,1,120,5,,,", "ct = '120'"),
        (GOOD, "register"),
        ("4400001001,2026-09,2026-09-15,2026-10-02,M1,,total,1,2,1,1,5,,,", "days overlap"),
    ],
)
def test_a_bad_row_is_told_and_spoils_its_bill(tmp_path: Path, row: str, said: str) -> None:
    other = GOOD.replace("4400001001", "4400001002")
    terms = ["4400001001,M1,residential", "4400001002,M1,residential"]
    known, read_ = files(tmp_path, [GOOD, row, other], terms)
    found, told, *_ = read(known, read_)
    assert [one.account for one in found if one.period == date(2026, 10, 1)] == ["4400001002"]
    assert said in "\n".join(str(one) for one in told), told


@pytest.mark.parametrize(
    ("terms", "columns", "said"),
    [
        (["4400001001,M1,residential", "4400001001,S 1,business"], "", "point = 'S 1'"),
        (["4400001001,M1,residential", "4400001001,M1,business"], "", "point = 'M1'"),
        (["4400001001,M1,residential,demo", "4400001001,S1,business,beijing"], ",region", "region = 'beijing'"),
        (["4400001001,M1,business,0.857"], ",power_factor", "power_factor = '0.857'"),
        (["4400001001,M1,residential,4.7"], ",people", "people = '4.7'"),
        (["4400001001,M1,residential,0"], ",people", "people = '0'"),
        (["4400001001,M1,residential,3;5"], ",people", "two numbers from the same day on"),
        (["4400001001,M1,residential,3@2026-01-01;5@2026-01-01"], ",people", "two numbers from the same day on"),
        (["4400001001,M1,residential,../../x"], ",region", "region = '../../x'"),
        (["4400001001,M1,residential,5@2026-13-01"], ",people", "people"),
        (["4400001001,M1,business_two_part,capacity,630@x"], ",basic,capacity_kva", "capacity_kva"),
    ],
)
def test_bad_terms_spoil_their_account(tmp_path: Path, terms: list[str], columns: str, said: str) -> None:
    assert said in problems(tmp_path, [GOOD], terms, columns)


def test_a_household_that_grows_and_a_capacity_that_changes_come_by_csv(tmp_path: Path) -> None:
    grown = only(tmp_path, [GOOD], ["4400001001,M1,residential,3;5@2026-07-01"], ",people")
    assert grown.household.people == (People(date(2000, 1, 1), 3), People(date(2026, 7, 1), 5))
    terms = ["4400001001,M1,business_two_part,capacity,630@/2026-10-11; 1000@2026-10-11 half; 200 suspended"]
    basic = only(tmp_path, [GOOD], terms, ",basic,capacity_kva").basic
    assert basic is not None
    assert basic.capacities == (
        Capacity(Decimal(630), None, date(2026, 10, 11)),
        Capacity(Decimal(1000), date(2026, 10, 11), None, DayCount.HALF),
        Capacity(Decimal(200), suspended=True),
    )


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "1e400", "many", ""])
@pytest.mark.parametrize("option", ["--contract", "--power-factor", "--to-valley"])
def test_a_what_if_of_no_number_is_wrong_use(option: str, value: str) -> None:
    done = CliRunner().invoke(bill_group, ["what-if", "--account", "4400001001", "--period", "2026-10", option, value])
    assert done.exit_code == 2, done.output
    assert "number" in done.output


def test_a_transformer_that_stood_still_is_not_one_of_a_whole_month(tmp_path: Path) -> None:
    columns = ",loss,transformer_kva,no_load_kw,transformer_hours"
    still = only(tmp_path, [GOOD], ["4400001001,M1,business,simple,200,0.325,0"], columns).transformer
    whole = only(tmp_path, [GOOD], ["4400001001,M1,business,simple,200,0.325,"], columns).transformer
    assert still is not None
    assert whole is not None
    assert (still.hours, whole.hours) == (0, 720)
