"""Fixtures that every room's tests may use."""

from tests.databases import database_url, db, empty_database_url, engine, postgres

__all__ = ["database_url", "db", "empty_database_url", "engine", "postgres"]
