"""Accounts, sign-in sessions and seats: who may use this installation, and from which desk."""

import asyncio
import hashlib
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError, VerifyMismatchError
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from agents import store
from agents.attempts import Attempts
from agents.events import SeatChanged, SignedIn, SignedOut, SignInRefused, UserChanged
from agents.model import PageRule, Role, Seat, SeatKind, User
from core.clock import Clock
from core.db import Database
from core.errors import BadInput, Conflict, HotlineError, NotFound
from core.ids import new_id
from core.journal import Journal
from core.policy import Policy

PASSWORD_LENGTHS = (8, 256)
LONGEST_NAME = 64
LONGEST_ADDRESS = 64
HASHES_AT_ONCE = 2
"""Each takes 64 MiB and about 0.1 s of CPU; a flood of sign-ins waits here instead of eating the machine."""
TOUCH_EVERY = timedelta(minutes=1)
"""A session's last use is stored no more often than this."""

_USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
_SEAT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_SIP_USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")


class BadCredentials(HotlineError):
    """User name or password is wrong."""

    code = "bad_credentials"


class NotSignedIn(HotlineError):
    """You are not signed in, or your session has ended: sign in."""

    code = "not_signed_in"


class UserExists(Conflict):
    """There is a user of this name already: choose another name, or `hotline user enable` one who is disabled."""

    code = "user_exists"


class NoSuchUser(NotFound):
    """There is no such user; `hotline user list` shows who there is."""

    code = "no_such_user"


class LastAdministrator(Conflict):
    """This is the only administrator who can sign in: make another one first."""

    code = "last_administrator"


class OwnAccount(Conflict):
    """Nobody takes away their own role or their own account: another administrator does it."""

    code = "own_account"


class SeatExists(Conflict):
    """There is a seat of this id or SIP user name already."""

    code = "seat_exists"


class SeatUnknown(NotFound):
    """There is no such seat; `hotline seat list` shows them, `hotline seat add` adds one."""

    code = "no_such_seat"


