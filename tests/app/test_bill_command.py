"""`hotline bill`: readings come in, bills are reckoned, explained, compared with those issued, on both engines."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text

from app import bill_batch
from app.bill_command import bill_group
from app.import_command import import_group
from core.config import Settings, Storage
from core.errors import Unavailable

pytestmark = pytest.mark.integration

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
TERMS, READINGS = EXAMPLES / "terms.csv", EXAMPLES / "readings.csv"
OCTOBER = ("--account", "4400001001", "--period", "2026-10")


@pytest.fixture
def settings(database_url: str, engine: Engine) -> Settings:
    made = Settings(storage=Storage(url=database_url))
    for table in ("customers", "accounts", "bills"):
        done = CliRunner().invoke(import_group, [table, str(EXAMPLES / f"{table}.csv")], obj=made)
        assert done.exit_code == 0, done.output
    return made


@pytest.fixture
def run(settings: Settings) -> Callable[..., Result]:
    return lambda *words: CliRunner().invoke(bill_group, [str(word) for word in words], obj=settings)


def readings(folder: Path, *rows: str) -> Path:
    file = folder / "readings.csv"
    head = "account,period,from,until,point,what,register,before,after,pt,ct,digits,value,cause"
    file.write_text("\n".join([head, *rows]), encoding="utf-8")
    return file


def test_the_examples_agree_with_the_bills_that_were_issued(run: Callable[..., Result]) -> None:
    done = run("import", "--terms", TERMS, "--readings", READINGS)
    assert done.exit_code == 0, done.output
    assert (
        "3 bills reckoned, kept; 0 bad rows, 0 warnings, 0 refused, 3 compared with issued bills, 0 figures differ"
        in done.output
    )


def test_a_bill_is_explained_in_every_form(run: Callable[..., Result], tmp_path: Path) -> None:
    run("import", "--terms", TERMS, "--readings", READINGS)
    told = run("explain", *OCTOBER, "--language", "en").output
    assert "286 × 0.5469 = 156.41 yuan" in told
    assert "This reading, M1: 12693" in told
    assert told.startswith("Account 4400001001  2026-10 (2026-10-01 – 2026-10-31)\n\n(1) Amount")
    assert "there is nothing to compare with" in told
    owing = run("explain", "--account", "4400001002", "--period", "2026-10", "--format", "lines").output
    assert "\n\n违约金（截至今天，不在应收电费内）\n" in owing
    assert "未缴金额" not in owing, "the lines of the bill are told, not what they were reckoned of"
    assert run("explain", *OCTOBER, "--format", "message").output.startswith(
        "尾号1001的户号，2026年10月用电286度，电费156.41元"
    )
    assert "一百五十六元四角一分" in run("explain", *OCTOBER, "--format", "speech").output
    steps = json.loads(run("explain", *OCTOBER, "--format", "json").output)["steps"]
    assert steps[0]["value"] == "156.41"
    out = tmp_path / "bill.pdf"
    assert run("explain", *OCTOBER, "--format", "pdf", "--out", out).exit_code == 0
    assert out.read_bytes().startswith(b"%PDF-")


def test_bad_rows_and_bills_are_told_and_the_rest_goes_on(run: Callable[..., Result], tmp_path: Path) -> None:
    file = readings(
        tmp_path,
        "4400001001,2026-10,2026-10-01,2026-11-01,M1,,total,12407,12694,1,1,5,,",
        "4400001002,2026-10,2026-10-01,2026-11-01,M1,,total,1033,900,1,120,,,",
        "4400001003,2026-10,2026-10-01,2026-11-01,M1,,total,1,2,1,1,,,",
        "4400001004,2026-10,2026-10-01,2026-11-01,M1,,total,many,2,1,1,,,",
        "9900001004,2026-10,2026-10-01,2026-11-01,M1,,total,1,2,1,1,,,",
    )
    done = run("import", "--terms", TERMS, "--readings", file, "--dry-run")
    assert done.exit_code == 1
    for said in (
        "account 4400001002, meter M1, 2026-10: total reads 900, less than the last 1033",
        "the terms file has no such account; add its points",
        "account 4400001004, 2026-10: before = 'many'",
        "account 4400001001, 2026-10: kWh reckoned 287, issued 286",
        "account 4400001001, 2026-10: yuan reckoned 156.96, issued 156.41",
        "1 bill reckoned; 3 bad rows, 0 warnings, 1 refused, 1 compared with issued bills, 2 figures differ",
    ):
        assert said in done.output, done.output
    assert run("explain", *OCTOBER).exception is not None, "a dry run keeps nothing"


def test_a_refused_bill_is_told_in_the_language_that_was_asked_for(run: Callable[..., Result], tmp_path: Path) -> None:
    row = "4400001002,2026-10,2026-10-01,2026-11-01,M1,,total,1033,900,1,120,,,"
    run("import", "--terms", TERMS, "--readings", readings(tmp_path, row))
    asked = ("explain", "--account", "4400001002", "--period", "2026-10")
    in_chinese = (
        "户号4400001002，计量点M1，账期2026-10：“总”本期表码900小于上期表码1033，又不知道表的位数；"
        "请更正表码，如果是表码翻转，请填写位数。"
    )
    for words in (("--language", "zh-CN"), ("--language", "zh-CN", "--format", "pdf", "--out", tmp_path / "a.pdf")):
        assert str(run(*asked, *words).exception) == in_chinese
    assert str(run(*asked, "--language", "en").exception).startswith(
        "account 4400001002, meter M1, 2026-10: total reads"
    )


def test_changes_a_replaced_meter_and_an_adjustment_come_by_csv(run: Callable[..., Result], tmp_path: Path) -> None:
    file = readings(
        tmp_path,
        "4400001001,2026-10,2026-10-01,2026-11-01,M1,,total,0,200,1,1,5,,",
        "4400001001,2026-10,2026-10-01,2026-11-01,M1,removed,total,12407,12480,1,1,5,,",
        "4400001001,2026-10,2026-10-01,2026-11-01,M1,change,,,,,,,13,换表追补",
        "4400001001,2026-10,2026-10-01,2026-11-01,M1,adjustment,,,,,,,-5.00,上期多收",
    )
    done = run("import", "--terms", TERMS, "--readings", file)
    assert "yuan reckoned 151.41, issued 156.41" in done.output
    told = run("explain", *OCTOBER, "--format", "lines").output
    assert "-5.00 元  [上期多收]" in told


def test_what_if_over_the_months_that_are_there(run: Callable[..., Result]) -> None:
    run("import", "--terms", TERMS, "--readings", READINGS)
    industry, household = ("what-if", "--account", "4400001002"), ("what-if", "--account", "4400001001")
    month = ("--period", "2026-10", "--language", "en")
    done = run(*industry, *month, "--to-valley", "0.2")
    assert "no meter of it has registers peak and valley" in str(done.exception)
    none = run("what-if", "--account", "4400001003", *month, "--power-factor", "0.95")
    assert "has no readings" in str(none.exception)
    better = run(*industry, *month, "--power-factor", "0.95").output
    assert "1 month with readings until 2026-10: 56436.48 yuan" in better, "as docs/reference/billing.md tells it"
    assert "difference -423.27 yuan, in twelve such months -5079.24 yuan" in better
    assert "difference -8.20 yuan" in run(*household, *month, "--poor").output, "15 kWh at 0.5469"
    assert run("what-if", "--account", "4400001002", "--period", "2026-10").exit_code == 2


def test_what_if_is_told_in_the_language_of_the_site(run: Callable[..., Result]) -> None:
    run("import", "--terms", TERMS, "--readings", READINGS)
    asked = ("what-if", "--account", "4400001002", "--period", "2026-10")
    refused = run(*asked, "--to-valley", "0.2").exception
    assert str(refused) == ("户号4400001002，账期2026-10：这个户没有同时计量“峰”和“谷”的表；请选执行分时电价的户。")
    told = run(*asked, "--power-factor", "0.95").output
    assert told.startswith("截至2026-10有抄表数据的1个月：现行56436.48元，按这些条件56013.21元\n")
    assert "相差-423.27元，按这样的十二个月计-5079.24元" in told


def test_a_month_without_readings_and_a_database_that_is_not_there_yet(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    run("import", "--terms", TERMS, "--readings", READINGS)
    later = run("explain", "--account", "4400001001", "--period", "2026-11")
    assert "account 4400001001 has no readings of 2026-11, the last before it are of 2026-10" in str(later.exception)
    wrong = run("explain", "--account", "9999999999", "--period", "2026-10")
    assert "nor of the year before it; check number and month" in str(wrong.exception)
    for missing in (tmp_path / "none" / "hotline.db", tmp_path / "empty.db"):
        new = Settings(storage=Storage(url=f"sqlite:///{missing}"))
        for words in (("explain", *OCTOBER), ("what-if", *OCTOBER, "--power-factor", "0.95")):
            done = CliRunner().invoke(bill_group, words, obj=new)
            assert isinstance(done.exception, Unavailable)
            assert "run `hotline db upgrade`" in str(done.exception)


def test_use_of_earlier_months_counts_in_the_ladder(run: Callable[..., Result], tmp_path: Path) -> None:
    days = [f"2026-{month:02}-01" for month in range(1, 11)]
    rows = [
        f"4400001001,{day[:7]},{day},{days[at + 1]},M1,,total,{at}00,{at + 6}00,1,1,5,,"
        for at, day in enumerate(days[:9])
    ]
    run("import", "--terms", TERMS, "--readings", readings(tmp_path, *rows))
    run("import", "--terms", TERMS, "--readings", READINGS)
    told = run("explain", *OCTOBER, "--language", "en").output
    assert "Energy used before: 5400 kWh" in told
    assert "Energy, tier 2: 286 × 0.5969" in told
    assert "yuan reckoned 170.71, issued 156.41" in told
    assert "Beside 2026-09" in told
    assert "Change of the bill" in told


def many(folder: Path, accounts: int, months: int) -> dict[str, Path]:
    """Files of so many accounts with readings of so many months."""
    numbers = [f"55{at:08}" for at in range(accounts)]
    days = [f"2026-{month:02}-01" for month in range(1, months + 2)]
    rows = {
        "customers": ["customer,name,phones", "K9,某某,13900000009"],
        "accounts": [
            "account,customer,address,area,category,voltage,supply_state",
            *(f"{one},K9,和平路12号,城东片区,residential,220 V,on" for one in numbers),
        ],
        "terms": ["account,point,tariff,region", *(f"{one},M1,residential,demo" for one in numbers)],
        "readings": [
            "account,period,from,until,point,register,before,after,pt,ct,digits",
            *(f"{one},{a[:7]},{a},{b},M1,total,100,300,1,1,5" for one in numbers for a, b in pairwise(days)),
        ],
    }
    for name, told in rows.items():
        (folder / f"{name}.csv").write_text("\n".join(told), encoding="utf-8")
    return {name: folder / f"{name}.csv" for name in rows}


def test_an_import_lets_others_write_while_it_reckons(database_url: str, engine: Engine, tmp_path: Path) -> None:
    """A service beside it, or a second import, waits for moments: SQLite has one writer at a time."""
    made, files = Settings(storage=Storage(url=database_url)), many(tmp_path, 400, 11)
    for table in ("customers", "accounts"):
        assert CliRunner().invoke(import_group, [table, str(files[table])], obj=made).exit_code == 0
    waits, whole = [], time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        batch = pool.submit(bill_batch.run, made, files["terms"], files["readings"], keep=True)
        while not batch.done():
            began = time.monotonic()
            with engine.begin() as connection:
                connection.execute(text("UPDATE customers SET name = '某' WHERE id = 'none'"))
            waits.append(time.monotonic() - began)
            time.sleep(0.01)
        assert batch.result().reckoned == 4400
    assert max(waits) < (time.monotonic() - whole) / 2, "the longest of their waits; nearly all of it while it reckoned"


def test_a_database_held_by_another_is_told_with_what_to_do(run: Callable[..., Result], engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("a server lets both write")
    with engine.connect() as other:
        other.execute(text("UPDATE customers SET name = '某' WHERE id = 'none'"))
        done = run("import", "--terms", TERMS, "--readings", READINGS)
    assert isinstance(done.exception, Unavailable)
    assert "run it again" in done.exception.message


def test_a_period_that_ends_a_day_early_is_told_at_once(run: Callable[..., Result], tmp_path: Path) -> None:
    """`until` written as the last day: billed a day too short, and told with row, meter and the day to write."""
    file = readings(
        tmp_path,
        "4400001001,2026-10,2026-10-01,2026-10-31,M1,,total,12407,12693,1,1,5,,",
        "4400001001,2026-11,2026-11-01,2026-11-30,M1,,total,12693,12900,1,1,5,,",
        "4400001004,2026-10,2026-09-30,2026-10-31,M1,,total,99700,299,1,1,5,,",
    )
    done = run("import", "--terms", TERMS, "--readings", file)
    assert done.exit_code == 0, done.output
    assert f"{file}:2: warning: account 4400001001, meter M1, 2026-10: until = 2026-10-31: the last day" in done.output
    assert f"{file}:3: warning: account 4400001001, meter M1, 2026-11: until = 2026-11-30" in done.output
    assert "write 2026-12-01 if the readings go to the end of the month" in done.output
    assert "3 bills reckoned, kept; 0 bad rows, 2 warnings" in done.output, "who reads at month's end is not asked"


def test_days_in_no_bill_or_in_two_are_told_beside_the_file_and_what_is_stored(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    """The register goes on, so nothing else tells that the days between two bills are of no month."""
    row = "4400001001,2026-{},2026-{},2026-{},M1,,total,{},{},1,1,5,,"
    first = readings(tmp_path, row.format("08", "08-01", "08-28", 1, 9), row.format("09", "09-01", "10-01", 9, 12))
    done = run("import", "--terms", TERMS, "--readings", first)
    gap = "2026-08 ends before 2026-08-28, 2026-09 begins on 2026-09-01: 4 days in no bill; correct `until` of 2026-08"
    assert f"{first}:3: warning: account 4400001001, meter M1, 2026-09: {gap}" in done.output
    later = readings(tmp_path, row.format("10", "10-02", "11-01", 12, 20), row.format("07", "07-01", "08-02", 0, 1))
    done = run("import", "--terms", TERMS, "--readings", later)
    assert f"{later}:2: warning: account 4400001001, meter M1, 2026-10: 2026-09 ends before 2026-10-01" in done.output
    assert ": 1 day in no bill; correct" in done.output
    assert f"{later}:3: warning: account 4400001001, meter M1, 2026-07: 2026-07 ends before 2026-08-02" in done.output
    assert "1 day in both bills; correct `until` of 2026-07 or `from` of 2026-08 and import it again" in done.output
    assert "0 bad rows, 2 warnings" in done.output, "what was stored before is told with what is imported beside it"


def test_a_month_is_written_as_in_imports_and_another_word_is_wrong_use(run: Callable[..., Result]) -> None:
    run("import", "--terms", TERMS, "--readings", READINGS)
    for month in ("202610", "2026/10"):
        assert run("explain", "--account", "4400001001", "--period", month).exit_code == 0
    for month in ("2026-13", "October", "2026-10-01"):
        for words in (("explain",), ("what-if", "--poor")):
            done = run(*words, "--account", "4400001001", "--period", month)
            assert done.exit_code == 2, done.output
            assert "write year and month like 2026-10" in done.output


def test_a_tariff_that_no_region_has_is_told_before_its_account_has_readings(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    terms = tmp_path / "terms.csv"
    more = "4400001003,M1,residental,,,,demo\n4400001009,M7,residential,,,,atlantis\n"
    head, *rows = TERMS.read_text("utf-8").splitlines()
    terms.write_text("\n".join([head, *rows, more]), encoding="utf-8")
    done = run("import", "--terms", terms, "--readings", READINGS, "--dry-run")
    assert done.exit_code == 1
    assert (
        f"{terms}:5: account 4400001003, point M1: region demo has no tariff 'residental'; name one of: " in done.output
    )
    assert f"{terms}:6: account 4400001009, point M7: tariffs 'atlantis': there is no such file; known: " in done.output
    assert "3 bills reckoned; 2 bad rows, 0 warnings, 0 refused" in done.output


def test_what_is_told_comes_by_account_and_month(run: Callable[..., Result], tmp_path: Path) -> None:
    file = readings(
        tmp_path,
        "4400001004,2026-10,2026-10-01,2026-11-01,M1,,total,1,3,1,1,5,,",
        "4400001001,2026-10,2026-10-01,2026-11-01,M1,,total,12407,12694,1,1,5,,",
    )
    done = run("import", "--terms", TERMS, "--readings", file, "--dry-run")
    told = [line for line in done.output.splitlines() if line.startswith("account ")]
    assert len(told) == 4
    assert told == sorted(told, key=lambda line: line[:27]), "of accounts in their order, kWh before yuan"


@pytest.mark.parametrize("head", ["account,point", "account,point,tariff,tarif"])
def test_a_header_that_is_wrong_points_to_where_its_columns_are(
    run: Callable[..., Result], tmp_path: Path, head: str
) -> None:
    terms = tmp_path / "terms.csv"
    terms.write_text(head + "\n", encoding="utf-8")
    done = run("import", "--terms", terms, "--readings", READINGS)
    assert "see docs/reference/billing.md" in str(done.exception)
