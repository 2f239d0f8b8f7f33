"""`hotline staffing plan`: a day planned from the journal of a database, with no service running."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from agents import store as people
from agents.model import Role, User
from agents.shifts import store as shifts
from agents.shifts.model import Duty, Kind
from app.staffing_command import staffing_group
from app.storage import upgrade
from core.config import Settings, load
from core.db import open_engine
from core.journal import append
from routing.events import AgentRequested

pytestmark = pytest.mark.integration

FIRST = datetime(2025, 11, 2, 16, tzinfo=UTC)
"""Midnight of Monday 3 November 2025 at the site."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Four weeks with 20 calls in each half hour from eight to eight, on weekends 10; a tenth of them complaints."""
    settings = load(None, {"HOTLINE_STORAGE__DIR": str(tmp_path_factory.mktemp("site") / "var")})
    upgrade(settings.database_url)
    draw = np.random.default_rng(1)
    events = []
    for day in range(28):
        for slot in range(16, 40):
            begin = FIRST + timedelta(days=day, minutes=30 * slot)
            for second in np.sort(draw.uniform(0, 1800, 20 if day % 7 < 5 else 10)):
                queue = "complaints" if draw.random() < 0.1 else "general"
                events.append(AgentRequested(at=begin + timedelta(seconds=second), call_id="c", queue=queue))
    engine = open_engine(settings.database_url)
    with engine.begin() as connection:
        append(connection, events)
    engine.dispose()
    return settings


def plan(settings: Settings, *words: str) -> Result:
    return CliRunner().invoke(staffing_group, ["plan", *words], obj=settings)


def test_the_plan_of_a_day_as_a_table(site: Settings) -> None:
    done = plan(site, "--day", "2025-12-01")
    assert done.exit_code == 0, done.output
    assert "Monday 2025-12-01, office day; queue all; told from 27 days" in done.output, "the first day may be a part"
    assert (
        "handling 180 s (policy staffing_handling); patience 120 s (Erlang A) (policy staffing_patience)" in done.output
    )
    assert "error of the forecast on the last 13 days: " in done.output
    assert "SL-3: share of all callers who are answered within 20 s" in done.output
    noon = next(line.split() for line in done.output.splitlines() if line.strip().startswith("12:00"))
    assert 18 < float(noon[1]) < 22


def test_the_plan_as_json_says_what_it_stands_on(site: Settings) -> None:
    words = ("--queue", "general", "--target", "90/15", "--aht", "240", "--patience", "0", "--shrinkage", "25")
    whole = json.loads(plan(site, "--day", "2025-12-06", "--format", "json", "--asa", "0", *words).output)
    assert whole["kind"] == "weekend"
    assert whole["queue"] == "general"
    assert whole["service_level"] == {"variant": "SL-3", "share": 0.9, "within_s": 15}
    assert whole["handling_s"] == {"value": 240, "source": "given"}
    assert whole["patience_s"] == {"value": None, "source": "given"}
    assert whole["asa_limit_s"] is None
    assert len(whole["half_hours"]) == 48
    noon = whole["half_hours"][24]
    assert noon["begin"] == "2025-12-06T12:00:00+08:00"
    assert 8 < noon["calls"] < 10, "nine tenths of ten"
    assert noon["service_level"] >= 0.9
    assert noon["people"] * 0.75 >= noon["agents"] > noon["erlangs"]
    assert whole["half_hours"][4]["agents"] == 1, "nobody calls at night, and somebody is there"


def test_the_plan_as_csv(site: Settings) -> None:
    rows = list(csv.DictReader(io.StringIO(plan(site, "--day", "2025-12-01", "--format", "csv").output)))
    assert len(rows) == 48
    assert rows[0]["begin"] == "2025-12-01T00:00:00+08:00"
    assert float(rows[24]["service_level"]) >= 0.8


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--day", "tomorrow"), "--day tomorrow: a day is written YYYY-MM-DD"),
        (("--day", "0001-01-01"), "--day 0001-01-01: the year cannot be meant"),
        (("--day", "9999-12-31"), "--day 9999-12-31: the year cannot be meant"),
        (("--day", "2025-12-01", "--queue", "vip"), "queues with calls: complaints, general"),
        (("--day", "2025-12-01", "--target", "0.8"), "--target 0.8: is written 80/20 for 80 % within 20 s"),
        (("--day", "2025-12-01", "--target", "100/20"), "share = 1: must be between 0 and 1"),
        (("--day", "2025-12-01", "--aht", "-5"), "handling_s = -5: must be seconds above 0"),
        (("--day", "2025-12-01", "--shrinkage", "100"), "--shrinkage 100: must be from 0 to below 100, in percent"),
        (("--day", "2025-11-03"), "no whole day before 2025-11-03 is in the journal, which begins on 2025-11-03"),
        (("--day", "2025-11-03"), "so it can be made from 2025-11-05 on"),
        (("--day", "2025-11-03", "--target", "80"), "--target 80: is written 80/20 for 80 % within 20 s"),
    ],
)
def test_what_cannot_be_planned_is_told_with_the_cure(site: Settings, words: tuple[str, ...], told: str) -> None:
    done = plan(site, *words)
    assert done.exit_code == 1
    assert told in done.output


