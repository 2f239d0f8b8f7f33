"""Rows of accounts, seats, sessions and presence."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from agents.model import Agent, Cause, PageRule, Qualification, Role, Seat, SeatKind, State, User, Wish
from agents.tables import agent_groups, agent_skills, presence, seats, sessions, users
from core.errors import Conflict
from core.prepared import Prepared


class StalePresence(Conflict):
    """The agent's stored state is not the one that this change started from."""

    code = "stale_presence"


# --- presence ------------------------------------------------------------------------------------


_COLUMNS = tuple(column.name for column in presence.c)
_INSERT = Prepared(insert(presence), _COLUMNS)
_SET = tuple(name for name in _COLUMNS if name != "agent_id")
_UPDATE = Prepared(
    update(presence)
    .where(presence.c.agent_id == bindparam("agent"), presence.c.version == bindparam("before"))
    .values({name: bindparam(name) for name in _SET}),
    (*_SET, "agent", "before"),
)


def save_presence(connection: Connection, agent: Agent, over: int | None = None) -> None:
    """Write the agent over the version `over`, by default the one before it.

    Raises StalePresence when another version is stored.
    """
    before = agent.version - 1 if over is None else over
    row = _presence_row(agent)
    if before == 0:
        _INSERT.execute(connection, row)
    elif _UPDATE.execute(connection, {**row, "agent": agent.agent_id, "before": before}) != 1:
        raise StalePresence(agent_id=agent.agent_id, version=agent.version)


def _presence_row(agent: Agent) -> dict[str, Any]:
    return {
        "agent_id": agent.agent_id,
        "state": agent.state.value,
        "since": agent.since,
        "cause": agent.cause.value,
        "reason": agent.reason,
        "seat_id": agent.seat_id,
        "call_id": agent.call_id,
        "until": agent.until,
        "idle_since": agent.idle_since,
        "wish": agent.wish.state.value if agent.wish else None,
        "wish_reason": agent.wish.reason if agent.wish else None,
        "desktop": agent.desktop,
        "version": agent.version,
    }


def load_presence(connection: Connection) -> list[Agent]:
    """Return the presence of everyone who ever signed in to a seat, by agent id."""
    return [_agent(row) for row in connection.execute(select(presence).order_by(presence.c.agent_id))]


def _agent(row: Any) -> Agent:
    return Agent(
        agent_id=row.agent_id,
        state=State(row.state),
        since=row.since,
        cause=Cause(row.cause),
        reason=row.reason,
        seat_id=row.seat_id,
        call_id=row.call_id,
        until=row.until,
        idle_since=row.idle_since,
        wish=Wish(State(row.wish), row.wish_reason) if row.wish else None,
        desktop=row.desktop,
        version=row.version,
    )


# --- accounts ------------------------------------------------------------------------------------


def add_user(connection: Connection, user: User, password_hash: str, at: datetime) -> None:
    """Add an account. Raises IntegrityError when the user name is taken."""
    connection.execute(
        insert(users).values(
            id=user.id,
            username=user.username,
            name=user.name,
            role=user.role.value,
            seat_id=user.seat_id,
            disabled=user.disabled,
            password_hash=password_hash,
            created_at=at,
        )
    )


def change_user(connection: Connection, user_id: str, **values: object) -> bool:
    """Set columns of one account; tells whether there is such an account."""
    return connection.execute(update(users).where(users.c.id == user_id).values(**values)).rowcount == 1


def user_by_id(connection: Connection, user_id: str) -> User | None:
    row = connection.execute(select(users).where(users.c.id == user_id)).one_or_none()
    return _user(row) if row else None


def user_by_name(connection: Connection, username: str) -> User | None:
    row = connection.execute(select(users).where(users.c.username == username)).one_or_none()
    return _user(row) if row else None


def password_hash(connection: Connection, username: str) -> tuple[User, str] | None:
    """Return the account and the hash of its password."""
    row = connection.execute(select(users).where(users.c.username == username)).one_or_none()
    return (_user(row), row.password_hash) if row else None


def administrators(connection: Connection) -> list[str]:
    """Return the ids of the administrators who may sign in; nobody else changes them until the transaction ends."""
    admins = select(users.c.id).where(users.c.role == Role.ADMIN.value, users.c.disabled.is_(False))
    return list(connection.execute(admins.order_by(users.c.id).with_for_update()).scalars())


