"""Rows of customers and accounts to dataclasses and back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, delete, func, insert, or_, select

from core.prepared import PreparedSelect
from core.upsert import upsert
from desk.customers.model import Account, Category, Complaint, Customer, SupplyState
from desk.customers.tables import accounts, complaints, customer_calls, customer_phones, customers

NAMES_IN_A_QUERY = 500
"""Values in one IN list: within the limits of both engines."""


def _by_name(condition: ColumnElement[bool]) -> Select[Any]:
    return select(customers).where(condition).order_by(customers.c.name, customers.c.id)


# Asked in every call: made once, so that SQLAlchemy finds their compiled form without working out a key anew.
_BY_ID = _by_name(customers.c.id == bindparam("wanted"))
_BY_PHONE = PreparedSelect(
    select(
        customers.c.id,
        customers.c.name,
        customers.c.vip,
        customers.c.important,
        customers.c.manager,
        customers.c.category,
        customers.c.address,
        customers.c.area,
        customers.c.language,
        customer_phones.c.number,
    )
    .join(customer_phones, customer_phones.c.customer_id == customers.c.id)
    .where(
        customers.c.id.in_(select(customer_phones.c.customer_id).where(customer_phones.c.number == bindparam("wanted")))
    )
    .order_by(customers.c.name, customers.c.id, customer_phones.c.number)
)
_BY_ACCOUNT = _by_name(
    customers.c.id.in_(select(accounts.c.customer_id).where(accounts.c.number == bindparam("wanted")))
)
_BY_KEY = _by_name(customers.c.key == bindparam("wanted"))
_MANAGER = select(customers.c.manager).where(customers.c.id == bindparam("wanted"))
_PHONES = (
    select(customer_phones)
    .where(customer_phones.c.customer_id.in_(bindparam("customers", expanding=True)))
    .order_by(customer_phones.c.number)
)
_ACCOUNT = PreparedSelect(select(accounts).where(accounts.c.number == bindparam("wanted")))
_ACCOUNTS_OF = PreparedSelect(
    select(accounts).where(accounts.c.customer_id == bindparam("customer")).order_by(accounts.c.number)
)
_COMPLAINTS = PreparedSelect(
    select(func.count()).where(complaints.c.customer_id == bindparam("customer"), complaints.c.at >= bindparam("since"))
)


def get(connection: Connection, customer_id: str) -> Customer | None:
    """Return the customer with this number, if there is one."""
    return _first(_load(connection, _BY_ID, wanted=customer_id))


def by_phone(connection: Connection, number: str) -> list[Customer]:
    """Return the customers reached at `number` (form of core.phone), by name."""
    found: dict[str, Customer] = {}
    for row in _BY_PHONE.rows(connection, wanted=number):
        before = found.get(row.id)
        found[row.id] = (
            replace(before, phones=(*before.phones, row.number)) if before else _customer(row, (row.number,))
        )
    return list(found.values())


def by_account(connection: Connection, number: str) -> Customer | None:
    """Return the holder of the account, if there is such an account."""
    return _first(_load(connection, _BY_ACCOUNT, wanted=number))


def manager(connection: Connection, customer_id: str) -> str:
    """Return the user name of the customer's account manager; empty: there is none."""
    return connection.execute(_MANAGER, {"wanted": customer_id}).scalar_one_or_none() or ""


def search(connection: Connection, text: str, limit: int, *, whole: bool = False) -> list[Customer]:
    """Return customers whose name or address holds `text` or whose account or telephone number begins with it.

    `whole`: a telephone number counts only as a whole, so that nobody finds out a masked one digit by digit.
    """
    part = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    held = select(accounts.c.customer_id).where(
        or_(accounts.c.number.like(f"{part}%", escape="\\"), accounts.c.address.like(f"%{part}%", escape="\\"))
    )
    number = customer_phones.c.number
    reached = select(customer_phones.c.customer_id).where(
        number == text if whole else number.like(f"{part}%", escape="\\")
    )
    own = [column.like(f"%{part}%", escape="\\") for column in (customers.c.name, customers.c.address)]
    return _load(connection, _by_name(or_(*own, customers.c.id.in_(held), customers.c.id.in_(reached))).limit(limit))


def alike(connection: Connection, name: str, address: str, limit: int) -> list[Customer]:
    """Return customers of this name, blanks aside, at exactly this address, their own or of an account."""
    held = select(accounts.c.customer_id).where(accounts.c.address == address)
    at = or_(customers.c.address == address, customers.c.id.in_(held))
    return _load(connection, _by_name(and_(customers.c.name.in_({name, name.replace(" ", "")}), at)).limit(limit))


def by_key(connection: Connection, key: str) -> Customer | None:
    """Return the customer who was made of this form, if there is one."""
    return _first(_load(connection, _BY_KEY, wanted=key))


def add(connection: Connection, one: Customer, key: str, by: str) -> None:
    """Write a new customer, made of the form `key` by the agent `by`."""
    row = {"id": one.id, "name": one.name, "vip": one.vip, "important": one.important, "manager": one.manager}
    row |= {"category": one.category or "", "address": one.address, "area": one.area, "language": one.language}
    connection.execute(insert(customers).values(key=key, **row))
    for number in one.phones:
        add_number(connection, one.id, number, by)


