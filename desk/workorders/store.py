"""Rows of work orders to dataclasses and back."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, and_, bindparam, insert, or_, select, update

from core.prepared import PreparedSelect
from core.upsert import upsert
from desk.workorders.model import Kind, Priority, Report, Scope, State, WorkOrder
from desk.workorders.tables import work_order_counts, work_order_urges, work_orders

_OF_REPORT = (
    *("key", "call_id", "caller", "caller_known", "account"),
    *("customer_id", "area", "address", "outage_id", "recording_id"),
    *("text", "began_at", "taken_by"),
)
_OPEN_OF = PreparedSelect(
    select(work_orders)
    .where(work_orders.c.customer_id == bindparam("customer"), work_orders.c.state != State.CLOSED)
    .order_by(work_orders.c.created_at.desc(), work_orders.c.id.desc())
    .limit(bindparam("most", type_=Integer))
)


def next_serial(connection: Connection, day: date) -> int:
    """Count one more order of the day and return how many there were.

    Until the transaction ends no other one counts on: who has called this sees every order of the day so far.
    """
    counts = work_order_counts
    today = counts.c.day == f"{day:%Y%m%d}"
    upsert(connection, counts, [{"day": f"{day:%Y%m%d}"}])
    connection.execute(update(counts).where(today).values(last=counts.c.last + 1))
    return int(connection.execute(select(counts.c.last).where(today)).scalar_one())


def get(connection: Connection, order_id: str) -> WorkOrder | None:
    """Return the order, if there is one."""
    return _one(connection, work_orders.c.id == order_id)


def by_key(connection: Connection, key: str) -> WorkOrder | None:
    """Return the order of the report named `key`, if it was taken."""
    return _one(connection, work_orders.c.key == key)


def by_number(connection: Connection, number: str) -> WorkOrder | None:
    """Return the order with a number, if there is one."""
    return _one(connection, work_orders.c.number == number)


def open_faults(connection: Connection, account: str, area: str, *, homes: bool = False) -> list[WorkOrder]:
    """Return the open main faults of an account, and the streets (and `homes`) reported out in its area."""
    scopes = (Scope.STREET, Scope.HOME) if homes else (Scope.STREET,)
    street = and_(work_orders.c.area == area, work_orders.c.scope.in_(scopes))
    return _load(
        connection,
        and_(
            work_orders.c.state == State.CREATED,
            work_orders.c.kind == Kind.FAULT,
            or_(work_orders.c.account == account, street),
        ),
    )


def merged_into(connection: Connection, main_id: str) -> list[WorkOrder]:
    """Return the orders that were folded into a main order and are not closed."""
    return _load(connection, and_(work_orders.c.main_id == main_id, work_orders.c.state == State.MERGED))


def listed(
    connection: Connection, state: State | None, account: str | None, limit: int, *, needs_address: bool = False
) -> list[WorkOrder]:
    """Return up to `limit` orders, the newest first; None means all.

    `needs_address`: only faults whose address was said and not yet written down.
    """
    query = select(work_orders).order_by(work_orders.c.created_at.desc(), work_orders.c.id.desc())
    if needs_address:
        said = and_(work_orders.c.recording_id.is_not(None), work_orders.c.address == "")
        query = query.where(and_(said, work_orders.c.kind == Kind.FAULT))
    query = query.where(work_orders.c.state == state) if state else query
    query = query.where(work_orders.c.account == account) if account else query
    return [_order(row) for row in connection.execute(query.limit(limit))]


def with_recordings(connection: Connection, recording_ids: Sequence[str]) -> set[str]:
    """Return those of the recordings that an order has."""
    query = select(work_orders.c.recording_id).where(work_orders.c.recording_id.in_(recording_ids))
    return set(connection.execute(query).scalars())


def open_of(connection: Connection, customer_id: str, limit: int) -> list[WorkOrder]:
    """Return up to `limit` orders of a customer that are not closed, the newest first."""
    return [_order(row) for row in _OPEN_OF.rows(connection, customer=customer_id, most=limit)]


def reported_by(connection: Connection, accounts: Sequence[str], caller: str, limit: int) -> list[WorkOrder]:
    """Return up to `limit` orders of these accounts or of this caller's number ("": of none), the newest first."""
    theirs = work_orders.c.account.in_(accounts)
    wanted = or_(theirs, and_(work_orders.c.caller == caller, work_orders.c.caller_known)) if caller else theirs
    query = select(work_orders).where(wanted).order_by(work_orders.c.created_at.desc(), work_orders.c.id.desc())
    return [_order(row) for row in connection.execute(query.limit(limit))]


