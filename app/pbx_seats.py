"""Lets the private PBX know the seats as they are stored, while the service runs."""

import asyncio

from app.asterisk_command import seats_of
from app.asterisk_setup import private_asterisk, render_spec, secrets_of
from asterisk_conf.install import default_cache, find_asterisk
from asterisk_conf.render import render
from asterisk_conf.spec import Install
from core import log
from core.config import Settings
from core.errors import HotlineError

_log = log.get(__name__)


class PbxSeats:
    """What `hotline asterisk render` does for a running private PBX; one that people configure is left to them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turn = asyncio.Lock()

    async def tell(self) -> bool:
        """Write the PBX's configuration and let it read the seats; calls go on.

        Returns False when no private PBX of this installation runs, or it did not take them: then a person renders.
        """
        async with self._turn:
            try:
                return await self._tell()
            except (HotlineError, OSError) as error:
                _log.error("seats not told to the PBX", extra={"action": "seats_not_told", "why": str(error)})
                return False

    async def _tell(self) -> bool:
        install = await asyncio.to_thread(find_asterisk, default_cache())
        if install is None:
            return False
        pbx = private_asterisk(self._settings, install)
        if not (await pbx.status()).booted:
            return False
        await asyncio.to_thread(self._write, install)
        await pbx.reload_seats()
        return True

    def _write(self, install: Install) -> None:
        settings = self._settings
        render(render_spec(settings, seats_of(settings), secrets_of(settings), install))
