"""A bill sent as a text message: to a mobile number on record of its customer and to no other."""

import hashlib

from core.clock import Clock
from core.config import Site
from core.errors import Conflict
from core.phone import is_mobile
from desk.customers.service import CustomerService
from desk.notifications.events import NotificationRequested
from desk.notifications.model import Note
from desk.notifications.service import NotificationService


class NoMobile(Conflict):
    """No mobile number is on record for this account: nothing was sent."""

    code = "no_mobile"


class BillNotes:
    """Puts bills into the outbox."""

    def __init__(
        self, notifications: NotificationService, customers: CustomerService, clock: Clock, site: Site
    ) -> None:
        self._notifications = notifications
        self._customers = customers
        self._clock = clock
        self._site = site

    async def send(
        self, account: str, about: str, text: str, *, caller: str = "", call_id: str = ""
    ) -> tuple[str, bool]:
        """Have a text about a bill sent; return the number, and whether this was the first time on this day.

        It goes to `caller` when that is on record, else to the first mobile number. Raises NoMobile.
        """
        customer = await self._customers.by_account(account)
        mobiles = [number for number in customer.phones if is_mobile(number)] if customer else []
        if not mobiles:
            raise NoMobile(account=account)
        to = caller if caller in mobiles else mobiles[0]
        now = self._clock.now()
        day = now.astimezone(self._site.zone).date()
        id_ = hashlib.sha256(f"bill|{about}|{to}|{day}".encode()).hexdigest()[:32]
        note = Note(id_, to, f"【{self._site.name}】{text}", about=about[:32], created_at=now)
        asked = NotificationRequested(at=now, note_id=id_, about=note.about, call_id=call_id)
        return to, await self._notifications.send_once(note, asked)
