"""The page (browser) of an agent as half of the presence lease; the other half is the phone.

Whose page is not heard gets no call from that moment on; what rings meanwhile is offered to somebody else; whose
page stays away becomes not ready. A talk is never disturbed by it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from agents.model import OFFERED, Cause, PageRule, State, Wish
from agents.presence import Presence
from core.clock import Clock
from core.policy import Policy
from core.tasks import TaskOwner


class Pages:
    """Hears of pages that come, fall silent and go; `back` is called when somebody may get calls again."""

    def __init__(
        self, presence: Presence, clock: Clock, policy: Policy, tasks: TaskOwner, back: Callable[[], None]
    ) -> None:
        self._presence = presence
        self._roster = presence.roster
        self._clock = clock
        self._grace_s = policy.number("desktop_grace")
        self._offer_s = policy.number("desktop_offer_grace")
        self._tasks = tasks
        self._back = back
        self._grace: dict[str, asyncio.Task[None]] = {}

    async def opened(self, agent_id: str) -> None:
        """A page is attached; a grace under way ends."""
        if (grace := self._grace.pop(agent_id, None)) is not None:
            grace.cancel()
        self._roster.set_page(agent_id, True)
        agent = self._roster.get(agent_id)
        if agent is None or agent.state is State.LOGGED_OUT:
            return
        gone = agent.wish is not None and agent.wish.reason == Cause.DESKTOP_GONE
        if not agent.desktop or gone:
            wish = None if gone else agent.wish
            await self._presence.commit(agent, replace(agent, desktop=True, wish=wish, version=agent.version + 1))
        self._back()

    def heard(self, agent_id: str) -> None:
        """A page that was silent is heard again."""
        self._roster.set_page(agent_id, True)
        self._back()

    def silent(self, agent_id: str) -> None:
        """No page of the agent answers: no call is offered, and one that rings is taken back soon."""
        self._roster.set_page(agent_id, False)
        agent = self._roster.get(agent_id)
        if agent is not None and agent.state in OFFERED and self._counts(agent_id) and agent.call_id:
            self._tasks.start(self._take_back(agent_id, agent.call_id), "offer without page")

    def gone(self, agent_id: str) -> None:
        """The last page is closed: after `desktop_grace` the agent is not ready."""
        self.silent(agent_id)
        if agent_id not in self._grace:
            self._grace[agent_id] = self._tasks.start(self._after_grace(agent_id), "desktop grace")

    def _counts(self, agent_id: str) -> bool:
        agent = self._roster.get(agent_id)
        seat = self._roster.seat(agent.seat_id) if agent else None
        return seat is None or seat.page is not PageRule.IGNORED

    async def _take_back(self, agent_id: str, call_id: str) -> None:
        await self._clock.sleep(self._offer_s)
        agent = self._roster.get(agent_id)
        if agent is not None and agent.holds(call_id, OFFERED) and not self._roster.page_there(agent_id):
            self._presence.around.withdraw(call_id, agent_id, Cause.DESKTOP_GONE)

    async def _after_grace(self, agent_id: str) -> None:
        await self._clock.sleep(self._grace_s)
        self._grace.pop(agent_id, None)
        agent = self._roster.get(agent_id)
        if agent is None or agent.state is State.LOGGED_OUT:
            return
        closed = replace(agent, desktop=False)
        if agent.state is State.READY and self._counts(agent_id):
            await self._presence.move(closed, State.NOT_READY, Cause.DESKTOP_GONE)
        elif agent.state in (State.READY, State.NOT_READY) or not self._counts(agent_id):
            await self._presence.commit(agent, replace(closed, version=agent.version + 1))
        elif agent.wish is None or agent.wish.state is State.READY:
            await self._presence.wish(closed, Wish(State.NOT_READY, Cause.DESKTOP_GONE))
