"""Threads that read the database: the one that read last is taken first, and on SQLite each keeps its connection.

A reader that has just read has its pages, statements and code at hand; a pool that hands the work round, and a
connection that is checked out and in for each read, cost more CPU than what a call asks of the database.
"""

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from core.errors import Unavailable
from core.virtual_time import VirtualLoop

T = TypeVar("T")
Work = Callable[[Connection], Any]


class Closed(Unavailable):
    """The database is closed: the service is ending."""

    code = "database_closed"


@dataclass(slots=True)
class _Read:
    work: Work
    done: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


class Readers:
    """At most `number` threads; reads that find all of them busy wait in their order."""

    def __init__(self, engine: Engine, number: int) -> None:
        self._engine = engine
        self._number = number
        self._threads: list[threading.Thread] = []
        self._idle: list[queue.SimpleQueue[_Read | None]] = []
        self._waiting: deque[_Read] = deque()
        self._lock = threading.Lock()
        self._closed = False

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a thread and return what it returns; what it raises comes through. Raises Closed."""
        loop = asyncio.get_running_loop()
        read = _Read(work, loop.create_future(), loop)
        if isinstance(loop, VirtualLoop):
            loop.waits_for(read.done)
        with self._lock:
            if self._closed:
                raise Closed()
            if self._idle:
                self._idle.pop().put(read)
            else:
                self._waiting.append(read)
                self._one_more()
        result: T = await read.done
        return result

    def _one_more(self) -> None:
        if len(self._threads) == self._number:
            return
        thread = threading.Thread(target=self._read_loop, name=f"db-read_{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _read_loop(self) -> None:
        own: queue.SimpleQueue[_Read | None] = queue.SimpleQueue()
        reader = _Reader(self._engine)
        read = self._next(own)
        while (read := read or own.get()) is not None:
            done, loop = read.done, read.loop
            if done.cancelled():
                read = self._next(own)
                continue
            try:
                outcome, failed = reader.do(read.work), False
            except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the one who asked
                outcome, failed = error, True
            # Free before it tells: who reads again at once finds this reader, which is the warm one.
            read = self._next(own)
            if not loop.is_closed():
                loop.call_soon_threadsafe(_tell, done, outcome, failed)
            del outcome
        reader.close()

    def _next(self, own: "queue.SimpleQueue[_Read | None]") -> _Read | None:
        """Return what waits; when nothing does, what comes next comes into `own`."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            if self._closed:
                own.put(None)
            else:
                self._idle.append(own)
        return None

    def close(self) -> None:
        """Do what waits, then end the threads and wait for them."""
        with self._lock:
            self._closed = True
            for idle in self._idle:
                idle.put(None)
            self._idle.clear()
        for thread in self._threads:
            thread.join()


class _Reader:
    """Runs work on a connection: on SQLite its own, on a server one of the pool, which finds out lost ones."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._keeps = engine.dialect.name == "sqlite"
        self._kept: Connection | None = None

    def do(self, work: Callable[[Connection], T]) -> T:
        if not self._keeps:
            with self._engine.connect() as connection:
                return work(connection)
        if self._kept is None:
            self._kept = self._engine.connect()
        try:
            return work(self._kept)
        finally:
            self._end()

    def _end(self) -> None:
        """Leave no transaction open: the next read sees what is committed by then."""
        assert self._kept is not None
        if self._kept.in_transaction():
            self._kept.rollback()
        if (own := self._kept.connection.dbapi_connection) is not None and own.in_transaction:
            own.rollback()

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None


def _tell(done: asyncio.Future[Any], outcome: Any, failed: bool) -> None:
    if done.done():
        return
    if failed:
        done.set_exception(outcome)
    else:
        done.set_result(outcome)