def all_users(connection: Connection) -> list[User]:
    """Return every account, by user name."""
    return [_user(row) for row in connection.execute(select(users).order_by(users.c.username))]


def _user(row: Any) -> User:
    return User(
        id=row.id,
        username=row.username,
        name=row.name,
        role=Role(row.role),
        seat_id=row.seat_id,
        disabled=row.disabled,
    )


# --- what agents can ------------------------------------------------------------------------------


def set_qualification(connection: Connection, agent_id: str, can: Qualification) -> None:
    """Let the agent have these skills and groups and no others."""
    connection.execute(delete(agent_skills).where(agent_skills.c.agent_id == agent_id))
    connection.execute(delete(agent_groups).where(agent_groups.c.agent_id == agent_id))
    skills = [{"agent_id": agent_id, "skill": skill, "level": level} for skill, level in can.skills.items()]
    if skills:
        connection.execute(insert(agent_skills), skills)
    if can.groups:
        connection.execute(insert(agent_groups), [{"agent_id": agent_id, "name": name} for name in can.groups])


def qualifications(connection: Connection) -> dict[str, Qualification]:
    """Return what agents can, by agent id, without those who can nothing special."""
    skills: dict[str, dict[str, int]] = defaultdict(dict)
    groups: dict[str, set[str]] = defaultdict(set)
    for row in connection.execute(select(agent_skills).order_by(agent_skills.c.agent_id, agent_skills.c.skill)):
        skills[row.agent_id][row.skill] = row.level
    for row in connection.execute(select(agent_groups)):
        groups[row.agent_id].add(row.name)
    return {one: Qualification(skills.get(one, {}), frozenset(groups.get(one, ()))) for one in skills.keys() | groups}


# --- seats ---------------------------------------------------------------------------------------


def add_seat(connection: Connection, seat: Seat) -> None:
    """Add a seat. Raises IntegrityError when its id or SIP user name is taken."""
    row = {"id": seat.id, "sip_username": seat.sip_username, "sip_password": seat.sip_password}
    connection.execute(insert(seats).values(**row, page=seat.page.value, kind=seat.kind.value))


def change_seat(connection: Connection, seat_id: str, **values: object) -> bool:
    """Set columns of one seat; tells whether there is such a seat."""
    return connection.execute(update(seats).where(seats.c.id == seat_id).values(**values)).rowcount == 1


def remove_seat(connection: Connection, seat_id: str) -> bool:
    """Remove a seat; tells whether there was one."""
    return connection.execute(delete(seats).where(seats.c.id == seat_id)).rowcount == 1


def all_seats(connection: Connection) -> list[Seat]:
    """Return every seat, by id."""
    rows = connection.execute(select(seats).order_by(seats.c.id))
    return [Seat(row.id, row.sip_username, row.sip_password, PageRule(row.page), SeatKind(row.kind)) for row in rows]


# --- sessions ------------------------------------------------------------------------------------


def add_session(connection: Connection, token_hash: str, user_id: str, at: datetime, address: str) -> None:
    connection.execute(
        insert(sessions).values(token_hash=token_hash, user_id=user_id, opened_at=at, used_at=at, address=address)
    )


def session_user(connection: Connection, token_hash: str, used_after: datetime) -> tuple[User, datetime] | None:
    """Return the enabled user of a session used after `used_after`, and when it was last used."""
    row = connection.execute(
        select(users, sessions.c.used_at)
        .join(sessions, sessions.c.user_id == users.c.id)
        .where(sessions.c.token_hash == token_hash, sessions.c.used_at > used_after, users.c.disabled.is_(False))
    ).one_or_none()
    return (_user(row), row.used_at) if row else None


def touch_session(connection: Connection, token_hash: str, at: datetime) -> None:
    connection.execute(update(sessions).where(sessions.c.token_hash == token_hash).values(used_at=at))


def end_session(connection: Connection, token_hash: str) -> None:
    connection.execute(delete(sessions).where(sessions.c.token_hash == token_hash))


def end_sessions(connection: Connection, user_id: str, but: str = "") -> None:
    """End every session of a user except the one with token hash `but`."""
    connection.execute(delete(sessions).where(sessions.c.user_id == user_id, sessions.c.token_hash != but))


def end_idle_sessions(connection: Connection, used_before: datetime) -> int:
    """End every session not used since `used_before` and return how many they were."""
    return connection.execute(delete(sessions).where(sessions.c.used_at <= used_before)).rowcount
