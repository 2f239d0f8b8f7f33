"""Statements of every call, compiled once: SQLAlchemy's work on each execution would cost more than the database's."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql.dml import UpdateBase

_Compiled = tuple[str, list[tuple[str, Callable[[Any], Any] | None]], bool]


class Prepared:
    """An INSERT or UPDATE with a bound parameter for each value, which nothing comes back from."""

    def __init__(self, statement: UpdateBase, names: tuple[str, ...]) -> None:
        """`names` are those of the parameters; for an INSERT without values, its columns."""
        self._statement = statement
        self._names = names
        self._compiled: dict[str, _Compiled] = {}

    def execute(self, connection: Connection, values: Mapping[str, Any]) -> None:
        """Execute it with a value for each name, within the transaction of `connection`."""
        text, given, positional = self._for(connection.dialect)
        bound = [(name, values[name] if process is None else process(values[name])) for name, process in given]
        connection.exec_driver_sql(text, tuple(value for _, value in bound) if positional else dict(bound))

    def _for(self, dialect: Dialect) -> _Compiled:
        found = self._compiled.get(dialect.name)
        if found is None:
            compiled = self._statement.compile(dialect=dialect, column_keys=list(self._names))
            order = compiled.positiontup if compiled.positional else list(compiled.binds)
            processes = [
                compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in order or ()
            ]
            found = str(compiled), list(zip(order or (), processes, strict=True)), compiled.positional
            self._compiled[dialect.name] = found
        return found
