"""SIP transactions over one UDP socket: what is sent again, when to give up, which answer is whose (RFC 3261 §17)."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Final, cast

from aiosipua.headers import parse_via, stringify_via
from aiosipua.message import SipMessage, SipRequest, SipResponse

from core import log
from core.errors import Unavailable

_log = log.get(__name__)

Address = tuple[str, int]
T1: Final = 0.5  # seconds, RFC 3261 §17.1.1.1
T2: Final = 4.0
GIVE_UP: Final = 64 * T1  # timers B, F and H
LINGER: Final = 32.0  # timer D, and J for UDP
MAX_LIVE: Final = 100_000


class NoReply(Unavailable):
    """Nobody answers at that SIP address."""

    code = "sip_no_reply"


class SocketClosed(Unavailable):
    """The SIP socket is closed."""

    code = "sip_closed"


def new_branch() -> str:
    """Return a branch with the cookie of RFC 3261."""
    return f"z9hG4bK{secrets.token_hex(8)}"


class ClientTransaction:
    """One request of ours with its repetitions until the final answer."""

    def __init__(
        self,
        owner: "Transactions",
        request: SipRequest,
        to: Address,
        on_response: Callable[[SipResponse], None],
        on_silence: Callable[[], None],
    ) -> None:
        self.request, self.to = request, to
        self.provisional = False
        self.final: SipResponse | None = None
        self._owner, self._on_response, self._on_silence = owner, on_response, on_silence
        self._wire = bytes(request)
        self._interval = T1
        loop = asyncio.get_running_loop()
        self._repeat = loop.call_later(T1, self._again)
        self._end = loop.call_later(GIVE_UP, self._silent)
        owner.transmit(self._wire, to)

    @property
    def key(self) -> tuple[str, str]:
        return _branch_of(self.request), self.request.method

    def give_up_after(self, seconds: float) -> None:
        """Report silence if nothing at all has come back within `seconds` from now."""
        if self.final is None and not self.provisional:
            self._end.cancel()
            self._end = asyncio.get_running_loop().call_later(seconds, self._silent)

    def _again(self) -> None:
        invite = self.request.method == "INVITE"
        if self.final or (invite and self.provisional):
            return
        self._owner.transmit(self._wire, self.to)
        self._interval = self._interval * 2 if invite else min(self._interval * 2, T2)
        if not invite and self.provisional:
            self._interval = T2
        self._repeat = asyncio.get_running_loop().call_later(self._interval, self._again)

    def _silent(self) -> None:
        self.stop()
        if self.final is None:
            self._on_silence()

    def received(self, response: SipResponse) -> None:
        """Take a response that carries our branch; acknowledge it where the transaction must."""
        if response.status_code < 200:
            if not self.provisional and self.request.method == "INVITE":
                self._end.cancel()  # timer B runs only until the first answer
            self.provisional = True
            if self.final is None:
                self._on_response(response)
            return
        first, self.final = self.final is None, response
        if self.request.method == "INVITE" and response.status_code >= 300:
            self._owner.transmit(bytes(_ack_of_refusal(self.request, response)), self.to)
        if first:
            self._repeat.cancel()
            self._end.cancel()
            self._end = asyncio.get_running_loop().call_later(LINGER, self.stop)
        if first or (self.request.method == "INVITE" and response.status_code < 300):
            self._on_response(response)

    def stop(self) -> None:
        """Forget the transaction and its timers."""
        self._repeat.cancel()
        self._end.cancel()
        self._owner.forget_client(self)


class ServerTransaction:
    """One request of the other side with our answer, repeated when it is asked again or not acknowledged."""

    def __init__(self, owner: "Transactions", request: SipRequest, source: Address) -> None:
        self.request, self.source = request, source
        self.answer: SipResponse | None = None
        self._owner = owner
        self._wire: bytes | None = None
        self._interval = T1
        self._on_no_ack: Callable[[], None] | None = None
        loop = asyncio.get_running_loop()
        self._repeat: asyncio.TimerHandle | None = None
        self._end: asyncio.TimerHandle | None = None
        self._loop = loop

    @property
    def key(self) -> tuple[str, str]:
        return _branch_of(self.request), self.request.method

    def respond(self, response: SipResponse, on_no_ack: Callable[[], None] | None = None) -> None:
        """Send `response`; a final one to INVITE is repeated until `acknowledged`, at most 32 s."""
        if self.answer is not None and self.answer.status_code >= 200:
            return
        self.answer, self._wire = response, bytes(response)
        self._owner.transmit(self._wire, self.source)
        if response.status_code < 200:
            return
        self._end = self._loop.call_later(LINGER, self.stop)
        if self.request.method == "INVITE":
            self._on_no_ack = on_no_ack
            self._end.cancel()
            self._end = self._loop.call_later(GIVE_UP, self._not_acknowledged)
            self._repeat = self._loop.call_later(T1, self._again)

    def asked_again(self) -> None:
        """Answer a repetition of the request with what was answered before."""
        if self._wire is not None:
            self._owner.transmit(self._wire, self.source)

    def acknowledged(self) -> None:
        """Stop repeating: the ACK is here."""
        if self._repeat is not None:
            self._repeat.cancel()
        if self._end is not None:
            self._end.cancel()
        self._end = self._loop.call_later(LINGER, self.stop)

    def _again(self) -> None:
        self.asked_again()
        self._interval = min(self._interval * 2, T2)
        self._repeat = self._loop.call_later(self._interval, self._again)

    def _not_acknowledged(self) -> None:
        self.stop()
        if self._on_no_ack is not None:
            self._on_no_ack()

    def stop(self) -> None:
        """Forget the transaction and its timers."""
        for timer in (self._repeat, self._end):
            if timer is not None:
                timer.cancel()
        self._owner.forget_server(self)


class Transactions(asyncio.DatagramProtocol):
    """The SIP socket: requests out, their answers back, requests in exactly once."""

    def __init__(self, on_request: Callable[[ServerTransaction], None], on_ack: Callable[[SipRequest], None]):
        self._on_request, self._on_ack = on_request, on_ack
        self._clients: dict[tuple[str, str], ClientTransaction] = {}
        self._servers: dict[tuple[str, str], ServerTransaction] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self.address: Address = ("127.0.0.1", 0)
        self.lose: Callable[[bytes], bool] = lambda _: False
        """Decides for each datagram to send whether the network loses it (tests)."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.address = self._transport.get_extra_info("sockname")[:2]

    def error_received(self, exc: Exception) -> None:
        _log.debug("udp error", extra={"action": "sip_udp_error", "kind": type(exc).__name__})

    def transmit(self, wire: bytes, to: Address) -> None:
        """Send one datagram; a closed socket loses it, as a network would."""
        if self._transport is not None and not self._transport.is_closing() and not self.lose(wire):
            self._transport.sendto(wire, to)

    def via(self, branch: str | None = None) -> str:
        """Return our Via header value with a fresh branch, or the one given."""
        host, port = self.address
        return f"SIP/2.0/UDP {host}:{port};rport;branch={branch or new_branch()}"

    def send(
        self,
        request: SipRequest,
        to: Address,
        on_response: Callable[[SipResponse], None],
        on_silence: Callable[[], None],
    ) -> ClientTransaction:
        """Start a client transaction; every 2xx to INVITE is reported, also a repeated one."""
        if self._transport is None or self._transport.is_closing():
            raise SocketClosed
        if len(self._clients) >= MAX_LIVE:
            raise Unavailable("too many SIP transactions at once", limit=MAX_LIVE)
        transaction = ClientTransaction(self, request, to, on_response, on_silence)
        self._clients[transaction.key] = transaction
        return transaction

    async def ask(self, request: SipRequest, to: Address) -> SipResponse:
        """Send a request and return its final response; NoReply after 32 s."""
        reply: asyncio.Future[SipResponse] = asyncio.get_running_loop().create_future()

        def answered(response: SipResponse) -> None:
            if response.status_code >= 200 and not reply.done():
                reply.set_result(response)

        def silent() -> None:
            if not reply.done():
                reply.set_exception(NoReply(host=to[0], port=to[1]))

        self.send(request, to, answered, silent)
        return await reply

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if len(data.strip()) == 0:  # keep-alive of RFC 5626
            return
        try:
            message = SipMessage.parse(data)
            _check(message)
        except (ValueError, IndexError) as error:
            _log.debug("not SIP", extra={"action": "sip_malformed", "kind": type(error).__name__})
            return
        if isinstance(message, SipResponse):
            self._response(message)
        else:
            self._request(message, addr)

    def _response(self, response: SipResponse) -> None:
        cseq = response.cseq
        transaction = self._clients.get((_branch_of(response), cseq.method if cseq else ""))
        if transaction is not None:
            transaction.received(response)

    def _request(self, request: SipRequest, source: Address) -> None:
        branch = _branch_of(request)
        known = self._servers.get((branch, "INVITE" if request.method == "ACK" else request.method))
        if request.method == "ACK":
            if known is not None:
                known.acknowledged()
            self._on_ack(request)
            return
        if known is not None:
            known.asked_again()
            return
        if len(self._servers) >= MAX_LIVE:
            return
        _stamp(request, source)
        transaction = ServerTransaction(self, request, source)
        self._servers[transaction.key] = transaction
        self._on_request(transaction)

    def invite_of(self, cancel: SipRequest) -> ServerTransaction | None:
        """Return the INVITE that a CANCEL means: the same branch."""
        return self._servers.get((_branch_of(cancel), "INVITE"))

    def forget_client(self, transaction: ClientTransaction) -> None:
        self._clients.pop(transaction.key, None)

    def forget_server(self, transaction: ServerTransaction) -> None:
        self._servers.pop(transaction.key, None)

    def close(self) -> None:
        """End every transaction and close the socket."""
        for ours in list(self._clients.values()):
            ours.stop()
        for theirs in list(self._servers.values()):
            theirs.stop()
        if self._transport is not None:
            self._transport.close()


