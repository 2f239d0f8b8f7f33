"""What the hotline asks about customers."""

import asyncio
import sqlite3
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from core.db import Database
from core.errors import NotFound
from desk.customers import pins, store
from desk.customers.model import Account, Customer


class NoSuchCustomer(NotFound):
    """There is no such customer."""

    code = "no_such_customer"


class CustomerService:
    """Finds customers and accounts, and checks PINs."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, customer_id: str) -> Customer:
        """Return the customer. Raises NoSuchCustomer."""
        return await self._db.read(lambda c: self.get_in(c, customer_id))

    def get_in(self, connection: Connection, customer_id: str) -> Customer:
        """Return the customer within a read that is under way. Raises NoSuchCustomer."""
        found = store.get(connection, customer_id)
        if found is None:
            raise NoSuchCustomer(customer=customer_id)
        return found

    async def by_phone(self, number: str) -> list[Customer]:
        """Return the customers reached at `number` (form of core.phone): none, one, or several."""
        return await self._db.read(lambda c: store.by_phone(c, number))

    def is_stranger(self, connection: Connection, number: str) -> bool:
        """Tell, within a transaction of somebody else's, whether surely nobody is reached at `number`.

        A server is not asked: its transaction would not outlive an error.
        """
        own = connection.connection.dbapi_connection
        if not isinstance(own, sqlite3.Connection):
            return False
        try:
            return not store.by_phone(connection, number)
        except SQLAlchemyError:
            if not own.in_transaction:  # the error has taken it down
                raise
            return False

    async def by_account(self, number: str) -> Customer | None:
        """Return the holder of the account, None when there is no such account."""
        return await self._db.read(lambda c: store.by_account(c, number))

    async def search(self, text: str, limit: int = 50, *, whole: bool = False) -> list[Customer]:
        """Return up to `limit` customers by part of a name or address, or the beginning of a number.

        `whole`: of a telephone number the whole of it, for who sees numbers masked.
        """
        wanted = text.strip()
        if not wanted or "\0" in wanted:  # PostgreSQL has no text with NUL, so nothing can hold it
            return []
        return await self._db.read(lambda c: store.search(c, wanted, limit, whole=whole))

    async def account(self, number: str) -> Account | None:
        """Return the account, None when there is none."""
        return await self._db.read(lambda c: store.account(c, number))

    async def accounts(self, customer_id: str) -> list[Account]:
        """Return the customer's accounts by number."""
        return await self._db.read(lambda c: store.accounts_of(c, customer_id))

    async def verify(self, account_number: str, pin: str) -> Account | None:
        """Return the account when `pin` is its PIN, else None.

        Takes as long for an account that does not exist or has no PIN. Tries are limited by the caller of this.
        """
        pin_hash = await self._db.read(lambda c: store.pin_hash(c, account_number))
        right = await asyncio.to_thread(pins.matches, pin_hash, pin)
        return await self.account(account_number) if right else None

    async def complaints(self, customer_id: str, since: datetime) -> int:
        """Return how many complaints the customer made at or after `since`."""
        return await self._db.read(lambda c: store.count_complaints(c, customer_id, since))
