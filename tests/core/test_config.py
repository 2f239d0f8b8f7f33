"""Settings: defaults, the file, the environment; what is wrong is told with file, key and cure."""

from pathlib import Path

import pytest

from core.config import load
from core.errors import ConfigError

pytestmark = pytest.mark.unit


def write(folder: Path, text: str) -> Path:
    file = folder / "hotline.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_a_file_the_documented_defaults_hold() -> None:
    settings = load(None, {})
    assert (settings.web.host, settings.web.port) == ("127.0.0.1", 8095)
    assert (settings.asterisk.sip_port, settings.asterisk.http_port, settings.asterisk.ami_port) == (5060, 8088, 5038)
    assert (settings.site.name, settings.site.timezone, settings.site.policy) == (
        "供电服务热线",
        "Asia/Shanghai",
        "seed",
    )
    assert settings.site.recording_notice
    assert settings.database_url == f"sqlite:///{Path.cwd() / 'var' / 'hotline.db'}"


def test_the_file_is_read_and_the_environment_goes_before_it(tmp_path: Path) -> None:
    file = write(tmp_path, '[web]\nport = 8100\nhost = "0.0.0.0"\n[trunk]\ndids = ["95598", "4001"]\n')
    environ = {
        "HOTLINE_WEB__PORT": "8200",
        "HOTLINE_TRUNK__ADDRESSES": '["10.0.0.1", "10.0.0.2"]',
        "HOTLINE_PYTHON": "python3.11",
        "OTHER_WEB__PORT": "1",
    }
    settings = load(file, environ)
    assert (settings.web.port, settings.web.host) == (8200, "0.0.0.0")
    assert settings.trunk.dids == ("95598", "4001")
    assert settings.trunk.addresses == ("10.0.0.1", "10.0.0.2")


def test_state_lies_beside_the_file(tmp_path: Path) -> None:
    assert load(write(tmp_path, ""), {}).var == tmp_path / "var"
    assert load(write(tmp_path, '[storage]\ndir = "/srv/h"\n'), {}).var == Path("/srv/h")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[web]\nprot = 8095\n", "[web] prot: there is no such setting; did you mean 'port'?"),
        ("[wbe]\nport = 8095\n", "[wbe]: there is no such setting; did you mean 'web'?"),
        (
            "[web]\nzzz = 1\n",
            "[web] zzz: there is no such setting; known here: host, port, https_port, redirect, origins",
        ),
        ("[web]\nport = 80950\n", "[web] port = 80950: input should be less than or equal to 65535"),
        ('[web]\nport = "http"\n', "[web] port = 'http': input should be a valid integer"),
        ('[site]\nlanguage = "de"\n', "[site] language = 'de': input should be 'zh-CN' or 'en'"),
        ('[site]\ntimezone = "Asia/Shanghia"\n', "timezone = 'Asia/Shanghia': not a time zone; e.g. Asia/Shanghai"),
        ("[asterisk]\nrtp_start = 20000\nrtp_end = 20001\n", "rtp_end must be at least rtp_start + 3"),
        ('[trunk]\nregistrar = "sip.example.net"\n', "[trunk] registrar needs username and password beside it"),
        ('[trunk]\nregistrar = "x"\nusername = "u"\n', "[trunk] registrar needs username and password beside it"),
        ("web = 1\n", "[web]"),
        ("[web\n", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_told_with_file_key_and_cure(tmp_path: Path, text: str, says: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ConfigError) as told:
        load(file, {})
    assert told.value.message.startswith(f"{file}: ")
    assert says in told.value.message
    assert "\n" not in told.value.message


def test_two_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        load(write(tmp_path, "[web]\nprot = 1\n[site]\nnmae = 'x'\n"), {})
    assert "'port'" in told.value.message
    assert "'name'" in told.value.message


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file; name one with --config"):
        load(tmp_path / "hotline.toml", {})


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "hotline.toml").write_bytes("[site]\nname = '供电'".encode("gbk"))
    with pytest.raises(ConfigError, match="not valid TOML"):
        load(tmp_path / "hotline.toml", {})


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"HOTLINE_WEB__PROT": "1"}, "environment: [web] prot: there is no such setting; did you mean 'port'?"),
        ({"HOTLINE_WEB__PORT": "x"}, "environment: [web] port = 'x'"),
        ({"HOTLINE_TRUNK__DIDS": "[95598"}, "HOTLINE_TRUNK__DIDS"),
    ],
)
def test_a_wrong_variable_is_told(environ: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError) as told:
        load(None, environ)
    assert says in told.value.message


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"HOTLINE_WEB__PORT": "x"}, "environment: HOTLINE_WEB__PORT: [web] port = 'x'"),
        ({"HOTLINE_SITE__TIMEZONE": "Mars"}, "environment: HOTLINE_SITE__TIMEZONE: [site] timezone = 'Mars'"),
        ({"HOTLINE_WBE__PORT": "1"}, "environment: HOTLINE_WBE__PORT: [wbe]"),
        ({"HOTLINE_TRUNK__REGISTRAR": "sip.example"}, "environment: HOTLINE_TRUNK__REGISTRAR: [trunk] registrar"),
        ({"HOTLINE_WEB__PORT": "8095"}, "hotline.toml: [site] name"),
    ],
)
def test_beside_a_file_a_fault_names_the_variable_that_has_it(
    tmp_path: Path, environ: dict[str, str], says: str
) -> None:
    file = tmp_path / "hotline.toml"
    file.write_text("[site]\nname = 1\n" if says.startswith("hotline") else "", "utf-8")
    with pytest.raises(ConfigError) as told:
        load(file, environ)
    assert told.value.message.removeprefix(f"{tmp_path}/").startswith(says)