def test_no_database_and_an_empty_one_are_told(tmp_path: Path) -> None:
    settings = load(None, {"HOTLINE_STORAGE__DIR": str(tmp_path / "var")})
    assert "there is no database" in plan(settings, "--day", "2025-12-01").output
    upgrade(settings.database_url)
    assert "knows of nobody who asked for a person yet" in plan(settings, "--day", "2025-12-01").output


def simulate(settings: Settings, *words: str) -> Result:
    return CliRunner().invoke(
        staffing_group, ["simulate", "--day", "2025-12-01", "--replications", "6", *words], obj=settings
    )


def test_more_calls_and_fewer_agents_are_seen_beside_the_plan(site: Settings) -> None:
    words = ("--calls", "+30%", "--agents", "-1", "--seed", "7", "--format", "json")
    done = simulate(site, *words)
    assert done.exit_code == 0, done.output
    whole = json.loads(done.output)
    planned, changed, difference = (whole[name] for name in ("as_planned", "changed", "difference"))
    assert planned["within"]["mean"] >= 0.75, "what the plan was made for, small as the centre is"
    assert changed["calls"]["mean"] == pytest.approx(1.3 * planned["calls"]["mean"], rel=0.05)
    assert difference["within"]["mean"] < -difference["within"]["half_95"], "worse, and not by chance"
    assert difference["abandoned"]["mean"] > 0
    assert changed["occupancy"]["mean"] > planned["occupancy"]["mean"]
    assert simulate(site, *words).output == done.output, "the same seed says the same"


def test_only_some_agents_for_a_queue_cost_its_callers(site: Settings) -> None:
    done = simulate(site, "--skilled", "complaints=40", "--rule", "best_skill")
    assert done.exit_code == 0, done.output
    assert "answered in time (SL-3)" in done.output
    assert "as planned" in done.output
    assert "difference" in done.output
    assert "6 days, seed 1; ± is the confidence interval of 95 %" in done.output


def test_a_plan_alone_is_simulated_without_a_change(site: Settings) -> None:
    done = simulate(site)
    assert done.exit_code == 0, done.output
    assert "difference" not in done.output


@pytest.fixture
def rostered(site: Settings) -> Iterator[Settings]:
    """Nine people on the main shift of that day from eight to eight, one of them on backup duty besides."""
    engine = open_engine(site.database_url)
    begin = datetime(2025, 12, 1, tzinfo=UTC)
    turn = {"day": date(2025, 12, 1), "shift": "day", "begins": begin, "ends": begin + timedelta(hours=12)}
    with engine.begin() as connection:
        for number in range(10):
            kind = Kind.MAIN if number else Kind.BACKUP
            who = User(id=f"id{number}", username=f"person{number}", name="x", role=Role.AGENT)
            people.add_user(connection, who, "unusable", begin)
            shifts.save_duties(connection, [Duty(agent_id=who.id, kind=kind, **turn)])
    yield site
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM duties"))
        connection.execute(text("DELETE FROM users"))
    engine.dispose()


def test_a_day_is_simulated_with_the_people_of_its_roster_and_the_rules_of_its_queues(rostered: Settings) -> None:
    words = ("--roster", "--queue", "general", "--shrinkage", "0", "--aht", "240")
    done = simulate(rostered, *words, "--format", "json", "--agents", "-3")
    assert done.exit_code == 0, done.output
    whole = json.loads(done.output)
    assert len(whole["people"]) == 9, "who is on backup duty is not at work"
    assert whole["agents"][16:40] == [9.0] * 24
    assert set(whole["agents"][:16]) == {0.0}
    assert whole["difference"]["within"]["mean"] < 0
    told = simulate(rostered, *words).output
    assert "9 people of the roster, 1 queues by their own rules" in told
    away = json.loads(simulate(rostered, "--roster", "--queue", "general", "--format", "json").output)
    assert 5 < away["agents"][20] < 8, "the policy's shrinkage is away"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--roster", "--queue", "general"), "nobody is on main duty on 2025-12-01: import the roster"),
        (("--shrinkage", "20"), "--shrinkage: without --roster"),
        (("--calls", "30"), "--calls 30: is written +30%, -10% or x1.5"),
        (("--rule", "nicest"), "--rule nicest: known are best_skill, least_occupied, longest_idle, round_robin"),
        (("--skilled", "vip=20"), "--skilled vip: nobody calls for that queue; queues with calls: complaints, general"),
        (("--skilled", "complaints"), "--skilled complaints: is written english=20"),
        (("--skilled", "complaints=140"), "--skilled complaints=140: must be from 0 to 100 percent"),
        (("--cv", "0"), "cv between 0 and 10"),
        (("--calls", "x1000"), "calls times 1000: must be from 0 to 100"),
    ],
)
def test_what_cannot_be_simulated_is_told_with_the_cure(site: Settings, words: tuple[str, ...], told: str) -> None:
    done = simulate(site, *words)
    assert done.exit_code == 1
    assert told in done.output
