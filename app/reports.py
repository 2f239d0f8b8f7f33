"""Reports of an installation: read from its database without changing it, with the service or without."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.exc import OperationalError

from agents import catalogue
from agents import store as people
from agents.accounts import NoSuchUser
from app import storage
from app.lists import queues_of
from core import policy
from core.config import Settings, Site
from core.db import open_engine
from core.errors import ConfigError
from figures import service
from figures.asking import NO_SKILL, Words
from figures.export import FORMATS
from figures.layout import Names, no_skill
from figures.report import Report
from figures.slots import Slots


def written(settings: Settings, words: Words, form: str, language: str, now: datetime) -> bytes:
    """Return the report that is asked for in one of `FORMATS`.

    Raises ConfigError for a database that is not there or not of this version, and what `figures.service.make` does.
    """
    report, names = _read(settings, words, language, now)
    return FORMATS[form](report, names, language)


def _read(settings: Settings, words: Words, language: str, now: datetime) -> tuple[Report, Names]:
    slots, rules = Slots(settings.site.zone), policy.load(settings.site.policy)
    _check(settings.database_url)
    engine = open_engine(settings.database_url)
    try:
        with _reading(engine) as connection:
            asked = replace(words, agent=_agent(connection, words.agent))
            return service.make(connection, asked, slots, rules, now), _names(connection, language, settings.site)
    finally:
        engine.dispose()


def _reading(engine: Engine) -> Connection:
    """Return a connection on which nothing can be written."""
    if engine.dialect.name == "postgresql":
        return engine.connect().execution_options(postgresql_readonly=True)
    connection = engine.connect()
    connection.execute(text("PRAGMA query_only = ON"))
    return connection


def _check(url: str) -> None:
    """Refuse a database that is not there: opening it would make an empty one. Raises ConfigError."""
    shown = make_url(url).render_as_string()
    file = make_url(url).database
    if url.startswith("sqlite") and not (file and Path(file).is_file()):
        raise ConfigError(f"there is no database {file}: run this where hotline.toml is, or name it with --config")
    try:
        present, newest = storage.state(url)
    except OperationalError as error:
        raise ConfigError(f"the database {shown} cannot be opened: {error.orig}") from None
    if present != newest:
        raise ConfigError(
            f"the database {shown} is at {present or 'no revision'}, needed is {newest}: hotline db upgrade"
        )


def _agent(connection: Connection, name: str | None) -> str | None:
    """Return the id of an agent given by id or user name. Raises NoSuchUser."""
    if name is None:
        return None
    found = people.user_by_id(connection, name) or people.user_by_name(connection, name)
    if found is None:
        raise NoSuchUser(f"agent {name!r}: there is no such user; `hotline user list` lists them")
    return found.id


def _names(connection: Connection, language: str, site: Site) -> Names:
    tongue = language.partition("-")[0]
    named = {queue.id: queue.names.get(tongue) or queue.id for queue in queues_of(site).values()}
    skills = {skill: names.get(tongue) or skill for skill, names in catalogue.load(site.skills).skills.items()}
    skills[NO_SKILL] = no_skill(language)
    return Names(named, {user.id: user.username for user in people.all_users(connection)}, skills)
