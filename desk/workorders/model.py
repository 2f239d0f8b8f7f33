"""Work orders (工单): kinds, states, numbers, and which report is about a fault that is known ([domain 7, 8])."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from core.errors import BadInput, Conflict


class Kind(StrEnum):
    """What is asked for ([domain 7.1]); the value is stored, the Chinese name is beside each."""

    FAULT = "fault"
    """故障报修"""
    COMPLAINT = "complaint"
    """投诉"""
    MISCONDUCT = "misconduct"
    """举报"""
    OPINION = "opinion"
    """意见"""
    SUGGESTION = "suggestion"
    """建议"""
    PRAISE = "praise"
    """表扬"""
    ENQUIRY = "enquiry"
    """咨询查询"""
    APPLICATION = "application"
    """业务申请"""
    RETURN_VISIT = "return_visit"
    """回访: a caller who was not satisfied is called again ([domain 9])."""


class Priority(StrEnum):
    """How an order stands beside others."""

    NORMAL = "normal"
    URGENT = "urgent"
    """Danger to life or property was reported with it."""


class Scope(StrEnum):
    """How much is without power, as the caller says it; empty for orders that are no fault."""

    NONE = ""
    ROOM = "room"
    HOME = "home"
    STREET = "street"


class State(StrEnum):
    """How far an order has come."""

    CREATED = "created"
    MERGED = "merged"
    CLOSED = "closed"


MOVES: dict[State, frozenset[State]] = {
    State.CREATED: frozenset({State.MERGED, State.CLOSED}),
    State.MERGED: frozenset({State.CLOSED}),
    State.CLOSED: frozenset(),
}
"""Which state may follow which."""

SERIAL_DIGITS = {12: 6, 16: 8}
"""Digits of an order number, and how many of them count the orders of the day ([domain 6]: both forms are in use)."""


class OrderClosed(Conflict):
    """The work order is not in a state that allows this."""

    code = "work_order_closed"


@dataclass(frozen=True, slots=True)
class Report:
    """What a caller reports. `key` names the report: two with one key are the same one, told twice."""

    key: str
    kind: Kind
    scope: Scope
    call_id: str
    caller: str
    """The caller's number in the form of `core.phone`."""
    caller_known: bool
    account: str
    customer_id: str
    area: str
    address: str
    outage_id: str | None = None
    priority: Priority = Priority.NORMAL
    recording_id: str | None = None
    """What the caller said: the message, or the address of a fault."""
    text: str = ""
    """What it is about, in the words of the agent who took it."""
    began_at: datetime | None = None
    """When the fault began, as the caller says ([domain 7.4]: time, place and scope are recorded)."""
    taken_by: str = ""
    """The agent who took it; empty when the menu did."""

    @property
    def needs_address(self) -> bool:
        """Whether a person has to write down the address that the caller said: nobody can be sent before."""
        return self.kind is Kind.FAULT and bool(self.recording_id) and not self.address


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """An order: the report, its `number` for people, its `state`, and the main order it was folded into."""

    id: str
    number: str
    report: Report
    created_at: datetime
    state: State = State.CREATED
    main_id: str | None = None
    closed_at: datetime | None = None
    urges: int = 0
    """How often it was urged (催办)."""
    urged_at: datetime | None = None

    @property
    def is_main(self) -> bool:
        """Whether others may be folded into this one."""
        return self.state is State.CREATED


def number(day: date, serial: int, digits: int) -> str:
    """Return the number of the day's order `serial` (from 1): the date, then the count, all of it digits to be read.

    12 digits are YYMMDD and six, 16 are YYYYMMDD and eight [domain 6, public]. Raises BadInput for another
    length, or when the day has more orders than the number can count.
    """
    if digits not in SERIAL_DIGITS:
        raise BadInput(f"an order number has 12 or 16 digits, not {digits}; change order_number_digits", digits=digits)
    counted = SERIAL_DIGITS[digits]
    if not 0 < serial < 10**counted:
        raise BadInput(f"the day has more orders than {counted} digits can count", serial=serial)
    return f"{day:%Y%m%d}"[8 + counted - digits :] + f"{serial:0{counted}d}"


def explains(open_fault: WorkOrder, account: str, area: str, *, storm: bool = False) -> bool:
    """Tell whether an open fault is also what is wrong at `account` in `area`.

    The fault of the same account is; so is a whole street reported out in the same area, which the dispatcher
    would fold into one order ([domain 7.2] 合单). In a storm a home reported out in the same area is taken for
    the same cause too, unless it was reported in danger: that place needs a crew of its own.
    """
    known = open_fault.report
    wide = storm and known.scope is Scope.HOME and known.priority is Priority.NORMAL
    same_street = (known.scope is Scope.STREET or wide) and bool(area) and known.area == area
    same_account = bool(account) and known.account == account
    return open_fault.is_main and known.kind is Kind.FAULT and (same_account or same_street)


def main_of(
    open_faults: list[WorkOrder], account: str, area: str, scope: Scope, *, storm: bool = False
) -> WorkOrder | None:
    """Return the order into which a new report is folded: of the same account first, else the oldest that explains it.

    A single room is out by itself: only an order of the same account takes it.
    """
    explaining = [one for one in open_faults if explains(one, account, area, storm=storm)]
    own = [one for one in explaining if account and one.report.account == account]
    wider = explaining if scope is not Scope.ROOM else []
    return min(own or wider, key=lambda one: (one.created_at, one.id), default=None)


def moved(order: WorkOrder, to: State, at: datetime, main_id: str | None = None) -> WorkOrder:
    """Return the order in the state `to`. Raises OrderClosed when that may not follow."""
    if to not in MOVES[order.state]:
        raise OrderClosed(f"an order that is {order.state} cannot become {to}", order=order.id)
    return replace(
        order,
        state=to,
        main_id=main_id or order.main_id,
        closed_at=at if to is State.CLOSED else order.closed_at,
    )


class Urging(StrEnum):
    """What became of a caller's urging."""

    DONE = "done"
    """Attached to the order now, or earlier in the same call."""
    TOO_SOON = "too_soon"
    """It was urged a moment ago."""
    ENOUGH = "enough"
    """It was urged as often as a machine takes it: for a person."""
    CLOSED = "closed"
    """There is nothing to urge any more."""


@dataclass(frozen=True, slots=True)
class UrgeLimits:
    """How often an order may be urged (None: a person urges), and how long after the last time again ([domain 7.3])."""

    most: int | None
    interval: timedelta


def urging(order: WorkOrder, now: datetime, limits: UrgeLimits) -> Urging:
    """Return whether a main order may be urged at `now`: DONE means that it may."""
    if order.state is State.CLOSED:
        return Urging.CLOSED
    if order.urged_at is not None and now - order.urged_at < limits.interval:
        return Urging.TOO_SOON
    return Urging.DONE if limits.most is None or order.urges < limits.most else Urging.ENOUGH
