"""The vault: private files by day, room on the disk, who still writes, changed bytes."""

import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.config import Settings, Storage
from core.errors import BadInput, ConfigError
from recordings.vault import DiskFull, Vault
from tests.recordings.captured import sides

pytestmark = pytest.mark.unit

EVENING_UTC = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    made = Vault(tmp_path / "recordings", ZoneInfo("Asia/Shanghai"))
    made.prepare()
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_recording_is_kept_under_the_sites_own_day(vault: Vault) -> None:
    vault.spool_file("pbx-1.2-3").write_bytes(sides(1.0))
    path, wav, _ = vault.keep("pbx-1.2-3", EVENING_UTC)
    assert path == "2026/11/23/pbx-1.2-3.wav"
    kept = vault.file(path)
    assert kept is not None
    assert kept.stat().st_size == wav.size
    assert mode(kept) == 0o600
    assert mode(vault.root) == mode(vault.spool) == mode(kept.parent) == 0o700


def test_keeping_twice_gives_the_same_and_leaves_the_spool_until_forgotten(vault: Vault) -> None:
    vault.spool_file("r").write_bytes(sides(1.0))
    assert vault.keep("r", EVENING_UTC) == vault.keep("r", EVENING_UTC)
    assert vault.spooled_ids() == ["r"]
    vault.forget_spool("r")
    vault.forget_spool("r")
    assert vault.spooled_ids() == []


def test_one_changed_byte_is_seen(vault: Vault) -> None:
    vault.spool_file("r").write_bytes(sides(1.0))
    path, wav, _ = vault.keep("r", EVENING_UTC)
    assert vault.intact(path, wav.sha256)
    file = vault.root / path
    with file.open("r+b") as handle:
        handle.seek(20_000)
        byte = handle.read(1)
        handle.seek(20_000)
        handle.write(bytes([byte[0] ^ 1]))
    assert not vault.intact(path, wav.sha256)
    file.unlink()
    assert not vault.intact(path, wav.sha256)


def test_a_file_is_closed_when_nobody_writes_it(vault: Vault) -> None:
    assert not vault.closed("r")
    with vault.spool_file("r").open("wb") as writer:
        writer.write(b"1234")
        assert not vault.closed("r")
    assert vault.closed("r")


def test_where_the_kernel_cannot_tell_a_file_is_closed_once_it_is_quiet(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Leases are not to be had on some disks and for files of other users: EINVAL, EACCES.
    monkeypatch.setattr("recordings.vault.fcntl.fcntl", _no_lease)
    file = vault.spool_file("r")
    file.write_bytes(b"1234")
    assert not vault.closed("r")
    old = file.stat().st_mtime - 10
    os.utime(file, (old, old))
    assert vault.closed("r")


def _no_lease(*_: object) -> int:
    raise PermissionError


def test_a_full_disk_says_what_where_and_the_cure(tmp_path: Path) -> None:
    vault = Vault(tmp_path, min_free_mb=500, free=lambda _: 499_999_999)
    vault.prepare()
    with pytest.raises(DiskFull, match=r"499 MB free, 500 MB needed.*free some or lower") as told:
        vault.admit("r")
    assert str(tmp_path) in told.value.message
    assert told.value.details == {"free_mb": 499, "needed_mb": 500}
    assert not vault.space().enough


def test_what_is_being_written_already_needs_no_further_room(tmp_path: Path) -> None:
    vault = Vault(tmp_path, min_free_mb=1, free=lambda _: 0)
    vault.prepare()
    vault.spool_file("r").touch()
    assert vault.admit("r")


def test_the_real_disk_has_room(tmp_path: Path) -> None:
    settings = Settings(storage=Storage(dir=tmp_path, recordings_min_free_mb=1))
    vault = Vault.of(settings)
    vault.prepare()
    assert vault.root == tmp_path / "recordings"
    assert not vault.admit("r")
    assert vault.space().free_mb > 1


def test_a_directory_that_the_pbx_cannot_be_told_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\[storage\] dir.*choose another directory"):
        Vault(tmp_path / "a,b")


@pytest.mark.parametrize("bad", ["../x", "a/b", ".hidden", "a b", ""])
def test_an_id_that_is_no_file_name_is_refused(vault: Vault, bad: str) -> None:
    with pytest.raises(BadInput):
        vault.spool_file(bad)
