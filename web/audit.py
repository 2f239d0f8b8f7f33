"""Who did what and when, read from the journal: which events are acts of people, and where each names the person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from agents.events import (
    AgentForced,
    AgentReserved,
    AgentSkillsChanged,
    SeatChanged,
    SignedIn,
    SignedOut,
    SignInRefused,
    UserChanged,
)
from agents.messages.events import MessageSent
from agents.shifts.events import (
    BackupActivated,
    BackupReleased,
    ShiftClosed,
    ShiftOpened,
    ShiftTakenOver,
    WeatherNoticed,
)
from core.events import Event
from core.journal import journal_table
from core.switches import SettingChanged
from cti.events import MonitorStarted, TalkEndedByLead
from cti.tables import calls
from desk.announcements.events import AnnouncementSwitched
from desk.customers.events import CustomerCreated, CustomerNumberAdded
from desk.nuisance.events import NumberBlocked, NumberUnblocked
from ivr.versions.events import FlowDrafted, FlowPublished, FlowRolledBack
from recordings.events import RecordingHeard
from web.events import AuditExported, CustomerFileOpened, OwnFileChanged


class Area(StrEnum):
    """What an act is about."""

    ACCOUNTS = "accounts"
    SIGN_INS = "sign_ins"
    SEATS = "seats"
    SETTINGS = "settings"
    MENU = "menu"
    ANNOUNCEMENTS = "announcements"
    SHIFTS = "shifts"
    TEAM = "team"
    CALLERS = "callers"
    PRIVACY = "privacy"


AREAS: Mapping[type[Event], Area] = {
    UserChanged: Area.ACCOUNTS,
    AgentSkillsChanged: Area.ACCOUNTS,
    SignedIn: Area.SIGN_INS,
    SignedOut: Area.SIGN_INS,
    SignInRefused: Area.SIGN_INS,
    SeatChanged: Area.SEATS,
    SettingChanged: Area.SETTINGS,
    OwnFileChanged: Area.SETTINGS,
    FlowDrafted: Area.MENU,
    FlowPublished: Area.MENU,
    FlowRolledBack: Area.MENU,
    AnnouncementSwitched: Area.ANNOUNCEMENTS,
    ShiftOpened: Area.SHIFTS,
    ShiftClosed: Area.SHIFTS,
    ShiftTakenOver: Area.SHIFTS,
    BackupActivated: Area.SHIFTS,
    BackupReleased: Area.SHIFTS,
    WeatherNoticed: Area.SHIFTS,
    AgentForced: Area.TEAM,
    TalkEndedByLead: Area.TEAM,
    MessageSent: Area.TEAM,
    NumberBlocked: Area.CALLERS,
    NumberUnblocked: Area.CALLERS,
    CustomerCreated: Area.CALLERS,
    CustomerNumberAdded: Area.CALLERS,
    MonitorStarted: Area.PRIVACY,
    RecordingHeard: Area.PRIVACY,
    CustomerFileOpened: Area.PRIVACY,
    AuditExported: Area.PRIVACY,
}
"""The acts that the audit tells, by event class."""

_ACTOR = {
    SettingChanged: "user_id",
    MonitorStarted: "agent_id",
    MessageSent: "sender_id",
    SignInRefused: "user_id",
    AgentReserved: "agent_id",
}
"""The field that names the person, where it is not `by`."""
_UNPROVEN = frozenset({SignInRefused.__name__})
"""Acts at the account of a person, who may be another one."""
_UNTOLD = {MessageSent.__name__: frozenset({"text", "message_id"}), AgentReserved.__name__: frozenset({"lease_until"})}
"""Fields that are no business of whom reads the audit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which acts: each that is given must fit. `names`: of one person, id and user name; `before`: a number.

    `customer` (id) with the numbers `phones`: only looks into that file, among them the pops of calls from there.
    """

    areas: frozenset[Area] = frozenset(Area)
    names: tuple[str, ...] = ()
    customer: str = ""
    phones: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did: number and moment in the journal, `by` (empty: the command line or a rule), and the facts."""

    seq: int
    at: datetime
    event: str
    area: Area
    by: str
    data: Mapping[str, Any]


_BY_NAME = {kind.__name__: kind for kind in AREAS} | {AgentReserved.__name__: AgentReserved}


def acts(connection: Connection, wanted: AuditFilter) -> list[Act]:
    """Return the acts that fit, the latest first."""
    table = journal_table.c
    kinds = [kind for kind, area in AREAS.items() if area in wanted.areas]
    done = _done(kinds, wanted.names)
    if wanted.customer:
        done = or_(
            and_(_done([CustomerFileOpened], wanted.names), table.data["customer_id"].as_string() == wanted.customer),
            and_(_done([AgentReserved], wanted.names), table.call_id.in_(_calls_from(wanted.phones))),
        )
    query = select(table.seq, table.at, table.event, table.data).where(done)
    for condition in (
        wanted.since is not None and table.at >= wanted.since,
        wanted.until is not None and table.at < wanted.until,
        wanted.before is not None and table.seq < wanted.before,
    ):
        if condition is not False:
            query = query.where(condition)
    rows = connection.execute(query.order_by(table.seq.desc()).limit(wanted.limit))
    return [_act(row) for row in rows]


def _calls_from(phones: Sequence[str]) -> Select[tuple[str]]:
    return select(calls.c.id).where(calls.c.caller.in_(phones))


def _done(kinds: Sequence[type[Event]], names: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that an event is of one of `kinds`, done by who has one of `names` (none: anybody)."""
    table = journal_table.c
    if not names:
        return table.event.in_([kind.__name__ for kind in kinds])
    by_field: dict[str, list[str]] = {}
    for kind in kinds:
        by_field.setdefault(_ACTOR.get(kind, "by"), []).append(kind.__name__)
    return or_(
        *(
            and_(table.event.in_(events), table.data[field].as_string().in_(names))
            for field, events in sorted(by_field.items())
        )
    )


def _act(row: Any) -> Act:
    kind = _BY_NAME[row.event]
    field = _ACTOR.get(kind, "by")
    hidden = _UNTOLD.get(row.event, frozenset())
    data = {name: value for name, value in row.data.items() if name not in hidden}
    by = "" if row.event in _UNPROVEN else str(data.pop(field, None) or "")
    return Act(row.seq, row.at, row.event, AREAS.get(kind, Area.PRIVACY), by, data)
