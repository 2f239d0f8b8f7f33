"""Brings the database to the form that this version needs."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from app.tables import metadata
from core.db import open_engine
from core.errors import ConfigError

MIGRATIONS = Path(__file__).parent / "migrations"


def alembic_config(url: str) -> Config:
    """Return Alembic's configuration for our one tree of migrations."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    config.attributes["metadata"] = metadata
    return config


def upgrade(url: str) -> None:
    """Make or migrate the database at `url` to the newest form. Raises ConfigError when it cannot be opened."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        command.upgrade(alembic_config(url), "head")
    except OperationalError as error:
        raise ConfigError(f"the database {parsed.render_as_string()} cannot be opened: {error.orig}") from None


def state(url: str) -> tuple[str | None, str | None]:
    """Return the revision that the database has and the newest one."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            present = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    return present, ScriptDirectory.from_config(alembic_config(url)).get_current_head()
