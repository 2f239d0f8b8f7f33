"""`hotline import payments`: what the utility's books have on bills, by its own numbers, on both engines."""

import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, func, select

from app.import_command import import_group
from core import policy
from core.clock import FakeClock
from core.config import Settings, Storage
from core.db import Database
from core.journal import since
from desk.billing import booking_store
from desk.billing import store as bill_store
from desk.billing.booking import Booking, BookingKind
from desk.billing.events import BookingImported
from desk.billing.model import Bill
from desk.billing.service import BillService
from desk.billing.tables import bill_bookings
from desk.customers import store
from desk.customers.model import Account, Customer

pytestmark = pytest.mark.integration

ONE, TWO = "4400000001", "4400000002"
HEAD = "number,account,day,amount,what,period,cause"
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture
def settings(database_url: str, engine: Engine) -> Settings:
    """Two accounts; the first has the bills of September and October."""
    with engine.begin() as connection:
        store.save_customers(connection, [Customer("K1", "林晓")])
        homes = [Account(number, "K1", "和平路", "城东片区") for number in (ONE, TWO)]
        store.save_accounts(connection, homes, {})
        bill_store.save(
            connection,
            [
                Bill(ONE, date(2026, month, 1), Decimal(400), Decimal(amount), (), date(2026, month + 1, 20))
                for month, amount in ((9, "200.00"), (10, "300.00"))
            ],
        )
    return Settings(storage=Storage(url=database_url))


@pytest.fixture
def run(settings: Settings, tmp_path: Path) -> Callable[..., Result]:
    def of(*rows: str, head: str = HEAD) -> Result:
        file = tmp_path / "payments.csv"
        file.write_text("\n".join((head, *rows)), encoding="utf-8")
        return CliRunner().invoke(import_group, ["payments", str(file)], obj=settings)

    return of


def events(engine: Engine) -> list[BookingImported]:
    with engine.connect() as connection:
        found = since(connection, 0, (BookingImported,), limit=100_000)
        return [one.event for one in found if isinstance(one.event, BookingImported)]


async def test_a_part_payment_is_what_a_caller_hears_and_the_same_file_twice_is_once(
    run: Callable[..., Result], engine: Engine, db: Database
) -> None:
    rows = (f"P1,{ONE},2026-10-30,150,,,", f"缴2,{ONE},2026-11-01,1,,,", f"R1,{ONE},2026-11-02,20.50,退费,2026-09,多收")
    for _ in range(2):
        done = run(*rows)
        assert done.stdout == "payments: 2 imported, 1 bad\n"
        assert "payments.csv:3: number = '缴2'" in done.stderr
    assert [(one.number, one.kind, one.amount, one.was) for one in events(engine)] == [
        ("P1", "payment", "150", ""),
        ("R1", "refund", "20.50", ""),
    ]
    clock = FakeClock(datetime(2026, 11, 10, 4, tzinfo=UTC))
    told = await BillService(db, clock, ZoneInfo("Asia/Shanghai"), policy.load("seed")).latest(ONE)
    assert told is not None
    assert told.owed == 200 - 150 + Decimal("20.50") + 300
    fee = 200 * 10 + 50 * 3 + Decimal("70.5") * 8
    assert told.late_fee == (fee / 1000).quantize(Decimal("0.01"))


def test_an_entry_that_says_something_else_later_is_replaced_and_told_with_what_it_was(
    run: Callable[..., Result], engine: Engine
) -> None:
    assert run(f"P1,{ONE},2026-10-30,150,,,").exit_code == 0
    assert run(f"P1,{ONE},2026/10/30,105.00,缴费,202609,").exit_code == 0
    with engine.connect() as connection:
        assert booking_store.of_account(connection, ONE) == [
            Booking("P1", ONE, BookingKind.PAYMENT, date(2026, 10, 30), Decimal(105), date(2026, 9, 1))
        ]
    assert [one.was for one in events(engine)] == ["", "payment 150 2026-10-30"]


