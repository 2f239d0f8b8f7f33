"""The house keeps its own rules: names, docstrings, rooms that no dependency owns, migrations that fit the tables."""

import ast
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from app import storage
from app.tables import metadata
from core.db import metadata as all_tables
from core.db import open_engine

ROOT = Path(__file__).parent.parent.parent
ROOMS = (
    *("core", "speech", "cti", "desk", "agents", "routing", "recordings", "ivr", "web", "app"),
    *("asterisk_conf", "bench", "figures"),
)
NAMELESS = frozenset({"utils", "util", "helpers", "helper", "common", "manager", "managers", "base", "misc"})
LONGEST_FILE = 400


def modules() -> Iterator[Path]:
    for room in (*ROOMS, "tests"):
        yield from sorted((ROOT / room).rglob("*.py"))


@pytest.mark.unit
def test_no_dependency_owns_a_room() -> None:
    owners = packages_distributions()
    assert "sqlalchemy" in owners
    for room in (*ROOMS, "tests"):
        assert set(owners.get(room, [])) <= {"hotline"}, room


@pytest.mark.unit
def test_every_module_opens_with_one_sentence() -> None:
    for file in modules():
        source = file.read_text("utf-8")
        if not source.strip():
            assert file.name == "__init__.py", f"{file}: empty"
            continue
        told = ast.get_docstring(ast.parse(source))
        assert told, f"{file.relative_to(ROOT)}: no docstring"
        assert told.splitlines()[0].endswith((".", ":", "…")) or len(told.splitlines()) > 1, file


@pytest.mark.unit
def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [str(f.relative_to(ROOT)) for f in modules() if f.stem in NAMELESS] == []


@pytest.mark.unit
def test_no_file_is_longer_than_the_house_allows() -> None:
    lengths = {str(f.relative_to(ROOT)): len(f.read_text("utf-8").splitlines()) for f in modules()}
    long = {name: n for name, n in lengths.items() if n > LONGEST_FILE and not name.startswith("tests/")}
    assert long == {}


@pytest.mark.integration
def test_migrations_make_the_tables_that_the_code_uses(empty_database_url: str) -> None:
    storage.upgrade(empty_database_url)
    assert storage.state(empty_database_url)[0] == storage.state(empty_database_url)[1] is not None
    engine = open_engine(empty_database_url)
    try:
        with engine.connect() as connection:
            differences = compare_metadata(MigrationContext.configure(connection), metadata)
            there = set(inspect(connection).get_table_names())
    finally:
        engine.dispose()
    assert differences == []
    assert there == set(all_tables.tables) | {"alembic_version"}
    storage.upgrade(empty_database_url)


@pytest.mark.integration
def test_a_database_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "hotline.db"
    folder.mkdir()
    with pytest.raises(storage.ConfigError, match="cannot be opened"):
        storage.upgrade(f"sqlite:///{folder}")
