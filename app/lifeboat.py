"""Keeps current what callers hear while no controller answers: an apology and the outages of the day."""

import asyncio
import contextlib
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from asterisk_conf.lifeboat_notice import Notice, write_lifeboat
from core import log
from core.bus import Bus
from core.clock import Clock
from core.config import Settings
from core.errors import HotlineError
from core.events import Recorded
from core.tasks import TaskOwner
from desk.announcements.service import AnnouncementService
from desk.outages.events import OutageChanged, OutageEnded, OutageOverdue, OutagePublished
from desk.outages.model import Outage
from desk.outages.service import OutageService
from desk.outages.speech import outage as outage_words
from speech.prompts import PromptPack
from speech.synthesis import Voice

_log = log.get(__name__)

SUFFIXES = (".alaw", ".sln16")
REFRESH = timedelta(minutes=15)
SAY_LIMIT_S = 60.0
AREAS_PREPARED = 20
OPEN_END = timedelta(days=1)
"""An announcement without an end is said so long after the last refresh, should none follow."""
APOLOGY, GOODBYE = "apology", "goodbye"


class LifeboatKeeper:
    """Writes `var/lifeboat` at start, whenever an outage notice changes, and every quarter of an hour."""

    def __init__(
        self,
        settings: Settings,
        outages: OutageService,
        announcements: AnnouncementService,
        voice: Voice,
        pack: PromptPack,
        clock: Clock,
    ) -> None:
        self._directory = settings.var / "lifeboat"
        self._zone = settings.site.zone
        self._outages = outages
        self._announcements = announcements
        self._voice = voice
        self._pack = pack
        self._clock = clock
        self._tasks = TaskOwner("lifeboat")
        self._changed = asyncio.Event()

    async def start(self, bus: Bus) -> None:
        """Keep it current from now on."""
        for kind in (OutagePublished, OutageChanged, OutageOverdue, OutageEnded):
            bus.listen(kind, self._on_change)
        self._announcements.when_moved(self._changed.set)
        self._tasks.start(self._keep(), "keep")

    def _on_change(self, _recorded: Recorded) -> None:
        self._changed.set()

    async def _keep(self) -> None:
        while True:
            await self.refresh_within(SAY_LIMIT_S * 2)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REFRESH.total_seconds()):
                    await self._changed.wait()
            self._changed.clear()

    async def refresh_within(self, seconds: float) -> None:
        """Write what is true now, in at most `seconds`; what keeps it from that is logged, and tried again later."""
        try:
            async with asyncio.timeout(seconds):
                await self.refresh()
        except (HotlineError, SQLAlchemyError, OSError, TimeoutError) as error:
            _log.error("lifeboat not current", extra={"action": "lifeboat_stale", "why": str(error)})

    async def refresh(self) -> None:
        """Write what is true now."""
        notices = await self._emergencies()
        kept = {APOLOGY, GOODBYE, *(stem.name for notice in notices for stem in notice.media)}
        now = self._clock.now()
        for outage in await self._outages.today():
            text = outage_words(outage, now, self._zone).text
            media = await self._voice.media(text, within=SAY_LIMIT_S, live=False)
            stems = [self._directory / f"outage-{outage.id}-{n}" for n in range(len(media))]
            for source, stem in zip(media, stems, strict=True):
                await asyncio.to_thread(_copy, Path(source.removeprefix("sound:")), stem)
            kept |= {stem.name for stem in stems}
            await self._prepare(outage, now)
            notices.append(Notice(tuple(stems), outage.ends))
        for prompt in (APOLOGY, GOODBYE):
            spoken = Path(self._pack.media(prompt).removeprefix("sound:"))
            await asyncio.to_thread(_copy, spoken, self._directory / prompt)
        apology, goodbye = self._directory / APOLOGY, self._directory / GOODBYE
        await asyncio.to_thread(write_lifeboat, self._directory, apology=[apology], notices=notices, goodbye=[goodbye])
        await asyncio.to_thread(_sweep, self._directory, kept)

    async def _emergencies(self) -> list[Notice]:
        """Announcements come first; where the caller lives is not known here, so the area is of no account."""
        notices = []
        for one in self._announcements.everywhere():
            stem = self._directory / f"announcement-{one.announcement.id}"
            await asyncio.to_thread(_copy, Path(one.medium.removeprefix("sound:")), stem)
            notices.append(Notice((stem,), one.announcement.ends or self._clock.now() + OPEN_END))
        return notices

    async def _prepare(self, outage: Outage, now: datetime) -> None:
        """Have the words ready for callers of these areas: names and causes are in no fragment."""
        for area in outage.areas[:AREAS_PREPARED]:
            text = outage_words(outage, now, self._zone, area=area).text
            await self._voice.media(text, within=SAY_LIMIT_S, live=False)

    async def close(self) -> None:
        """Stop keeping it current."""
        await self._tasks.close()


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for suffix in SUFFIXES:
        fresh = target.with_name(f".{target.name}{suffix}.new")
        shutil.copyfile(source.with_name(source.name + suffix), fresh)
        fresh.replace(target.with_name(target.name + suffix))


def _sweep(directory: Path, kept: set[str]) -> None:
    for file in directory.iterdir():
        if file.suffix in SUFFIXES and not file.name.startswith(".") and file.stem not in kept:
            file.unlink()