def test_bad_rows_are_told_with_their_cure_and_the_others_are_imported(
    run: Callable[..., Result], engine: Engine
) -> None:
    done = run(
        f"P1,{ONE},2026-10-30,150,,,",
        f"P1,{ONE},2026-10-30,151,,,",
        f"P2,{ONE},2026-10-30,-5,,,",
        f"P3,{ONE},2026-10-30,5.001,,,",
        f"P4,{ONE},2099-10-30,5,,,",
        f"R1,{ONE},2026-10-30,5,refund,,",
        f"A1,{ONE},2026-10-30,-5,adjustment,,读错",
        f"A2,{ONE},2026-10-30,-5,adjustment,2026-08,读错",
        f"P5,{TWO},2026-10-30,5,,,",
        f"P6,{ONE},2026-08-30,5,,,",
        "P7,4400000009,2026-10-30,5,,,",
        f"P8,{ONE},2026-10-31,5,cheque,,",
        f"A3,{ONE},2026-10-31,-5.25,退补,2026-10,读错",
    )
    assert done.exit_code == 1
    told = [line.split("payments.csv:")[1] for line in done.stderr.splitlines()]
    assert [line.partition(":")[0] for line in told] == [str(n) for n in range(3, 14)]
    for line, words in zip(
        told,
        (
            "line 2 has it with other figures; give each entry",
            "it is below zero; write what was paid, or given back with `what` refund",
            "at most 2 decimals",
            "it is still to come",
            "say why money was given back",
            "name the month of the bill",
            "account 4400000001 has no bill of that month; import the bills file first",
            "has no bill as old as that; name its period",
            "has no bill as old as that; name its period",
            "there is none; import the accounts file first",
            "write one of: payment, refund, adjustment, 缴费, 退费, 退补",
        ),
        strict=True,
    ):
        assert words in line
    assert [one.number for one in events(engine)] == ["P1", "A3"]


def test_a_number_stays_with_its_account(run: Callable[..., Result], engine: Engine) -> None:
    with engine.begin() as connection:
        bill_store.save(connection, [Bill(TWO, date(2026, 10, 1), Decimal(1), Decimal(1), (), date(2026, 11, 20))])
    assert run(f"P1,{ONE},2026-10-30,150,,,").exit_code == 0
    done = run(f"P1,{TWO},2026-10-30,150,,,")
    assert f"it is there for account {ONE}; correct number or account" in done.stderr


def test_chinese_headers_are_understood(run: Callable[..., Result], engine: Engine) -> None:
    done = run(f"P1,{ONE},2026-10-30,150,缴费,2026-10,", head="缴费单号,户号,日期,金额,类型,账期,原因")
    assert done.exit_code == 0, done.output


KILLED = """
import sys
from pathlib import Path
from app import import_command
from app.import_payments import PAYMENTS
from core.config import Settings, Storage
import_command.BATCH = import_command.PLAIN_STEP = 200
settings = Settings(storage=Storage(url=sys.argv[1]))
import_command.import_rows(PAYMENTS, Path(sys.argv[2]), settings, report=lambda b, _: import_command._plain_progress(b))
"""


def test_an_import_that_is_killed_leaves_nothing_half_and_is_run_again(
    settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    file, rows = tmp_path / "many.csv", 20_000
    lines = [f"P{n},{ONE},2026-10-30,0.01,,," for n in range(rows)]
    file.write_text("\n".join((HEAD, *lines)), encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, settings.storage.url, str(file)], stderr=subprocess.PIPE, text=True
    ) as going:
        assert going.stderr is not None
        for _ in range(3):
            going.stderr.readline()
        going.send_signal(signal.SIGKILL)
    done = count(engine)
    assert 200 <= done < rows
    assert done % 200 == 0
    assert len(events(engine)) == done
    assert CliRunner().invoke(import_group, ["payments", str(file)], obj=settings).exit_code == 0
    assert count(engine) == rows
    assert len({one.number for one in events(engine)}) == len(events(engine)) == rows


def count(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(bill_bookings)).scalar_one()


def test_the_example_of_the_manual(settings: Settings, engine: Engine) -> None:
    for name in ("customers", "accounts", "bills", "payments"):
        done = CliRunner().invoke(import_group, [name, str(EXAMPLES / f"{name}.csv")], obj=settings)
        assert (done.exit_code, done.stderr) == (0, ""), done.output
    assert [one.number for one in events(engine)] == ["JF20261105001", "TB20261110001", "TF20261112001"]
