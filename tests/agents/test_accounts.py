"""Accounts, sessions and seats."""

import asyncio
import time

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from agents.accounts import (
    Accounts,
    BadCredentials,
    LastAdministrator,
    NoSuchUser,
    NotSignedIn,
    OwnAccount,
    SeatExists,
    SeatUnknown,
    UserExists,
)
from agents.attempts import TooManyTries
from agents.events import SeatChanged, UserChanged
from agents.model import Role
from agents.tables import sessions, users
from core import policy
from core.bus import Bus
from core.clock import FakeClock
from core.db import Database
from core.errors import BadInput
from core.journal import Journal, since

pytestmark = pytest.mark.integration

TRIES, TRIES_ADDRESS, WINDOW, IDLE = 5, 30, 300, 43200
HERE = "192.0.2.1"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def accounts(db: Database, clock: FakeClock) -> Accounts:
    light = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    return Accounts(Journal(db, Bus()), db, clock, policy.load("seed"), light)


async def test_an_account_is_made_found_and_journaled_without_its_secret(db: Database, accounts: Accounts) -> None:
    await accounts.add_seat("1001")
    user = await accounts.create_user("wang", "correct horse", Role.AGENT, name="王芳", seat_id="1001", by="boss")
    assert await accounts.user_named("wang") == await accounts.user(user.id) == user
    assert await accounts.authenticate("wang", "correct horse", HERE) == user
    events = [one.event for one in await db.read(lambda c: since(c, 0, [UserChanged]))]
    assert [(e.user_id, e.what, e.by) for e in events] == [(user.id, "created", "boss")]
    first = {"username": (None, "wang"), "name": (None, "王芳"), "role": (None, "agent"), "seat_id": (None, "1001")}
    assert [e.changes for e in events if isinstance(e, UserChanged)] == [first]
    stored = await db.read(lambda c: c.execute(select(users.c.password_hash)).scalar_one())
    assert stored.startswith("$argon2id$")
    assert "correct" not in stored


async def test_bad_accounts_are_refused(accounts: Accounts) -> None:
    await accounts.create_user("wang", "correct horse", Role.AGENT)
    with pytest.raises(UserExists):
        await accounts.create_user("wang", "another horse", Role.AGENT)
    with pytest.raises(SeatUnknown):
        await accounts.create_user("li", "correct horse", Role.AGENT, seat_id="9")
    for name, password in (("", "correct horse"), ("a b", "correct horse"), ("li", "short"), ("li", "x" * 257)):
        with pytest.raises(BadInput):
            await accounts.create_user(name, password, Role.AGENT)
    assert [user.username for user in await accounts.users()] == ["wang"]
    with pytest.raises(NoSuchUser):
        await accounts.user_named("li")


async def test_wrong_name_wrong_password_and_disabled_look_the_same(accounts: Accounts) -> None:
    user = await accounts.create_user("wang", "correct horse", Role.AGENT)
    await accounts.create_user("li", "correct horse", Role.AGENT)
    await accounts.disable_user(user.id)
    said = set()
    for name, password in (("wang", "correct horse"), ("li", "wrong horse"), ("nobody", "correct horse")):
        with pytest.raises(BadCredentials) as caught:
            await accounts.authenticate(name, password, HERE)
        said.add((caught.value.message, str(caught.value.details)))
    assert len(said) == 1
    await accounts.enable_user(user.id)
    assert (await accounts.authenticate("wang", "correct horse", HERE)).id == user.id


async def test_an_unknown_name_takes_as_long_as_a_wrong_password(db: Database, clock: FakeClock) -> None:
    accounts = Accounts(Journal(db, Bus()), db, clock, policy.load("seed"))
    await accounts.create_user("li", "correct horse", Role.AGENT)
    took = {}
    for name in ("warm", "li", "nobody"):
        started = time.process_time()
        with pytest.raises(BadCredentials):
            await accounts.authenticate(name, "wrong horse", HERE)
        took[name] = time.process_time() - started
    assert 0.4 < took["nobody"] / took["li"] < 2.5


async def test_a_name_tried_too_often_waits_and_nobody_else_does(accounts: Accounts, clock: FakeClock) -> None:
    for name in ("li", "wang"):
        await accounts.create_user(name, "correct horse", Role.AGENT)
    for _ in range(TRIES):
        with pytest.raises(BadCredentials):
            await accounts.authenticate("li", "wrong horse", HERE)
    await clock.advance(100)
    with pytest.raises(TooManyTries) as caught:
        await accounts.authenticate("li", "correct horse", "192.0.2.9")
    assert caught.value.details == {"wait_s": WINDOW - 100}
    await accounts.authenticate("wang", "correct horse", HERE)
    await clock.advance(WINDOW - 100)
    await accounts.authenticate("li", "correct horse", HERE)


async def test_tries_side_by_side_count_too(accounts: Accounts) -> None:
    await accounts.create_user("li", "correct horse", Role.AGENT)
    tries = [accounts.authenticate("li", f"guess {n} is wrong", HERE) for n in range(TRIES * 2)]
    said = [type(one).__name__ for one in await asyncio.gather(*tries, return_exceptions=True)]
    assert (said.count("BadCredentials"), said.count("TooManyTries")) == (TRIES, TRIES)


async def test_success_takes_a_names_failures_back(accounts: Accounts) -> None:
    await accounts.create_user("li", "correct horse", Role.AGENT)
    for _ in range(2):
        for _ in range(TRIES - 1):
            with pytest.raises(BadCredentials):
                await accounts.authenticate("li", "wrong horse", HERE)
        await accounts.authenticate("li", "correct horse", HERE)