def urged_by(connection: Connection, order_id: str, call_id: str) -> bool:
    """Tell whether a call has urged an order."""
    urges = work_order_urges
    query = select(urges.c.at).where(urges.c.order_id == order_id, urges.c.call_id == call_id)
    return connection.execute(query).first() is not None


def urge(connection: Connection, order: WorkOrder, call_id: str, at: datetime) -> bool:
    """Count one more urging of `order` by a call; False, and nothing written, when it was urged meanwhile."""
    there = and_(work_orders.c.id == order.id, work_orders.c.urges == order.urges, work_orders.c.state == order.state)
    counted = update(work_orders).where(there).values(urges=order.urges + 1, urged_at=at)
    if not connection.execute(counted).rowcount:
        return False
    connection.execute(insert(work_order_urges).values(order_id=order.id, call_id=call_id, at=at))
    return True


def add(connection: Connection, order: WorkOrder) -> None:
    """Write a new order."""
    connection.execute(insert(work_orders).values(_row(order)))


def save(connection: Connection, order: WorkOrder, before: State) -> bool:
    """Write an order that was in the state `before`; False, and nothing written, when it is not any more.

    How often it was urged stays as it is: only `urge` counts.
    """
    there = and_(work_orders.c.id == order.id, work_orders.c.state == before)
    row = {name: value for name, value in _row(order).items() if name not in ("urges", "urged_at")}
    return bool(connection.execute(update(work_orders).where(there).values(row)).rowcount)


def hold(connection: Connection, order: WorkOrder) -> bool:
    """Keep others from changing an order until the transaction ends; False when its state is another by now."""
    there = and_(work_orders.c.id == order.id, work_orders.c.state == order.state)
    return bool(connection.execute(update(work_orders).where(there).values(state=order.state.value)).rowcount)


def make_urgent(connection: Connection, order_id: str) -> None:
    """Raise the priority of an order: danger was reported with the same fault."""
    row = work_orders.c.id == order_id
    connection.execute(update(work_orders).where(row).values(priority=Priority.URGENT.value))


def _one(connection: Connection, condition: ColumnElement[bool]) -> WorkOrder | None:
    found = _load(connection, condition)
    return found[0] if found else None


def _load(connection: Connection, condition: ColumnElement[bool]) -> list[WorkOrder]:
    query = select(work_orders).where(condition).order_by(work_orders.c.created_at, work_orders.c.id)
    return [_order(row) for row in connection.execute(query)]


def _order(row: Any) -> WorkOrder:
    told = {name: getattr(row, name) for name in _OF_REPORT}
    return WorkOrder(
        id=row.id,
        number=row.number,
        report=Report(kind=Kind(row.kind), scope=Scope(row.scope), priority=Priority(row.priority), **told),
        created_at=row.created_at,
        state=State(row.state),
        main_id=row.main_id,
        closed_at=row.closed_at,
        urges=row.urges,
        urged_at=row.urged_at,
    )


def _row(order: WorkOrder) -> dict[str, Any]:
    return {
        "id": order.id,
        "number": order.number,
        "kind": order.report.kind.value,
        "scope": order.report.scope.value,
        "priority": order.report.priority.value,
        "state": order.state.value,
        "main_id": order.main_id,
        "created_at": order.created_at,
        "closed_at": order.closed_at,
        "urges": order.urges,
        "urged_at": order.urged_at,
        **{name: getattr(order.report, name) for name in _OF_REPORT},
    }
