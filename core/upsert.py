"""Insert rows or update those whose primary key is there already, the same on SQLite and PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write `rows` (each with the same columns) into `table`; columns not named keep their value in old rows."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    changed = [name for name in rows[0] if name not in keys]
    # The two dialects share this construct by name only, so each is built with its own class.
    if connection.dialect.name == "postgresql":
        on_pg = postgresql.insert(table)
        new = {name: on_pg.excluded[name] for name in changed}
        done = on_pg.on_conflict_do_update(index_elements=keys, set_=new) if new else on_pg.on_conflict_do_nothing()
        connection.execute(done, list(rows))
        return
    on_lite = sqlite.insert(table)
    new = {name: on_lite.excluded[name] for name in changed}
    statement = (
        on_lite.on_conflict_do_update(index_elements=keys, set_=new) if new else on_lite.on_conflict_do_nothing()
    )
    connection.execute(statement, list(rows))
