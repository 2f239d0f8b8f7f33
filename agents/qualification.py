"""What agents can and which groups they are in: set by those who steer, stored, journaled, followed at once."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection

from agents import store
from agents.catalogue import Catalogue
from agents.events import AgentSkillsChanged
from agents.model import Qualification
from core.clock import Clock
from core.db import Database
from core.errors import NotFound
from core.journal import Journal


class NobodyOfThisId(NotFound):
    """There is no such agent."""

    code = "no_such_agent"


class Qualifications:
    """The skills and groups of everybody."""

    def __init__(self, journal: Journal, db: Database, clock: Clock, catalogue: Catalogue) -> None:
        self._journal = journal
        self._db = db
        self._clock = clock
        self.catalogue = catalogue

    async def of(self, agent_id: str) -> Qualification:
        """Return what one agent can; one of whom nothing was said can nothing special."""
        return (await self.all()).get(agent_id, Qualification())

    async def all(self) -> dict[str, Qualification]:
        """Return what everybody can who can anything, by agent id."""
        return await self._db.read(store.qualifications)

    async def set(
        self, agent_id: str, skills: Mapping[str, int], groups: Collection[str], by: str = ""
    ) -> Qualification:
        """Let the agent have exactly these skills and groups. Raises BadInput or NobodyOfThisId and changes nothing."""
        self.catalogue.check(skills, groups)
        can = Qualification(dict(sorted(skills.items())), frozenset(groups))
        told = AgentSkillsChanged(
            at=self._clock.now(), agent_id=agent_id, skills=dict(can.skills), groups=tuple(sorted(groups)), by=by
        )

        def save(connection: Connection) -> None:
            if store.user_by_id(connection, agent_id) is None:
                raise NobodyOfThisId(agent_id=agent_id)
            store.set_qualification(connection, agent_id, can)

        await self._journal.record(told, save=save)
        return can
