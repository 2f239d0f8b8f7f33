"""Names of the people who answer, in memory, so that a message to a desktop needs no look-up."""

from agents.accounts import Accounts
from agents.events import UserChanged
from agents.model import User
from core.bus import Bus
from core.events import Recorded


class People:
    """Every account by its id. One made by another process is learnt when it signs in."""

    def __init__(self, accounts: Accounts, bus: Bus) -> None:
        self._accounts = accounts
        self._users: dict[str, User] = {}
        self.forget = bus.listen(UserChanged, self._changed)

    async def load(self) -> None:
        """Read every account."""
        self._users = {user.id: user for user in await self._accounts.users()}

    def learn(self, user: User) -> None:
        """Take an account as it is now."""
        self._users[user.id] = user

    def get(self, user_id: str | None) -> User | None:
        """Return an account by its id, None when it is not known here."""
        return self._users.get(user_id or "")

    def named(self, username: str) -> User | None:
        """Return an account by its user name, None when it is not known here."""
        return next((user for user in self._users.values() if user.username == username), None)

    def name(self, user_id: str | None) -> str | None:
        """Return the name under which colleagues know this person."""
        user = self.get(user_id)
        return user.name if user else user_id

    async def _changed(self, recorded: Recorded) -> None:
        await self.load()
