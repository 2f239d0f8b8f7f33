"""A customer whom an agent writes down while they call: one for each form, and not one who is known already."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from core.errors import BadInput, Conflict
from core.phone import normalise
from desk.customers import store
from desk.customers.model import Category, Customer

SHOWN = 5
"""Customers named of whom the new one may be one."""


class CustomerKnown(Conflict):
    """Such a customer is there already: choose that one, or make a new one all the same."""

    code = "customer_known"

    def __init__(self, by: str, customers: list[Customer]) -> None:
        super().__init__(by=by)
        self.customers = customers


class CustomerMade(Conflict):
    """A customer was made of this form before, with other words: read it, and begin a new form for another one."""

    code = "customer_made"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """An agent's form, made once for each `key`. `phone` in any of the usual forms; `taken_by`: the agent's id."""

    key: str
    name: str
    taken_by: str
    phone: str = ""
    address: str = ""
    area: str = ""
    language: str = ""
    category: Category | None = None
    although_known: bool = False
    """Make it even where such a customer is there already."""

    def customer(self, customer_id: str) -> Customer:
        """Return who is made of this form. Raises BadInput, naming the field, for one who could not be found again."""
        words: dict[str, Any] = {one: _tidy(getattr(self, one)) for one in ("name", "address", "area", "language")}
        if not words["name"]:
            raise BadInput("name: who calls? A surname will do", field="name")
        phone = normalise(self.phone)
        if self.phone and not phone.known:
            raise BadInput("phone: this is no telephone number; correct it or leave it out", field="phone")
        if not (self.phone or words["address"]):
            raise BadInput("phone: a number or an address is needed, nobody finds them again otherwise", field="phone")
        phones = (phone.number,) if self.phone else ()
        return Customer(id=customer_id, phones=phones, category=self.category, **words)


def _tidy(words: str) -> str:
    return " ".join(words.split())


def made_before(connection: Connection, form: Newcomer) -> Customer | None:
    """Return who was made of this form already. Raises CustomerMade when the form said something else then."""
    found = store.by_key(connection, form.key)
    if found is None:
        return None
    again = form.customer(found.id)
    same = (again.name, again.address, again.area, again.language, again.category)
    if same != (found.name, found.address, found.area, found.language, found.category) or set(again.phones) - set(
        found.phones
    ):
        raise CustomerMade(customer=found.id, name=found.name)
    return found


def check_new(connection: Connection, form: Newcomer, one: Customer) -> None:
    """Raise CustomerKnown when the number, or name and address, are those of a customer who is there already."""
    if form.although_known:
        return
    if found := [known for number in one.phones for known in store.by_phone(connection, number)]:
        raise CustomerKnown("phone", found[:SHOWN])
    if one.address and (found := store.alike(connection, one.name, one.address, SHOWN)):
        raise CustomerKnown("name_and_address", found)
