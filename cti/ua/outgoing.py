"""The caller's side of a call: INVITE, its answers, credentials, and CANCEL with its races (RFC 3261 §9, §13)."""

from dataclasses import dataclass, field
from typing import Final

from aiosipua.auth import SipDigestAuth
from aiosipua.message import SipRequest, SipResponse

from cti.ua import sdp
from cti.ua.call import Line, UaCall
from cti.ua.dialog import Dialog, new_tag, tag_of
from cti.ua.model import CallState
from cti.ua.transactions import ClientTransaction
from speech.g711 import Law

_CANCEL_PATIENCE: Final = 4.0
_RTP_WITHOUT_ANSWER: Final = (180, 183)


@dataclass(frozen=True, slots=True)
class CallPlan:
    """How a call is to be placed."""

    target: str
    """SIP URI with an IP address, such as sip:95598@127.0.0.1:5060."""
    from_user: str
    headers: dict[str, str] = field(default_factory=dict)
    """Further headers of the INVITE; a `From` here replaces ours (without tag)."""
    codec: Law = "PCMA"
    also: tuple[Law, ...] = ()
    """Laws offered after the first."""
    credentials: SipDigestAuth | None = None
    keep_audio: bool = True
    no_reply_after: float | None = None
    """Seconds after which a call to which nobody reacts is given up (else 32, RFC 3261 timer B)."""


class OutgoingCall(UaCall):
    """A call that we place."""

    direction = "out"

    def __init__(self, line: Line, plan: CallPlan, peer: tuple[str, int]) -> None:
        host, port = line.transactions.address
        sender = plan.headers.get("From", f"<sip:{plan.from_user}@{host}:{port}>")
        dialog = Dialog(
            call_id=f"{new_tag()}@{host}",
            local=f"{sender};tag={new_tag()}",
            remote=f"<{plan.target}>",
            target=plan.target,
            peer=peer,
            contact=f"<sip:{plan.from_user}@{host}:{port}>",
            credentials=plan.credentials,
        )
        invite = dialog.request("INVITE", line.transactions)
        super().__init__(line, invite, dialog, keep_audio=plan.keep_audio)
        for name, value in plan.headers.items():
            if name != "From":
                invite.headers.set_single(name, value)
        invite.headers.set_single("Content-Type", "application/sdp")
        invite.headers.set_single("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, NOTIFY, REFER, UPDATE")
        self.rtp.law = plan.codec
        self.rtp.silence()
        invite.body = self._description.write((plan.codec, *plan.also), "sendrecv")
        self._cancel_wanted = False
        self._cancel_sent = False
        self._acks: dict[str, bytes] = {}
        self._send_invite(plan.no_reply_after)

    def _send_invite(self, no_reply_after: float | None = None) -> None:
        request = self.invite
        self._client: ClientTransaction = self._line.transactions.send(
            request, self._dialog.next_hop, lambda r: self._answered_with(request, r), self._silent
        )
        if no_reply_after is not None:
            self._client.give_up_after(no_reply_after)

    def _silent(self) -> None:
        self._finish("us" if self._cancel_wanted else "nobody", 408, "No Reply")

    def _answered_with(self, request: SipRequest, response: SipResponse) -> None:
        status = response.status_code
        if status < 200:
            self._provisional(response)
        elif status < 300:
            self._accepted(response)
        elif request is self.invite and self.ended is None:
            self._refused(response)

    def _provisional(self, response: SipResponse) -> None:
        if self.ended is not None:
            return
        if response.status_code == 100:
            self.times.trying = self.times.trying or self.now()
        elif self.times.answered is None:
            self._dialog.confirm(response)
            if response.status_code == 180:
                self.times.ringing = self.times.ringing or self.now()
            if response.body and response.status_code in _RTP_WITHOUT_ANSWER:
                self._early_media(response)
            self._moved(CallState.RINGING)
        if self._cancel_wanted:
            self._send_cancel()

    def _early_media(self, response: SipResponse) -> None:
        try:
            self.rtp.connect(sdp.parse(response.body), sending=False)
        except sdp.UnusableMedia:
            return
        self.times.early_media = self.times.early_media or self.now()

    def _accepted(self, response: SipResponse) -> None:
        tag = tag_of(response.headers.get_first("To"))
        if tag in self._acks:  # the 200 came again: so must its ACK
            self._line.transactions.transmit(self._acks[tag], self._dialog.next_hop)
            return
        self._dialog.confirm(response)
        self._acks[tag] = self._dialog.ack(response, self._line.transactions)
        self._line.transactions.transmit(self._acks[tag], self._dialog.next_hop)
        if self.ended is not None or self._cancel_wanted:  # the 200 crossed our CANCEL: RFC 3261 §9.1
            self._line.tasks.start(self._bye_late(), "bye-after-cancel")
            return
        self.response = response
        self.times.answered = self.now()
        try:
            self._agree(sdp.parse(response.body))
        except sdp.UnusableMedia:
            self._line.tasks.start(self._bye_late(488), "bye-unusable")
            return
        self._line.pacer.add(self.rtp)
        self._moved(CallState.ANSWERED)

    async def _bye_late(self, code: int = 487) -> None:
        self.times.bye_sent = self.now()
        self._finish("us", code, "Request Terminated")
        await self._send_bye(self._dialog.request("BYE", self._line.transactions))

    def _refused(self, response: SipResponse) -> None:
        again = self._dialog.with_credentials(self.invite, response, self._line.transactions)
        if again is not None and not self._cancel_wanted:
            self.invite = again
            self._send_invite()
            return
        self.response = response
        ours = self._cancel_wanted and response.status_code == 487
        self._finish("us" if ours else "them", response.status_code, response.reason_phrase)

    async def cancel(self) -> None:
        """Give up a call that is not answered; one just answered is acknowledged and hung up."""
        if self.state is CallState.ANSWERED:
            await self._bye()
            return
        if self.ended is not None:
            return
        self._cancel_wanted = True
        self.times.cancelled = self.times.cancelled or self.now()
        if self._client.provisional:
            self._send_cancel()
        try:
            await self.wait_ended(_CANCEL_PATIENCE)
        except TimeoutError:
            self._finish("us", 487, "Request Terminated")

    async def _abandon(self) -> None:
        await self.cancel()

    def _send_cancel(self) -> None:
        """Send CANCEL with the INVITE's own branch, once, only after a provisional answer (RFC 3261 §9.1)."""
        if self._cancel_sent:
            return
        self._cancel_sent = True
        cancel = SipRequest(method="CANCEL", uri=self.invite.uri)
        for name in ("Via", "From", "To", "Call-ID", "Max-Forwards"):
            cancel.headers.set_single(name, self.invite.headers.get_first(name) or "")
        cseq = self.invite.cseq
        cancel.headers.set_single("CSeq", f"{cseq.seq if cseq else 1} CANCEL")
        self._line.transactions.send(cancel, self._client.to, lambda _: None, lambda: None)
