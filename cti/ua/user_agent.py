"""A SIP user agent: one UDP socket, any number of registrations and calls."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self

from aiosipua.auth import SipDigestAuth
from aiosipua.headers import parse_uri
from aiosipua.message import SipRequest

from core import log
from core.errors import BadInput
from core.tasks import TaskOwner
from cti.ua.call import Line, UaCall
from cti.ua.dialog import tag_of
from cti.ua.incoming import IncomingCall
from cti.ua.outgoing import CallPlan, OutgoingCall
from cti.ua.pacer import Pacer
from cti.ua.registration import Account, Registration
from cti.ua.transactions import Address, ServerTransaction, Transactions, reply_to
from speech.g711 import Law

_log = log.get(__name__)
_ALLOW: Final = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, NOTIFY, REFER, UPDATE"

Handler = Callable[[IncomingCall], Awaitable[Any]]


class BadAddress(BadInput):
    """A SIP address is written host:port with an IP address."""

    code = "bad_sip_address"


def address_of(text: str, default_port: int = 5060) -> Address:
    """Read ``host:port`` (or a host alone); raises BadAddress."""
    host, _, port = text.partition(":")
    if not host or not (port or str(default_port)).isdigit() or not 0 < int(port or default_port) < 65536:
        raise BadAddress(f"'{text}' is not host:port, such as 127.0.0.1:5060", address=text)
    return "127.0.0.1" if host == "localhost" else host, int(port or default_port)


class UserAgent:
    """Places and takes calls with real SIP and RTP; open it with `async with UserAgent() as ua`."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, codec: Law = "PCMA") -> None:
        self._bind, self._codec = (host, port), codec
        self.tasks = TaskOwner("ua")
        self.pacer = Pacer(self.tasks)
        self.calls: list[UaCall] = []
        """The calls that are not over."""
        self.transactions = Transactions(self._asked, self._acknowledged)
        self._by_dialog: dict[tuple[str, str], UaCall] = {}
        self._handlers: dict[str | None, Handler] = {}
        self._registrations: dict[str, Registration] = {}
        self._line = Line(self.transactions, self.pacer, self.tasks, self._forget)

    @property
    def address(self) -> Address:
        """The host and port of the SIP socket."""
        return self.transactions.address

    async def open(self) -> Self:
        """Bind the SIP socket; OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self.transactions, local_addr=self._bind)
        return self

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up every call, take back the registrations, free the sockets."""
        await asyncio.gather(*(call.hangup() for call in list(self.calls)))
        await asyncio.gather(*(r.unregister() for r in list(self._registrations.values())))
        await self.tasks.close()
        self.transactions.close()
        await asyncio.sleep(0)  # the transport closes its socket in the next turn of the loop

    # --- registrations

    async def register(
        self, username: str, password: str, registrar: Address | str, *, expires: int = 120
    ) -> Registration:
        """Register and keep renewing; raises RegistrationRefused, or NoReply after 32 s."""
        where = address_of(registrar) if isinstance(registrar, str) else registrar
        registration = Registration(Account(username, password, where, expires), self.transactions, self.tasks)
        await registration.start()
        self._registrations[username] = registration
        return registration

    # --- calls out

    def call(
        self,
        target: str,
        from_user: str,
        *,
        headers: Mapping[str, str] | None = None,
        codec: Law = "PCMA",
        **more: Any,
    ) -> OutgoingCall:
        """Send an INVITE to a SIP URI and return at once; `more` are further fields of CallPlan."""
        return self.place(CallPlan(target, from_user, dict(headers or {}), codec, **more))

    def place(self, plan: CallPlan) -> OutgoingCall:
        """Send the INVITE of `plan`; raises BadAddress, NoPorts, SocketClosed."""
        uri = parse_uri(plan.target)
        call = OutgoingCall(self._line, plan, address_of(f"{uri.host}:{uri.port or 5060}"))
        self._know(call)
        return call

    # --- calls in

    def on_call(self, handler: Handler, user: str | None = None) -> None:
        """Let `handler` take the calls for `user`, or those of nobody else when None."""
        self._handlers[user] = handler

    def _know(self, call: UaCall) -> None:
        self.calls.append(call)
        self._by_dialog[call.dialog_key] = call

    def _forget(self, call: UaCall) -> None:
        self.calls.remove(call)
        # a late 200, BYE or re-INVITE still finds the dialog for as long as the other side may repeat it
        asyncio.get_running_loop().call_later(32.0, self._by_dialog.pop, call.dialog_key, None)

    def _asked(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if request.method == "CANCEL":
            self._cancelled(transaction)
        elif local_tag := tag_of(request.headers.get_first("To")):
            call = self._by_dialog.get((request.call_id or "", local_tag))
            if call is not None and (call.ended is None or request.method == "BYE"):
                call.asked(transaction)
            else:
                transaction.respond(reply_to(request, 481, "Call/Transaction Does Not Exist"))
        elif request.method == "INVITE":
            self._invited(transaction)
        elif request.method == "OPTIONS":
            response = reply_to(request, 200, "OK", "options")
            response.headers.set_single("Allow", _ALLOW)
            transaction.respond(response)
        else:
            transaction.respond(reply_to(request, 405, "Method Not Allowed", "none"))

    def _invited(self, transaction: ServerTransaction) -> None:
        user = parse_uri(transaction.request.uri).user
        handler = self._handlers.get(user) or self._handlers.get(None)
        if handler is None:
            transaction.respond(reply_to(transaction.request, 404, "Not Found", "nobody"))
            return
        registration = self._registrations.get(user or "")
        credentials: SipDigestAuth | None = registration.credentials if registration else None
        call = IncomingCall(self._line, transaction, self._codec, credentials)
        self._know(call)
        self.tasks.start(self._handle(handler, call), "incoming-call")

    async def _handle(self, handler: Handler, call: IncomingCall) -> None:
        done = False
        try:
            await handler(call)
            done = True
        finally:
            if not done:
                await call.hangup()

    def _cancelled(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        invite = self.transactions.invite_of(request)
        if invite is None:
            transaction.respond(reply_to(request, 481, "Call/Transaction Does Not Exist", "none"))
            return
        transaction.respond(reply_to(request, 200, "OK", "cancel"))
        for call in self.calls:
            if isinstance(call, IncomingCall) and call.invite is invite.request:
                call.cancelled()
                return

    def _acknowledged(self, request: SipRequest) -> None:
        call = self._by_dialog.get((request.call_id or "", tag_of(request.headers.get_first("To"))))
        if call is not None:
            call.acknowledged(request)
