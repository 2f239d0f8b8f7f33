"""`hotline report kpi` as a person types it: from the database alone, in every format, and each wrong asking."""

import asyncio
import csv
import io
import json
import re
import shlex
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from agents.events import AgentStateChanged
from app import storage
from app.report_command import report_group
from app.report_process import ProcessReports, TooManyReports
from core.config import Settings, load
from core.db import open_engine
from core.events import Event
from cti.events import AgentAnswered, CallAnswered, CallArrived, CallDequeued, CallEnded, CallQueued, CallReleased
from figures.asking import BadRange, NoData, Words
from figures.export import harmless
from routing.events import AgentRequested
from tests.figures.books import write
from tests.figures.centre import DAY

pytestmark = pytest.mark.integration

SECOND = timedelta(seconds=1)
NINE = DAY + timedelta(hours=9)
RANGE = ("--from", "2025-03-10", "--to", "2025-03-10")


def arrives(call_id: str, at: timedelta) -> list[Event]:
    arrived = CallArrived(
        at=NINE + at, call_id=call_id, channel_id="x", caller="1", caller_known=False, caller_raw="", number="9"
    )
    return [arrived, CallAnswered(at=NINE + at, call_id=call_id)]


def moved(from_: str, to: str, at: timedelta, call_id: str = "") -> Event:
    reason = "=HYPERLINK(1)" if to == "not_ready" else None
    told = {"cause": "asked", "reason": reason, "call_id": call_id or None}
    return AgentStateChanged(at=NINE + at, agent_id="a1", from_=from_, to=to, **told)


def story() -> list[Event]:
    """Four calls: answered after 8 s, hung up in the queue after 4 s, nobody there, and one in the menu alone."""
    zero, minute = timedelta(), timedelta(minutes=1)
    return [
        moved("logged_out", "not_ready", -minute),
        moved("not_ready", "ready", zero),
        *arrives("c1", zero),
        CallQueued(at=NINE + 2 * SECOND, call_id="c1", queue="general"),
        AgentRequested(at=NINE + 2 * SECOND, call_id="c1", queue="general", needs={"english": 3, "fault": 1}),
        AgentAnswered(at=NINE + 10 * SECOND, call_id="c1", agent_id="a1", seat_id="s", channel_id="x"),
        moved("ready", "talking", 10 * SECOND, "c1"),
        *arrives("c2", minute),
        CallQueued(at=NINE + minute, call_id="c2", queue="general"),
        CallEnded(at=NINE + minute + 4 * SECOND, call_id="c2", by="caller", why="hung_up", where="queued"),
        CallReleased(at=NINE + 110 * SECOND, call_id="c1", agent_id="a1", by="agent", why="hung_up"),
        moved("talking", "wrap_up", 110 * SECOND, "c1"),
        CallEnded(at=NINE + 111 * SECOND, call_id="c1", by="system", why="finished", where="bye"),
        moved("wrap_up", "ready", 130 * SECOND, "c1"),
        *arrives("c3", 3 * minute),
        CallQueued(at=NINE + 3 * minute, call_id="c3", queue="general"),
        CallDequeued(at=NINE + 3 * minute, call_id="c3", queue="general", why="no_agents"),
        CallEnded(at=NINE + 4 * minute, call_id="c3", by="caller", why="hung_up", where="nobody"),
        *arrives("c4", 5 * minute),
        CallEnded(at=NINE + 6 * minute, call_id="c4", by="system", why="finished", where="bye"),
        moved("ready", "not_ready", 10 * minute),
        moved("not_ready", "logged_out", 11 * minute),
    ]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = load(None, {"HOTLINE_STORAGE__DIR": str(tmp_path / "var")})
    storage.upgrade(made.database_url)
    engine = open_engine(made.database_url)
    write(engine, story())
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO users (id, username, name, role, password_hash, disabled, created_at) "
                "VALUES ('a1', '=anna', 'Anna', 'agent', 'x', 0, '2026-01-01 00:00:00')"
            )
        )
    engine.dispose()
    return made