async def test_an_address_that_guesses_many_names_waits(accounts: Accounts) -> None:
    tries = [accounts.authenticate(f"guess{n}", "wrong horse", HERE) for n in range(TRIES_ADDRESS)]
    await asyncio.gather(*tries, return_exceptions=True)
    await accounts.create_user("li", "correct horse", Role.AGENT)
    with pytest.raises(TooManyTries):
        await accounts.authenticate("li", "correct horse", HERE)
    await accounts.authenticate("li", "correct horse", "192.0.2.9")


async def test_a_session_lasts_while_it_is_used(accounts: Accounts, clock: FakeClock) -> None:
    user = await accounts.create_user("li", "correct horse", Role.AGENT)
    token = await accounts.open_session(user.id, HERE)
    for _ in range(3):
        await clock.advance(IDLE - 1)
        assert await accounts.session_user(token) == user
    await clock.advance(IDLE)
    with pytest.raises(NotSignedIn):
        await accounts.session_user(token)


async def test_the_token_itself_is_not_stored(db: Database, accounts: Accounts) -> None:
    user = await accounts.create_user("li", "correct horse", Role.AGENT)
    token = await accounts.open_session(user.id, HERE)
    row = await db.read(lambda c: c.execute(select(sessions)).one())
    assert token not in str(row)


async def test_sessions_end_when_closed_disabled_or_the_password_changes(accounts: Accounts) -> None:
    user = await accounts.create_user("li", "correct horse", Role.AGENT)
    first, second, third = [await accounts.open_session(user.id, HERE) for _ in range(3)]
    await accounts.close_session(first)
    await accounts.change_password(user.id, "battery staple", keep_token=second)
    assert await accounts.session_user(second) == user
    for token in (first, third, "", "nonsense"):
        with pytest.raises(NotSignedIn):
            await accounts.session_user(token)
    await accounts.authenticate("li", "battery staple", HERE)
    await accounts.disable_user(user.id)
    with pytest.raises(NotSignedIn):
        await accounts.session_user(second)
    with pytest.raises(NoSuchUser):
        await accounts.disable_user("nobody")


async def test_one_administrator_stays_whoever_asks(db: Database, accounts: Accounts) -> None:
    boss = await accounts.create_user("boss", "correct horse", Role.ADMIN)
    other = await accounts.create_user("other", "correct horse", Role.ADMIN)
    for refused in (
        accounts.disable_user(boss.id, by=boss.id),
        accounts.change_user(boss.id, role=Role.AGENT, by=boss.id),
    ):
        with pytest.raises(OwnAccount):
            await refused
    await accounts.disable_user(other.id, by=boss.id)
    for refused in (accounts.disable_user(boss.id), accounts.change_user(boss.id, role=Role.SUPERVISOR)):
        with pytest.raises(LastAdministrator):
            await refused
    assert (await accounts.user(boss.id)).role is Role.ADMIN
    token = await accounts.open_session(boss.id, HERE)
    await accounts.change_user(boss.id, name="老板", by=boss.id)
    await accounts.change_user(boss.id, name="老板", by=boss.id)
    assert (await accounts.session_user(token)).name == "老板"
    await accounts.enable_user(other.id)
    await accounts.change_user(boss.id, role=Role.AGENT, by=other.id)
    with pytest.raises(NotSignedIn):
        await accounts.session_user(token)
    told = [one.event for one in await db.read(lambda c: since(c, 0, [UserChanged]))]
    assert [(e.what, e.changes) for e in told if isinstance(e, UserChanged)][2:] == [
        ("disabled", {}),
        ("changed", {"name": ("boss", "老板")}),
        ("enabled", {}),
        ("changed", {"role": ("admin", "agent")}),
    ]
    with pytest.raises(BadInput):
        await accounts.change_user(boss.id, name="长" * 65)


async def test_who_tried_too_often_is_let_in_again_by_hand(accounts: Accounts) -> None:
    user = await accounts.create_user("li", "correct horse", Role.AGENT)
    for _ in range(TRIES):
        assert accounts.locked_s("li") == 0
        with pytest.raises(BadCredentials):
            await accounts.authenticate("li", "wrong horse", HERE)
    assert accounts.locked_s("li") == WINDOW
    await accounts.unlock_user(user.id, by="boss")
    assert accounts.locked_s("li") == 0
    assert await accounts.authenticate("li", "correct horse", HERE) == user


async def test_seats_get_a_name_that_begins_with_a_letter_and_a_password(db: Database, accounts: Accounts) -> None:
    seat = await accounts.add_seat("1001")
    assert (seat.sip_username, len(seat.sip_password)) == ("seat1001", 24)
    with pytest.raises(SeatExists):
        await accounts.add_seat("1001")
    for seat_id, sip_username in (("", ""), ("1 2", ""), ("1002", "1002")):
        with pytest.raises(BadInput):
            await accounts.add_seat(seat_id, sip_username=sip_username)
    assert await accounts.seats() == [seat]
    user = await accounts.create_user("li", "correct horse", Role.AGENT, seat_id="1001")
    fresh = await accounts.new_sip_password("1001")
    assert (fresh.sip_password != seat.sip_password, [fresh]) == (True, await accounts.seats())
    await accounts.remove_seat("1001")
    assert (await accounts.user(user.id)).seat_id is None
    for refused in (accounts.remove_seat("1001"), accounts.new_sip_password("1001")):
        with pytest.raises(SeatUnknown):
            await refused
    events = [one.event for one in await db.read(lambda c: since(c, 0, [SeatChanged]))]
    assert [(e.seat_id, e.what) for e in events] == [
        ("1001", "added"),
        ("1001", "password"),
        ("1001", "removed"),
    ]
    assert seat.sip_password not in str(events)
    assert fresh.sip_password not in str(events)
