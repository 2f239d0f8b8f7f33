"""`hotline doctor` as a person types it: an empty installation, a running one, and each thing that can be wrong."""

import fcntl
import json
import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from app import doctor_command, doctor_files, storage
from app.asterisk_command import asterisk_group
from app.asterisk_setup import secrets_of
from app.user_command import seat_group
from core import calendar
from core.config import Settings, load
from core.db import open_engine
from speech.render import user_cache
from tests.pbx import claimed_ports

pytestmark = pytest.mark.integration


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    with claimed_ports() as ports, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        environ = {
            "HOTLINE_ASTERISK__SIP_PORT": ports.sip,
            "HOTLINE_ASTERISK__HTTP_PORT": ports.http,
            "HOTLINE_ASTERISK__AMI_PORT": ports.ami,
            "HOTLINE_ASTERISK__RTP_START": ports.rtp_start,
            "HOTLINE_ASTERISK__RTP_END": ports.rtp_end,
            "HOTLINE_WEB__PORT": probe.getsockname()[1],
            "HOTLINE_STORAGE__DIR": tmp_path / "var",
        }
        probe.close()
        yield load(None, {name: str(value) for name, value in environ.items()})


def look(settings: Settings) -> tuple[int, dict[str, str]]:
    """Run the command; return its status and what it says of each thing."""
    result = CliRunner().invoke(doctor_command.doctor, [], obj=settings)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    lines = (line.split(": ", 1) for line in result.stdout.splitlines())
    return result.exit_code, {head.split(maxsplit=1)[1]: f"{head.split()[0]} {said}" for head, said in lines}


def test_an_empty_installation_has_nothing_wrong_and_stays_empty(settings: Settings) -> None:
    status, said = look(settings)
    assert status == 0, said
    assert said["Python"].startswith("fine 3.1")
    assert "made at the first start" in said["database"]
    assert not settings.var.exists()


def test_a_terminal_gets_a_table() -> None:
    findings = [doctor_files.Finding("disk", "WRONG", "3 MB free", "free room"), doctor_files._python()]
    console = Console(force_terminal=True, width=100, record=True)
    console.print(doctor_command._table(findings))
    text = console.export_text()
    assert "✗" in text
    assert "free room" in text


def test_each_thing_on_disk_that_is_wrong_is_told_with_its_cure(settings: Settings) -> None:
    secrets_of(settings)
    (settings.var / "secrets.json").chmod(0o644)
    storage.upgrade(settings.database_url)
    engine = open_engine(settings.database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    engine.dispose()
    (settings.var / "prompts").mkdir()
    (settings.var / "prompts" / "manifest.json").write_text("{")
    full = settings.model_copy(
        update={"storage": settings.storage.model_copy(update={"recordings_min_free_mb": 10**12})}
    )
    status, said = look(full)
    assert status == 1
    assert said["database"].endswith("-> hotline db upgrade")
    assert said["secrets"].endswith(f"-> chmod 600 {settings.var / 'secrets.json'}")
    assert said["prompts"].startswith("WRONG ")
    assert "no recording is begun" in said["disk"]
    assert {name for name, what in said.items() if what.startswith("WRONG")} == {
        "database",
        "secrets",
        "prompts",
        "disk",
    }


def test_a_policy_that_cannot_be_used_is_told_of_the_policy(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text("ring_timeout: {value: -5, source: us}\n", "utf-8")
    own = settings.site.model_copy(update={"policy": str(tmp_path / "ours.yaml")})
    status, said = look(settings.model_copy(update={"site": own}))
    assert status == 1
    assert "ours.yaml:1: rule 'ring_timeout': value -5" in said["policy"]
    assert [name for name, what in said.items() if what.startswith("WRONG")] == ["policy"]


def test_a_database_that_does_not_answer_is_told_without_its_password(settings: Settings) -> None:
    url = "postgresql+psycopg://hotline:geheim@127.0.0.1:1/hotline"
    gone = settings.model_copy(update={"storage": settings.storage.model_copy(update={"url": url})})
    status, said = look(gone)
    assert status == 1
    assert "WRONG" in said["database"]
    assert "geheim" not in said["database"]
    assert "[storage] url" in said["database"]


@pytest.mark.parametrize(("port", "what"), [("web", "web port"), ("sip", "PBX ports")])
def test_a_port_in_use_is_told_with_the_setting_to_change(settings: Settings, port: str, what: str) -> None:
    kind = socket.SOCK_STREAM if port == "web" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as taker:
        taker.bind(("127.0.0.1", settings.web.port if port == "web" else settings.asterisk.sip_port))
        if port == "web":
            taker.listen()
        status, said = look(settings)
    assert status == 1
    assert f"HOTLINE_{'WEB__PORT' if port == 'web' else 'ASTERISK__SIP_PORT'}" in said[what]


def test_the_port_of_our_own_service_is_fine(settings: Settings) -> None:
    settings.var.mkdir()
    with (settings.var / "hotline.lock").open("w") as lock, socket.socket() as taker:
        fcntl.flock(lock, fcntl.LOCK_EX)
        taker.bind(("127.0.0.1", settings.web.port))
        taker.listen()
        assert look(settings)[1]["web port"].endswith("held by the running service")


def test_the_cache_is_looked_at(settings: Settings, tmp_path: Path) -> None:
    empty = {f.what: f for f in doctor_files.examine(settings, tmp_path / "cache")}
    assert "fetched at the first start" in empty["voice"].says
    assert "built at the first start" in empty["desktop"].says
    assert not (tmp_path / "cache").exists()
    assert {f.what: f for f in doctor_files.examine(settings, user_cache())}["voice"].grade == "fine"


@pytest.mark.parametrize(
    ("years", "month", "grade"), [(0, 11, "fine"), (0, 12, "note"), (-1, 12, "fine"), (1, 1, "note")]
)
def test_the_plan_of_working_days_is_wanted_in_december(years: int, month: int, grade: str) -> None:
    found = doctor_files.calendar_plan(date(calendar.LAST_PLANNED + years, month, 5))
    assert found.grade == grade
    assert bool(found.cure) == (grade == "note")


def test_a_running_pbx_is_asked_with_our_secrets(settings: Settings) -> None:
    run = CliRunner()
    try:
        assert run.invoke(seat_group, ["add", "1001"], obj=settings).exit_code == 0
        assert run.invoke(asterisk_group, ["start"], obj=settings).exit_code == 0
        status, said = look(settings)
        assert status == 0, said
        assert said["PBX"] == "fine the private one is running"
        for name in ("ARI", "AMI", "PBX modules"):
            assert said[name].startswith("fine"), said
        assert said["phones"].endswith("1001")

        assert run.invoke(seat_group, ["add", "1002"], obj=settings).exit_code == 0
        assert "1002 -> hotline asterisk render" in look(settings)[1]["seats"]

        file = settings.var / "secrets.json"
        file.write_text(json.dumps(dict.fromkeys(json.loads(file.read_text()), "x")))
        status, said = look(settings)
        assert status == 1
        assert said["ARI"].startswith("WRONG refuses")
        assert "refused" in said["AMI"]
    finally:
        assert run.invoke(asterisk_group, ["stop"], obj=settings).exit_code == 0
