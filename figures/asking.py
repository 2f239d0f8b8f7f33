"""What a report is asked for: a range by the site's clock, groups, variants; each wrong asking with its cure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from core.errors import BadInput, NotFound
from core.policy import Policy
from figures import formulas
from figures.formulas import Variant
from figures.slots import Slots


class BadRange(BadInput):
    """The range of a report cannot be used."""

    code = "bad_range"


class NoSuchGroup(BadInput):
    """Figures cannot be grouped by this."""

    code = "no_such_group"


class NoData(NotFound):
    """The journal holds nothing of this range."""

    code = "no_data"


class Group(StrEnum):
    """By what the rows of a report are told apart."""

    QUEUE = "queue"
    AGENT = "agent"
    SKILL = "skill"
    DAY = "day"
    HOUR = "hour"
    HALF_HOUR = "half_hour"


NO_SKILL = "-"
"""The row of contacts that needed no skill: no skill has this id."""
TIMES = frozenset({Group.DAY, Group.HOUR, Group.HALF_HOUR})


@dataclass(frozen=True, slots=True)
class Asked:
    """A report that can be made: [begin, end), `groups` of its rows, `agent` when it is about one person alone."""

    begin: datetime
    end: datetime
    groups: tuple[Group, ...]
    variants: tuple[Variant, ...]
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """A report as it is asked for, in words; a date as `to` means the whole of that day."""

    from_: str
    to: str
    group: str = "queue"
    variants: Collection[str] = ()
    agent: str | None = None


def understand(words: Words, slots: Slots, policy: Policy) -> Asked:
    """Return the report that is meant. Raises BadRange, NoSuchGroup, NoSuchVariant: what, where, and the cure."""
    begin, end = _moment("from", words.from_, slots, last=False), _moment("to", words.to, slots, last=True)
    if begin >= end:
        raise BadRange(f"from {words.from_} is not before to {words.to}: exchange them or name a later end")
    most = timedelta(days=policy.number("report_range_limit"))
    if end - begin > most:
        raise BadRange(
            f"from {words.from_} to {words.to} is longer than {most.days} days (policy report_range_limit): "
            "ask for a shorter range"
        )
    names = [one for text in words.variants for one in text.split(",")]
    return Asked(begin, end, groups(words.group), formulas.chosen(names), words.agent)


def groups(text: str) -> tuple[Group, ...]:
    """Return the groups that `text` names, with commas between. Raises NoSuchGroup."""
    known = [group.value for group in Group]
    names = [one.strip().replace("-", "_") for one in text.split(",") if one.strip()]
    if unknown := [one for one in names if one not in known]:
        raise NoSuchGroup(f"group {unknown[0]!r}: there is no such group; known: {', '.join(known)}")
    found = tuple(dict.fromkeys(Group(one) for one in names))
    if not found or len(TIMES.intersection(found)) > 1:
        raise NoSuchGroup(f"group {text!r}: name one or more of {', '.join(known)}, at most one of them a time")
    return found


def _moment(name: str, text: str, slots: Slots, *, last: bool) -> datetime:
    cure = "write a date (2026-11-23), or a time with its offset (2026-11-23T08:00+08:00)"
    try:
        if len(text) <= len("2026-11-23"):
            return slots.day(date.fromisoformat(text))[1 if last else 0]
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise BadRange(f"{name} {text!r}: a time without its offset means nothing where clocks change; {cure}")
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadRange(f"{name} {text!r}: not a date or time; {cure}") from None


def nothing(asked: Asked, span: tuple[datetime, datetime] | None, slots: Slots) -> NoData:
    """Return the error of a range without data, with the range that has some."""
    first, last = (at.astimezone(slots.zone).isoformat(timespec="minutes") for at in (asked.begin, asked.end))
    if span is None:
        return NoData(f"no data from {first} to {last}: the journal is empty; is this the right database?")
    has = " to ".join(at.astimezone(slots.zone).isoformat(timespec="minutes") for at in span)
    return NoData(f"no data from {first} to {last}: the journal holds {has}; ask for a part of that")
