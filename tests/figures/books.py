"""A database of a test with a journal in it."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine

from core.db import metadata, open_engine
from core.events import Event
from core.journal import append


def books(folder: Path, events: Sequence[Event], name: str = "hotline.db") -> Engine:
    """Return an engine of a new SQLite database whose journal holds `events`."""
    engine = open_engine(f"sqlite:///{folder / name}")
    metadata.create_all(engine)
    write(engine, events)
    return engine


def write(engine: Engine, events: Sequence[Event]) -> None:
    """Write events behind what the journal holds."""
    with engine.begin() as connection:
        append(connection, events)
