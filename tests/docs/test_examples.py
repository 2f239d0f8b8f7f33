"""What the documents tell people to type is right: each command is run, or at least understood, as it stands there."""

import re
import shlex
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from agents.model import Role, State
from app.cli import cli
from core import policy
from core.config import Settings, load
from cti.model import CallState

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
RUN = ("seat add", "seat list", "seat remove", "user add", "user list", "user passwd", "user disable", "user enable")
RUN += ("db upgrade", "db verify", "flow check", "flow draw", "flow simulate", "prompts list", "import")
"""Commands that are cheap and touch nothing but the installation's own state."""


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def typed(page: Path) -> list[str]:
    """Return what a page tells to type: `$ …` in console blocks, and indented lines that begin with hotline."""
    text = page.read_text("utf-8")
    blocks = re.findall(r"^ *```console\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return [*lines, *re.findall(r"^    ((?:\./)?hotline .+)$", text, re.MULTILINE)]


def words_of(line: str) -> list[str] | None:
    """Return what follows `hotline` in a line, without settings before it; None for another program."""
    words = shlex.split(line)
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words.pop(0)
    return words[1:] if words and words[0] in ("hotline", "./hotline") else None


def understood(words: list[str]) -> None:
    """Parse a command line as click does, without running it; raises what click raises."""
    command, context = click.Command("none"), click.Context(cli, info_name="hotline", obj=load(None, {}))
    group: click.Command = cli
    while isinstance(group, click.Group):
        _, command, words = group.resolve_command(context, words)
        assert command is not None
        group = command
        if isinstance(group, click.Group):
            context = click.Context(group, parent=context)
    command.make_context(command.name, list(words), parent=context)


EXAMPLES = [(name(page), line) for page in PAGES for line in typed(page)]


@pytest.mark.unit
@pytest.mark.parametrize(("page", "line"), EXAMPLES)
def test_each_example_is_understood(page: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "docs" / "examples" if page.endswith("import.md") else ROOT)
    words = words_of(line)
    if words is None:
        assert shlex.split(line)[0] in ("curl", "find", "mkdir", "python3", "rsync"), line
    else:
        understood(words)


@pytest.mark.unit
def test_a_wrong_example_would_be_found() -> None:
    for wrong in (
        ["dail", "95598"],
        ["dial", "95598"],
        ["seat", "ad", "1"],
        ["demo", "--second", "3"],
        ["prompts", "record"],
    ):
        with pytest.raises(click.UsageError):
            understood(wrong)


@pytest.mark.integration
@pytest.mark.parametrize("page", [name(page) for page in PAGES if typed(page)])
def test_the_cheap_examples_of_a_page_work_in_their_order(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_STORAGE__DIR", str(tmp_path / "var"))
    for folder in ("docs", "ivr"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    for file in (ROOT / "docs" / "examples").iterdir():
        shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(cli, ["db", "upgrade"]).exit_code == 0
    for line in typed(ROOT / page):
        words = words_of(line)
        if words and f"{shlex.join(words)} ".startswith(tuple(f"{command} " for command in RUN)):
            result = CliRunner().invoke(cli, words)
            assert result.exit_code == 0, f"{line}: {result.output} {result.exception}"


@pytest.mark.integration
def test_the_copy_of_the_database_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOTLINE_STORAGE__DIR", str(tmp_path / "var"))
    assert CliRunner().invoke(cli, ["seat", "add", "1001"]).exit_code == 0
    lines = [line for line in typed(ROOT / "docs/how-to/backup.md") if line.startswith(("mkdir", "python3"))]
    assert len(lines) == 2
    for line in lines:
        subprocess.run(shlex.split(line), check=True)
    copy = sqlite3.connect(tmp_path / "backup" / "hotline.db")
    assert copy.execute("SELECT id FROM seats").fetchall() == [("1001",)]
    copy.close()


@pytest.mark.unit
@pytest.mark.parametrize("page", [name(page) for page in PAGES])
def test_each_command_that_is_named_exists(page: str) -> None:
    for named in re.findall(r"`(?:\./)?hotline ([a-z][^`…]*)", (ROOT / page).read_text("utf-8")):
        alternatives = named.split(" / ")
        first = alternatives[0].split()
        for words in [first, *([first[0], *each.split()] for each in alternatives[1:])]:
            group: click.Command | None = cli
            while isinstance(group, click.Group) and words and not words[0].startswith("-"):
                group = group.get_command(click.Context(group), words[0])
                assert group is not None, f"{page}: there is no `hotline {named}`"
                words = words[1:]


@pytest.mark.unit
@pytest.mark.parametrize("page", [name(page) for page in PAGES])
def test_each_link_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        assert there.exists(), f"{page}: {target}"
        if anchor:
            heads = re.findall(r"^#+ (.+)$", there.read_text("utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}, target


@pytest.mark.unit
def test_the_glossary_has_every_state_and_role() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    for word in (*CallState, *State, *Role):
        assert f"`{word}`" in text, word


@pytest.mark.unit
def test_decisions_are_numbered_once_and_short() -> None:
    pages = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [page.name[:4] for page in pages]
    assert len(set(numbers)) == len(numbers)
    for page in pages:
        lines = page.read_text("utf-8").splitlines()
        assert lines[0].startswith(f"# {page.name[:4]} "), page.name
        assert len(lines) <= 20, page.name


def settings_shown(text: str) -> Iterator[str]:
    """Yield the lines of the example with the signs that put its settings out of force taken away."""
    for line in text.splitlines():
        yield re.sub(r"^#(?=[a-z0-9_]+ = )", "", line)


@pytest.mark.unit
def test_the_example_of_settings_holds_every_key_with_its_default(tmp_path: Path) -> None:
    text = (ROOT / "hotline.toml.example").read_text("utf-8")
    file = tmp_path / "hotline.toml"
    file.write_text(text, "utf-8")
    assert load(file, {}).web == load(None, {}).web
    file.write_text("\n".join(settings_shown(text)), "utf-8")
    shown = load(file, {})
    for section in Settings.model_fields:
        given, default = getattr(shown, section), getattr(Settings(), section)
        assert given.model_fields_set == set(type(given).model_fields), section
        for key in type(given).model_fields:
            if getattr(default, key) is not None and (section, key) != ("storage", "dir"):
                assert getattr(given, key) == getattr(default, key), f"[{section}] {key}"


def test_the_example_of_ones_own_numbers_is_taken(tmp_path: Path) -> None:
    text = (ROOT / "docs/how-to/policy.md").read_text("utf-8")
    for kind, file in (("yaml", "ours.yaml"), ("toml", "hotline.toml")):
        found = re.search(rf"```{kind}\n(.*?)```", text, re.DOTALL)
        assert found
        (tmp_path / file).write_text(found[1], "utf-8")
    assert policy.load(load(tmp_path / "hotline.toml", {}).site.policy).number("ring_timeout") == 15
