"""What agents can: the skills and groups that there are, and who has them."""

from collections.abc import Mapping

from pydantic import Field

from agents.model import Permission, Qualification
from core.errors import Forbidden
from web import shapes
from web.agents_api import agent_named
from web.route import EVERYONE, STEERING, TEAM, Ask, Routes, may
from web.shapes import Given, Shape

routes = Routes("agents")

TEACHERS = STEERING | may(Permission.MANAGE_USERS)
"""Who says what agents can."""


class Named(Shape):
    """A skill or a group; `name` in the site's language, `names` by language (zh, en)."""

    id: str
    name: str
    names: dict[str, str]


class Catalogue(Shape):
    """The skills and groups of this installation; levels go from 1 to `levels`."""

    levels: int
    skills: list[Named]
    groups: list[Named]


class AgentSkills(Shape):
    """What one agent can."""

    agent_id: str
    skills: dict[str, int]
    groups: list[str]


class SkillsGiven(Given):
    """All that the agent can from now on: the level of each skill, and the groups."""

    skills: dict[str, int] = Field(max_length=100)
    groups: list[str] = Field(default=[], max_length=100)


@routes.add("GET", "/skills", roles=EVERYONE)
async def list_skills(ask: Ask) -> Catalogue:
    """List the skills and groups that agents can have."""
    known = ask.services.agents.qualifications.catalogue
    language = ask.services.settings.site.language.partition("-")[0]
    return Catalogue(
        levels=known.levels,
        skills=[_named(one, names, language) for one, names in known.skills.items()],
        groups=[_named(one, names, language) for one, names in known.groups.items()],
    )


@routes.add("GET", "/skills/agents", roles=TEAM | TEACHERS)
async def list_agents_skills(ask: Ask) -> shapes.Items[AgentSkills]:
    """List what everybody can of whom anything is known."""
    found = await ask.services.agents.qualifications.all()
    return shapes.Items(items=[_shape(agent_id, can) for agent_id, can in sorted(found.items())])


@routes.add("GET", "/agents/{id}/skills", roles=EVERYONE)
async def read_skills(ask: Ask) -> AgentSkills:
    """Read what an agent can: one's own, or anybody's for those who see the team."""
    user = await agent_named(ask)
    if user.id != ask.user.id and ask.user.role.value not in TEAM | TEACHERS:
        raise Forbidden("only your own skills", agent_id=user.id)
    return _shape(user.id, await ask.services.agents.qualifications.of(user.id))


@routes.add("POST", "/agents/{id}/skills", roles=TEACHERS)
async def set_skills(ask: Ask, body: SkillsGiven) -> AgentSkills:
    """Say what an agent can; routing follows at once."""
    user = await agent_named(ask)
    can = await ask.services.agents.qualifications.set(user.id, body.skills, body.groups, by=ask.user.id)
    return _shape(user.id, can)


def _named(one: str, names: Mapping[str, str], language: str) -> Named:
    return Named(id=one, name=names.get(language, one), names=dict(names))


def _shape(agent_id: str, can: Qualification) -> AgentSkills:
    return AgentSkills(agent_id=agent_id, skills=dict(can.skills), groups=sorted(can.groups))
