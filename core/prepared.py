"""Statements of every call, compiled once: SQLAlchemy's work on each execution would cost more than the database's.

On SQLite they go straight to its own connection, within the transaction that SQLAlchemy has there: its driver begins
one with the first change and ends it when SQLAlchemy commits or rolls back.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import Select

_Process = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement in the words of one engine; of each parameter its name, how a value goes in, and a fixed value."""

    text: str
    given: tuple[tuple[str, _Process, Any], ...]
    positional: bool


def on_sqlite(connection: Connection, text: str, values: Sequence[Any]) -> sqlite3.Cursor:
    """Execute plain SQL on SQLite's own connection. Raises what SQLAlchemy would, without the values."""
    own = connection.connection.dbapi_connection
    assert isinstance(own, sqlite3.Connection)
    try:
        return own.execute(text, values)
    except sqlite3.Error as error:
        said = DBAPIError.instance(text, None, error, sqlite3.Error, hide_parameters=True, dialect=connection.dialect)
        raise said from error


class _Statement:
    """A statement with a bound parameter for each value."""

    def __init__(self, statement: UpdateBase | Select[Any], names: tuple[str, ...] | None) -> None:
        self._statement = statement
        self._names = names
        self._compiled: dict[str, _Compiled] = {}

    def _run(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        compiled = self._for(connection.dialect)
        bound = [
            (name, fixed if name not in values else values[name] if process is None else process(values[name]))
            for name, process, fixed in compiled.given
        ]
        if connection.dialect.name == "sqlite":
            return on_sqlite(connection, compiled.text, [value for _, value in bound])
        given = tuple(value for _, value in bound) if compiled.positional else dict(bound)
        return connection.exec_driver_sql(compiled.text, given)

    def _for(self, dialect: Dialect) -> _Compiled:
        found = self._compiled.get(dialect.name)
        if found is None:
            names = None if self._names is None else list(self._names)
            compiled = self._statement.compile(dialect=dialect, column_keys=names)
            order = compiled.positiontup if compiled.positional else list(compiled.binds)
            given = tuple(_given(name, compiled.binds[name], dialect) for name in order or ())
            found = self._compiled[dialect.name] = _Compiled(str(compiled), given, compiled.positional)
        return found


def _given(name: str, bind: BindParameter[Any], dialect: Dialect) -> tuple[str, _Process, Any]:
    process = bind.type.dialect_impl(dialect).bind_processor(dialect)
    fixed = None if bind.required else bind.effective_value
    return name, process, fixed if process is None or fixed is None else process(fixed)


def _rows_of(names: Sequence[str]) -> Callable[[Iterable[Any]], Any]:
    row: Any = namedtuple("row", names, rename=True)  # type: ignore[misc]  # the names come with the statement
    make: Callable[[Iterable[Any]], Any] = row._make
    return make


class Prepared(_Statement):
    """An INSERT, UPDATE or DELETE."""

    def __init__(self, statement: UpdateBase, names: tuple[str, ...]) -> None:
        """`names` are those of the parameters; for an INSERT without values, its columns."""
        super().__init__(statement, names)

    def execute(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Execute it with a value for each name, within the transaction of `connection`; return the number of rows."""
        return int(self._run(connection, values).rowcount)


class PreparedSelect(_Statement):
    """A SELECT of columns; every parameter is one value, a value that stands in the statement is kept."""

    def __init__(self, statement: Select[Any]) -> None:
        super().__init__(statement, None)
        columns = list(statement.selected_columns)
        self._types = [column.type for column in columns]
        self._row = _rows_of([column.key or "_" for column in columns])
        self._processes: dict[str, list[_Process]] = {}

    def rows(self, connection: Connection, **values: Any) -> list[Any]:
        """Return all rows for a value for each name, as tuples whose fields are named like the columns."""
        if connection.dialect.name != "sqlite":
            return list(connection.execute(self._statement, values))
        found = self._run(connection, values).fetchall()
        if not found:
            return []
        processes = self._of_columns(connection.dialect)
        return [
            self._row(
                value if process is None else process(value) for value, process in zip(row, processes, strict=True)
            )
            for row in found
        ]

    def _of_columns(self, dialect: Dialect) -> list[_Process]:
        found = self._processes.get(dialect.name)
        if found is None:
            found = [kind.dialect_impl(dialect).result_processor(dialect, None) for kind in self._types]
            self._processes[dialect.name] = found
        return found
