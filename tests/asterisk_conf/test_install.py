"""Finding and fetching Asterisk: the system's if it will do, else a private copy, each failure with its cure."""

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from asterisk_conf import install
from asterisk_conf.errors import InstallFailed
from asterisk_conf.install import Progress, default_cache, ensure_asterisk, ensure_private, find_asterisk, find_system
from asterisk_conf.mirror import debian_mirror
from asterisk_conf.modules import REQUIRED

pytestmark = pytest.mark.integration

LIST = """\
# deb http://commented.example/debian stable main
deb-src http://source.example/debian stable main
deb [arch=amd64 signed-by=/k.gpg] https://tools.example/apt stable main
deb [signed-by=/k.gpg] http://mirror.example/debian/ bookworm main
"""
STANZAS = """\
# a comment before
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Enabled: no

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm

Types: deb deb-src
# a comment within
URIs: https://tools.example/apt
 http://mirror.example/debian
Suites: bookworm bookworm-updates
Signed-By: /k.gpg
"""


def apt(tmp_path: Path, name: str, text: str) -> Path:
    (tmp_path / "sources.list.d").mkdir(exist_ok=True)
    (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text", "mirror"),
    [
        ("sources.list", LIST, "http://mirror.example/debian"),
        ("sources.list.d/debian.list", LIST, "http://mirror.example/debian"),
        ("sources.list.d/debian.sources", STANZAS, "http://mirror.example/debian"),
        ("sources.list.d/debian.sources", "Types: deb\nURIs: http://m.example/ubuntu\nSuites: noble\n", None),
        ("sources.list", "deb http://m.example/archive/debian/20260101T000000Z sid main", "http://m.example/archive/debian/20260101T000000Z"),
        ("sources.list", "deb http://m.example/debian-security bookworm-security main", None),
        ("sources.list", "", None),
    ],
)  # fmt: skip
def test_the_mirror_is_that_of_the_machine(tmp_path: Path, name: str, text: str, mirror: str | None) -> None:
    assert debian_mirror(apt(tmp_path, name, text)) == mirror


def test_no_apt_at_all_is_no_mirror(tmp_path: Path) -> None:
    assert debian_mirror(tmp_path / "nowhere") is None


@pytest.fixture
def system_asterisk(tmp_path: Path) -> Callable[[str, tuple[str, ...]], str]:
    """Makes a program that says it is Asterisk, with modules beside it; returns a PATH that holds it."""

    def make(version: str, modules: tuple[str, ...]) -> str:
        (tmp_path / "sbin").mkdir()
        program = tmp_path / "sbin" / "asterisk"
        program.write_text(f"#!/bin/sh\necho 'Asterisk {version}'\n")
        program.chmod(0o755)
        where = tmp_path / "lib" / "asterisk" / "modules"
        where.mkdir(parents=True)
        for name in modules:
            (where / f"{name}.so").touch()
        return str(tmp_path / "sbin")

    return make


def test_a_system_asterisk_that_will_do_is_used(system_asterisk: Callable[..., str], tmp_path: Path) -> None:
    found = find_system(print, system_asterisk("22.4.1~dfsg", REQUIRED))
    assert found is not None
    assert (found.kind, found.version, found.binary) == ("system", "22.4.1", tmp_path / "sbin" / "asterisk")
    assert found.module_dir == tmp_path / "lib" / "asterisk" / "modules"


def test_an_old_system_asterisk_is_passed_over_with_a_word(system_asterisk: Callable[..., str]) -> None:
    said: list[str] = []
    assert find_system(said.append, system_asterisk("18.26.4", REQUIRED)) is None
    assert "18.26.4, older than 20" in said[0]


def test_an_incomplete_system_asterisk_is_passed_over_with_a_word(system_asterisk: Callable[..., str]) -> None:
    said: list[str] = []
    lacking = tuple(name for name in REQUIRED if name != "res_ari")
    assert find_system(said.append, system_asterisk("22.4.1", lacking)) is None
    assert "lacks res_ari (1 in all)" in said[0]


def test_it_is_there_and_nothing_is_fetched_twice() -> None:
    first = ensure_asterisk(default_cache(), print)
    said: list[str] = []
    assert ensure_asterisk(default_cache(), said.append) == first
    assert find_asterisk(default_cache()) == first
    assert said == []
    assert int(first.version.split(".")[0]) >= install.MINIMUM


def test_no_mirror_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASTERISK_MIRROR", raising=False)
    monkeypatch.setattr(install, "APT", tmp_path / "etc" / "apt")
    with pytest.raises(InstallFailed, match="set ASTERISK_MIRROR"):
        ensure_private(tmp_path / "cache", print)


def test_a_mirror_that_has_nothing_is_named_with_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASTERISK_MIRROR", f"file:{tmp_path}/debian")
    with pytest.raises(InstallFailed, match=r"gave no Asterisk from \[forky sid\].*set ASTERISK_MIRROR"):
        ensure_private(tmp_path / "cache", print)
    assert list((tmp_path / "cache").glob("*/.fetch-*")) == []


def test_no_keyring_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASTERISK_MIRROR", f"file:{tmp_path}/debian")
    monkeypatch.setenv("ASTERISK_KEYRING", str(tmp_path / "none.gpg"))
    monkeypatch.setenv("PATH", str(fake_tools(tmp_path)))
    with pytest.raises(InstallFailed, match="apt-get install debian-archive-keyring"):
        ensure_private(tmp_path / "cache", print)


def fake_tools(tmp_path: Path) -> Path:
    """The few programs that the script needs up to the keyring; apt-get is a false one, which installs nothing."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "tar", "df", "awk", "dpkg-deb"):
        (tools / name).symlink_to(subprocess.run(["which", name], capture_output=True, text=True).stdout.strip())
    for name, text in (("apt-get", "exit 1"), ("id", "echo 1000")):
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    return tools


def test_a_cache_that_cannot_be_made_says_where(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file is in the way")
    with pytest.raises(InstallFailed, match=r"cannot write to .*XDG_CACHE_HOME"):
        ensure_private(tmp_path / "cache", print)


def test_many_at_once_get_the_same(tmp_path: Path) -> None:
    fetched: list[Path] = []
    real = ensure_asterisk(default_cache(), print)

    def fetch(home: Path, _progress: Progress) -> None:
        fetched.append(home)
        (home / "bin").mkdir()
        (home / "bin" / "asterisk").symlink_to(real.binary)
        for name in REQUIRED:
            modules = home / "root" / "usr" / "lib" / "x" / "asterisk" / "modules"
            modules.mkdir(parents=True, exist_ok=True)
            (modules / f"{name}.so").touch()
        (home / "root" / ".complete").touch()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: ensure_private(tmp_path, print, fetch), range(8)))
    assert len(fetched) == 1
    assert len(set(found)) == 1


def test_the_cache_is_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "hotline"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")  # XDG base directory specification
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert default_cache() == tmp_path / "home" / ".cache" / "hotline"


def test_the_program_runs_through_a_link(tmp_path: Path) -> None:
    real = ensure_private(default_cache(), print)
    link = tmp_path / "asterisk"
    link.symlink_to(real.binary)
    said = subprocess.run([link, "-V"], capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert said.startswith(f"Asterisk {real.version}")
