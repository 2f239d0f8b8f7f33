"""`hotline asterisk …` as a person types it: render, start, status, stop, and what it says when something is wrong."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agents.model import Seat
from app.asterisk_command import asterisk_group, seats_of
from app.asterisk_setup import directories_of, private_asterisk, render_spec, secrets_of
from app.pbx_seats import PbxSeats
from app.user_command import seat_group
from asterisk_conf.errors import PortInUse
from asterisk_conf.install import default_cache, ensure_asterisk
from asterisk_conf.spec import Ports
from core.config import Settings, load
from core.errors import ConfigError
from tests.pbx import claimed_ports

pytestmark = pytest.mark.integration

Run = Callable[..., Result]


@pytest.fixture
def ports() -> Iterator[Ports]:
    with claimed_ports() as claimed:
        yield claimed


@pytest.fixture
def settings(tmp_path: Path, ports: Ports) -> Settings:
    wanted = {
        "sip_port": ports.sip,
        "http_port": ports.http,
        "ami_port": ports.ami,
        "rtp_start": ports.rtp_start,
        "rtp_end": ports.rtp_end,
    }
    environ = {f"HOTLINE_ASTERISK__{name.upper()}": str(port) for name, port in wanted.items()}
    return load(None, environ | {"HOTLINE_STORAGE__DIR": str(tmp_path)})


@pytest.fixture
def run(settings: Settings) -> Iterator[Run]:
    def invoke(*arguments: str, **more: object) -> Result:
        return CliRunner().invoke(asterisk_group, arguments, obj=settings, **more)

    yield invoke
    assert invoke("stop").exit_code == 0


def test_started_it_runs_until_it_is_stopped(run: Run, settings: Settings) -> None:
    assert "running (process" in run("start", catch_exceptions=False).output
    assert "already running" in run("start").output
    status = run("status")
    assert status.exit_code == 0
    assert "0 active channels" in status.output
    assert "has read it" in run("render").output
    assert CliRunner().invoke(seat_group, ["add", "7001"], obj=settings).exit_code == 0
    pbx = private_asterisk(settings, ensure_asterisk(default_cache(), print))
    assert "Unable to find" in asyncio.run(pbx.command("pjsip show endpoint seat7001"))
    assert asyncio.run(PbxSeats(settings).tell())
    assert "seat7001" in asyncio.run(pbx.command("pjsip show auth seat7001")), "a running service lets it know of seats"
    assert run("stop").output == "stopped\n"
    assert run("stop").output == "was not running\n"
    assert not asyncio.run(PbxSeats(settings).tell())
    after = run("status")
    assert (after.exit_code, after.output) == (1, "not running\n")


def test_a_port_in_use_is_an_error_with_its_cure(run: Run, settings: Settings) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taker:
        taker.bind(("127.0.0.1", settings.asterisk.sip_port))
        with pytest.raises(PortInUse, match="HOTLINE_ASTERISK__SIP_PORT"):
            run("start", catch_exceptions=False)


def test_secrets_are_made_once_and_private(settings: Settings) -> None:
    first = secrets_of(settings)
    assert secrets_of(settings) == first
    assert len(first.ari_password) >= 32
    assert first.ari_password != first.ami_secret
    assert (settings.var / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_a_broken_secrets_file_is_named(settings: Settings) -> None:
    settings.var.mkdir(exist_ok=True)
    (settings.var / "secrets.json").write_text(json.dumps({"ari_password": "x"}))
    with pytest.raises(ConfigError, match=r"secrets\.json cannot be used"):
        secrets_of(settings)


def test_settings_become_the_specification(settings: Settings) -> None:
    trunk = settings.trunk.model_copy(update={"caller_header": "From", "registrar": "sip.example.net", "username": "u"})
    changed = settings.model_copy(update={"trunk": trunk.model_copy(update={"password": "p"})})
    seat = Seat("1001", "seat1001", "s" * 20)
    spec = render_spec(changed, [seat], secrets_of(settings), ensure_asterisk(default_cache(), print))
    assert spec.trunk.caller_headers == ("From",)
    assert spec.trunk.registration is not None
    assert spec.trunk.registration.server == "sip.example.net"
    assert [s.sip_username for s in spec.seats] == ["seat1001"]
    assert spec.directories == directories_of(settings)
    assert spec.lifeboat.script.is_file()


def test_without_a_database_there_are_no_seats(settings: Settings) -> None:
    assert seats_of(settings) == []
    assert not (settings.var / "hotline.db").exists()
