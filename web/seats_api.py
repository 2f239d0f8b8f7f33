"""Seats: desks whose phone is a device of its own or the page in the browser; added, changed, taken away."""

from pydantic import Field

from agents.accounts import SeatUnknown
from agents.model import PageRule, Permission, Seat, SeatKind
from agents.service import SeatTaken
from web import shapes
from web.route import EVERYONE, Ask, Routes, may
from web.shapes import Given, SeatChoice, Shape

routes = Routes("seats")
MANAGERS = may(Permission.MANAGE_USERS)


class NewSeat(Given):
    """A new seat; SIP user name (`seat<id>`) is made when it is not given. `browser`: the page is its phone."""

    id: str
    sip_username: str = ""
    browser: bool = False
    page: PageRule = PageRule.WHILE_OPEN


class SeatChange(Given):
    """What the desktop page means at a seat for getting calls."""

    page: PageRule


class SeatMade(Shape):
    """A seat and what its phone has to be set to, told this once; `sip_password` null: the page knows it by itself.

    `pbx_knows`: the PBX has taken it over; false: type `hotline asterisk render`.
    """

    seat: SeatChoice
    server: str
    sip_password: str | None = Field(description="of the phone; never told again over the API")
    pbx_knows: bool


class SeatGone(Shape):
    """A seat was taken away; `pbx_knows` as in SeatMade."""

    pbx_knows: bool


@routes.add("GET", "/seats", roles=EVERYONE)
async def list_seats(ask: Ask) -> shapes.Items[SeatChoice]:
    """List the seats, whether their phone is registered, and who sits there."""
    await ask.services.agents.refresh_seats()
    return shapes.Items(items=[_row(ask, seat) for seat in await ask.services.accounts.seats()])


@routes.add("POST", "/seats", roles=MANAGERS, status=201)
async def add_seat(ask: Ask, body: NewSeat) -> SeatMade:
    """Add a seat; its phone can register once the PBX knows it."""
    kind = SeatKind.BROWSER if body.browser else SeatKind.PHONE
    seat = await ask.services.accounts.add_seat(
        body.id, sip_username=body.sip_username, page=body.page, kind=kind, by=ask.user.id
    )
    return await _made(ask, seat)


@routes.add("POST", "/seats/{id}/password", roles=MANAGERS)
async def new_seat_password(ask: Ask) -> SeatMade:
    """Give a seat a new SIP password; its phone has to be set to it. Not while somebody sits there."""
    _nobody_at(ask)
    return await _made(ask, await ask.services.accounts.new_sip_password(ask.part("id"), by=ask.user.id))


@routes.add("PATCH", "/seats/{id}", roles=MANAGERS)
async def change_seat(ask: Ask, body: SeatChange) -> SeatChoice:
    """Say what the desktop page means at a seat."""
    await ask.services.accounts.set_page_rule(ask.part("id"), body.page, by=ask.user.id)
    await ask.services.agents.refresh_seats()
    return _row(ask, await _seat(ask))


@routes.add("DELETE", "/seats/{id}", roles=MANAGERS)
async def remove_seat(ask: Ask) -> SeatGone:
    """Take a seat away; not while somebody sits there."""
    _nobody_at(ask)
    await ask.services.accounts.remove_seat(ask.part("id"), by=ask.user.id)
    await ask.services.agents.refresh_seats()
    return SeatGone(pbx_knows=await ask.services.installation.tell_seats())


def _nobody_at(ask: Ask) -> None:
    """Raise SeatTaken when somebody sits at the seat of the path."""
    if ask.services.agents.roster.at_seat(ask.part("id")) is not None:
        raise SeatTaken("somebody sits at this seat: let them sign out first", seat_id=ask.part("id"))


async def _seat(ask: Ask) -> Seat:
    found = {seat.id: seat for seat in await ask.services.accounts.seats()}.get(ask.part("id"))
    if found is None:
        raise SeatUnknown(seat_id=ask.part("id"))
    return found


async def _made(ask: Ask, seat: Seat) -> SeatMade:
    await ask.services.agents.refresh_seats()
    pbx = ask.services.settings.asterisk
    return SeatMade(
        seat=_row(ask, seat),
        server=f"{pbx.host}:{pbx.sip_port}",
        sip_password=seat.sip_password if seat.kind is SeatKind.PHONE else None,
        pbx_knows=await ask.services.installation.tell_seats(),
    )


def _row(ask: Ask, seat: Seat) -> SeatChoice:
    roster = ask.services.agents.roster
    sitting = roster.at_seat(seat.id)
    return SeatChoice(
        id=seat.id,
        sip_username=seat.sip_username,
        browser=seat.kind is SeatKind.BROWSER,
        checked=roster.checked(seat.id),
        registered=roster.registered(seat),
        agent_id=sitting.agent_id if sitting else None,
        page=seat.page.value,
    )