def report(settings: Settings, *words: str) -> Result:
    return CliRunner().invoke(report_group, ["kpi", *words], obj=settings)


def as_json(settings: Settings, *words: str) -> dict[str, object]:
    made = report(settings, *RANGE, "--format", "json", *words)
    assert made.exit_code == 0, (made.output, made.exception)
    found: dict[str, object] = json.loads(made.stdout)
    return found


def test_the_figures_of_a_day(settings: Settings) -> None:
    made = as_json(settings, "--variant", "all")
    assert made["laws_hold"] is True
    (row,) = made["rows"]  # type: ignore[misc]
    assert row["label"] == ["综合业务"]
    total = made["total"]
    counts = {name: total["counts"].get(name, 0) for name in ("N", "I", "P", "K", "O", "A", "B", "B_s", "F", "W", "Z")}  # type: ignore[index]
    assert counts == {"N": 4, "I": 4, "P": 3, "K": 1, "O": 3, "A": 1, "B": 1, "B_s": 1, "F": 1, "W": 0, "Z": 1}
    figures = {name: value for name, value in total["figures"].items() if value is not None}  # type: ignore[index]
    assert (
        figures
        | {
            "SL-1": "100.00",
            "SL-3": "50.00",
            "SL-4": "100.00",
            "SL-6F": "50.00",
            "SL-8": "50.00",
            "CR-1": "33.33",
            "CR-2": "25.00",
            "ASA-1": "8.00",
            "AHT-1": "120.00",
            "AB-1": "33.33",
            "IC-1": "25.00",
        }
        == figures
    )
    assert figures["OCC-1"] == "20.00", "100 s of talk and 20 of wrap-up; 480 s ready"


def test_p28_who_hung_up_and_where_is_in_the_figures(settings: Settings) -> None:
    endings = as_json(settings)["endings"]
    assert [tuple(one.values()) for one in endings] == [  # type: ignore[attr-defined]
        ("caller", "nobody", "hung_up", 1),
        ("caller", "queued", "hung_up", 1),
        ("system", "bye", "finished", 2),
    ]
    assert "queued" in report(settings, *RANGE).stdout


def test_each_half_hour_and_each_agent(settings: Settings) -> None:
    made = as_json(settings, "--group", "half_hour")
    assert [row["label"] for row in made["rows"]] == [["2025-03-10T08:30+08:00"], ["2025-03-10T09:00+08:00"]]  # type: ignore[attr-defined]
    (own,) = as_json(settings, "--group", "agent", "--variant", "SL-2")["rows"]  # type: ignore[misc]
    assert own["label"] == ["=anna"]
    assert (own["counts"]["A"], own["figures"]["SL-2"]) == (1, "100.00")
    assert "O" not in own["counts"], "what nobody answered is no agent's"
    alone = as_json(settings, "--agent", "=anna", "--group", "day")
    assert alone["total"]["counts"].get("O") is None  # type: ignore[index]
    assert alone["endings"] == []


def test_by_skill_a_caller_who_needs_two_is_counted_at_both_and_the_head_says_so(settings: Settings) -> None:
    made = json.loads(report(settings, *RANGE, "--by", "skill", "--format", "json").stdout)
    assert made["rows_add_up"] is False
    rows = {row["label"][0]: (row["counts"]["O"], row["figures"]["SL-4"]) for row in made["rows"]}
    assert rows == {"无技能要求": (2, None), "英语": (1, "100.00"), "故障报修": (1, "100.00")}
    assert made["total"]["counts"]["O"] == 3
    both = report(settings, *RANGE, "--by", "skill,hour", "--format", "csv", "--language", "en").stdout
    assert "skills,a contact that needs several is counted at each" in both
    assert "English,2025-03-10T09:00+08:00,,,,1,1,1,1," in both
    assert "技能归属" not in report(settings, *RANGE, "--by", "queue").stdout


HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "reports.md"
COMMAND = re.compile(r"(?:\$ ./|^  +)hotline report kpi (.+)$", re.MULTILINE)


