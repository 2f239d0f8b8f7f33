"""What the doctor looks at here: Python, settings, database, secrets, voice, prompts, calendar, pages, disk."""

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from agents import reasons, results
from app import storage
from app.findings import FINE, NOTE, WRONG, Finding
from app.lists import lists_of, shifts_of
from app.wiring import FLOW
from core import calendar, policy
from core.config import Settings
from core.errors import ConfigError
from ivr import flow
from speech.install import VOICE, find_voice
from speech.kokoro import settings_key
from speech.prompts import PromptPack, catalogue
from speech.second import ENGLISH, ENGLISH_VOICE, FOLDER
from web.build import built_ui

PYTHONS = (3, 11), (3, 12)
DECEMBER = 12


def examine(settings: Settings, cache: Path) -> Iterator[Finding]:
    """Yield what is found. Blocks."""
    yield _python()
    yield _settings(settings)
    yield _policy(settings)
    yield _state(settings)
    yield _database(settings)
    yield _secrets(settings)
    yield _voice(cache)
    yield _lists(settings)
    yield from _prompts(settings, cache)
    yield _english(settings, cache)
    yield calendar_plan(datetime.now(settings.site.zone).date())
    yield _pages(cache)
    yield _disk(settings)


def _python() -> Finding:
    here = sys.version_info[:2]
    says = f"{here[0]}.{here[1]}"
    if here in PYTHONS:
        return Finding("Python", FINE, says)
    return Finding("Python", WRONG, says, "use Python 3.11 or 3.12: set HOTLINE_PYTHON and remove .venv")


def _settings(settings: Settings) -> Finding:
    # A file that cannot be used is told before any command begins.
    names = sorted(name for name in os.environ if name.startswith("HOTLINE_") and "__" in name)
    more = f", changed by {', '.join(names)}" if names else ""
    return Finding("settings", FINE, f"read; site {settings.site.name}{more}")


def _policy(settings: Settings) -> Finding:
    try:
        rules = policy.load(settings.site.policy).rules
    except ConfigError as error:
        return Finding("policy", WRONG, error.message, "mend what is named there")
    return Finding("policy", FINE, f"{settings.site.policy}: {len(rules)} rules")


def _lists(settings: Settings) -> Finding:
    try:
        found = lists_of(settings.site), shifts_of(settings.site)
        reasons.load(settings.site.reasons)
        results.load(settings.site.results)
    except ConfigError as error:
        return Finding("lists", WRONG, error.message, "mend what is named there")
    return Finding("lists", FINE, f"queues {', '.join(found[0].queues)}; {len(found[1])} shifts")


def _state(settings: Settings) -> Finding:
    var = settings.var
    if not var.exists():
        return Finding("state", NOTE, f"{var} is not there yet: it is made at the first start")
    if not os.access(var, os.W_OK | os.X_OK):
        return Finding("state", WRONG, f"{var} cannot be written to", f"chown -R $(id -un) {var}, or set [storage] dir")
    return Finding("state", FINE, f"{var}" + (", a service is running on it" if service_runs(settings) else ""))


