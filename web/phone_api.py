"""The browser as the phone of a seat: where its page registers, as whom, and by what secret."""

import hashlib
from typing import Annotated

from pydantic import Field

from agents.model import Seat as DeskSeat
from agents.model import SeatKind
from agents.service import NotAtSeat
from core.errors import Conflict
from web.phone_address import phone_address
from web.route import DESK, DESKTOPS, Ask, Routes
from web.shapes import Given, Shape

REALM = "asterisk"
"""The realm in which the PBX asks phones for their secret."""

routes = Routes("agents")


class NoBrowserPhone(Conflict):
    """The phone of this seat is a device of its own: calls ring there, not in the page."""

    code = "no_browser_phone"


class BrowserPhone(Shape):
    """What a page needs to be the phone of its agent's seat; `secret` is the digest of the password (RFC 7616 A1)."""

    address: str
    username: str
    realm: str
    secret: str


class PhonePage(Given):
    """Which page is to be the phone: a name that it made for itself."""

    page: Annotated[str, Field(min_length=1, max_length=64)]


@routes.add("POST", "/agents/me/phone", roles=DESK)
async def be_my_phone(ask: Ask, body: PhonePage) -> BrowserPhone:
    """Let this page be the phone of the seat at which its agent sits; another page that was it is told so."""
    seat = ask.services.agents.seat_of(ask.user.id)
    if seat is None:
        raise NotAtSeat(agent_id=ask.user.id)
    if seat.kind is not SeatKind.BROWSER:
        raise NoBrowserPhone(seat_id=seat.id)
    ask.request.app[DESKTOPS].phone_is(ask.user.id, body.page)
    address = phone_address(ask.request, ask.services.settings)
    return BrowserPhone(address=address, username=seat.sip_username, realm=REALM, secret=_secret(seat))


def _secret(seat: DeskSeat) -> str:
    """The digest that answers for the password in this realm, so that the password itself is in no page."""
    text = f"{seat.sip_username}:{REALM}:{seat.sip_password}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
