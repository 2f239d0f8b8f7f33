"""The duty roster as a file: who is on which shift on which day, on main or on backup duty (主班 备班)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select

from agents.shifts import store
from agents.shifts.events import RosterImported
from agents.shifts.model import Duty, Kind, Shift
from agents.tables import users
from app.import_cells import Row
from app.import_tables import USERNAME, ImportTable, Item, Setting
from core.journal import append

KINDS = {"main": Kind.MAIN, "backup": Kind.BACKUP, "主班": Kind.MAIN, "备班": Kind.BACKUP}
LONGEST = timedelta(hours=24)

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class _Turn:
    """A row understood; the duty has the user name for the agent until it is written."""

    username: str
    duty: Duty


def _by_words(shifts: Mapping[str, Shift]) -> dict[str, Shift]:
    return {**shifts, **{name: shift for shift in shifts.values() for name in shift.names.values()}}


def _turn(row: Row, setting: Setting) -> Item:
    username = row.matching("username", USERNAME, "write the user name of the account")
    day = row.day("day")
    shift = row.choice("shift", _by_words(setting.shifts))
    begins, ends = shift.span(day, setting.zone)
    if row.raw("from"):
        begins = row.moment("from", setting.zone)
    if row.raw("until"):
        ends = row.moment("until", setting.zone)
    if not begins < ends <= begins + LONGEST:
        raise row.bad("until", "the duty does not end after it begins, within 24 hours", "correct from and until")
    phones = row.phones("phone")
    if len(phones) > 1:
        raise row.bad("phone", "there are several", "write the one number at which the person is called in")
    duty = Duty(
        agent_id=username,
        day=day,
        shift=shift.code,
        kind=row.choice("duty", KINDS, Kind.MAIN),
        begins=begins.astimezone(UTC),
        ends=ends.astimezone(UTC),
        phone=phones[0] if phones else "",
    )
    return Item(row.line, duty.id, _Turn(username, duty), (("username", username),))


def _ids(connection: Connection, names: Collection[str]) -> dict[str, str]:
    """Return the ids of the accounts that may sign in, by user name."""
    wanted = sorted(set(names))
    found = {}
    for at in range(0, len(wanted), _AT_ONCE):
        query = select(users.c.username, users.c.id).where(
            users.c.username.in_(wanted[at : at + _AT_ONCE]), users.c.disabled.is_(False)
        )
        found.update({row.username: row.id for row in connection.execute(query)})
    return found


def _duties(connection: Connection, items: Sequence[Item]) -> list[tuple[int, str, Duty]]:
    """Return the duties of items with line and user name, now of agents."""
    turns: list[tuple[int, _Turn]] = [(item.line, item.thing) for item in items]
    ids = _ids(connection, [turn.username for _, turn in turns])
    return [(line, turn.username, replace(turn.duty, agent_id=ids[turn.username])) for line, turn in turns]


def _overlapping(connection: Connection, items: Sequence[Item]) -> Mapping[int, str]:
    """Say by line which turns would have a person at two places, in this file or with what is there."""
    turns = _duties(connection, items)
    if not turns:
        return {}
    own = {duty.id for _, _, duty in turns}
    begin, end = min(d.begins for _, _, d in turns), max(d.ends for _, _, d in turns)
    there = store.duties_between(connection, begin, end, {duty.agent_id for _, _, duty in turns})
    before: dict[str, list[tuple[str, Duty]]] = {}
    for duty in there:
        if duty.id not in own:
            before.setdefault(duty.agent_id, []).append(("the roster that is there", duty))
    refused = {}
    for line, username, duty in sorted(turns, key=lambda turn: turn[0]):
        others = before.setdefault(duty.agent_id, [])
        clash = next(((where, other) for where, other in others if other.overlaps(duty)), None)
        if clash is not None:
            refused[line] = (
                f"{username} is on duty {clash[1].shift} of {clash[1].day} at that time ({clash[0]}); "
                "one person has one duty at a time: correct one of the two"
            )
        others.append((f"line {line}", duty))
    return refused


def _write(connection: Connection, items: Sequence[Item], hashes: Mapping[str, str]) -> None:
    duties = [duty for _, _, duty in _duties(connection, items)]
    if not duties:
        return
    store.save_duties(connection, duties)
    days = sorted(duty.day.isoformat() for duty in duties)
    told = RosterImported(at=datetime.now(UTC), duties=len(duties), first=days[0], last=days[-1])
    append(connection, [told])


ROSTER = ImportTable(
    "roster",
    {
        "username": "用户名",
        "day": "日期",
        "shift": "班次",
        "duty": "主备",
        "phone": "电话",
        "from": "开始时间",
        "until": "结束时间",
    },
    ("username", "day", "shift"),
    _turn,
    lambda connection, names: set(_ids(connection, names)),
    "make the account first (`hotline user add`), enable it, or correct the name",
    _write,
    _overlapping,
    whole=True,
)
