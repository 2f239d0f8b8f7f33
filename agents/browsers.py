"""Seats whose phone is a page, as the telephone asks for them."""

from agents.model import SeatKind
from agents.roster import Roster


class BrowserSeats:
    """Implements `cti.port.PagePhones` on the roster."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    def phone_of(self, seat_id: str) -> str | None:
        """Return the SIP user name of a seat whose phone is a page; None for every other one."""
        seat = self._roster.seat(seat_id)
        return seat.sip_username if seat is not None and seat.kind is SeatKind.BROWSER else None

    def there(self, seat_id: str) -> bool:
        """Tell whether the PBX has the phone of a seat now."""
        seat = self._roster.seat(seat_id)
        return seat is not None and self._roster.registered(seat)
