"""An installation's own lists (queues, skills, reasons …): in force everywhere, or refused with what and where."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agents import catalogue
from agents import reasons as reasons_of
from agents import results as results_of
from agents import store as accounts
from agents.model import Role, User
from app import lists
from app.flow_command import flow_group
from app.import_command import import_group
from app.report_command import report_group
from app.storage import upgrade
from app.user_command import user_group
from core.config import Settings, load
from core.db import open_engine
from core.errors import ConfigError

pytestmark = pytest.mark.integration

OURS = {
    "queues": "- {id: care, names: {zh: 关怀, en: Care}, strategy: best_skill, skills: {sign: 2}, relax: "
    "[{after_s: 30, skills: {sign: 0}}]}\n",
    "skills": "levels: 3\nskills: {sign: {zh: 手语, en: Sign language}}\n",
    "reasons": "- {code: monitoring, names: {zh: 旁听, en: Listening}, work: true, source: us}\n"
    "- {code: prayer, names: {zh: 礼拜, en: Prayer}, work: false, source: us}\n",
    "results": "- {code: solved, names: {zh: 已解决, en: Solved}, source: us}\n",
    "shifts": '- {code: long, names: {zh: 长班, en: Long}, begins: "07:00", ends: "19:00", source: us}\n',
}
FLOW = """
flow: small
version: 1
start: main
trouble: person
nodes:
  main: {do: menu, prompts: [menu], keys: {"0": person}, give_up: person}
  person: {do: queue, queue: QUEUE, skills: {sign: LEVEL}, nobody: bye, too_long: bye, next: bye}
  bye: {do: hangup}
"""


def installed(folder: Path, **changed: str) -> Settings:
    """Write the settings of an installation with its own lists, some of them `changed`; return them."""
    for key, text in {**OURS, **changed}.items():
        (folder / f"our-{key}.yaml").write_text(text, "utf-8")
    named = "".join(f'{key} = "our-{key}.yaml"\n' for key in OURS)
    (folder / "hotline.toml").write_text(f'[site]\n{named}[storage]\ndir = "{folder / "var"}"\n', "utf-8")
    return load(folder / "hotline.toml", {})


def checked(settings: Settings, folder: Path, queue: str, level: str) -> Result:
    file = folder / "small.yaml"
    file.write_text(FLOW.replace("QUEUE", queue).replace("LEVEL", level), "utf-8")
    return CliRunner().invoke(flow_group, ["check", str(file)], obj=settings)


def test_own_lists_take_the_place_of_those_shipped(tmp_path: Path) -> None:
    site = installed(tmp_path).site
    assert list(lists.queues_of(site)) == ["care"]
    assert catalogue.load(site.skills).skills == {"sign": {"zh": "手语", "en": "Sign language"}}
    assert reasons_of.load(site.reasons).code("礼拜") == "prayer"
    assert results_of.load(site.results).code("已解决") == "solved"
    assert list(lists.shifts_of(site)) == ["long"]
    shipped = load(None, {}).site
    assert list(lists.queues_of(shipped)) == ["general"]


def test_a_flow_is_checked_by_them(tmp_path: Path) -> None:
    settings = installed(tmp_path)
    assert checked(settings, tmp_path, "care", "2").exit_code == 0
    wrong = str(checked(settings, tmp_path, "cart", "2").exception)
    assert "small.yaml:8: node 'person': there is no queue 'cart' (did you mean 'care'?)" in wrong
    assert "levels go from 1 to 3" in str(checked(settings, tmp_path, "care", "5").exception)
    plain = load(None, {})
    assert "there is no skill 'sign'" in str(checked(plain, tmp_path, "general", "2").exception)


def test_agents_rosters_and_reports_follow_them(tmp_path: Path) -> None:
    settings = installed(tmp_path)
    settings.var.mkdir()
    upgrade(settings.database_url)
    engine = open_engine(settings.database_url)
    with engine.begin() as connection:
        anna = User(id="anna", username="anna", name="Anna", role=Role.AGENT)
        accounts.add_user(connection, anna, "unusable", datetime.now(UTC))
    engine.dispose()
    roster = tmp_path / "roster.csv"
    roster.write_text("username,day,shift\nanna,2026-11-23,长班\n", "utf-8")
    assert "1 imported" in CliRunner().invoke(import_group, ["roster", str(roster)], obj=settings).output
    roster.write_text("username,day,shift\nanna,2026-11-24,early\n", "utf-8")
    assert CliRunner().invoke(import_group, ["roster", str(roster)], obj=settings).exit_code == 1
    can = CliRunner().invoke(user_group, ["skills", "anna", "sign=3"], obj=settings)
    assert can.exit_code == 0, can.output
    cannot = CliRunner().invoke(user_group, ["skills", "anna", "billing=3"], obj=settings)
    assert "there is no skill 'billing'" in cannot.output
    asked = ["kpi", "--from", "2026-11-22", "--to", "2026-11-23"]
    assert "general" not in CliRunner().invoke(report_group, asked, obj=settings).output


@pytest.mark.parametrize(
    ("key", "text", "told"),
    [
        ("queues", "[", "our-queues.yaml:1: not valid YAML"),
        ("queues", "care: {}", "our-queues.yaml: a list of queues is expected"),
        ("queues", OURS["queues"].replace("sign: 2", "billing: 2"), "our-queues.yaml: queue 'care'"),
        ("queues", OURS["queues"] * 2, "our-queues.yaml: id of a queue: 'care' stands there twice"),
        ("skills", "levels: 0\nskills: {}", "our-skills.yaml: levels"),
        ("skills", "- a", "our-skills.yaml: the file"),
        ("reasons", OURS["reasons"].replace("monitoring", "other"), "our-reasons.yaml: the reason 'monitoring'"),
        ("results", "- {code: solved}", "our-results.yaml: Result.__init__() missing"),
        ("results", OURS["results"] * 2, "our-results.yaml: code of a result: 'solved' stands there twice"),
        ("shifts", "[]", "our-shifts.yaml: a list of shifts is expected"),
        ("shifts", OURS["shifts"].replace("07:00", "7"), "our-shifts.yaml"),
    ],
)
def test_what_cannot_be_used_is_refused_with_file_and_place(tmp_path: Path, key: str, text: str, told: str) -> None:
    site = installed(tmp_path, **{key: text}).site
    reads = {
        "shifts": lambda: lists.shifts_of(site),
        "reasons": lambda: reasons_of.load(site.reasons),
        "results": lambda: results_of.load(site.results),
    }
    with pytest.raises(ConfigError) as refused:
        reads.get(key, lambda: lists.lists_of(site))()
    assert told in refused.value.message


def test_a_file_that_is_not_there_is_told_with_the_setting(tmp_path: Path) -> None:
    settings = installed(tmp_path)
    (tmp_path / "our-queues.yaml").unlink()
    with pytest.raises(ConfigError, match=r"our-queues.yaml: there is no such file; \[site\] queues names it"):
        lists.queues_of(settings.site)
