"""The files that Asterisk reads: complete, private, idempotent, closed to values that change their meaning."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asterisk_conf.errors import UnsafeValue
from asterisk_conf.modules import OPTIONAL, REQUIRED, missing
from asterisk_conf.render import check, render, tells_of_transfers, texts
from asterisk_conf.rundir import make_private, run_directory
from asterisk_conf.spec import (
    Directories,
    Install,
    Lifeboat,
    Ports,
    Registration,
    RenderSpec,
    Seat,
    Secrets,
    Tls,
    Trunk,
)
from core.errors import ConfigError

pytestmark = pytest.mark.unit


def spec_in(var: Path) -> RenderSpec:
    return RenderSpec(
        install=Install("private", Path("/opt/pbx/asterisk"), var / "modules", Path("/opt/pbx/data"), "22.10.1"),
        directories=Directories(var / "asterisk", var / "recordings", var / "prompts", var / "lifeboat"),
        ports=Ports(sip=5060, http=8088, ami=5038, rtp_start=20000, rtp_end=20999),
        secrets=Secrets("hotline", "a" * 32, "hotline", "b" * 32),
        trunk=Trunk(("192.0.2.1", "198.51.100.0/24"), ("95598", "+8625895598"), 30, "95598"),
        lifeboat=Lifeboat(Path("/opt/venv/bin/python"), Path("/opt/lifeboat.py"), var / "lifeboat" / "apology"),
        seats=(Seat("1001", "seat1001", "c" * 32), Seat("1002", "seat1002", "d" * 32)),
    )


def registering(spec: RenderSpec, registration: Registration) -> RenderSpec:
    return replace(spec, trunk=replace(spec.trunk, registration=registration))


def section(text: str, name: str, kind: str) -> dict[str, list[str]]:
    """The settings of the section `[name]` that holds `type = kind` (or is made from the template `kind`)."""
    for block in text.split("\n[")[1:]:
        title, _, body = block.partition("]")
        lines = [line for line in body.splitlines()[1:] if "=" in line and not line.startswith(";")]
        found: dict[str, list[str]] = {}
        for line in lines:
            key, _, value = line.partition("=")
            found.setdefault(key.strip(), []).append(value.strip(" >"))
        if title == name and (found.get("type") == [kind] or body.startswith(f"({kind})")):
            return found
    raise AssertionError(f"no section [{name}] of {kind}")


def test_files_are_private_and_directories_too(tmp_path: Path) -> None:
    spec = spec_in(tmp_path)
    render(spec)
    files = list(spec.directories.etc.iterdir())
    assert {f.name for f in files} >= {"pjsip.conf", "extensions.conf", "ari.conf", "manager.conf", "modules.conf"}
    assert {f.stat().st_mode & 0o777 for f in files} == {0o600}
    assert spec.directories.etc.stat().st_mode & 0o777 == 0o700
    assert spec.directories.recordings.stat().st_mode & 0o777 == 0o700


def test_rendering_again_touches_no_file(tmp_path: Path) -> None:
    spec = spec_in(tmp_path)
    render(spec)
    before = {f.name: (f.stat().st_mtime_ns, f.stat().st_ino) for f in spec.directories.etc.iterdir()}
    render(spec)
    assert before == {f.name: (f.stat().st_mtime_ns, f.stat().st_ino) for f in spec.directories.etc.iterdir()}
    render(replace(spec, seats=spec.seats[:1]))
    after = {f.name: (f.stat().st_mtime_ns, f.stat().st_ino) for f in spec.directories.etc.iterdir()}
    assert {name for name in after if after[name] != before[name]} == {"pjsip.conf"}


def test_a_file_left_readable_is_closed_again(tmp_path: Path) -> None:
    spec = spec_in(tmp_path)
    render(spec)
    (spec.directories.etc / "ari.conf").chmod(0o644)
    render(spec)
    assert (spec.directories.etc / "ari.conf").stat().st_mode & 0o777 == 0o600


def test_the_house_rules_stand_in_pjsip_conf(tmp_path: Path) -> None:
    text = texts(spec_in(tmp_path))["pjsip.conf"]
    assert section(text, "global", "global")["endpoint_identifier_order"] == ["username,ip"]
    assert section(text, "global", "global")["norefersub"] == ["no"], "or phones send of what Asterisk dies"
    trunk = section(text, "trunk", "endpoint")
    assert trunk["allow"] == ["alaw,ulaw"]
    assert trunk["trust_id_inbound"] == ["yes"]
    assert trunk["direct_media"] == ["no"]
    assert trunk["identify_by"] == ["ip"]
    assert section(text, "trunk", "identify")["match"] == ["192.0.2.1", "198.51.100.0/24"]
    assert section(text, "seat1002", "seat-auth")["password"] == ["d" * 32]
    assert section(text, "transport-udp", "transport")["bind"] == ["127.0.0.1:5060"]


def test_a_page_is_a_phone_with_encrypted_sound_in_alaw_only(tmp_path: Path) -> None:
    spec = spec_in(tmp_path)
    seats = (Seat("1001", "seat1001", "c" * 32), Seat("1002", "seat1002", "d" * 32, browser=True))
    text = texts(replace(spec, seats=seats))["pjsip.conf"]
    assert "[seat1001](seat)\n" in text
    assert "[seat1002](browser)\n" in text
    template = text.partition("[browser](!,seat)")[2].partition("\n[")[0]
    assert text.count("context = from-page\n") == template.count("context = from-page\n") == 1, "the echo is for pages"
    assert "webrtc = yes" in template
    assert "disallow = all\nallow = alaw\n" in template
    assert "dtls_auto_generate_cert = yes" in template


def test_browsers_are_told_loopback_only_where_the_pbx_listens_there(tmp_path: Path) -> None:
    spec = replace(spec_in(tmp_path), own_addresses=("192.0.2.7",))
    assert "192.0.2.7 => 127.0.0.1" in texts(spec)["rtp.conf"]
    everywhere = replace(spec, ports=replace(spec.ports, bind="0.0.0.0"))
    assert "ice_host_candidates" not in texts(everywhere)["rtp.conf"]


def test_from_may_be_preferred_to_asserted_identity(tmp_path: Path) -> None:
    spec = spec_in(tmp_path)
    text = texts(replace(spec, trunk=replace(spec.trunk, caller_headers=("From",))))["pjsip.conf"]
    assert section(text, "trunk", "endpoint")["trust_id_inbound"] == ["no"]


def test_a_trunk_by_registration(tmp_path: Path) -> None:
    spec = spec_in(tmp_path)
    trunk = replace(spec.trunk, addresses=(), registration=Registration("sip.example.net:5080", "u95598", "p,w(1)=$x"))
    text = texts(replace(spec, trunk=trunk))["pjsip.conf"]
    check(replace(spec, trunk=trunk))
    assert section(text, "trunk", "registration")["server_uri"] == ["sip:sip.example.net:5080"]
    assert section(text, "trunk", "auth")["password"] == ["p,w(1)=$x"]
    assert "type = identify" not in text


def test_tls_is_off_until_asked_for(tmp_path: Path) -> None:
    spec = spec_in(tmp_path)
    assert "tlsenable" not in texts(spec)["http.conf"]
    tls = Tls(8089, tmp_path / "certificate.pem", tmp_path / "key.pem")
    assert "tlsbindaddr = 127.0.0.1:8089" in texts(replace(spec, ports=replace(spec.ports, tls=tls)))["http.conf"]


def test_optional_modules_are_loaded_where_they_are(tmp_path: Path) -> None:
    spec = spec_in(tmp_path)
    (tmp_path / "modules").mkdir()
    assert missing(tmp_path / "modules") == list(REQUIRED)
    (tmp_path / "modules" / f"{OPTIONAL[0]}.so").touch()
    text = texts(spec)["modules.conf"]
    assert "autoload = no" in text
    assert f"load = {OPTIONAL[0]}.so" in text
    assert OPTIONAL[1] not in text


Put = Callable[[RenderSpec, str], RenderSpec]
SITES: list[tuple[str, str, Put]] = [
    ("seats[0].sip_password", "c" * 32, lambda s, v: replace(s, seats=(Seat("1001", "seat1001", v),))),
    ("seats[0].id", "1001", lambda s, v: replace(s, seats=(Seat(v, "seat1001", "c" * 32),))),
    ("seats[0].sip_username", "seat1001", lambda s, v: replace(s, seats=(Seat("1001", v, "c" * 32),))),
    ("secrets.ari_password", "p", lambda s, v: replace(s, secrets=replace(s.secrets, ari_password=v))),
    ("secrets.ami_user", "u", lambda s, v: replace(s, secrets=replace(s.secrets, ami_user=v))),
    ("trunk.dids[0]", "1", lambda s, v: replace(s, trunk=replace(s.trunk, dids=(v,)))),
    ("trunk.addresses[0]", "192.0.2.9", lambda s, v: replace(s, trunk=replace(s.trunk, addresses=(v,)))),
    ("trunk.outbound_caller_id", "1", lambda s, v: replace(s, trunk=replace(s.trunk, outbound_caller_id=v))),
    ("trunk.registration.password", "p", lambda s, v: registering(s, Registration("sip.example.net", "u", v))),
    ("trunk.registration.server", "sip.example.net", lambda s, v: registering(s, Registration(v, "u", "p"))),
    ("system_name", "hotline", lambda s, v: replace(s, system_name=v)),
    ("directories.state", "x", lambda s, v: replace(s, directories=replace(s.directories, state=Path(f"/var/{v}")))),
]
"""Places where a value comes from outside, a harmless value for each, and how to put another there."""


@pytest.mark.parametrize(("where", "_fine", "put"), SITES, ids=[where for where, _, _ in SITES])
@pytest.mark.parametrize("bad", ["x\n[evil]", "x\rmatch=0.0.0.0/0", "x;y", "x\u2028y", "x\x00y", "x\x85y"])
def test_a_value_that_would_change_the_meaning_is_refused(
    tmp_path: Path, where: str, _fine: str, put: Put, bad: str
) -> None:
    with pytest.raises(UnsafeValue) as refused:
        render(put(spec_in(tmp_path), bad))
    assert where in str(refused.value)
    assert not (tmp_path / "asterisk").exists()


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=20), st.sampled_from(SITES))
def test_no_text_in_any_place_adds_a_line(value: str, site: tuple[str, str, Put]) -> None:
    _, fine, put = site
    try:
        check(spec := put(spec_in(Path("/nowhere")), value))
    except ConfigError:
        return
    plain = texts(put(spec_in(Path("/nowhere")), fine))
    assert {name: len(text.splitlines()) for name, text in texts(spec).items()} == {
        name: len(text.splitlines()) for name, text in plain.items()
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"ports": Ports(sip=0, http=8088, ami=5038, rtp_start=20000, rtp_end=20999)}, "sip_port = 0"),
        ({"ports": Ports(sip=5060, http=5038, ami=5038, rtp_start=20000, rtp_end=20999)}, "same port"),
        ({"ports": Ports(sip=5060, http=8088, ami=5038, rtp_start=20000, rtp_end=20001)}, "rtp_end"),
        ({"ports": Ports(5060, 8088, 5038, 20000, 20999, bind="localhost")}, "no IP address"),
        ({"secrets": Secrets("hotline", "", "hotline", "b" * 32)}, "secrets.ari_password is empty"),
        ({"seats": (Seat("1", "13800000001", "c" * 32),)}, "begin with a letter"),
        ({"seats": (Seat("1", "trunk", "c" * 32),)}, "word of ours"),
        ({"seats": (Seat("1", "seat1", "short"),)}, "12 characters"),
        ({"seats": (Seat("1", "seat1", "c" * 32), Seat("2", "seat1", "d" * 32))}, "two seats"),
        ({"trunk": Trunk(("127.0.0.1",), (), 1, "95598")}, "dids is empty"),
        ({"trunk": Trunk(("127.0.0.1",), ("95598x",), 1, "95598")}, "no telephone number"),
        ({"trunk": Trunk((), ("95598",), 1, "95598")}, "nobody could call"),
        ({"trunk": Trunk(("127.0.0.1",), ("95598",), 0, "95598")}, "channel_limit"),
        ({"trunk": Trunk(("not a host",), ("95598",), 1, "95598")}, "neither an IP address"),
    ],
)
def test_what_cannot_work_is_refused_with_its_cure(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        render(replace(spec_in(tmp_path), **change))


def test_a_short_run_directory_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "theirs")
    with pytest.raises(ConfigError, match="another user or is a link"):
        make_private(tmp_path / "run")
    deep = Path("/" + "d" * 100)
    assert run_directory(deep) == run_directory(deep) != run_directory(deep / "other")
    assert run_directory(Path("/srv/hotline/var/asterisk")) == Path("/srv/hotline/var/asterisk/run")


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("22.10.1", True),
        ("22.3.0", True),
        ("22.2.0", False),
        ("20.13.0", True),
        ("20.12.9", False),
        ("21.8.0", True),
        ("23.0.0", True),
        ("19.8", False),
        ("certified", False),
    ],
)
def test_a_phone_may_transfer_only_where_the_service_is_told_of_it(version: str, told: bool) -> None:
    assert tells_of_transfers(version) is told
