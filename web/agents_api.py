"""Agents, their states, and the queues."""

from datetime import datetime

from pydantic import Field

from agents.accounts import NoSuchUser
from agents.model import User
from agents.service import NoSuchAgent
from core.errors import Forbidden
from routing.events import AgentChosen
from web import shapes
from web.commands import StateWish, set_state
from web.route import DESK, EVERYONE, STEERING, Ask, Routes
from web.shapes import Given, Shape
from web.views import agent_row, queue_shape

routes = Routes("agents")


@routes.add("GET", "/agents", roles=EVERYONE)
async def list_agents(ask: Ask) -> shapes.Items[shapes.AgentRow]:
    """List everyone who takes calls."""
    roster = ask.services.agents.roster
    users = [user for user in await ask.services.accounts.users() if user.role.value in DESK and not user.disabled]
    return shapes.Items(items=[agent_row(user, roster.get(user.id), roster) for user in users])


@routes.add("GET", "/agents/{id}", roles=EVERYONE)
async def read_agent(ask: Ask) -> shapes.AgentRow:
    """Read one agent."""
    user = await agent_named(ask)
    roster = ask.services.agents.roster
    return agent_row(user, roster.get(user.id), roster)


@routes.add("POST", "/agents/{id}/state", roles=DESK | STEERING)
async def change_state(ask: Ask, body: StateWish) -> shapes.AgentRow:
    """Become ready or not ready; those who steer the team may do so for others."""
    user = await agent_named(ask)
    if user.id != ask.user.id and ask.user.role.value not in STEERING:
        raise Forbidden("only your own state", agent_id=user.id)
    await set_state(ask.services, user.id, body, by=ask.user.id)
    roster = ask.services.agents.roster
    return agent_row(user, roster.get(user.id), roster)


@routes.add("POST", "/agents/{id}/wrap-up/extend", roles=DESK | STEERING)
async def extend_wrap_up(ask: Ask) -> shapes.AgentRow:
    """Let one's own wrap-up end later; those who steer the team may do so for others."""
    user = await agent_named(ask)
    if user.id != ask.user.id and ask.user.role.value not in STEERING:
        raise Forbidden("only your own wrap-up", agent_id=user.id)
    await ask.services.agents.extend_wrap_up(user.id)
    roster = ask.services.agents.roster
    return agent_row(user, roster.get(user.id), roster)


@routes.add("POST", "/agents/{id}/sign-out", roles=STEERING)
async def sign_off(ask: Ask) -> shapes.AgentRow:
    """Take an agent off the seat, as if they had signed out; during a call that comes when the call is over."""
    user = await agent_named(ask)
    await ask.services.agents.sign_out(user.id, by=ask.user.id)
    roster = ask.services.agents.roster
    return agent_row(user, roster.get(user.id), roster)


async def agent_named(ask: Ask) -> User:
    """Return whom the path names by `id`; `me` is who asks. Raises NoSuchAgent."""
    agent_id = ask.part("id")
    if agent_id == "me":
        return ask.user
    try:
        return await ask.services.accounts.user(agent_id)
    except NoSuchUser:
        raise NoSuchAgent(agent_id=agent_id) from None


class ExplainQuery(Given):
    """The call in question."""

    call: str


class Decision(Shape):
    """Why an agent got a call: by `rule`, before `next_agents`; the call before `next_calls`."""

    at: datetime
    agent_id: str
    rule: str = Field(description="longest_idle, least_occupied, best_skill, round_robin or preferred")
    by_queue: str = Field(description="whose rule it was: its own queue, or one in which it was in overflow")
    step: int = Field(description="relaxation steps taken")
    waited_s: float
    idle_s: float
    score: float = Field(description="idle seconds, share of time busy, sum of levels, or calls since the last one")
    priority: float
    next_agents: tuple[str, ...]
    next_agent_scores: tuple[float, ...]
    next_calls: tuple[str, ...]
    next_call_scores: tuple[float, ...] = Field(description="priorities")


class Need(Shape):
    """What a waiting call needs now: each skill at its least level, one of the groups unless there are none."""

    skills: dict[str, int]
    groups: list[str]


class Beside(Shape):
    """An agent beside the call, as of this moment."""

    agent_id: str
    free: bool
    fits: bool
    lacks: tuple[str, ...] = Field(description="skills whose level is too low")
    score: float


class Explanation(Shape):
    """Why a call waits, and why its agents were chosen; who of all agents would fit is worked out when asked."""

    call_id: str
    queue: shapes.Queue
    rule: str
    stand: str | None
    position: int | None
    waited_s: float | None
    ahead_s: float | None = Field(description="it goes ahead of who has waited up to so much longer")
    causes: list[str]
    priority: float | None
    step: int | None = Field(description="relaxation steps taken")
    need: Need | None
    held_for: str | None = Field(description="the agent that it is held for at first")
    queues: list[str] = Field(description="in which it may be answered: its own first, then overflow")
    next_change_s: float | None = Field(description="in how many seconds waiting alone changes what it needs")
    agents: list[Beside] = Field(description="told to those who steer the team")
    decisions: list[Decision]


queue_routes = Routes("queues")


@queue_routes.add("GET", "/queues", roles=EVERYONE)
async def list_queues(ask: Ask) -> shapes.Items[shapes.Queue]:
    """List the queues with their figures of this moment."""
    return shapes.Items(items=[_queue(ask, queue_id) for queue_id in ask.services.routing.queues])


@queue_routes.add("GET", "/queues/{id}", roles=EVERYONE)
async def read_queue(ask: Ask) -> shapes.Queue:
    """Read one queue's figures of this moment."""
    return _queue(ask, ask.part("id"))


def _queue(ask: Ask, queue_id: str) -> shapes.Queue:
    shown = queue_shape(ask.services.routing, queue_id, ask.services.settings.site.language)
    level = ask.services.figures.service_level(queue_id)
    return shown.model_copy(update={"service_level": shapes.ServiceLevel.model_validate(level) if level else None})


@queue_routes.add("GET", "/queues/{id}/explain", roles=EVERYONE)
async def explain(ask: Ask, query: ExplainQuery) -> Explanation:
    """Tell why this call waits, or why that agent got it."""
    queue_id = ask.part("id")
    found = await ask.services.routing.explain(queue_id, query.call)
    waiting, steers = found.waiting, ask.user.role.value in STEERING
    return Explanation(
        call_id=found.call_id,
        queue=queue_shape(ask.services.routing, queue_id, ask.services.settings.site.language),
        rule=found.rule,
        stand=found.stand.value if found.stand else None,
        position=found.position,
        waited_s=found.waited_s,
        ahead_s=found.precedence.ahead_s if found.precedence else None,
        causes=list(found.precedence.causes) if found.precedence else [],
        priority=round(waiting.priority, 3) if waiting else None,
        step=waiting.step if waiting else None,
        need=Need(skills=dict(waiting.need.skills), groups=sorted(waiting.need.groups)) if waiting else None,
        held_for=waiting.held_for if waiting else None,
        queues=list(waiting.queues) if waiting else [],
        next_change_s=found.next_change_s,
        agents=[Beside.model_validate(one, from_attributes=True) for one in found.agents] if steers else [],
        decisions=[_decision(one) for one in found.decisions],
    )


def _decision(chosen: AgentChosen) -> Decision:
    return Decision.model_validate(chosen, from_attributes=True)
