"""Building the desktop: what decides that it is built anew, and what is said when it cannot be."""

import os
import stat
from pathlib import Path

import pytest

from web import build
from web.build import Node, UiNotBuilt, ensure_ui, run_script

pytestmark = pytest.mark.unit


def _sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "ui"
    (home / "src").mkdir(parents=True)
    (home / "package.json").write_text("{}")
    (home / "package-lock.json").write_text("{}")
    (home / "src" / "main.ts").write_text("1")
    monkeypatch.setattr(build, "SOURCES", home)
    return home


def _fake_node(folder: Path, version: str, does: str = "exit 0") -> Path:
    folder.mkdir(exist_ok=True)
    for name in ("node", "npm.js"):
        program = folder / name
        program.write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then echo {version}; exit; fi\n{does}\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (folder / "npm").symlink_to(folder / "npm.js")
    return folder


BUILDS = """case "$2" in
ci) mkdir node_modules; echo ci >>"$LOG";;
run) mkdir dist; cp src/main.ts dist/index.html; echo run >>"$LOG";;
esac"""


def test_it_is_built_once_and_again_when_a_source_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = _sources(tmp_path, monkeypatch)
    log = tmp_path / "log"
    monkeypatch.setenv("LOG", str(log))
    monkeypatch.setenv("PATH", f"{_fake_node(tmp_path / 'bin', 'v22.20.0', BUILDS)}{os.pathsep}{os.environ['PATH']}")
    first = ensure_ui(tmp_path / "cache", lambda _: None)
    assert (first / "index.html").read_text() == "1"
    assert ensure_ui(tmp_path / "cache", lambda _: None) == first
    assert log.read_text().split() == ["ci", "run"]
    (sources / "src" / "main.ts").write_text("2")
    (sources / "mock").mkdir()
    (sources / "mock" / "day.py").write_text("")
    second = ensure_ui(tmp_path / "cache", lambda _: None)
    assert second != first
    assert log.read_text().split() == ["ci", "run", "run"]


def test_a_failed_build_says_what_and_leaves_nothing_half_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _sources(tmp_path, monkeypatch)
    fails = 'case "$2" in ci) mkdir node_modules;; *) mkdir dist; echo "npm error network unreachable"; exit 1;; esac'
    monkeypatch.setenv("PATH", f"{_fake_node(tmp_path / 'bin', 'v22.20.0', fails)}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(UiNotBuilt, match=r"npm error network unreachable.*check the network"):
        ensure_ui(tmp_path / "cache", lambda _: None)
    assert list((tmp_path / "cache").rglob("dist")) == []


def test_what_takes_too_long_is_ended(tmp_path: Path) -> None:
    folder = _fake_node(tmp_path / "bin", "v22.20.0", "exec sleep 30")
    with pytest.raises(UiNotBuilt, match="longer than"):
        run_script(Node(folder / "node", folder / "npm.js"), tmp_path, "build", limit=0.2)


@pytest.mark.parametrize(
    ("version", "used"),
    [("v20.19.0", True), ("v20.18.9", False), ("v22.11.0", False), ("v22.12.0", True), ("v26.0.0", True), ("x", False)],
)
def test_the_machines_node_is_used_when_it_is_new_enough(
    version: str, used: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _fake_node(tmp_path / "bin", version)
    monkeypatch.setenv("PATH", str(folder))
    own = Node(folder / "node", (folder / "npm").resolve())
    assert build.own_node() == (own if used else None)


def test_the_lock_names_no_registry() -> None:
    lock = (build.SOURCES / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert '"integrity": "sha512-' in lock
