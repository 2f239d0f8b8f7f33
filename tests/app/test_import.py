"""`hotline import`: good rows come in, bad rows are named with their cure, on both engines."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, func, select

from app import import_command, import_file
from app.import_cells import BadCell, Row
from app.import_command import DatabaseUnusable, import_group, import_rows
from app.import_file import UnusableFile
from app.import_tables import TABLES, Setting
from core import policy
from core.config import Settings, Storage
from core.events import Event
from core.journal import since
from desk.billing import store as bill_store
from desk.billing.model import Part
from desk.billing.tables import bills
from desk.customers import pins, store
from desk.customers.model import Account, Category, Customer, SupplyState
from desk.customers.tables import accounts, customers
from desk.outages import store as outage_store
from desk.outages.events import OutageChanged, OutagePublished
from desk.outages.model import Kind, Status

pytestmark = pytest.mark.integration

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
ORDER = ("customers", "accounts", "bills", "outages")


@pytest.fixture
def settings(database_url: str, engine: Engine) -> Settings:
    return Settings(storage=Storage(url=database_url))


@pytest.fixture
def run(settings: Settings) -> Callable[..., Result]:
    return lambda *words: CliRunner().invoke(import_group, [str(word) for word in words], obj=settings)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def make(*lines: str, encoding: str = "utf-8") -> Path:
        file = tmp_path / "file.csv"
        file.write_bytes("\n".join(lines).encode(encoding))
        return file

    return make


@pytest.fixture
def base(engine: Engine) -> None:
    """A customer K1 with two accounts."""
    with engine.begin() as connection:
        store.save_customers(connection, [Customer("K1", "林晓")])
        homes = [Account(f"440000000{n}", "K1", "和平路", "城东片区") for n in (1, 2)]
        store.save_accounts(connection, homes, {})


def count(engine: Engine, table: object) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]


def test_the_examples_of_the_manual_import_twice(run: Callable[..., Result], engine: Engine) -> None:
    for _ in range(2):
        for name in ORDER:
            done = run(name, EXAMPLES / f"{name}.csv")
            assert (done.exit_code, done.stderr) == (0, ""), done.output
    with engine.connect() as connection:
        assert store.by_phone(connection, "076922223333") == [
            Customer("K1002", "东华纺织厂", True, True, ("076922223333", "13900001002"), "agent1001")
        ]
        mill = store.account(connection, "4400001002")
        assert mill == Account("4400001002", "K1002", "工业大道88号", "高新片区", Category.COMMERCIAL, "10 kV")
        cut = store.account(connection, "4400001004")
        assert cut is not None
        assert cut.supply_state is SupplyState.CUT_FOR_ARREARS
        assert pins.matches(store.pin_hash(connection, "4400001001"), "001001")
        assert store.pin_hash(connection, "4400001004") is None
        bill = bill_store.latest(connection, "4400001001")
        assert bill is not None
        assert (bill.amount, bill.lines[0].tier) == (Decimal("156.41"), 1)
        assert bill.paid_at == datetime(2026, 11, 8, 1, 30, tzinfo=UTC)
        day = outage_store.get(connection, "TD-2026-0001")
        assert day is not None
        assert (day.kind, day.status) == (Kind.PLANNED, Status.PUBLISHED)
        assert (day.begins, day.ends) == (
            datetime(2026, 11, 21, 16, tzinfo=UTC),
            datetime(2026, 11, 22, 16, tzinfo=UTC),
        )
        assert [type(r.event) for r in since(connection, 0)] == [OutagePublished] * 2
        by_day = bill_store.latest(connection, "4400001003")
        assert by_day is not None
        assert [(line.tier, line.part) for line in by_day.lines] == [(1, Part.PEAK), (2, Part.VALLEY)]
        assert (by_day.estimated, by_day.balance, bill.estimated, bill.balance) == (True, Decimal("12.50"), False, None)
    assert count(engine, bills) == 4


GOOD = "K1,林晓,13900001001"
HEAD = "customer,name,phones"


def test_bad_rows_are_listed_and_the_others_imported(
    run: Callable[..., Result], write: Callable[..., Path], engine: Engine
) -> None:
    file = write(HEAD, GOOD, "K2,,13900001002", "K3,何平,anonymous", "K4,何芳,13900001004", "K 5,何,", "K6,a,b,c,d")
    done = run("customers", file)
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        f"{file}:3: name = '': it is empty; every row needs it",
        f"{file}:4: phones = 'anonymous': 'anonymous' is no telephone number; write digits, several parted by ;",
        f"{file}:6: customer = 'K 5': it has another form; write 1 to 32 letters, digits, - or _",
        f"{file}:7: 5 cells under 3 columns; put cells with a comma into quotation marks",
    ]
    assert done.stdout == "customers: 2 imported, 4 bad\n"
    assert count(engine, customers) == 2


def test_all_or_nothing_imports_nothing_when_a_row_is_bad(
    run: Callable[..., Result], write: Callable[..., Path], engine: Engine
) -> None:
    done = run("customers", write(HEAD, GOOD, "K2,,"), "--all-or-nothing")
    assert done.exit_code == 1
    assert "nothing was imported" in done.stdout
    assert count(engine, customers) == 0
    assert run("customers", write(HEAD, GOOD), "--all-or-nothing").exit_code == 0
    assert count(engine, customers) == 1


@pytest.mark.usefixtures("base")
def test_all_or_nothing_also_holds_for_what_another_file_lacks(
    run: Callable[..., Result], write: Callable[..., Path], engine: Engine
) -> None:
    head = "account,period,usage_kwh,amount,due_date"
    file = write(head, "4400000001,2026-10,1,1,2026-11-20", "4400000009,2026-10,1,1,2026-11-20")
    assert run("bills", file, "--all-or-nothing").exit_code == 1
    assert count(engine, bills) == 0
    done = run("bills", file)
    assert done.stderr == (
        f"{file}:3: account = '4400000009': there is none; import the accounts file first or correct the number\n"
    )
    assert count(engine, bills) == 1


@pytest.mark.parametrize(
    ("table", "head", "row", "why"),
    [
        ("accounts", "account,customer,address,area", "440000001,K1,路,区", "write exactly 10 digits"),
        ("accounts", "account,customer,address,area", "4.4E+09,K1,路,区", "format the column as text"),
        ("accounts", "account,customer,address,area", "４４０００００００３,K1,路,区", "write exactly 10 digits"),
        ("accounts", "account,customer,address,area,pin", "4400000003,K1,路,区,12345", "write exactly 6 digits"),
        (
            "accounts",
            "account,customer,address,area,category",
            "4400000003,K1,路,区,school",
            "write one of: residential",
        ),
        ("accounts", "account,customer,address,area", "4400000003,K1,路\x00,区", "control character"),
        ("accounts", "account,customer,address,area", "4400000003,K1," + "路" * 201 + ",区", "write at most 200"),
        ("customers", "customer,name,phones,vip", "K2,名,,maybe", "write yes or no"),
        ("bills", "account,period,usage_kwh,amount,due_date", "4400000001,2026-13,1,1,2026-11-20", "no such date"),
        ("bills", "account,period,usage_kwh,amount,due_date", "4400000001,1026-10,1,1,2026-11-20", "cannot be meant"),
        ("bills", "account,period,usage_kwh,amount,due_date", "4400000001,2026-10,1,1,2026-02-30", "no such date"),
        ("bills", "account,period,usage_kwh,amount,due_date", "4400000001,2026-10,1,1e3,2026-11-20", "amount = '1e3'"),
        ("bills", "account,period,usage_kwh,amount,due_date", "4400000001,2026-10,1,NaN,2026-11-20", "amount = 'NaN'"),
        ("bills", "account,period,usage_kwh,amount,due_date", "4400000001,2026-10,-1,1,2026-11-20", "usage_kwh = '-1'"),
        ("bills", "account,period,usage_kwh,amount,due_date", "4400000001,2026-10,1,1.005,2026-11-20", "2 decimals"),
        (
            "bills",
            "account,period,usage_kwh,amount,due_date,lines",
            "4400000001,2026-10,286,156.41,2026-11-20,286*0.5",
            "the lines come to 143.00",
        ),
        (
            "bills",
            "account,period,usage_kwh,amount,due_date,lines",
            "4400000001,2026-10,286,156.41,2026-11-20,285*0.5469=156.41",
            "the lines come to 285 kWh",
        ),
        (
            "bills",
            "account,period,usage_kwh,amount,due_date,lines",
            "4400000001,2026-10,286,156.41,2026-11-20,286x0.5",
            "write tier:part:kWh*price=amount",
        ),
        (
            "outages",
            "outage,kind,areas,cause,from,until",
            "o,planned,区,检修,2026-11-22 08:00,2026-11-22 08:00",
            "until",
        ),
        (
            "outages",
            "outage,kind,areas,cause,from,until",
            "o,planned,,检修,2026-11-22 08:00,2026-11-22 09:00",
            "nobody",
        ),
        ("outages", "outage,kind,areas,cause,from,until", "o,never,区,检修,2026-11-22 08:00,2026-11-22 09:00", "kind"),
        (
            "outages",
            "outage,kind,areas,cause,from,until",
            "o,planned,区,检修,2026-11-22,2026-11-22 09:00",
            "time of day",
        ),
        (
            "outages",
            "outage,kind,areas,cause,from,until",
            "o,planned,区,检修,2026-11-22 25:00,2026-11-23 09:00",
            "from",
        ),
    ],
)
def test_each_bad_cell_is_named_with_its_cure(table: str, head: str, row: str, why: str) -> None:
    cells = dict(zip(head.split(","), row.split(","), strict=True))
    with pytest.raises(BadCell, match=re.escape(why)) as refused:
        TABLES[table].parse(Row(2, cells), Setting(ZoneInfo("Asia/Shanghai"), policy.load("seed")))
    assert refused.value.column in cells
    assert refused.value.cure


@pytest.mark.parametrize(
    ("table", "head", "row", "why"),
    [
        ("accounts", "account,customer,address,area", "4400000003,K9,路,区", "customer = 'K9': there is none"),
        (
            "outages",
            "outage,kind,accounts,cause,from,until",
            "o,planned,4400000001;4400000009,检修,2026-11-22 08:00,2026-11-22 09:00",
            "accounts = '4400000009': there is none",
        ),
    ],
)
@pytest.mark.usefixtures("base")
def test_what_a_row_needs_from_another_file_must_be_there(
    run: Callable[..., Result], write: Callable[..., Path], table: str, head: str, row: str, why: str
) -> None:
    file = write(head, row)
    done = run(table, file)
    assert done.exit_code == 1
    [told] = done.stderr.splitlines()
    assert told.startswith(f"{file}:2: {why}; import the ")
    assert done.stdout == f"{table}: 0 imported, 1 bad\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_encodings_are_found(
    run: Callable[..., Result], write: Callable[..., Path], engine: Engine, encoding: str
) -> None:
    assert run("customers", write(HEAD, GOOD, encoding=encoding)).exit_code == 0
    with engine.connect() as connection:
        assert store.get(connection, "K1") == Customer("K1", "林晓", phones=("13900001001",))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_chinese_headers_in_any_order_and_delimiter(
    run: Callable[..., Result], write: Callable[..., Path], engine: Engine, delimiter: str
) -> None:
    lines = [delimiter.join(cells) for cells in (("姓名", "电话", "客户编号", "VIP"), ("林晓", "", "K1", "是"))]
    done = run("customers", write(*lines, "", encoding="gb18030"))
    assert done.exit_code == 0, done.output
    with engine.connect() as connection:
        assert store.get(connection, "K1") == Customer("K1", "林晓", vip=True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the header lacks customer"),
        (b"customer,name\nK1,a", "the header lacks phones"),
        (b"customer,name,phones,fone\n", "unknown column 'fone'"),
        (b"customer,name,phones,name\n", "stands there twice"),
        ("客户,name,phones".encode("utf-16"), "save it as CSV in UTF-8"),
        (b"customer,name,phones\nK1," + b'"' + b"a" * 140_000 + b'",', "check its quotation marks"),
        (b"\xff\xfe\x81" * 10, "save it as CSV in UTF-8"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "file.csv"
    file.write_bytes(content)
    with pytest.raises(UnusableFile, match=re.escape(words)) as refused:
        list(import_file.rows(file, TABLES["customers"], import_file.detect(file)))
    assert str(file) in refused.value.message
    assert "\n" not in refused.value.message


def test_an_unusable_file_is_told_in_one_line(run: Callable[..., Result], write: Callable[..., Path]) -> None:
    done = run("customers", write("name"))
    assert done.exit_code == 1
    [told] = done.stderr.splitlines()
    assert told.startswith("hotline: ")


def test_wrong_use_is_status_2(run: Callable[..., Result], tmp_path: Path) -> None:
    assert run("customers", tmp_path / "nothing.csv").exit_code == 2
    assert run("customers", EXAMPLES / "customers.csv", "--encoding", "latin").exit_code == 2
    assert run("meters", EXAMPLES / "customers.csv").exit_code == 2


def test_a_named_encoding_that_does_not_fit_is_told(run: Callable[..., Result], write: Callable[..., Path]) -> None:
    done = run("customers", write(HEAD, GOOD, encoding="gbk"), "--encoding", "utf-8-sig")
    assert done.exit_code == 1
    assert "leave --encoding away" in done.stderr


@pytest.mark.parametrize(
    ("name", "words"),
    [("missing/t.db", "hotline db upgrade"), ("empty.db", "hotline db upgrade"), ("folder", "cannot be used")],
)
def test_a_database_that_is_not_ready_names_the_cure(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "empty.db").touch()
    (tmp_path / "folder").mkdir()
    unready = Settings(storage=Storage(url=f"sqlite:///{tmp_path / name}"))
    with pytest.raises(DatabaseUnusable, match=words):
        import_rows(TABLES["customers"], EXAMPLES / "customers.csv", unready)


@pytest.mark.usefixtures("base")
def test_a_row_twice_in_a_file_counts_as_its_later_self(
    run: Callable[..., Result], write: Callable[..., Path], engine: Engine
) -> None:
    file = write("customer,name,phones", "K7,旧,13900000007", "K7,新,13900000008")
    assert run("customers", file).exit_code == 0
    with engine.connect() as connection:
        assert store.get(connection, "K7") == Customer("K7", "新", phones=("13900000008",))


@pytest.mark.usefixtures("base")
def test_an_account_without_pin_cell_keeps_the_pin_it_has(
    run: Callable[..., Result], write: Callable[..., Path], engine: Engine
) -> None:
    head = "account,customer,address,area,pin"
    assert run("accounts", write(head, "4400000001,K1,路,区,123456")).exit_code == 0
    assert run("accounts", write(head, "4400000001,K1,新路,区,")).exit_code == 0
    with engine.connect() as connection:
        assert pins.matches(store.pin_hash(connection, "4400000001"), "123456")
        account = store.account(connection, "4400000001")
        assert account is not None
        assert account.address == "新路"


@pytest.mark.usefixtures("base")
def test_an_outage_imported_again_is_a_change_only_where_it_differs(
    run: Callable[..., Result], write: Callable[..., Path], engine: Engine
) -> None:
    head = "outage,kind,areas,cause,from,until"
    for until in ("12:00", "12:00", "14:00"):
        file = write(head, f"o1,planned,城东片区,检修,2026-11-22 08:00,2026-11-22 {until}")
        assert run("outages", file).exit_code == 0
    with engine.connect() as connection:
        told: list[Event] = [recorded.event for recorded in since(connection, 0)]
    assert [type(event) for event in told] == [OutagePublished, OutageChanged]
    assert isinstance(told[1], OutageChanged)
    assert told[1].changed == ("ends",)


def test_many_rows_go_in_batches_and_the_bad_ones_keep_their_lines(
    run: Callable[..., Result], write: Callable[..., Path], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_command, "BATCH", 10)
    monkeypatch.setattr(import_command, "PLAIN_STEP", 20)
    rows = [f"K{n},名{n},1390000{n:04d}" for n in range(55)]
    rows[33] = "K33,,"
    file = write(HEAD, *rows)
    done = run("customers", file)
    assert done.stderr.splitlines() == ["20 rows", "40 rows", f"{file}:35: name = '': it is empty; every row needs it"]
    assert count(engine, customers) == 54
    assert count(engine, accounts) == 0
