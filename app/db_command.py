"""`hotline db …`: work on storage."""

import sys

import click

from app import storage
from core.config import Settings, load


@click.group("db")
def db_group() -> None:
    """Storage."""


@db_group.command()
@click.pass_context
def upgrade(context: click.Context) -> None:
    """Bring the database to the form that this version needs."""
    settings = context.find_object(Settings) or load(None)
    storage.upgrade(settings.database_url)
    click.echo(f"database is at revision {storage.state(settings.database_url)[0]}")


@db_group.command()
@click.pass_context
def verify(context: click.Context) -> None:
    """Say whether the database has the form that this version needs; exit status 1 when not."""
    settings = context.find_object(Settings) or load(None)
    present, newest = storage.state(settings.database_url)
    if present != newest:
        click.echo(
            f"hotline: database is at {present or 'no revision'}, needed is {newest}: hotline db upgrade", err=True
        )
        sys.exit(1)
    click.echo(f"database is at revision {present}")
