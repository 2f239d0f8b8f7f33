"""Sends text messages to callers, for the menu."""

import hashlib

from core.clock import Clock
from core.config import Site
from core.phone import is_mobile
from desk.customers.service import CustomerService
from desk.notifications import speech
from desk.notifications.events import NotificationRequested
from desk.notifications.model import Note
from desk.notifications.service import NotificationService
from ivr.port import TextWanted


class IvrTexts:
    """The `Texts` of the menu on the outbox of `desk/notifications`."""

    def __init__(
        self, notifications: NotificationService, customers: CustomerService, clock: Clock, site: Site
    ) -> None:
        self._notifications = notifications
        self._customers = customers
        self._clock = clock
        self._site = site

    async def on_record(self, customer_id: str | None, caller: str) -> str:
        """Return the mobile number of a customer: the `caller`'s when it is on record, else the first; "": none."""
        phones = (await self._customers.get(customer_id)).phones if customer_id else ()
        mobiles = [number for number in phones if is_mobile(number)]
        return caller if caller in mobiles else next(iter(mobiles), "")

    async def send(self, text: TextWanted) -> None:
        """Have a text sent, once for each call and thing."""
        now = self._clock.now()
        id_ = hashlib.sha256(f"{text.call_id}|{text.about}".encode()).hexdigest()[:32]
        note = Note(id_, text.to, f"【{self._site.name}】{text.text}", about=text.about[:32], created_at=now)
        asked = NotificationRequested(at=now, note_id=id_, about=note.about, call_id=text.call_id)
        await self._notifications.send_once(note, asked)

    def sent(self, to: str) -> str:
        """Return the sentence that tells to which number, by its last digits, a text was sent."""
        return speech.sent(to).text
