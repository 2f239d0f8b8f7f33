"""`hotline announce list`: whether an announcement is heard, when, where, and its words."""

import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.announce_command import announce_group
from app.serve_command import only_one
from core.clock import SystemClock
from core.config import Settings, load
from core.db import Database
from desk.announcements import store

pytestmark = pytest.mark.integration


def announce(settings: Settings, *words: str) -> list[str]:
    done = CliRunner().invoke(announce_group, words, obj=settings)
    assert done.exit_code == 0, done.exception
    return done.stdout.splitlines()


def spoken(settings: Settings, announcement_id: str) -> None:
    """Have an announcement spoken, as a running service notes it."""

    async def work() -> None:
        db = Database(settings.database_url)
        now = SystemClock().now()
        try:
            await db.write(partial(store.went_live, announcement_id=announcement_id, version=1, at=now))
        finally:
            await db.close()

    asyncio.run(work())


def test_the_list_tells_whether_it_is_heard_when_and_where(tmp_path: Path) -> None:
    settings = load(None, {"HOTLINE_STORAGE__DIR": str(tmp_path / "var")})
    (first,) = announce(settings, "say", "抢修中。")
    assert "not spoken yet (the service does it; none runs)" in first
    id_ = first.split()[0]
    with only_one(settings):
        assert "not spoken yet emergency" in announce(settings, "list")[0]
    spoken(settings, id_)
    (line,) = announce(settings, "list")
    assert line.startswith(f"{id_} heard now emergency ")
    assert line.endswith("… everybody: 抢修中。")
    later = f"{SystemClock().now() + timedelta(days=1):%Y-%m-%dT%H:%M}"
    planned = announce(settings, "say", "明天停电。", "--from", later)[0].split()[0]
    spoken(settings, planned)
    assert [line for line in announce(settings, "list") if line.startswith(f"{planned} spoken, planned ")]
    assert announce(settings, "off", id_)[0].startswith(f"{id_} off ")


def test_who_names_no_announcement_is_told_where_they_are(tmp_path: Path) -> None:
    settings = load(None, {"HOTLINE_STORAGE__DIR": str(tmp_path / "var")})
    refused = CliRunner().invoke(announce_group, ["off", "nix"], obj=settings)
    assert str(refused.exception) == "there is no announcement 'nix'; the list of announcements has their ids"
