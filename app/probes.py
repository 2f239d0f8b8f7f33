"""What /readyz asks: each dependency of the service, and how it is, in words."""

from dataclasses import dataclass

from core.db import Database
from cti.ami.service import AmiService
from cti.service import CallService
from recordings.service import RecordingService
from speech.fragments import FragmentPack
from speech.synthesis import Voice
from web.services import Probe


@dataclass(frozen=True, slots=True)
class Probes:
    """The dependencies of a running service."""

    calls: CallService
    ami: AmiService
    db: Database
    recordings: RecordingService
    voice: Voice
    fragments: FragmentPack

    def by_name(self) -> dict[str, Probe]:
        """Return the probes by the name of what they ask."""
        return {
            "pbx": self._pbx,
            "ami": self._ami,
            "database": self._database,
            "disk": self._disk,
            "voice": self._voice,
        }

    async def _pbx(self) -> tuple[bool, str]:
        trouble = self.calls.pbx_trouble
        return trouble is None, trouble or "connected"

    async def _ami(self) -> tuple[bool, str]:
        return self.ami.trouble is None, self.ami.trouble or "connected"

    async def _database(self) -> tuple[bool, str]:
        await self.db.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar())
        return True, "answers"

    async def _disk(self) -> tuple[bool, str]:
        space = await self.recordings.space()
        return space.enough, f"{space.free_mb} MB free, {space.needed_mb} MB needed"

    async def _voice(self) -> tuple[bool, str]:
        if self.voice.healthy:
            return True, "loaded"
        return not self.fragments.missing(), "not loaded: sentences are put together from fragments"
