"""Shifts: the plan of a day, hand-over, the backup shift, weather notices, and how an agent kept the roster."""

from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from agents.model import User
from agents.shifts.model import Activation, Duty, HandOver, Level, WeatherNotice
from core.errors import BadInput, Forbidden
from web import shapes
from web.agents_api import agent_named
from web.route import DESKTOPS, EVERYONE, LEADS, TEAM, Ask, Routes
from web.shapes import Day, Given, Moment, Shape

routes = Routes("shifts")
LEVELS = {"blue": Level.BLUE, "yellow": Level.YELLOW, "orange": Level.ORANGE, "red": Level.RED}
Why = Annotated[str, Field(min_length=1, max_length=200)]


class ShiftRow(Shape):
    """A shift of this installation; `begins` and `ends` are times of day at the site."""

    code: str
    name: str
    begins: str
    ends: str


class DutyRow(Shape):
    """Who is on duty when; `kind`: main answers, backup is called in when needed."""

    agent_id: str
    name: str | None
    day: date
    shift: str
    kind: Literal["main", "backup"]
    begins: datetime = Field(alias="from")
    ends: datetime = Field(alias="until")


class BookRow(Shape):
    """The book of one day's shift; `state`: open, closed (the note waits to be read) or taken_over."""

    shift_id: str
    state: Literal["open", "closed", "taken_over"]
    opened_at: datetime
    opened_by: str | None
    closed_at: datetime | None
    closed_by: str | None
    note: str
    taken_at: datetime | None
    taken_by: str | None


class Span(Shape):
    """A piece of time."""

    begins: datetime = Field(alias="from")
    ends: datetime = Field(alias="until")


class BackupRow(Shape):
    """A calling-in of the backup shift: by a person or a `trigger`, and why."""

    id: str
    at: datetime
    trigger: Literal["person", "queue_length", "service_level", "weather", "storm"]
    why: str
    by: str | None
    agents: list[str]
    released_at: datetime | None
    release_why: str


class WeatherRow(Shape):
    """A meteorological warning."""

    level: Literal["blue", "yellow", "orange", "red"]
    text: str
    begins: datetime = Field(alias="from")
    ends: datetime = Field(alias="until")


class Plan(Shape):
    """One day at the site. `uncovered`: when nobody is on main duty; `on_backup`: who would be called in now."""

    day: date
    shifts: list[ShiftRow]
    duties: list[DutyRow]
    uncovered: list[Span]
    books: list[BookRow]
    backup: BackupRow | None
    on_backup: list[DutyRow]
    weather: list[WeatherRow]


class DayQuery(Given):
    """Which day; today at the site when not given."""

    day: Day | None = None


@routes.add("GET", "/shifts", roles=EVERYONE)
async def read_plan(ask: Ask, query: DayQuery) -> Plan:
    """Read the plan of a day: who is on duty, what was handed over, whether the backup shift is called in."""
    shifts = ask.services.shifts
    language = ask.services.settings.site.language.partition("-")[0]
    plan = await shifts.day(query.day or shifts.today())
    active = await shifts.active()
    rows = [
        ShiftRow(
            code=s.code,
            name=s.names.get(language, s.code),
            begins=s.begins.isoformat("minutes"),
            ends=s.ends.isoformat("minutes"),
        )
        for s in shifts.shifts.values()
    ]
    return Plan(
        day=plan.day,
        shifts=rows,
        duties=[_duty(ask, one) for one in plan.duties],
        uncovered=[Span(**{"from": a, "until": b}) for a, b in plan.uncovered],
        books=[_book(ask, one) for one in plan.books.values()],
        backup=_backup(ask, active) if active else None,
        on_backup=[_duty(ask, one) for one in await shifts.on_backup()],
        weather=[_weather(one) for one in await shifts.weather()],
    )


@routes.add("GET", "/shifts/books", roles=EVERYONE)
async def list_books(ask: Ask) -> shapes.Items[BookRow]:
    """List the books of the latest shifts with their hand-over notes."""
    return shapes.Items(items=[_book(ask, one) for one in await ask.services.shifts.books()])


class Closing(Given):
    """What who comes next has to know."""

    note: Annotated[str, Field(max_length=4000)] = ""


@routes.add("POST", "/shifts/{id}/open", roles=LEADS, status=201)
async def open_shift(ask: Ask) -> BookRow:
    """Open one day's shift, named like 2026-11-23-early."""
    return _book(ask, await ask.services.shifts.open(ask.part("id"), ask.user.id))


@routes.add("POST", "/shifts/{id}/close", roles=LEADS)
async def close_shift(ask: Ask, body: Closing) -> BookRow:
    """Close a shift with its hand-over note, without which it stays open."""
    return _book(ask, await ask.services.shifts.close(ask.part("id"), ask.user.id, body.note))


@routes.add("POST", "/shifts/{id}/take-over", roles=LEADS)
async def take_over(ask: Ask) -> BookRow:
    """Say that the hand-over note was read."""
    return _book(ask, await ask.services.shifts.take_over(ask.part("id"), ask.user.id))


