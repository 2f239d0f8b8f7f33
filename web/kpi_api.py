"""Figures: reports of any range, and today as it is counted while it happens."""

from datetime import datetime
from typing import Any

from pydantic import Field

from agents.accounts import NoSuchUser
from core.errors import Forbidden, Unavailable
from figures.asking import Group, Words
from figures.formulas import SERVICE_LEVELS, USUAL
from web.route import EVERYONE, TEAM, Ask, Routes
from web.shapes import Given, Shape

routes = Routes("figures")

_VARIANT = f"of the service level, with commas several, or all: {', '.join(SERVICE_LEVELS)}; {USUAL} when none is named"
_GROUP = f"what each row is about, with commas several: {', '.join(Group)}"


class NotCounted(Unavailable):
    """Today's figures are still being counted: ask again in a moment."""

    code = "not_counted"


class TodayQuery(Given):
    """Which figures, and what each row is about; `agent`: of this agent alone."""

    group: str = Field(default="", description=_GROUP)
    variant: str = Field(default="", description=_VARIANT)
    agent: str | None = None


class KpiQuery(TodayQuery):
    """A range: a date, or a time with its offset; a date as `to` means the whole of that day."""

    begins: str = Field(alias="from", examples=["2026-11-01"])
    ends: str = Field(alias="to", examples=["2026-11-30", "2026-11-30T12:00+08:00"])


class VariantShape(Shape):
    """One formula, with the words of its `switches`."""

    id: str
    name: str
    name_zh: str
    formula: str
    unit: str
    source: str
    switches: str


class KpiRow(Shape):
    """One group: `counts` by symbol (times in microseconds), `figures` by variant, null where nothing can be said."""

    group: dict[str, str]
    label: list[str]
    counts: dict[str, int]
    figures: dict[str, str | None]


class Ending(Shape):
    """So many calls were ended by whom, in which state or at which node of the menu, and why."""

    by: str
    where: str
    why: str
    calls: int


class Kpi(Shape):
    """A report; when not `laws_hold`, its figures cannot be trusted and `broken` says why."""

    from_: datetime = Field(alias="from")
    to: datetime
    as_of: datetime
    timezone: str
    threshold_s: float
    short_s: float
    repeat_days: int
    groups: list[str]
    rows_add_up: bool = Field(description="false by skill: a contact that needs several is counted at each")
    laws_hold: bool
    broken: list[str]
    reconciled: int
    variants: list[VariantShape]
    rows: list[KpiRow]
    total: KpiRow
    endings: list[Ending]


@routes.add("GET", "/kpi", roles=EVERYONE)
async def report(ask: Ask, query: KpiQuery) -> Kpi:
    """Give the figures of a range, from the journal; an agent's own alone for who does not lead the team."""
    agent = await _whose(ask, query.agent)
    words = Words(query.begins, query.ends, _group(query, agent), [query.variant], agent)
    return _shape(await ask.services.reports.kpi(words, ask.services.settings.site.language))


@routes.add("GET", "/kpi/today", roles=EVERYONE)
async def today(ask: Ask, query: TodayQuery) -> Kpi:
    """Give the figures of today as of now, counted while it happens; without first contact resolution."""
    agent = await _whose(ask, query.agent)
    made = await ask.services.figures.report(_group(query, agent), [query.variant], agent)
    if made is None:
        raise NotCounted
    return _shape(made)


async def _whose(ask: Ask, agent: str | None) -> str | None:
    """Return whose figures are shown: all, or those of one agent, by id. Raises Forbidden, NoSuchUser."""
    if agent in ("me", ask.user.id, ask.user.username):
        return ask.user.id
    if ask.user.role.value not in TEAM:
        if agent is not None:
            raise Forbidden("only your own figures", agent=agent)
        return ask.user.id
    if agent is None:
        return None
    try:
        return (await ask.services.accounts.user(agent)).id
    except NoSuchUser:
        return (await ask.services.accounts.user_named(agent)).id


def _group(query: TodayQuery, agent: str | None) -> str:
    return query.group or (Group.QUEUE if agent is None else Group.DAY).value


def _shape(report: dict[str, Any]) -> Kpi:
    return Kpi.model_validate(report)
