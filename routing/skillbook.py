"""Follows what agents can: what the books hold at the start, what is changed here, and what another process changes."""

from collections.abc import Callable

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from agents import store
from agents.events import AgentSkillsChanged
from agents.model import Qualification
from core import log
from core.bus import Bus
from core.clock import Clock
from core.db import Database
from core.errors import HotlineError
from core.events import Recorded
from core.journal import journal_table, since

_log = log.get(__name__)

FOLLOW_S = 2.0
"""How long a change by the command line takes at most until routing knows it."""


class Skillbook:
    """Calls `then` with an agent and what the agent can: with everybody at `load`, then with each change."""

    def __init__(self, db: Database, clock: Clock, then: Callable[[str, Qualification], None]) -> None:
        self._db = db
        self._clock = clock
        self._then = then
        self._seq = 0

    def listen(self, bus: Bus) -> None:
        """Follow what is changed in this process."""
        bus.listen(AgentSkillsChanged, self._changed)

    async def load(self) -> None:
        """Take up what the books hold."""

        def work(connection: Connection) -> tuple[int, dict[str, Qualification]]:
            last = connection.execute(select(func.max(journal_table.c.seq))).scalar_one()
            return last or 0, store.qualifications(connection)

        self._seq, found = await self._db.read(work)
        for agent_id, can in found.items():
            self._then(agent_id, can)

    async def follow(self) -> None:
        """Look for changes by other processes until cancelled; books that do not answer are asked again."""
        while True:
            await self._clock.sleep(FOLLOW_S)
            try:
                found = await self._db.read(lambda connection: since(connection, self._seq, [AgentSkillsChanged]))
            except (SQLAlchemyError, HotlineError) as error:
                _log.error("skills not followed", extra={"action": "skills_not_followed", "why": str(error)})
                continue
            for recorded in found:
                await self._changed(recorded)

    async def _changed(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, AgentSkillsChanged)
        self._seq = max(self._seq, recorded.seq)
        self._then(event.agent_id, Qualification(event.skills, frozenset(event.groups)))
