"""Statements of every call, compiled once: SQLAlchemy's work on each execution would cost more than the database's.

On SQLite they go straight to its own connection, within the transaction that SQLAlchemy has there: its driver begins
one with the first change and ends it when SQLAlchemy commits or rolls back.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import Select

_Process = Callable[[Any], Any] | None
_Compiled = tuple[str, list[tuple[str, _Process]], bool]


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
        text, given, positional = self._for(connection.dialect)
        bound = [(name, values[name] if process is None else process(values[name])) for name, process in given]
        if connection.dialect.name == "sqlite":
            return on_sqlite(connection, text, [value for _, value in bound])
        return connection.exec_driver_sql(text, tuple(value for _, value in bound) if positional else dict(bound))

    def _for(self, dialect: Dialect) -> _Compiled:
        found = self._compiled.get(dialect.name)
        if found is None:
            compiled = self._statement.compile(
                dialect=dialect, column_keys=None if self._names is None else list(self._names)
            )
            order = compiled.positiontup if compiled.positional else list(compiled.binds)
            processes = [
                compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in order or ()
            ]
            found = str(compiled), list(zip(order or (), processes, strict=True)), compiled.positional
            self._compiled[dialect.name] = found
        return found


class Prepared(_Statement):
    """An INSERT or UPDATE which nothing comes back from."""

    def __init__(self, statement: UpdateBase, names: tuple[str, ...]) -> None:
        """`names` are those of the parameters; for an INSERT without values, its columns."""
        super().__init__(statement, names)

    def execute(self, connection: Connection, values: Mapping[str, Any]) -> None:
        """Execute it with a value for each name, within the transaction of `connection`."""
        self._run(connection, values)


class PreparedSelect(_Statement):
    """A SELECT of columns; every parameter is one value."""

    def __init__(self, statement: Select[Any]) -> None:
        super().__init__(statement, None)
        self._types = [column.type for column in statement.selected_columns]
        self._processes: dict[str, list[_Process]] = {}

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return all rows for a value for each name, their columns in the order of the statement."""
        found = self._run(connection, values).fetchall()
        if not found:
            return []
        processes = self._of_columns(connection.dialect)
        return [
            tuple(value if process is None else process(value) for value, process in zip(row, processes, strict=True))
            for row in found
        ]

    def _of_columns(self, dialect: Dialect) -> list[_Process]:
        found = self._processes.get(dialect.name)
        if found is None:
            found = [kind.dialect_impl(dialect).result_processor(dialect, None) for kind in self._types]
            self._processes[dialect.name] = found
        return found
