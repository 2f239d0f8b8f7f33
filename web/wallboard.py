"""Gathers the wallboard: at most once a second, however many look and however much happens."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import Connection

from agents import catalogue, store
from agents.model import Agent, Qualification, State, User
from core.switches import STORM
from figures import alarms, board
from figures.alarms import Alarm, Level
from figures.asking import Group
from figures.board import WHOLE, Half, Stock, Sums
from figures.outlook import NOTHING, Curve, DayOutlook
from figures.terms import Terms
from routing.model import Figures
from web import wallboard_shapes as shapes
from web.health import ask_all
from web.route import DESK
from web.services import WebServices
from web.views import agent_row, queue_shape

WALLBOARD: web.AppKey["Wallboard"] = web.AppKey("wallboard")
EVERY_S = 1.0
PEOPLE_KEPT_S = 10.0
"""Who works here, and what they can, is read again after so long."""
NOBODY = Sums({}, board.figures({}), (), 0, 0.0)
PBX = "pbx"


@dataclass(frozen=True, slots=True)
class _People:
    users: tuple[User, ...]
    can: Mapping[str, Qualification]


class Wallboard:
    """What everybody sees on the wall, made of today's figures, the queues and where agents are."""

    def __init__(self, services: WebServices) -> None:
        self._services = services
        site = services.settings.site
        self._language = site.language
        self._outlook = DayOutlook(services.db, services.clock, services.policy, site.zone)
        self._limits = alarms.Limits.of(services.policy)
        self._halves = int(services.policy.number("board_halves"))
        self._catalogue = catalogue.load(site.skills)
        self._one_at_a_time = asyncio.Lock()
        self._made: tuple[float, bytes] | None = None
        self._people: tuple[float, _People] | None = None

    async def close(self) -> None:
        """End what goes on beside."""
        await self._outlook.close()

    async def text(self) -> bytes | None:
        """Return the wallboard as JSON, not older than a second; None until today is counted."""
        async with self._one_at_a_time:
            now = self._services.clock.monotonic()
            if self._made is None or now - self._made[0] >= EVERY_S:
                if (stock := self._services.figures.stock()) is None:
                    return None
                made = await self._make(stock)
                self._made = now, made.model_dump_json(by_alias=True).encode()
            return self._made[1]

    async def _make(self, stock: Stock) -> shapes.Wallboard:
        services, people = self._services, await self._who()
        # A day of a large centre takes milliseconds to sum up: calls do not wait for that.
        rows = await asyncio.to_thread(board.sums, stock, services.figures.slots)
        queues = [services.routing.figures(queue) for queue in services.routing.queues]
        roster = services.agents.roster
        there = [agent for agent in roster.everyone() if agent.state is not State.LOGGED_OUT]
        told = [
            *await self._standing(stock),
            *alarms.of_queues(queues, self._limits),
            *alarms.of_service(rows, self._limits),
            *alarms.of_agents(there, stock.as_of, self._limits),
        ]
        whole, outlook = rows.get(WHOLE, NOBODY), self._outlook.today()
        threshold = stock.terms.threshold.total_seconds()
        return shapes.Wallboard(
            as_of=stock.as_of,
            timezone=services.settings.site.timezone,
            threshold_s=threshold,
            goal_percent=self._limits.service_level,
            variants=[shapes.VariantName.model_validate(one, from_attributes=True) for one in board.SHOWN],
            whole=self._sums(whole),
            queues=[self._queue(one, rows.get((Group.QUEUE, one.queue), NOBODY)) for one in queues],
            skills=[
                self._skill(skill, rows.get((Group.SKILL, skill), NOBODY), there, people.can)
                for skill in self._skills(people.can.values(), rows)
            ],
            agents=[
                shapes.AgentNow(
                    **agent_row(user, agent, roster).model_dump(),
                    seconds=max((stock.as_of - agent.since).total_seconds(), 0.0),
                    skills=dict(people.can[user.id].skills) if user.id in people.can else {},
                )
                for user in people.users
                if (agent := roster.get(user.id)) is not None and agent.state is not State.LOGGED_OUT
            ],
            states={state.value: sum(one.state is state for one in there) for state in State},
            day=self._day(whole.halves, stock.terms, outlook or NOTHING),
            foretold=outlook is not None,
            alarms=[shapes.AlarmNow.model_validate(one, from_attributes=True) for one in told],
        )

    async def _who(self) -> _People:
        now = self._services.clock.monotonic()
        if self._people is None or now - self._people[0] >= PEOPLE_KEPT_S:
            self._people = now, await self._services.db.read(_people)
        return self._people[1]

    async def _standing(self, stock: Stock) -> list[Alarm]:
        """Return what holds for the house as a whole."""
        services, found = self._services, []
        if stock.broken:
            found.append(Alarm("figures_broken", Level.ERROR, value=stock.broken))
        pbx = {name: probe for name, probe in services.probes.items() if name == PBX}
        found += [Alarm("pbx_lost", Level.ERROR) for one in (await ask_all(pbx)).values() if not one.ok]
        if services.switches.on(STORM):
            turned = services.switches.turned(STORM)
            why, since = (turned.why, turned.at) if turned else ("", None)
            found.append(Alarm("storm", Level.INFO, about=why, since=since))
        if (backup := await services.shifts.active()) is not None:
            found.append(Alarm("backup_shift", Level.INFO, since=backup.at))
        return found

    def _sums(self, row: Sums) -> shapes.Sums:
        return shapes.Sums(
            counts=row.counts,
            figures=row.figures,
            halves=[shapes.HalfHour.model_validate(one, from_attributes=True) for one in row.halves[-self._halves :]],
        )

    def _queue(self, figures: Figures, row: Sums) -> shapes.QueueRow:
        shown = queue_shape(self._services.routing, figures.queue, self._language).model_dump(exclude={"service_level"})
        return shapes.QueueRow(**shown, **self._sums(row).model_dump())

    def _skill(
        self, skill: str, row: Sums, there: Iterable[Agent], can: Mapping[str, Qualification]
    ) -> shapes.SkillRow:
        able = [one for one in there if one.agent_id in can and can[one.agent_id].skills.get(skill, 0)]
        ready = sum(self._services.agents.roster.routable(one.agent_id) for one in able)
        away = sum(one.state in (State.READY, State.NOT_READY) for one in able) - ready
        names = self._catalogue.skills.get(skill, {})
        return shapes.SkillRow(
            id=skill,
            name=names.get(self._language.partition("-")[0]) or skill,
            waiting=row.waiting,
            longest_wait_s=round(row.longest_wait_s, 1),
            agents_ready=ready,
            agents_busy=len(able) - ready - away,
            agents_not_ready=away,
            **self._sums(row).model_dump(),
        )

    def _skills(self, can: Iterable[Qualification], rows: Mapping[board.Target, Sums]) -> list[str]:
        known = {skill for one in can for skill in one.skills}
        return sorted(known | {name for group, name in rows if group is Group.SKILL})

    def _day(self, halves: Iterable[Half], terms: Terms, outlook: Mapping[str, Curve]) -> list[shapes.DayHalf]:
        """Return today half hour by half hour, what was foretold beside what came."""
        actual, found = {half.begins: half.counts for half in halves}, []
        for begins, _, _ in self._services.figures.slots.split(terms.begin, terms.end):
            told = [curve[begins] for curve in outlook.values() if begins in curve]
            counts = actual.get(begins, {})
            found.append(
                shapes.DayHalf(
                    begins=begins,
                    expected=round(sum(told), 1) if told else None,
                    asked=counts.get("P", 0),
                    offered=counts.get("O", 0),
                    answered=counts.get("A", 0),
                    abandoned=counts.get("B", 0),
                )
            )
        return found


def _people(connection: Connection) -> _People:
    users = tuple(one for one in store.all_users(connection) if one.role.value in DESK and not one.disabled)
    return _People(users, store.qualifications(connection))
