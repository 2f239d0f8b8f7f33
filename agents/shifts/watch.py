"""Looks now and then whether the backup shift has to be called in, or may go again."""

import contextlib
from dataclasses import replace

from sqlalchemy.exc import SQLAlchemyError

from agents.shifts.model import Activation, BackupActive, BackupNotActive, NobodyOnBackup, Trigger
from agents.shifts.port import Outlook
from agents.shifts.service import ShiftService
from agents.shifts.triggers import Held, Limits, fired
from core import log
from core.clock import Clock
from core.errors import HotlineError
from core.policy import Policy

_log = log.get(__name__)


class BackupWatch:
    """Calls people in by the triggers and lets them go when these have been quiet; what a person decides holds,
    and whom storm mode calls in it lets go itself.

    After a person has let the backup shift go, the triggers call nobody in until they have been quiet once.
    """

    def __init__(self, shifts: ShiftService, outlook: Outlook, clock: Clock, policy: Policy) -> None:
        self._shifts = shifts
        self._outlook = outlook
        self._clock = clock
        self._limits = Limits.of(policy)
        self._every_s = policy.number("backup_look_interval")
        self._held = Held(self._limits)
        self._before: Activation | None = None
        self._overruled = False

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self._clock.sleep(self._every_s)
            try:
                await self.look()
            except (HotlineError, SQLAlchemyError) as error:
                _log.error("backup shift not looked at", extra={"action": "backup_watch", "why": str(error)})

    async def look(self) -> None:
        """Look once."""
        signals = replace(self._outlook.signals(), weather=await self._shifts.weather())
        now, pulled = self._clock.monotonic(), self._held.look(signals, self._clock.monotonic())
        active = await self._shifts.active()
        if self._before is not None and active is None:
            self._overruled = True
        if not fired(signals, self._limits):
            self._overruled = False
        if active is not None:
            active = await self._perhaps_release(active, now)
        elif pulled is not None and self._limits.acts and not self._overruled:
            active = await self._call_in(*pulled)
        self._before = active

    async def _call_in(self, trigger: Trigger, why: str) -> Activation | None:
        try:
            return await self._shifts.activate("", why, trigger)
        except NobodyOnBackup:
            _log.warning("nobody on backup duty", extra={"action": "nobody_on_backup", "why": why})
            self._overruled = True  # said once; the next time after the triggers were quiet
        except BackupActive:
            pass
        return None

    async def _perhaps_release(self, active: Activation, now: float) -> Activation | None:
        if active.trigger in (Trigger.PERSON, Trigger.STORM) or not self._held.quiet(now):
            return active
        with contextlib.suppress(BackupNotActive):
            await self._shifts.release("", f"quiet for {self._limits.quiet_s:.0f} s")
        return None