class Accounts:
    """Users, their sessions, and the seats."""

    def __init__(
        self, journal: Journal, db: Database, clock: Clock, policy: Policy, hasher: PasswordHasher | None = None
    ) -> None:
        self._journal = journal
        self._db = db
        self._clock = clock
        self._idle_limit = timedelta(seconds=policy.number("session_idle_limit"))
        self._attempts = Attempts(
            clock,
            of_name=int(policy.number("sign_in_tries")),
            of_address=int(policy.number("sign_in_tries_address")),
            window_s=policy.number("sign_in_window"),
        )
        self._hasher = hasher or PasswordHasher()
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)
        self._nobody: str | None = None

    # --- users ---

    async def job_number(self, user_id: str) -> str:
        """Return the number by which a person is known to callers (工号): a user name of digits; empty for others."""
        user = await self._db.read(lambda connection: store.user_by_id(connection, user_id))
        return user.username if user is not None and user.username.isdecimal() else ""

    async def create_user(
        self, username: str, password: str, role: Role, *, name: str = "", seat_id: str | None = None, by: str = ""
    ) -> User:
        """Create an account. Raises UserExists, SeatUnknown, BadInput (user name or password unusable)."""
        if not _USERNAME.fullmatch(username):
            raise BadInput(f"user name {username!r}: letters, digits and _ . @ - only, at most 64", field="username")
        _check_name(name)
        user = User(id=new_id(), username=username, name=name or username, role=role, seat_id=seat_id)
        hashed = await self._hash(password)
        at = self._clock.now()
        first = {"username": username, "name": user.name, "role": role.value, "seat_id": seat_id}
        changes: dict[str, tuple[str | None, str | None]] = {k: (None, v) for k, v in first.items() if v}
        told = UserChanged(at=at, user_id=user.id, what="created", by=by, changes=changes)

        def save(connection: Connection) -> None:
            if seat_id is not None and seat_id not in {seat.id for seat in store.all_seats(connection)}:
                raise SeatUnknown(seat_id=seat_id)
            if store.user_by_name(connection, username) is not None:
                raise UserExists(username=username)
            store.add_user(connection, user, hashed, at)

        await self._journal.record(told, save=save)
        return user

    async def change_user(
        self, user_id: str, *, role: Role | None = None, name: str = "", seat_id: str | None = None, by: str = ""
    ) -> None:
        """Set role, name and usual seat, each when given ("" is no seat); a new role ends the person's sessions.

        Raises NoSuchUser, SeatUnknown, BadInput, OwnAccount, LastAdministrator.
        """
        _check_name(name)
        if seat_id and seat_id not in {seat.id for seat in await self.seats()}:
            raise SeatUnknown(seat_id=seat_id)
        user = await self.user(user_id)
        before = {"role": user.role.value, "name": user.name, "seat_id": user.seat_id}
        given: dict[str, str | None] = {"role": role and role.value, "name": name}
        wanted: dict[str, str | None] = {key: value for key, value in given.items() if value}
        if seat_id is not None:
            wanted["seat_id"] = seat_id or None
        changes = {key: (before[key], value) for key, value in wanted.items() if value != before[key]}
        if "role" in changes and by == user_id:
            raise OwnAccount
        if changes:
            told = UserChanged(at=self._clock.now(), user_id=user_id, what="changed", by=by, changes=changes)
            await self._change(told, {key: value for key, (_, value) in changes.items()}, ends="role" in changes)

    async def disable_user(self, user_id: str, by: str = "") -> None:
        """Let the account sign in no more and end its sessions. Raises NoSuchUser, OwnAccount, LastAdministrator."""
        if by == user_id:
            raise OwnAccount
        await self._change(self._told(user_id, "disabled", by), {"disabled": True})

    async def enable_user(self, user_id: str, by: str = "") -> None:
        """Let the account sign in again. Raises NoSuchUser."""
        await self._change(self._told(user_id, "enabled", by), {"disabled": False})

    async def change_password(self, user_id: str, password: str, by: str = "", keep_token: str = "") -> None:
        """Set the password and end every session but the one of `keep_token`. Raises NoSuchUser, BadInput."""
        hashed = await self._hash(password)
        await self._change(self._told(user_id, "password", by), {"password_hash": hashed}, keep_token)

    async def unlock_user(self, user_id: str, by: str = "") -> None:
        """Let who has tried wrong passwords too often try again now. Raises NoSuchUser."""
        user = await self.user(user_id)
        self._attempts.succeeded(user.username)
        await self._journal.record(self._told(user_id, "unlocked", by))

    def locked_s(self, username: str) -> float:
        """Return in how many seconds this user name is heard again after too many tries; 0 when it is heard now."""
        return self._attempts.wait_s(username)

    def _told(self, user_id: str, what: str, by: str) -> UserChanged:
        return UserChanged(at=self._clock.now(), user_id=user_id, what=what, by=by)

    async def _change(
        self, told: UserChanged, values: Mapping[str, object], keep_token: str = "", *, ends: bool = True
    ) -> None:
        """Set columns of an account; `ends`: its sessions too, but the one of `keep_token`."""

        def save(connection: Connection) -> None:
            administrators = store.administrators(connection)
            if not store.change_user(connection, told.user_id, **values):
                raise NoSuchUser(user_id=told.user_id)
            if administrators and not store.administrators(connection):
                raise LastAdministrator
            if ends:
                store.end_sessions(connection, told.user_id, but=_token_hash(keep_token))

        await self._journal.record(told, save=save)

    async def users(self) -> list[User]:
        """Return every account, by user name."""
        return await self._db.read(store.all_users)

    async def user(self, user_id: str) -> User:
        """Return one account. Raises NoSuchUser."""
        return _found(await self._db.read(lambda connection: store.user_by_id(connection, user_id)), user_id)

    async def user_named(self, username: str) -> User:
        """Return the account of this user name. Raises NoSuchUser."""
        return _found(await self._db.read(lambda connection: store.user_by_name(connection, username)), username)

    # --- signing in ---

    async def authenticate(self, username: str, password: str, address: str) -> User:
        """Return the user whose name and password these are; an unknown name takes as long as a wrong password.

        Raises BadCredentials, or TooManyTries when the name or the address failed too often of late.
        """
        self._attempts.check(address)
        self._attempts.begin(username)
        found = await self._db.read(lambda connection: store.password_hash(connection, username))
        hashed = found[1] if found else await self._hash_of_nobody()
        async with self._hashing:
            self._attempts.check(address)  # again: it may have failed while this try waited its turn
            right = await asyncio.to_thread(self._verify, hashed, password[: PASSWORD_LENGTHS[1]])
        if found is None or not right or found[0].disabled:
            self._attempts.failed(address)
            self._refused(username, found and found[0], address)
            raise BadCredentials
        self._attempts.succeeded(username)
        return found[0]

    def _refused(self, username: str, user: User | None, address: str) -> None:
        """Write down who was not let in, without waiting: that a name is known must not be told by the clock."""
        why = "unknown_user" if user is None else "disabled" if user.disabled else "wrong_password"
        told = SignInRefused(
            at=self._clock.now(),
            address=address[:LONGEST_ADDRESS],
            why=why,
            user_id=user.id if user else "",
            locked=self._attempts.locked(username, address),
        )
        self._journal.note(told)

    async def _hash(self, password: str) -> str:
        shortest, longest = PASSWORD_LENGTHS
        if not shortest <= len(password) <= longest:
            raise BadInput(f"a password has {shortest} to {longest} characters", field="password")
        async with self._hashing:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def _hash_of_nobody(self) -> str:
        if self._nobody is None:
            self._nobody = await self._hash(secrets.token_urlsafe(16))
        return self._nobody

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerifyMismatchError, VerificationError):
            return False

    async def open_session(self, user_id: str, address: str) -> str:
        """Return the token of a new session; only its hash is stored. Ends sessions left idle."""
        token, at = secrets.token_urlsafe(32), self._clock.now()

        def save(connection: Connection) -> None:
            store.end_idle_sessions(connection, at - self._idle_limit)
            store.add_session(connection, _token_hash(token), user_id, at, address[:LONGEST_ADDRESS])

        await self._journal.record(SignedIn(at=at, by=user_id, address=address[:LONGEST_ADDRESS]), save=save)
        return token

    async def session_user(self, token: str) -> User:
        """Return whose session this is. Raises NotSignedIn when it is unknown, closed, idle too long or disabled."""
        at, key = self._clock.now(), _token_hash(token)
        found = await self._db.read(lambda connection: store.session_user(connection, key, at - self._idle_limit))
        if found is None:
            raise NotSignedIn
        if at - found[1] >= TOUCH_EVERY:
            await self._db.write(lambda connection: store.touch_session(connection, key, at))
        return found[0]

    async def close_session(self, token: str, address: str = "") -> None:
        """End one session, asked from `address`; an unknown token is no error."""
        at, key = self._clock.now(), _token_hash(token)
        found = await self._db.read(lambda connection: store.session_user(connection, key, at - self._idle_limit))
        told = [SignedOut(at=at, by=found[0].id, address=address[:LONGEST_ADDRESS])] if found else []
        await self._journal.record(*told, save=lambda connection: store.end_session(connection, key))

    # --- seats ---

    async def add_seat(
        self,
        seat_id: str,
        *,
        sip_username: str = "",
        sip_password: str = "",
        page: PageRule = PageRule.WHILE_OPEN,
        kind: SeatKind = SeatKind.PHONE,
        by: str = "",
    ) -> Seat:
        """Add a seat; SIP user name (`seat<id>`) and password (random) are made when not given.

        The phone, or with `kind` BROWSER the desktop page, works once the PBX's configuration is rendered again.
        Raises SeatExists, BadInput.
        """
        seat = Seat(seat_id, sip_username or f"seat{seat_id}", sip_password or secrets.token_urlsafe(18), page, kind)
        if not _SEAT_ID.fullmatch(seat.id):
            raise BadInput(f"seat {seat_id!r}: letters, digits and _ . - only, at most 32", field="id")
        if not _SIP_USERNAME.fullmatch(seat.sip_username):
            raise BadInput(f"SIP user name {seat.sip_username!r} must begin with a letter", field="sip_username")
        told = SeatChanged(at=self._clock.now(), seat_id=seat.id, what="added", by=by)
        try:
            await self._journal.record(told, save=lambda connection: store.add_seat(connection, seat))
        except IntegrityError:
            raise SeatExists(seat_id=seat.id, sip_username=seat.sip_username) from None
        return seat

    async def set_page_rule(self, seat_id: str, page: PageRule, by: str = "") -> None:
        """Set what the page means for who sits there; in force at the next sign-in or look. Raises SeatUnknown."""

        def save(connection: Connection) -> None:
            if not store.change_seat(connection, seat_id, page=page.value):
                raise SeatUnknown(seat_id=seat_id)

        told = SeatChanged(at=self._clock.now(), seat_id=seat_id, what=f"page_{page}", by=by)
        await self._journal.record(told, save=save)

    async def new_sip_password(self, seat_id: str, by: str = "") -> Seat:
        """Give a seat a new random SIP password; the phone needs it once the PBX's configuration is rendered again.

        Raises SeatUnknown.
        """
        password = secrets.token_urlsafe(18)

        def save(connection: Connection) -> None:
            if not store.change_seat(connection, seat_id, sip_password=password):
                raise SeatUnknown(seat_id=seat_id)

        told = SeatChanged(at=self._clock.now(), seat_id=seat_id, what="password", by=by)
        await self._journal.record(told, save=save)
        return next(seat for seat in await self.seats() if seat.id == seat_id)

    async def remove_seat(self, seat_id: str, by: str = "") -> None:
        """Remove a seat. Raises SeatUnknown."""

        def save(connection: Connection) -> None:
            if not store.remove_seat(connection, seat_id):
                raise SeatUnknown(seat_id=seat_id)

        at: datetime = self._clock.now()
        await self._journal.record(SeatChanged(at=at, seat_id=seat_id, what="removed", by=by), save=save)

    async def seats(self) -> list[Seat]:
        """Return every seat with its SIP password, by id."""
        return await self._db.read(store.all_seats)


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest() if token else ""


def _check_name(name: str) -> None:
    if len(name) > LONGEST_NAME:
        raise BadInput(f"a name has at most {LONGEST_NAME} characters", field="name")


def _found(user: User | None, asked: str) -> User:
    if user is None:
        raise NoSuchUser(user=asked)
    return user
