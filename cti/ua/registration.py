"""A seat's registration at the PBX: made, renewed before it runs out, and taken back (RFC 3261 §10)."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiosipua.auth import SipDigestAuth
from aiosipua.headers import parse_address
from aiosipua.message import SipResponse

from core import log
from core.errors import Unavailable
from core.tasks import TaskOwner
from cti.ua.dialog import Dialog, new_tag
from cti.ua.transactions import Address, NoReply, SocketClosed, Transactions

_log = log.get(__name__)
_RENEW_AT: Final = 0.6  # of the granted time
_RETRY: Final = 2.0  # seconds between attempts while the registrar does not answer


class RegistrationRefused(Unavailable):
    """The registrar refuses this user name or password."""

    code = "registration_refused"


@dataclass(frozen=True, slots=True)
class Account:
    """Who registers where, for how many seconds."""

    username: str
    password: str
    registrar: Address
    expires: int = 120


class Registration:
    """One user's binding of our address at the registrar."""

    def __init__(self, account: Account, transactions: Transactions, tasks: TaskOwner) -> None:
        self.account = account
        self.registered = False
        self.renewals = 0
        """How often the registrar has said yes again since `start`."""
        self.on_change: Callable[[bool], None] = lambda _: None
        """Told true when the binding holds and false when it is lost."""
        self._transactions, self._tasks = transactions, tasks
        host, port = transactions.address
        registrar = f"{account.registrar[0]}:{account.registrar[1]}"
        user = f"<sip:{account.username}@{registrar}>"
        self.credentials = SipDigestAuth(account.username, account.password)
        self._dialog = Dialog(
            call_id=f"{new_tag()}@{host}",
            local=f"{user};tag={new_tag()}",
            remote=user,
            target=f"sip:{registrar}",
            peer=account.registrar,
            contact=f"<sip:{account.username}@{host}:{port}>",
            credentials=self.credentials,
        )
        self._expires = account.expires
        self._renewing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Register and keep it so; raises RegistrationRefused or NoReply."""
        granted = await self._register(self._expires)
        self._renewing = self._tasks.start(self._renew(granted), f"register-{self.account.username}")

    async def renew_now(self) -> None:
        """Register again at once; raises RegistrationRefused or NoReply."""
        await self._register(self._expires)
        self.renewals += 1

    async def unregister(self) -> None:
        """Take the binding back; silence of the registrar is accepted."""
        if self._renewing is not None:
            self._renewing.cancel()
        if self.registered:
            try:
                async with asyncio.timeout(2.0):
                    await self._register(0)
            except (NoReply, SocketClosed, RegistrationRefused, TimeoutError):
                _log.info("unregistering failed", extra={"action": "ua_unregister_failed"})
        self._set(False)

    def _set(self, registered: bool) -> None:
        if registered != self.registered:
            self.registered = registered
            self.on_change(registered)

    async def _renew(self, granted: int) -> None:
        pause = granted * _RENEW_AT
        while True:
            await asyncio.sleep(pause)
            try:
                async with asyncio.timeout(max(granted * (1 - _RENEW_AT), _RETRY)):
                    granted = await self._register(self._expires)
                self.renewals += 1
                pause = granted * _RENEW_AT
            except (NoReply, RegistrationRefused, TimeoutError):
                self._set(False)
                pause = _RETRY

    async def _register(self, expires: int) -> int:
        """Send one REGISTER (and what its answers demand); return the seconds granted."""
        for _ in range(2):
            request = self._dialog.request("REGISTER", self._transactions)
            request.headers.set_single("Expires", str(expires))
            response = await self._dialog.ask(request, self._transactions)
            shortest = response.headers.get_first("Min-Expires") or ""
            if response.status_code != 423 or not shortest.isdigit():
                break
            self._expires = expires = int(shortest)
        if response.status_code >= 300:
            raise RegistrationRefused(
                f"the registrar answered {response.status_code} to {self.account.username}",
                sip_code=response.status_code,
            )
        self._set(expires > 0)
        return _granted(response, self._dialog.contact, expires)


def _granted(response: SipResponse, contact: str, asked: int) -> int:
    ours = contact.strip("<>")
    for value in response.headers.get("contact"):
        if ours in value:
            expires = parse_address(value).params.get("expires") or ""
            if expires.isdigit():
                return int(expires)
    header = response.headers.get_first("Expires") or ""
    return int(header) if re.fullmatch(r"\d+", header) else asked
