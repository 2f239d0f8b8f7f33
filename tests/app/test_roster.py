"""`hotline import roster` and `hotline shift`: nothing half-applied, every bad row named with its line."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, func, select

from agents import store as accounts
from agents.model import Role, User
from agents.shifts import store
from agents.shifts.events import BackupActivated, RosterImported, ShiftClosed
from agents.shifts.model import Duty, HandOver, Kind
from agents.shifts.tables import duties
from app.import_command import import_group
from app.shift_command import shift_group
from app.storage import upgrade
from core.config import Settings, Storage
from core.db import open_engine
from core.journal import since
from desk.notifications.tables import notifications

pytestmark = pytest.mark.integration

HEAD = "username,day,shift,duty,phone,from,until"
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "roster.csv"


@pytest.fixture
def settings(database_url: str, engine: Engine, tmp_path: Path) -> Settings:
    with engine.begin() as connection:
        for name in ("anna", "bert", "carl"):
            user = User(id=f"id-{name}", username=name, name=name.title(), role=Role.AGENT, disabled=name == "carl")
            accounts.add_user(connection, user, "unusable", datetime.now(UTC))
    return Settings(storage=Storage(url=database_url, dir=tmp_path))


@pytest.fixture
def run(settings: Settings, tmp_path: Path) -> Callable[..., Result]:
    def doing(*rows: str, head: str = HEAD) -> Result:
        file = tmp_path / "roster.csv"
        file.write_text("\n".join((head, *rows)), encoding="utf-8")
        return CliRunner().invoke(import_group, ["roster", str(file)], obj=settings)

    return doing


def stored(engine: Engine) -> list[Duty]:
    far = timedelta(days=4000)
    with engine.connect() as connection:
        return store.duties_between(connection, datetime.now(UTC) - far, datetime.now(UTC) + far)


def count(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(duties)).scalar_one()


def test_a_roster_is_imported_and_imported_again(run: Callable[..., Result], engine: Engine) -> None:
    rows = ("anna,2026-11-23,early,,13800000011,,", "bert,2026-11-23,中班,备班,,,", "anna,2026-11-24,night,main,,,")
    for _ in range(2):
        done = run(*rows)
        assert (done.exit_code, done.stderr) == (0, ""), done.output
        assert "3 imported, none bad" in done.output
    first, second, third = stored(engine)
    assert (first.agent_id, first.kind, first.phone) == ("id-anna", Kind.MAIN, "13800000011")
    assert (second.agent_id, second.kind, second.shift) == ("id-bert", Kind.BACKUP, "middle")
    assert (first.begins, first.ends) == (
        datetime(2026, 11, 23, 0, tzinfo=UTC),
        datetime(2026, 11, 23, 8, tzinfo=UTC),
    )
    assert third.begins == datetime(2026, 11, 23, 16, tzinfo=UTC)
    with engine.connect() as connection:
        told = [one.event for one in since(connection, 0, (RosterImported,))]
    assert [(e.duties, e.first, e.last) for e in told] == [(3, "2026-11-23", "2026-11-24")] * 2  # type: ignore[attr-defined]


def test_chinese_headers_and_times_of_their_own(run: Callable[..., Result], engine: Engine) -> None:
    done = run("anna,2026-11-23,行政班,2026-11-23 09:00,2026-11-23 12:30", head="用户名,日期,班次,开始时间,结束时间")
    assert done.exit_code == 0, done.output
    (duty,) = stored(engine)
    assert duty.ends - duty.begins == timedelta(hours=3.5)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("nobody,2026-11-23,early,,,,", "nobody"),
        ("carl,2026-11-23,early,,,,", "enable it"),
        ("anna,2026-11-23,tea,,,,", "shift = 'tea'"),
        ("anna,2026-02-30,early,,,,", "there is no such date"),
        ("anna,2026-11-23,early,spare,,,", "duty = 'spare'"),
        ("anna,2026-11-23,early,,hello,,", "no telephone number"),
        ("anna,2026-11-23,early,,13800000011;13800000012,,", "there are several"),
        ("anna,2026-11-23,early,,,2026-11-23 09:00,2026-11-23 08:00", "does not end after it begins"),
        ("anna,2026-11-23,early,,,2026-11-23 09:00,2026-11-25 08:00", "within 24 hours"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_imported(
    run: Callable[..., Result], engine: Engine, row: str, said: str
) -> None:
    done = run("bert,2026-11-23,early,,,,", row)
    assert done.exit_code == 1
    assert "roster.csv:3: " in done.stderr
    assert said in done.stderr
    assert "nothing was imported" in done.output
    assert count(engine) == 0


def test_every_fault_of_a_row_is_told_at_once(run: Callable[..., Result]) -> None:
    told = run("a b,2026-02-30,tea,spare,hello,soon,").stderr
    assert [line for line in told.splitlines() if "roster.csv:2: " in line] == told.splitlines()[:6]
    assert all(f"{column} = " in told for column in ("username", "day", "shift", "duty", "phone", "from"))


def test_overlaps_in_the_file_and_with_what_is_there_are_refused_with_their_lines(
    run: Callable[..., Result], engine: Engine
) -> None:
    assert run("anna,2026-11-23,early,,,,").exit_code == 0
    done = run("bert,2026-11-23,early,,,,", "bert,2026-11-23,day,,,,", "anna,2026-11-23,day,backup,,,")
    assert done.exit_code == 1
    assert "roster.csv:3: bert is on duty early of 2026-11-23 at that time (line 2)" in done.stderr
    assert "roster.csv:4: anna is on duty early of 2026-11-23 at that time (the roster that is there)" in done.stderr
    assert [duty.agent_id for duty in stored(engine)] == ["id-anna"], "nothing half-applied"
    assert run("anna,2026-11-23,early,backup,,,").exit_code == 0
    assert [duty.kind for duty in stored(engine)] == [Kind.BACKUP], "the same turn is replaced, not doubled"


def test_the_example_of_the_manual(run: Callable[..., Result], settings: Settings, engine: Engine) -> None:
    done = CliRunner().invoke(import_group, ["roster", str(EXAMPLE)], obj=settings)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    assert count(engine) == 4


def test_the_backup_shift_is_called_in_from_the_command_line(tmp_path: Path) -> None:
    settings = Settings(storage=Storage(dir=tmp_path))
    upgrade(settings.database_url)
    engine = open_engine(settings.database_url)

    def shift(*words: str) -> Result:
        return CliRunner().invoke(shift_group, list(words), obj=settings)

    none = shift("activate", "--why", "storm")
    assert (none.exit_code, "nobody on backup duty" in none.stderr) == (1, True)
    now = datetime.now(UTC)
    times = {"begins": now - timedelta(hours=1), "ends": now + timedelta(hours=1)}
    duty = Duty(agent_id="id-anna", day=now.date(), shift="early", kind=Kind.BACKUP, phone="13800000011", **times)
    book = HandOver(shift_id=f"{now.date()}-early", opened_at=now, opened_by="id-anna")
    with engine.begin() as connection:
        store.save_duties(connection, [duty])
        store.open_shift(connection, book)
    assert "1 people" in shift("activate", "--why", "storm").output
    assert "called in (person: storm)" in shift("plan").output
    assert shift("activate", "--why", "storm").exit_code == 1
    assert "let go" in shift("release", "--why", "over").output
    early, closing = book.shift_id, ("close", book.shift_id, "--note", "three orders are still open")
    assert "make an account, `hotline user add NAME --role shift_lead`" in shift(*closing).stderr
    with engine.begin() as connection:
        for name, role in (("lena", Role.SHIFT_LEAD), ("dora", Role.DEPUTY), ("anna", Role.AGENT)):
            user = User(id=f"id-{name}", username=name, name=name, role=role)
            accounts.add_user(connection, user, "unusable", now)
    assert "say in whose name with --as: dora, lena" in shift(*closing).stderr
    assert "anna is agent, who may not hand shifts over" in shift(*closing, "--as", "anna").stderr
    assert "hotline shift open ID" in shift("close", f"{now.date()}-night", *closing[2:], "--as", "dora").stderr
    assert "-night is open" in shift("open", f"{now.date()}-night", "--as", "lena").output
    assert shift("close", early, "--note", "short", "--as", "dora").exit_code == 1
    assert shift(*closing, "--as", "dora").exit_code == 0
    assert "its note: three orders are still open" in shift("take-over", early, "--as", "lena").output
    with engine.connect() as connection:
        handed = store.hand_over(connection, early)
    assert handed is not None
    assert (handed.closed_by, handed.taken_by) == ("id-dora", "id-lena")
    with engine.connect() as connection:
        texts = [row.text for row in connection.execute(select(notifications))]
        told = [type(one.event) for one in since(connection, 0, (BackupActivated, ShiftClosed))]
    assert ["storm" in text for text in sorted(texts)].count(True) == 1
    assert len(texts) == 2
    assert told == [BackupActivated, ShiftClosed]
    engine.dispose()