def add_number(connection: Connection, customer_id: str, number: str, by: str) -> None:
    """Write down, for the agent `by`, that a customer is reached at a number that is not theirs yet."""
    connection.execute(insert(customer_phones).values(customer_id=customer_id, number=number, added_by=by))


def join(connection: Connection, call_id: str, customer_id: str | None, at: datetime) -> None:
    """Write down who called, as an agent says; None: what was said is taken back."""
    if customer_id is None:
        connection.execute(delete(customer_calls).where(customer_calls.c.call_id == call_id))
        return
    upsert(connection, customer_calls, [{"call_id": call_id, "customer_id": customer_id, "at": at}])


def joined(connection: Connection, customer_id: str, limit: int) -> list[str]:
    """Return the latest calls of which an agent said that this customer called, at most `limit`."""
    table = customer_calls.c
    query = select(table.call_id).where(table.customer_id == customer_id).order_by(table.at.desc()).limit(limit)
    return list(connection.execute(query).scalars())


def _load(connection: Connection, query: Select[Any], **values: str) -> list[Customer]:
    rows = connection.execute(query, values).all()
    numbers: dict[str, list[str]] = {row.id: [] for row in rows}
    for phone in connection.execute(_PHONES, {"customers": list(numbers)}) if numbers else ():
        numbers[phone.customer_id].append(phone.number)
    return [_customer(row, tuple(numbers[row.id])) for row in rows]


def _customer(row: Any, phones: tuple[str, ...]) -> Customer:
    kind = Category(row.category) if row.category else None
    return Customer(
        row.id, row.name, row.vip, row.important, phones, row.manager, kind, row.address, row.area, row.language
    )


def _first(found: Sequence[Customer]) -> Customer | None:
    return found[0] if found else None


def account(connection: Connection, number: str) -> Account | None:
    """Return the account with this number, if there is one."""
    found = _ACCOUNT.rows(connection, wanted=number)
    return _account(found[0]) if found else None


def accounts_of(connection: Connection, customer_id: str) -> list[Account]:
    """Return the accounts of a customer by number."""
    return [_account(row) for row in _ACCOUNTS_OF.rows(connection, customer=customer_id)]


def _account(row: Any) -> Account:
    return Account(
        number=row.number,
        customer_id=row.customer_id,
        address=row.address,
        area=row.area,
        category=Category(row.category),
        voltage=row.voltage,
        supply_state=SupplyState(row.supply_state),
    )


def pin_hash(connection: Connection, number: str) -> str | None:
    """Return the hash of the account's PIN; None when there is no such account or it has no PIN."""
    return connection.execute(select(accounts.c.pin_hash).where(accounts.c.number == number)).scalar_one_or_none()


def count_complaints(connection: Connection, customer_id: str, since: datetime) -> int:
    """Return how many complaints the customer made at or after `since`."""
    ((number,),) = _COMPLAINTS.rows(connection, customer=customer_id, since=since)
    return int(number)


def save_customers(connection: Connection, rows: Sequence[Customer]) -> None:
    """Write customers; those that are there already get the new values and exactly the new telephone numbers.

    What agents have written down stays.
    """
    upsert(
        connection,
        customers,
        [{"id": c.id, "name": c.name, "vip": c.vip, "important": c.important, "manager": c.manager} for c in rows],
    )
    for ids in _parts([c.id for c in rows]):
        imported = customer_phones.c.added_by == ""
        connection.execute(delete(customer_phones).where(customer_phones.c.customer_id.in_(ids), imported))
    phones = [{"number": n, "customer_id": c.id, "added_by": ""} for c in rows for n in c.phones]
    upsert(connection, customer_phones, phones)


def save_accounts(connection: Connection, rows: Sequence[Account], pin_hashes: Mapping[str, str]) -> None:
    """Write accounts; the PIN of an old account stays when `pin_hashes` (by account number) holds no new one."""
    with_pin = [{**_row(a), "pin_hash": pin_hashes[a.number]} for a in rows if a.number in pin_hashes]
    upsert(connection, accounts, with_pin)
    upsert(connection, accounts, [_row(a) for a in rows if a.number not in pin_hashes])


def _row(one: Account) -> dict[str, Any]:
    return {
        "number": one.number,
        "customer_id": one.customer_id,
        "address": one.address,
        "area": one.area,
        "category": one.category.value,
        "voltage": one.voltage,
        "supply_state": one.supply_state.value,
    }


def save_complaints(connection: Connection, rows: Sequence[Complaint]) -> None:
    """Write complaints; those that are there already get the new values."""
    upsert(
        connection,
        complaints,
        [{"id": c.id, "customer_id": c.customer_id, "at": c.at, "about": c.about} for c in rows],
    )


def known_customers(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Return those of `ids` that are customers."""
    return {
        row.id
        for part in _parts(sorted(set(ids)))
        for row in connection.execute(select(customers.c.id).where(customers.c.id.in_(part)))
    }


def known_accounts(connection: Connection, numbers: Iterable[str]) -> set[str]:
    """Return those of `numbers` that are accounts."""
    return {
        row.number
        for part in _parts(sorted(set(numbers)))
        for row in connection.execute(select(accounts.c.number).where(accounts.c.number.in_(part)))
    }


def _parts(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[at : at + NAMES_IN_A_QUERY] for at in range(0, len(values), NAMES_IN_A_QUERY))
