"""Outage notices (停送电信息): kinds, scope, and which changes are allowed ([domain 10])."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.errors import BadInput, Conflict
from core.events import Event
from desk.outages.events import OutageChanged, OutageEnded, OutagePublished


class Kind(StrEnum):
    """Why the power is off: the production and marketing classes of [seed 001]; the value is the spoken name."""

    PLANNED = "计划停电"
    TEMPORARY = "临时停电"
    FAULT = "电网故障停限电"
    SHORTAGE = "超电网供电能力停限电"
    THEFT = "客户窃电停电"
    BREACH = "违约用电停电"
    ARREARS = "欠费停电"
    ORDERLY_USE = "有序用电"


class Status(StrEnum):
    """How far a notice has come."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CANCELLED = "cancelled"
    ENDED = "ended"


MOVES: dict[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset({Status.PUBLISHED, Status.CANCELLED}),
    Status.PUBLISHED: frozenset({Status.CANCELLED, Status.ENDED}),
    Status.CANCELLED: frozenset(),
    Status.ENDED: frozenset(),
}
"""Which status may follow which."""

CHANGEABLE = ("kind", "areas", "accounts", "cause", "begins", "ends")
LONGEST_CAUSE = 200


class BadOutage(BadInput):
    """The outage notice cannot be used."""

    code = "bad_outage"


class OutageClosed(Conflict):
    """The outage notice is not in a state that allows this."""

    code = "outage_closed"


@dataclass(frozen=True, slots=True)
class Outage:
    """A notice: the power is off for `areas` (片区) and `accounts` from `begins` until before `ends` (aware)."""

    id: str
    kind: Kind
    areas: tuple[str, ...]
    accounts: tuple[str, ...]
    cause: str
    begins: datetime
    ends: datetime
    status: Status = Status.DRAFT
    version: int = 1
    """Grows with each change, so that two people cannot overwrite each other unseen."""


def overdue(outage: Outage, now: datetime) -> bool:
    """Tell whether the announced end has passed, and nobody has said that the power is back."""
    return outage.status is Status.PUBLISHED and outage.ends <= now


def check(outage: Outage) -> None:
    """Raise BadOutage naming the field that cannot be and the cure."""
    for name in ("begins", "ends"):
        if getattr(outage, name).tzinfo is None:
            raise BadOutage(f"{name} has no UTC offset; write e.g. 2026-11-22T08:00:00+08:00", field=name)
    if outage.ends <= outage.begins:
        raise BadOutage("the outage must end after it begins; set ends later than begins", field="ends")
    if not outage.areas and not outage.accounts:
        raise BadOutage("nobody is concerned; name at least one area or account", field="areas")
    if not all(part.strip() for part in (*outage.areas, *outage.accounts)):
        raise BadOutage("an area or account is empty; remove it", field="areas")
    if not outage.cause.strip() or len(outage.cause) > LONGEST_CAUSE:
        raise BadOutage(f"the cause is said to callers; write 1 to {LONGEST_CAUSE} characters", field="cause")


def told(before: Outage | None, new: Outage, at: datetime) -> list[Event]:
    """Return what is recorded when the notice `before` (None: there was none) becomes `new`."""
    was = before is not None and before.status is Status.PUBLISHED
    if new.status is Status.PUBLISHED:
        return [_changed(before, new, at)] if before is not None and was else [_published(new, at)]
    cause = "restored" if new.status is Status.ENDED else "cancelled"
    return [OutageEnded(at=at, outage_id=new.id, cause=cause)] if was else []


def _published(outage: Outage, at: datetime) -> Event:
    return OutagePublished(
        at=at,
        outage_id=outage.id,
        kind=outage.kind,
        areas=outage.areas,
        accounts=len(outage.accounts),
        begins=outage.begins,
        ends=outage.ends,
    )


def _changed(before: Outage, new: Outage, at: datetime) -> Event:
    names = differing(before, new)
    return OutageChanged(at=at, outage_id=new.id, changed=names, begins=new.begins, ends=new.ends)


def differing(before: Outage, new: Outage) -> tuple[str, ...]:
    """Return the names of CHANGEABLE fields in which two versions differ."""
    return tuple(name for name in CHANGEABLE if getattr(before, name) != getattr(new, name))


def changed(outage: Outage, changes: dict[str, Any]) -> Outage:
    """Return the notice with `changes` (fields of CHANGEABLE); the same notice when nothing differs.

    Raises BadOutage for another field or values that cannot be, OutageClosed when the notice holds no longer.
    """
    if strange := set(changes) - set(CHANGEABLE):
        raise BadOutage(f"{sorted(strange)[0]} cannot be changed; only {', '.join(CHANGEABLE)}")
    if not MOVES[outage.status]:
        raise OutageClosed(f"the notice is {outage.status}; make a new one", outage=outage.id)
    new = replace(outage, **changes, version=outage.version + 1)
    check(new)
    return new if differing(outage, new) else outage


def moved(outage: Outage, to: Status) -> Outage:
    """Return the notice in the status `to`. Raises OutageClosed when that may not follow."""
    if to not in MOVES[outage.status]:
        raise OutageClosed(f"a notice that is {outage.status} cannot become {to}", outage=outage.id)
    return replace(outage, status=to, version=outage.version + 1)
