"""The database: one writer that commits in groups, readers in threads, the same code on SQLite and PostgreSQL.

A transaction for each event costs far more CPU than one for twenty, so writes that arrive while a
commit is under way share the next one; when idle a write commits at once.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    String,
    TypeDecorator,
    create_engine,
    event,
)
from sqlalchemy.exc import SQLAlchemyError

from core.errors import Unavailable
from core.readers import Readers

T = TypeVar("T")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""The tables of every room."""

READERS = 4
WAITING_WRITES = 10_000
"""More writes than this waiting means that storage has stopped: further ones are refused, not piled up."""


class DatabaseDown(Unavailable):
    """The database does not take what is written."""

    code = "database_down"


class Utc(TypeDecorator[datetime]):
    """An aware moment, kept as UTC; gives UTC back on both engines."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """Return what makes a moment a value of the database: for SQLite its text in one step."""
        return utc_text if dialect.name == "sqlite" else super().bind_processor(dialect)


def utc_text(value: datetime | None) -> str | None:
    """Return an aware moment as SQLite keeps it."""
    if value is None:
        return None
    return (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat(" ", "microseconds")[:26]


class Exact(TypeDecorator[Decimal]):
    """A decimal number kept digit for digit (SQLite has no exact numeric type)."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


@dataclass(slots=True)
class _Write:
    work: Callable[[Connection], Any]
    done: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


def open_engine(url: str) -> Engine:
    """Return an engine for `url` with the settings that Hotline relies on."""
    # Values of a failed statement hold personal data: they stay out of errors, and so out of the log.
    options = {"pool_pre_ping": not url.startswith("sqlite"), "pool_size": READERS + 2, "hide_parameters": True}
    options["pool_use_lifo"] = True  # the connection used last has its statements and pages at hand
    engine = create_engine(url, **options)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


class Database:
    """Reads in threads, writes through one thread.

    The function given to `read` or `write` gets a connection, must not keep it, and for `write` may be
    run a second time: when one of a group fails, the group is rolled back and each is tried alone.
    """

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)
        self._kept: Connection | None = None
        self._writes: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._readers = Readers(self.engine, READERS)
        self._writer = threading.Thread(target=self._write_loop, name="db-write", daemon=True)
        self._writer.start()

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a connection of its own in a thread and return what it returns."""
        return await self._readers.read(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in the next group transaction and return its result once that is committed.

        Raises DatabaseDown when more writes wait than storage can take; what `work` raises comes through. Who no
        longer waits does not keep it from being written.
        """
        return await self.begin(work)

    def begin(self, work: Callable[[Connection], T]) -> asyncio.Future[T]:
        """Begin what `write` does; returns what becomes its result. Raises DatabaseDown."""
        if self._writes.qsize() >= WAITING_WRITES:
            raise DatabaseDown(waiting=WAITING_WRITES)
        item = _Write(work, asyncio.get_running_loop().create_future())
        self._writes.put(item)
        return item.done

    def _write_loop(self) -> None:
        ending = False
        while not ending:
            group: list[_Write] = []
            item = self._writes.get()
            while item is not None:
                group.append(item)
                if self._writes.empty():
                    break
                item = self._writes.get()  # nobody else takes from it
            ending = item is None
            self._commit(group)
        if self._kept is not None:
            self._kept.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """Open a transaction of the writer's.

        In SQLite all are on one connection, which has its pages and statements at hand; what another process writes
        it notices by itself. One to a server may have been lost since, which the pool finds out.
        """
        if self.engine.dialect.name != "sqlite":
            with self.engine.begin() as connection:
                yield connection
            return
        if self._kept is None:
            self._kept = self.engine.connect()
        try:
            with self._kept.begin():
                yield self._kept
        except BaseException:
            # A commit that failed leaves its transaction open, which the next one would commit: the pool ends it.
            failed, self._kept = self._kept, None
            failed.close()
            raise

    def _commit(self, group: list[_Write]) -> None:
        if not group:
            return
        try:
            with self._transaction() as connection:
                for item in group:
                    item.result = item.work(connection)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the one who asked
            self._commit_alone(group, error)
        _tell(group)

    def _commit_alone(self, group: list[_Write], error: Exception) -> None:
        if len(group) == 1:
            group[0].error = error
            return
        for item in group:
            try:
                with self._transaction() as connection:
                    item.result = item.work(connection)
            except Exception as own:  # noqa: BLE001 - as above
                item.error = own

    async def close(self) -> None:
        """Commit what waits and let the connections go."""
        self._writes.put(None)
        await asyncio.get_running_loop().run_in_executor(None, self._writer.join, 10)
        await asyncio.get_running_loop().run_in_executor(None, self._readers.close)
        self.engine.dispose()


def _tell(group: list[_Write]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Write]] = {}
    for item in group:
        by_loop.setdefault(item.done.get_loop(), []).append(item)
    for loop, items in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, items)


def _settle(items: list[_Write]) -> None:
    for item in items:
        if item.done.done():
            continue
        if item.error is None:
            item.done.set_result(item.result)
        elif isinstance(item.error, SQLAlchemyError) and getattr(item.error, "connection_invalidated", False):
            item.done.set_exception(DatabaseDown(str(item.error)))
        else:
            item.done.set_exception(item.error)