def documented() -> list[str]:
    """Return the commands that the how-to and the command's own help show."""
    told = CliRunner().invoke(report_group, ["kpi", "--help"]).output
    return COMMAND.findall(HOW_TO.read_text("utf-8")) + COMMAND.findall(told)


def test_every_command_of_the_documentation_and_of_the_help_works_as_it_is_written(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The story of this module, on the day that the examples are about."""
    monkeypatch.chdir(tmp_path)
    engine = open_engine(settings.database_url)
    later = datetime(2026, 11, 23, 1, tzinfo=UTC) - NINE
    write(engine, [replace(event, at=event.at + later) for event in story()])
    with engine.begin() as connection:
        connection.execute(text("UPDATE users SET username = '1001'"))
    engine.dispose()
    commands = documented()
    assert len(commands) >= 8
    for command in commands:
        done = report(settings, *shlex.split(command))
        assert done.exit_code == 0, (command, done.output, done.exception)
    shown = HOW_TO.read_text("utf-8").split("<!-- shown -->\n```\n")[1].split("```")[0]
    command = COMMAND.findall(HOW_TO.read_text("utf-8"))[0]
    out = report(settings, *shlex.split(command)).stdout
    for line in shown.splitlines():
        assert not line.strip() or line == "…" or line in out.splitlines(), f"not printed any more: {line!r}"


def test_csv_has_no_formulas_and_excel_sees_that_it_is_utf_8(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "kpi.csv"
    made = report(settings, *RANGE, "--group", "agent", "--format", "csv", "--out", str(file))
    assert made.exit_code == 0, made.output
    raw = file.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    cells = [cell for row in rows for cell in row]
    assert "'=anna" in cells
    assert any("接听数 A" in cell for cell in cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("text", ["=1+1", "+86", "-x", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_what_a_spreadsheet_would_compute_is_text(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert harmless("anna") == "anna"


def test_a_workbook_holds_texts_as_texts_and_numbers_as_numbers(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "kpi.xlsx"
    assert report(settings, *RANGE, "--group", "agent", "--format", "xlsx", "--out", str(file)).exit_code == 0
    with zipfile.ZipFile(file) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        texts = book.read("xl/sharedStrings.xml").decode()
        sheets = book.read("xl/workbook.xml").decode()
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    assert "=anna" in texts
    assert "接听数 A" in texts
    assert sheet.findall(f".//{space}f") == [], "no formula"
    assert [cell for cell in sheet.iter(f"{space}c") if cell.get("t") is None and cell.find(f"{space}v") is not None]
    assert all(f'name="{name}"' in sheets for name in ("KPI", "endings", "formulas"))


def test_the_same_report_is_the_same_text(settings: Settings) -> None:
    first, second = as_json(settings), as_json(settings)
    assert first.pop("as_of") != second.pop("as_of")
    assert first == second


def test_a_law_that_does_not_hold_is_told_in_the_head(settings: Settings) -> None:
    engine = open_engine(settings.database_url)
    late = NINE + timedelta(hours=1)
    lost = AgentAnswered(at=late, call_id="c9", agent_id="a1", seat_id="s", channel_id="x")
    write(engine, [lost])
    engine.dispose()
    told = report(settings, *RANGE, "--language", "en").stdout
    assert "laws: VIOLATED, do not trust these figures (1)" in told
    assert "AgentAnswered at 2025-03-10T02:00:00+00:00: a call that is not there" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--from", "2025-03-11", "--to", "2025-03-10"), "not before"),
        (("--from", "2025-03-10T08:00", "--to", "2025-03-10"), "without its offset"),
        (("--from", "yesterday", "--to", "2025-03-10"), "not a date or time"),
        (("--from", "2020-01-01", "--to", "2025-03-10"), "longer than 400 days"),
        (("--from", "2025-01-01", "--to", "2025-01-31"), "the journal holds 2025-03-10T08:59"),
        ((*RANGE, "--variant", "SL-9"), "'SL-9': there is no such variant; known: SL-1"),
        ((*RANGE, "--group", "week"), "'week': there is no such group; known: queue"),
        ((*RANGE, "--group", "hour,day"), "at most one of them a time"),
        ((*RANGE, "--agent", "bert"), "'bert': there is no such user"),
        ((*RANGE, "--out", "/nowhere/kpi.txt"), "cannot be written"),
    ],
)
def test_a_wrong_asking_says_what_is_wrong_and_what_to_do(
    settings: Settings, words: tuple[str, ...], told: str
) -> None:
    made = report(settings, *words)
    assert made.exit_code == 1
    assert told in str(made.exception)


@pytest.mark.parametrize("form", ["text", "csv", "xlsx", "json"])
def test_a_range_without_data_says_what_there_is_and_leaves_the_report_of_before_as_it_was(
    settings: Settings, tmp_path: Path, form: str
) -> None:
    file = tmp_path / "kpi"
    file.write_text("the report of October")
    made = report(settings, "--from", "2025-03-11", "--to", "2025-03-31", "--format", form, "--out", str(file))
    assert made.exit_code == 1
    assert str(made.exception).startswith("no data from 2025-03-11T00:00+08:00 to 2025-04-01T00:00+08:00: the journal")
    assert "2025-03-10T08:59+08:00 to 2025-03-10T09:11+08:00; ask for a part of that" in str(made.exception)
    assert file.read_text() == "the report of October"
    assert list(tmp_path.glob("kpi*")) == [file]


def test_a_report_that_cannot_be_written_whole_is_not_written_at_all(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kpi.csv"
    file.write_text("the report of October")

    def full(of: object, to: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    made = report(settings, *RANGE, "--format", "csv", "--out", str(file))
    assert "cannot be written (No space left on device): name another file" in str(made.exception)
    assert file.read_text() == "the report of October"
    assert list(tmp_path.glob("*kpi*")) == [file], "nothing half-written is left"


def test_no_database_is_made_by_looking_for_one(tmp_path: Path) -> None:
    settings = load(None, {"HOTLINE_STORAGE__DIR": str(tmp_path / "other")})
    made = report(settings, *RANGE)
    assert "there is no database" in str(made.exception)
    assert not (tmp_path / "other").exists()
    engine = open_engine(f"sqlite:///{tmp_path / 'hotline.db'}")
    engine.connect().close()
    engine.dispose()
    old = report(load(None, {"HOTLINE_STORAGE__DIR": str(tmp_path)}), *RANGE)
    assert "hotline db upgrade" in str(old.exception)


def test_nothing_is_written(settings: Settings) -> None:
    file = Path(settings.database_url.removeprefix("sqlite:///"))
    before = file.read_bytes()
    assert report(settings, *RANGE).exit_code == 0
    assert file.read_bytes() == before


async def test_the_report_of_a_process_is_that_of_the_command(settings: Settings) -> None:
    reports = ProcessReports(settings)
    words = Words("2025-03-10", "2025-03-10", "queue,half_hour", ["all"])
    made = await reports.kpi(words, "zh-CN")
    assert made | {"as_of": ""} == as_json(settings, "--group", "queue,half_hour", "--variant", "all") | {"as_of": ""}
    with pytest.raises(BadRange, match="not before"):
        await reports.kpi(Words("2025-03-11", "2025-03-10"), "zh-CN")
    with pytest.raises(NoData, match="the journal holds"):
        await reports.kpi(Words("2025-01-01", "2025-01-02"), "zh-CN")
    answers = await asyncio.gather(*(reports.kpi(words, "zh-CN") for _ in range(3)), return_exceptions=True)
    assert sorted(isinstance(one, TooManyReports) for one in answers) == [False, False, True]


def test_both_engines_give_the_same_figures(empty_database_url: str, tmp_path: Path) -> None:
    there = {"HOTLINE_STORAGE__DIR": str(tmp_path / "var"), "HOTLINE_STORAGE__URL": empty_database_url}
    settings = load(None, there)
    storage.upgrade(settings.database_url)
    engine = open_engine(settings.database_url)
    write(engine, story())
    engine.dispose()
    total = as_json(settings, "--variant", "all")["total"]
    assert (total["counts"]["O"], total["figures"]["SL-3"]) == (3, "50.00")  # type: ignore[index]