class Reasoned(Given):
    """Why."""

    why: Why


@routes.add("POST", "/shifts/backup/activate", roles=LEADS, status=201)
async def activate_backup(ask: Ask, body: Reasoned) -> BackupRow:
    """Call the backup shift in; its people get a message."""
    return _backup(ask, await ask.services.shifts.activate(ask.user.id, body.why))


@routes.add("POST", "/shifts/backup/release", roles=LEADS)
async def release_backup(ask: Ask, body: Reasoned) -> BackupRow:
    """Let the backup shift go; its people get a message."""
    return _backup(ask, await ask.services.shifts.release(ask.user.id, body.why))


class NewWeather(Given):
    """A meteorological warning, from now on unless `from` is given."""

    level: Literal["blue", "yellow", "orange", "red"]
    text: Annotated[str, Field(min_length=1, max_length=200)]
    begins: Moment | None = Field(default=None, alias="from")
    ends: Moment = Field(alias="until")


@routes.add("POST", "/shifts/weather", roles=LEADS, status=201)
async def notice_weather(ask: Ask, body: NewWeather) -> WeatherRow:
    """Enter a weather notice; one of the policy's level calls the backup shift in."""
    span = (body.begins or ask.services.clock.now(), body.ends)
    return _weather(await ask.services.shifts.notice_weather(LEVELS[body.level], body.text, span, ask.user.id))


class KeptQuery(Given):
    """From the day `from` to the day `to` (both at the site, today when not given), at most 31 days."""

    first: Day | None = Field(default=None, alias="from")
    last: Day | None = Field(default=None, alias="to")


class AgentShift(Shape):
    """An agent's duties, and how they were kept until now, in minutes.

    `adherence`: minutes at work when scheduled / scheduled minutes; `conformance`: minutes at work / scheduled minutes.
    """

    agent_id: str
    duties: list[DutyRow]
    scheduled_minutes: float
    adherent_minutes: float
    worked_minutes: float
    adherence: float | None
    conformance: float | None


LONGEST_DAYS = 31


@routes.add("GET", "/agents/{id}/shift", roles=EVERYONE)
async def read_agent_shift(ask: Ask, query: KeptQuery) -> AgentShift:
    """Read an agent's duties and how they were kept; agents read their own."""
    user = await agent_named(ask)
    if user.id != ask.user.id and ask.user.role.value not in TEAM:
        raise Forbidden("only your own shift", agent_id=user.id)
    begin, end = _days(ask, query)
    reasons = ask.services.agents.reasons.items.values()
    work = {reason.code for reason in reasons if reason.work}
    kept = await ask.services.shifts.kept(user.id, begin, end, work)
    figures = kept.figures
    return AgentShift(
        agent_id=user.id,
        duties=[_duty(ask, one, user) for one in kept.duties],
        scheduled_minutes=round(figures.scheduled, 2),
        adherent_minutes=round(figures.adherent, 2),
        worked_minutes=round(figures.worked, 2),
        adherence=_share(figures.adherence),
        conformance=_share(figures.conformance),
    )


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _days(ask: Ask, query: KeptQuery) -> tuple[datetime, datetime]:
    zone = ask.services.settings.site.zone
    first = query.first or query.last or ask.services.shifts.today()
    last = query.last or first
    if not first <= last < first + timedelta(days=LONGEST_DAYS):
        raise BadInput(f"from and to: 1 to {LONGEST_DAYS} days, the first one first", field="to")
    midnight = datetime.min.time()
    return (
        datetime.combine(first, midnight, zone),
        datetime.combine(last + timedelta(days=1), midnight, zone),
    )


def _name(ask: Ask, user_id: str) -> str | None:
    return ask.request.app[DESKTOPS].people.name(user_id) if user_id else None


def _duty(ask: Ask, duty: Duty, user: User | None = None) -> DutyRow:
    times = {"from": duty.begins, "until": duty.ends}
    return DutyRow(
        agent_id=duty.agent_id,
        name=user.name if user else _name(ask, duty.agent_id),
        day=duty.day,
        shift=duty.shift,
        kind=duty.kind.value,
        **times,
    )


def _book(ask: Ask, book: HandOver) -> BookRow:
    return BookRow(
        shift_id=book.shift_id,
        state=book.state,
        opened_at=book.opened_at,
        opened_by=_name(ask, book.opened_by),
        closed_at=book.closed_at,
        closed_by=_name(ask, book.closed_by),
        note=book.note,
        taken_at=book.taken_at,
        taken_by=_name(ask, book.taken_by),
    )


def _backup(ask: Ask, one: Activation) -> BackupRow:
    return BackupRow(
        id=one.id,
        at=one.at,
        trigger=one.trigger.value,
        why=one.why,
        by=_name(ask, one.by),
        agents=list(one.agent_ids),
        released_at=one.released_at,
        release_why=one.release_why,
    )


def _weather(notice: WeatherNotice) -> WeatherRow:
    times = {"from": notice.begins, "until": notice.ends}
    return WeatherRow(level=notice.level.name.lower(), text=notice.text, **times)
