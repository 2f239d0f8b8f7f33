"""What /readyz asks: whether each thing that calls need is there."""

from core.db import Database
from cti.ami.service import AmiService
from cti.service import CallService
from recordings.service import RecordingService
from speech.fragments import FragmentPack
from speech.synthesis import Voice
from web.services import Probe


def telephone(calls: CallService, ami: AmiService) -> dict[str, Probe]:
    """Return the questions to both connections of the PBX."""

    async def pbx() -> tuple[bool, str]:
        return calls.pbx_trouble is None, calls.pbx_trouble or "connected"

    async def link() -> tuple[bool, str]:
        return ami.trouble is None, ami.trouble or "connected"

    return {"pbx": pbx, "ami": link}


def storage(db: Database, recordings: RecordingService) -> dict[str, Probe]:
    """Return the questions to database and disk."""

    async def database() -> tuple[bool, str]:
        await db.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar())
        return True, "answers"

    async def disk() -> tuple[bool, str]:
        space = await recordings.space()
        return space.enough, f"{space.free_mb} MB free, {space.needed_mb} MB needed"

    return {"database": database, "disk": disk}


def voice(live: Voice, fragments: FragmentPack) -> dict[str, Probe]:
    """Return the question to the voice, for which fragments can stand in."""

    async def speaks() -> tuple[bool, str]:
        if live.healthy:
            return True, "loaded"
        return not fragments.missing(), "not loaded: sentences are put together from fragments"

    return {"voice": speaks}
