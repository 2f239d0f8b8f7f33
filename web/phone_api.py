"""The browser as the phone of a seat: where its page registers, as whom, and by what secret."""

import hashlib
from typing import Annotated

from pydantic import Field

from agents.model import Seat as DeskSeat
from agents.model import SeatKind
from agents.phone_check import How, Limits, Measured
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
    needs: "CheckLimits"
    checked: bool


class CheckLimits(Shape):
    """What the test of a page needs: packets each way, and in dBFS the tone that comes back and the loudest voice."""

    packets: int
    tone_db: float
    voice_db: float


class PhonePage(Given):
    """Which page is to be the phone: a name that it made for itself."""

    page: Annotated[str, Field(min_length=1, max_length=64)]


class PhoneMeasured(PhonePage):
    """What the page that is the phone measured, in an `echo` call or in a `talk`; levels in dBFS, null: nothing."""

    how: How
    sent: Annotated[int, Field(ge=0)]
    received: Annotated[int, Field(ge=0)]
    tone_db: float | None = None
    voice_db: float | None = None


class PhoneJudged(Shape):
    """What is wanting; nothing: the agent may become ready."""

    passed: bool
    faults: list[str]


@routes.add("POST", "/agents/me/phone", roles=DESK)
async def be_my_phone(ask: Ask, body: PhonePage) -> BrowserPhone:
    """Let this page be the phone of the seat at which its agent sits; another page that was it is told so."""
    seat = ask.services.agents.seat_of(ask.user.id)
    if seat is None:
        raise NotAtSeat(agent_id=ask.user.id)
    if seat.kind is not SeatKind.BROWSER:
        raise NoBrowserPhone(seat_id=seat.id)
    checks = ask.services.agents.phone_checks
    checks.is_phone(ask.user.id, body.page)
    ask.request.app[DESKTOPS].phone_is(ask.user.id, body.page)
    address = phone_address(ask.request, ask.services.settings)
    return BrowserPhone(
        address=address,
        username=seat.sip_username,
        realm=REALM,
        secret=_secret(seat),
        needs=_needs(checks.limits),
        checked=ask.services.agents.roster.checked(seat.id),
    )


@routes.add("POST", "/agents/me/phone/check", roles=DESK)
async def check_my_phone(ask: Ask, body: PhoneMeasured) -> PhoneJudged:
    """Say what the page measured of its sound; only a phone that passes lets its agent become ready (P26)."""
    measured = Measured(body.how, body.sent, body.received, body.tone_db, body.voice_db)
    wanting = await ask.services.agents.phone_checks.report(ask.user.id, body.page, measured)
    return PhoneJudged(passed=not wanting, faults=[str(fault) for fault in wanting])


@routes.add("POST", "/agents/me/phone/changed", roles=DESK, status=204)
async def my_phone_is_another(ask: Ask, body: PhonePage) -> None:
    """Say that the page speaks or hears through another device: the test made before counts no more."""
    await ask.services.agents.phone_checks.void(ask.user.id, body.page)


def _needs(limits: Limits) -> CheckLimits:
    return CheckLimits(packets=limits.packets, tone_db=limits.tone_db, voice_db=limits.voice_db)


def _secret(seat: DeskSeat) -> str:
    """The digest that answers for the password in this realm, so that the password itself is in no page."""
    text = f"{seat.sip_username}:{REALM}:{seat.sip_password}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
