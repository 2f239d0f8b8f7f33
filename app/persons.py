"""In whose name a command is done: the person named, else the only one who may."""

from collections.abc import Callable

from agents.accounts import Accounts
from agents.model import User
from core.errors import Conflict, Forbidden, NotFound


async def acting(accounts: Accounts, who: str | None, may: Callable[[User], bool], *, what: str, role: str) -> User:
    """Return the account `who`, or without a name the only one who may. Raises NotFound, Conflict, Forbidden.

    `what` names what is done, like "publish"; `role` one that may, for the cure.
    """
    allowed = [user for user in await accounts.users() if may(user) and not user.disabled]
    names, make = ", ".join(user.username for user in allowed), f"hotline user add NAME --role {role}"
    if who is not None:
        named = await accounts.user_named(who)
        if named.disabled:
            raise Forbidden(f"{who} is disabled; hotline user enable {who}")
        if not may(named):
            others = f"; --as one of {names}" if allowed else ""
            raise Forbidden(f"{who} is {named.role}, who may not {what}{others}, or make an account: {make}")
        return named
    if not allowed:
        raise NotFound(f"nobody here may {what}: make an account, `{make}`")
    if len(allowed) > 1:
        raise Conflict(f"say in whose name with --as: {names}")
    return allowed[0]