def reply_to(request: SipRequest, status: int, reason: str, local_tag: str = "") -> SipResponse:
    """Return a response with the headers that RFC 3261 §8.2.6 copies, and our tag in To."""
    response = SipResponse(status_code=status, reason_phrase=reason)
    for name in ("Via", "From", "To", "Call-ID", "CSeq", "Record-Route"):
        for value in request.headers.get(name):
            response.headers.append(name, value)
    to = request.headers.get_first("To") or ""
    if local_tag and ";tag=" not in to.rpartition(">")[2]:
        response.headers.set_single("To", f"{to};tag={local_tag}")
    return response


def _branch_of(message: SipMessage) -> str:
    vias = message.headers.get("via")
    return (parse_via(vias[0]).branch or "") if vias else ""


def _stamp(request: SipRequest, source: Address) -> None:
    """Write where the request came from into its top Via (RFC 3581)."""
    vias = request.headers.get("via")
    top = parse_via(vias[0])
    top.params["received"], top.params["rport"] = source[0], str(source[1])
    vias[0] = stringify_via(top)


def _check(message: SipMessage) -> None:
    for name in ("via", "from", "to", "call-id", "cseq"):
        if message.headers.get_first(name) is None:
            raise ValueError(name)
    parse_via(message.headers.get("via")[0])
    if message.cseq is None:
        raise ValueError("cseq")


def _ack_of_refusal(invite: SipRequest, response: SipResponse) -> SipRequest:
    """Return the ACK that belongs to the INVITE's own transaction (RFC 3261 §17.1.1.3)."""
    ack = SipRequest(method="ACK", uri=invite.uri)
    ack.headers.append("Via", invite.headers.get("via")[0])
    for name, source in (("From", invite), ("To", response), ("Call-ID", invite)):
        ack.headers.set_single(name, source.headers.get_first(name) or "")
    for route in invite.headers.get("route"):
        ack.headers.append("Route", route)
    cseq = invite.cseq
    ack.headers.set_single("CSeq", f"{cseq.seq if cseq else 1} ACK")
    ack.headers.set_single("Max-Forwards", "70")
    return ack