def service_runs(settings: Settings) -> bool:
    """Tell whether a service holds this installation."""
    try:
        with (settings.var / "hotline.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _database(settings: Settings) -> Finding:
    url = make_url(settings.database_url)
    where = url.render_as_string()
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return Finding("database", NOTE, f"{where} is not there yet: it is made at the first start")
    try:
        present, newest = storage.state(settings.database_url)
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", error)).strip().splitlines()[0]
        return Finding(
            "database", WRONG, f"{where} cannot be opened: {why}", "start the database server, or change [storage] url"
        )
    if present != newest:
        return Finding("database", WRONG, f"at {present or 'no revision'}, needed is {newest}", "hotline db upgrade")
    return Finding("database", FINE, f"{where} at revision {present}")


def _secrets(settings: Settings) -> Finding:
    file = settings.var / "secrets.json"
    if not file.exists():
        return Finding("secrets", NOTE, "not there yet: they are made at the first start")
    mode = file.stat().st_mode & 0o777
    if mode != 0o600:
        return Finding("secrets", WRONG, f"{file} has mode {mode:04o}: others may read it", f"chmod 600 {file}")
    return Finding("secrets", FINE, "private to this user")


def _voice(cache: Path) -> Finding:
    if find_voice(cache, VOICE) is None:
        return Finding("voice", NOTE, "not in the cache: it is fetched at the first start, which needs a network")
    return Finding("voice", FINE, VOICE)


def _prompts(settings: Settings, cache: Path) -> Iterator[Finding]:
    try:
        known = catalogue(settings.site.language, site=settings.site.name)
        # What is wrong with the policy is told of the policy.
        said = flow.load(FLOW, known, lists=lists_of(settings.site)).prompts()
        pack = open_prompts(settings, cache)
    except ConfigError as error:
        yield Finding("prompts", WRONG, error.message, "mend what is named there")
        return
    missing = [p for p in pack.missing() if p in said]
    if missing:
        yield Finding("prompts", NOTE, f"{len(missing)} of the flow are rendered at the next start", "")
    else:
        yield Finding("prompts", FINE, f"{len(pack.entries())} there, every one that the flow says")
    if differing := pack.differing():
        yield Finding(
            "recorded prompts",
            NOTE,
            f"say other words than the catalogue does now: {', '.join(differing)}",
            "record them again: hotline prompts record ID FILE.wav",
        )


def _english(settings: Settings, cache: Path) -> Finding:
    try:
        grade, says = how_english_stands(open_english(settings, cache), cache)
    except ConfigError as error:
        return Finding("English", WRONG, error.message, "mend what is named there")
    cure = "record them: hotline prompts record --language en ID FILE.wav" if grade == WRONG else ""
    return Finding("English", NOTE if grade == WRONG else grade, says, cure)


def how_english_stands(pack: PromptPack, cache: Path) -> tuple[str, str]:
    """Return a grade and words for the English prompts and their voice; WRONG: only people can make them whole."""
    missing, voice = pack.missing(), find_voice(cache, ENGLISH_VOICE) is not None
    there = f"{len(pack.prompts) - len(missing)} of {len(pack.prompts)} prompts there"
    if not missing:
        return FINE if voice else NOTE, there + ("" if voice else "; figures need a voice and are for a person")
    later = "the others are rendered after the Chinese ones while a service runs" if voice else "no English voice here"
    return NOTE if voice else WRONG, f"{there}; {later}; until all are there, key 8 leads to a person"


def open_english(settings: Settings, cache: Path) -> PromptPack:
    """Return the English prompts of this installation. Raises ConfigError for a broken manifest."""
    return PromptPack(
        settings.var / "prompts" / FOLDER,
        catalogue(ENGLISH, site=settings.site.name),
        settings_key=settings_key(ENGLISH_VOICE),
        cache=cache / "prompts",
    )


def open_prompts(settings: Settings, cache: Path) -> PromptPack:
    """Return the prompts of this installation. Raises ConfigError for a broken manifest or an unknown language."""
    return PromptPack(
        settings.var / "prompts",
        catalogue(settings.site.language, site=settings.site.name),
        settings_key=settings_key(VOICE),
        cache=cache / "prompts",
    )


def calendar_plan(today: date) -> Finding:
    """Tell whether the official working days of this year are known, and from December on those of the next."""
    needed = today.year + (today.month == DECEMBER)
    if calendar.planned(date(needed, 1, 1)):
        return Finding("calendar", FINE, f"official working days known to the end of {calendar.LAST_PLANNED}")
    return Finding(
        "calendar",
        NOTE,
        f"official working days of {needed} are not known: weekends and holidays of fixed date are taken",
        "renew Hotline when the plan of the year is published",
    )


def _pages(cache: Path) -> Finding:
    if built_ui(cache) is None:
        return Finding("desktop", NOTE, "not built: it is built at the first start, which needs a network")
    return Finding("desktop", FINE, "built from the present sources")


def _disk(settings: Settings) -> Finding:
    there = next(folder for folder in (settings.var, *settings.var.parents) if folder.exists())
    free, needed = shutil.disk_usage(there).free // 1_000_000, settings.storage.recordings_min_free_mb
    if free < needed:
        return Finding(
            "disk",
            WRONG,
            f"{free} MB free, {needed} MB needed: no recording is begun",
            f"free room on the disk of {there}, set [storage] dir to another disk, or lower recordings_min_free_mb",
        )
    return Finding("disk", FINE, f"{free} MB free for recordings")
