"""Switches storm mode by its triggers, and calls the backup shift in and lets it go with it."""

import asyncio
import contextlib
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from agents.shifts.model import BackupActive, BackupNotActive, NobodyOnBackup, Trigger
from agents.shifts.service import ShiftService
from core import log
from core.bus import Bus
from core.clock import Clock
from core.errors import HotlineError
from core.events import Recorded
from core.policy import Policy
from core.switches import STORM, SettingChanged, Switches, Turned
from routing.storm.model import Gauges, Limits
from routing.storm.port import Outlook

_log = log.get(__name__)

BY_A_RULE = ""
"""The user of what no person did."""


class StormWatch:
    """Looks now and then, and at once when somebody has turned the switch.

    What a person has turned stays: no trigger ends a storm that a person began. One that a person ended begins again
    by a trigger only after all of them have let go once; after a restart this is kept for `storm_off_holds`.
    The switch is the only state: killed at any moment, the next look does what is still to be done.
    """

    def __init__(
        self, switches: Switches, shifts: ShiftService, outlook: Outlook, clock: Clock, policy: Policy
    ) -> None:
        self._switches = switches
        self._shifts = shifts
        self._outlook = outlook
        self._clock = clock
        self._every_s = policy.number("storm_look_interval")
        self._off_holds = timedelta(minutes=policy.number("storm_off_holds"))
        self.gauges = Gauges(Limits.of(policy))
        self.overruled = False
        """Whether a person has ended the storm whose triggers are still pulled."""
        self._nobody: Turned | None = None
        """For which turn of the switch it was said already that nobody is on backup duty."""
        self._began = clock.now()
        self._turned = asyncio.Event()

    def listen(self, bus: Bus) -> None:
        """Follow the switch."""
        bus.listen(SettingChanged, self._changed)

    def _changed(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, SettingChanged)
        if event.setting == STORM:
            self.overruled = bool(event.user_id) and not event.value
            self._turned.set()

    async def run(self) -> None:
        """Look until cancelled."""
        self.overruled = self.switched_off_lately()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await self._turned.wait()
            self._turned.clear()
            try:
                await self.look()
            except (HotlineError, SQLAlchemyError) as error:
                _log.error("storm not looked at", extra={"action": "storm_watch", "why": str(error)})

    def switched_off_lately(self) -> bool:
        """Tell whether a person has ended a storm within `storm_off_holds`."""
        turned = self._switches.turned(STORM)
        off = turned is not None and not turned.on and bool(turned.user_id)
        return turned is not None and off and self._clock.now() - turned.at < self._off_holds

    async def look(self) -> None:
        """Look once."""
        now = self._clock.monotonic()
        why = self.gauges.look(await self._outlook.signals(), now)
        if not self.gauges.pulled:
            self.overruled = False
        turned = self._switches.turned(STORM)
        if not self._switches.on(STORM):
            if why is not None and self.gauges.limits.acts and not self.overruled:
                await self._switches.turn_by_rule(STORM, turned, on=True, why=why)
        elif turned is not None and turned.user_id == BY_A_RULE and self.gauges.calm(now):
            calm = f"calm for {self.gauges.limits.calm_s:.0f} s"
            await self._switches.turn_by_rule(STORM, turned, on=False, why=calm)
        await self._follow_with_the_backup_shift()

    async def _follow_with_the_backup_shift(self) -> None:
        active, turned = await self._shifts.active(), self._switches.turned(STORM)
        if not self._switches.on(STORM):
            if active is not None and active.trigger is Trigger.STORM:
                with contextlib.suppress(BackupNotActive):
                    await self._shifts.release(turned.user_id if turned else BY_A_RULE, "storm mode is off")
        elif active is None and not await self._shifts.called_since(turned.at if turned else self._began):
            await self._call_in(turned)

    async def _call_in(self, turned: Turned | None) -> None:
        try:
            why = f"storm mode: {turned.why}" if turned and turned.why else "storm mode"
            await self._shifts.activate(turned.user_id if turned else BY_A_RULE, why[:200], Trigger.STORM)
        except NobodyOnBackup:
            if self._nobody is None or self._nobody != turned:
                _log.warning("nobody on backup duty", extra={"action": "nobody_on_backup", "why": "storm mode"})
            self._nobody = turned
        except BackupActive:
            pass
