"""Run by Alembic: connects to the database named in the configuration and migrates it."""

from alembic import context

from core.db import open_engine

config = context.config


def run() -> None:
    """Migrate inside one transaction (SQLite: in batch mode, since it cannot alter columns)."""
    engine = open_engine(config.attributes["url"])
    try:
        with engine.connect() as connection:
            context.configure(
                connection=connection,
                target_metadata=config.attributes["metadata"],
                render_as_batch=True,
                user_module_prefix="db.",
            )
            with context.begin_transaction():
                context.run_migrations()
    finally:
        engine.dispose()


run()
