"""Fixtures that every room's tests may use."""

from hypothesis import settings

from tests.databases import database_url, db, empty_database_url, engine, postgres

settings.register_profile("hotline", deadline=None)  # a busy machine is no fault of what is tested
settings.load_profile("hotline")

__all__ = ["database_url", "db", "empty_database_url", "engine", "postgres"]
