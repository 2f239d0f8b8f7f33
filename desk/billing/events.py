"""What happens to bills."""

from dataclasses import dataclass
from datetime import date

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingImported(Event):
    """An entry of the utility's books is known from now on, or says something else than before.

    `amount` is yuan, `was` what it was before (empty: it is new), both as text.
    """

    number: str
    account: str
    kind: str
    day: date
    amount: str
    period: date | None
    cause: str
    was: str = ""
