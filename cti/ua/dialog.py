"""A SIP dialog: whom it joins, how its requests are addressed and counted (RFC 3261 §12)."""

import asyncio
import ipaddress
import secrets
from dataclasses import dataclass, field

from aiosipua.auth import SipDigestAuth, answer_challenge
from aiosipua.headers import parse_address, parse_uri
from aiosipua.message import SipRequest, SipResponse

from cti.ua.transactions import Address, NoReply, Transactions


@dataclass(slots=True)
class Dialog:
    """One side of a dialog; `local` and `remote` are the From and To values with their tags."""

    call_id: str
    local: str
    remote: str
    target: str
    """URI that in-dialog requests name: the other side's Contact."""
    peer: Address
    """Where the other side's messages come from."""
    contact: str
    routes: list[str] = field(default_factory=list)
    cseq: int = 0
    remote_cseq: int = 0
    credentials: SipDigestAuth | None = None

    def request(self, method: str, transactions: Transactions, *, cseq: int | None = None) -> SipRequest:
        """Return the next request of this dialog; ACK and CANCEL take the INVITE's own `cseq`."""
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        request = SipRequest(method=method, uri=self.target)
        headers = request.headers
        headers.append("Via", transactions.via())
        headers.set_single("Max-Forwards", "70")
        headers.set_single("From", self.local)
        headers.set_single("To", self.remote)
        headers.set_single("Call-ID", self.call_id)
        headers.set_single("CSeq", f"{cseq} {method}")
        headers.set_single("Contact", self.contact)
        headers.set_single("User-Agent", "Hotline")
        for route in self.routes:
            headers.append("Route", route)
        return request

    def confirm(self, response: SipResponse) -> None:
        """Take the other side's tag, Contact and route set from a response to our INVITE."""
        self.remote = response.headers.get_first("To") or self.remote
        contact = response.headers.get_first("Contact")
        if contact:
            self.target = uri_of(contact)
        self.routes = list(reversed(response.headers.get("record-route")))

    @property
    def next_hop(self) -> Address:
        """Where to send: the first route, else the Contact, when it is an IP address; else the known peer."""
        uri = parse_uri(uri_of(self.routes[0]) if self.routes else self.target)
        try:
            ipaddress.ip_address(uri.host)
        except ValueError:
            return self.peer
        return uri.host, uri.port or 5060

    def ack(self, response: SipResponse, transactions: Transactions) -> bytes:
        """Return the ACK of a 2xx as it goes over the wire."""
        cseq = response.cseq
        return bytes(self.request("ACK", transactions, cseq=cseq.seq if cseq else self.cseq))

    async def ask(self, request: SipRequest, transactions: Transactions) -> SipResponse:
        """Send an in-dialog request other than INVITE, once more with credentials if challenged."""
        response = await transactions.ask(request, self.next_hop)
        again = self.with_credentials(request, response, transactions)
        return await transactions.ask(again, self.next_hop) if again is not None else response

    def with_credentials(
        self, request: SipRequest, response: SipResponse, transactions: Transactions
    ) -> SipRequest | None:
        """Return `request` anew answering a 401 or 407, or None when we cannot or already did (RFC 3261 §22)."""
        status = response.status_code
        tried = "authorization" in request.headers or "proxy-authorization" in request.headers
        if status not in (401, 407) or tried or self.credentials is None:
            return None
        answer = answer_challenge(self.credentials, response, status, request.method, request.uri)
        if answer is None:
            return None
        self.cseq += 1
        again = SipRequest(method=request.method, uri=request.uri, headers=request.headers.copy())
        again.body = request.body
        again.headers.set_single("Via", transactions.via())
        again.headers.set_single("CSeq", f"{self.cseq} {request.method}")
        again.headers.set_single(*answer)
        return again

    async def reinvite(self, body: bytes, transactions: Transactions) -> SipResponse:
        """Offer new media inside the dialog and acknowledge the answer; returns the final response."""
        request = self.request("INVITE", transactions)
        request.headers.set_single("Content-Type", "application/sdp")
        request.body = body
        response = await self._invite(request, transactions)
        again = self.with_credentials(request, response, transactions)
        return await self._invite(again, transactions) if again is not None else response

    async def _invite(self, request: SipRequest, transactions: Transactions) -> SipResponse:
        final: asyncio.Future[SipResponse] = asyncio.get_running_loop().create_future()

        def answered(response: SipResponse) -> None:
            if 200 <= response.status_code < 300:
                transactions.transmit(self.ack(response, transactions), self.next_hop)
            if response.status_code >= 200 and not final.done():
                final.set_result(response)

        def silent() -> None:
            if not final.done():
                final.set_exception(NoReply(host=self.peer[0], port=self.peer[1]))

        transactions.send(request, self.next_hop, answered, silent)
        return await final


def new_tag() -> str:
    """Return a fresh From or To tag."""
    return secrets.token_hex(8)


def tag_of(value: str | None) -> str:
    """Return the tag of a From or To header value, or nothing."""
    return (parse_address(value).tag or "") if value else ""


def uri_of(value: str) -> str:
    """Return the URI inside a name-addr header value."""
    return value[value.index("<") + 1 : value.index(">")] if "<" in value and ">" in value else value


def user_of(value: str | None) -> str:
    """Return the user part of a From, To or request URI, or nothing."""
    return (parse_address(value).uri.user or "") if value else ""


def answering_dialog(request: SipRequest, peer: Address, contact: str) -> Dialog:
    """Return our side of the dialog that an incoming INVITE opens, with a new local tag."""
    headers = request.headers
    cseq = request.cseq
    return Dialog(
        call_id=headers.get_first("Call-ID") or "",
        local=f"{headers.get_first('To')};tag={new_tag()}",
        remote=headers.get_first("From") or "",
        target=uri_of(headers.get_first("Contact") or headers.get_first("From") or ""),
        peer=peer,
        contact=contact,
        routes=list(headers.get("record-route")),
        remote_cseq=cseq.seq if cseq else 0,
    )
