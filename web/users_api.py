"""Accounts for the people of this installation: who there is, new ones, changes, passwords, locks."""

import secrets
from typing import Annotated

from pydantic import Field

from agents.accounts import LONGEST_NAME, PASSWORD_LENGTHS
from agents.model import Permission, Qualification, Role, State, User
from web import shapes
from web.route import Ask, Routes, may
from web.shapes import Given, Shape

routes = Routes("users")
MANAGERS = may(Permission.MANAGE_USERS)
MADE_PASSWORD_BYTES = 12

Name = Annotated[str, Field(max_length=LONGEST_NAME)]
Password = Annotated[str, Field(min_length=PASSWORD_LENGTHS[0], max_length=PASSWORD_LENGTHS[1])]


class UserQuery(Given):
    """Which accounts: every filter that is given must fit; `q` is part of a user name, a name or a seat."""

    q: str = ""
    role: Role | None = None
    active: bool | None = None


class UserRow(Shape):
    """An account; `seat_id`: the usual seat; `state`: presence now; `locked_s`: sign-ins are refused so long."""

    id: str
    username: str
    display_name: str
    role: Role
    seat_id: str | None
    active: bool
    state: State
    locked_s: float
    skills: dict[str, int]
    groups: list[str]


class NewUser(Given):
    """A new account; without a `password` one is made. An empty name is the user name."""

    username: str
    display_name: Name = ""
    role: Role = Role.AGENT
    seat_id: str | None = None
    password: Password | None = None


class UserChange(Given):
    """What is to change; `seat_id` "" is no seat. A new role ends the person's sessions."""

    display_name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)] | None = None
    role: Role | None = None
    seat_id: str | None = None


class NewPassword(Given):
    """The password from now on; without one it is made."""

    password: Password | None = None


class Admitted(Shape):
    """An account and the password that was made for it, told this once; null when it was given."""

    user: UserRow
    password: str | None


@routes.add("GET", "/users", roles=MANAGERS)
async def list_users(ask: Ask, query: UserQuery) -> shapes.Items[UserRow]:
    """List the accounts by user name, those that are not active too."""
    can = await ask.services.agents.qualifications.all()
    found = [user for user in await ask.services.accounts.users() if _fits(user, query)]
    return shapes.Items(items=[_row(ask, user, can.get(user.id, Qualification())) for user in found])


@routes.add("GET", "/users/{id}", roles=MANAGERS)
async def read_user(ask: Ask) -> UserRow:
    """Read one account."""
    return await _read(ask, ask.part("id"))


@routes.add("POST", "/users", roles=MANAGERS, status=201)
async def create_user(ask: Ask, body: NewUser) -> Admitted:
    """Create an account."""
    password = body.password or _made()
    user = await ask.services.accounts.create_user(
        body.username, password, body.role, name=body.display_name, seat_id=body.seat_id or None, by=ask.user.id
    )
    return Admitted(user=await _read(ask, user.id), password=None if body.password else password)


@routes.add("PATCH", "/users/{id}", roles=MANAGERS)
async def change_user(ask: Ask, body: UserChange) -> UserRow:
    """Change name, role or usual seat; nobody changes their own role, and one administrator stays."""
    await ask.services.accounts.change_user(
        ask.part("id"), role=body.role, name=body.display_name or "", seat_id=body.seat_id, by=ask.user.id
    )
    return await _read(ask, ask.part("id"))


@routes.add("POST", "/users/{id}/password", roles=MANAGERS)
async def reset_password(ask: Ask, body: NewPassword) -> Admitted:
    """Set a new password and end the person's sessions (but this one, when it is one's own)."""
    password = body.password or _made()
    await ask.services.accounts.change_password(ask.part("id"), password, by=ask.user.id, keep_token=ask.session.token)
    return Admitted(user=await _read(ask, ask.part("id")), password=None if body.password else password)


@routes.add("POST", "/users/{id}/deactivate", roles=MANAGERS)
async def deactivate_user(ask: Ask) -> UserRow:
    """Let the person sign in no more, and end the sessions; a call under way is finished, then the seat is left."""
    await ask.services.accounts.disable_user(ask.part("id"), by=ask.user.id)
    return await _read(ask, ask.part("id"))


@routes.add("POST", "/users/{id}/activate", roles=MANAGERS)
async def activate_user(ask: Ask) -> UserRow:
    """Let the person sign in again."""
    await ask.services.accounts.enable_user(ask.part("id"), by=ask.user.id)
    return await _read(ask, ask.part("id"))


@routes.add("POST", "/users/{id}/unlock", roles=MANAGERS)
async def unlock_user(ask: Ask) -> UserRow:
    """Let who has tried wrong passwords too often try again at once."""
    await ask.services.accounts.unlock_user(ask.part("id"), by=ask.user.id)
    return await _read(ask, ask.part("id"))


def _made() -> str:
    return secrets.token_urlsafe(MADE_PASSWORD_BYTES)


def _fits(user: User, query: UserQuery) -> bool:
    if query.role not in (None, user.role) or query.active not in (None, not user.disabled):
        return False
    wanted = query.q.casefold()
    return any(wanted in (text or "").casefold() for text in (user.username, user.name, user.seat_id))


async def _read(ask: Ask, user_id: str) -> UserRow:
    user = await ask.services.accounts.user(user_id)
    return _row(ask, user, await ask.services.agents.qualifications.of(user.id))


def _row(ask: Ask, user: User, can: Qualification) -> UserRow:
    agent = ask.services.agents.roster.get(user.id)
    return UserRow(
        id=user.id,
        username=user.username,
        display_name=user.name,
        role=user.role,
        seat_id=user.seat_id,
        active=not user.disabled,
        state=agent.state if agent else State.LOGGED_OUT,
        locked_s=ask.services.accounts.locked_s(user.username),
        skills=dict(can.skills),
        groups=sorted(can.groups),
    )
