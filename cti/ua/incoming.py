"""The called side of a call: ringing, answering, refusing, and being cancelled (RFC 3261 §13.3)."""

import contextlib
from typing import Final

from aiosipua.auth import SipDigestAuth

from cti.ua import sdp
from cti.ua.call import Line, UaCall
from cti.ua.dialog import answering_dialog, user_of
from cti.ua.model import CallOver, CallState
from cti.ua.transactions import ServerTransaction
from speech.g711 import Law

_REASONS: Final = {
    404: "Not Found",
    480: "Temporarily Unavailable",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    603: "Decline",
}


class IncomingCall(UaCall):
    """A call that somebody places to us; nothing is answered until `ring`, `answer` or `reject`."""

    direction = "in"

    def __init__(
        self, line: Line, transaction: ServerTransaction, codec: Law, credentials: SipDigestAuth | None
    ) -> None:
        host, port = line.transactions.address
        request = transaction.request
        self.user = user_of(request.uri) or user_of(request.headers.get_first("To"))
        """The user whom the request URI names: the seat."""
        dialog = answering_dialog(request, transaction.source, f"<sip:{self.user}@{host}:{port}>")
        dialog.credentials = credentials
        super().__init__(line, request, dialog)
        self._server, self._codec = transaction, codec
        self.talks_when_told = True
        """Whether NOTIFY with the event `talk` lifts the receiver, as with many desk phones."""
        self._provisional(100, "Trying")

    def _preferred(self) -> Law:
        return self._codec

    def _provisional(self, status: int, reason: str) -> None:
        response = self._reply(self.invite, status, reason)
        if status > 100:
            response.headers.set_single("To", self._dialog.local)
        self._server.respond(response)

    def ring(self) -> None:
        """Send 180, once."""
        if self.state is CallState.CALLING:
            self.times.ringing = self.now()
            self._provisional(180, "Ringing")
            self._moved(CallState.RINGING)

    async def answer(self, after: float = 0.0) -> bool:
        """Ring for `after` seconds, then answer; false when the caller gave up first."""
        if self.ended is None:
            self.ring()
        if after > 0:
            with contextlib.suppress(TimeoutError):
                await self.wait_ended(after)
        if self.ended is not None:
            return False
        if self.state is CallState.ANSWERED:
            raise CallOver("the call is answered already")
        self._accept()
        return self.ended is None

    def _told_to_talk(self) -> None:
        if self.talks_when_told and self.state in (CallState.CALLING, CallState.RINGING):
            self._accept()

    def _accept(self) -> None:
        response = self._reply(self.invite, 200, "OK")
        response.headers.set_single("To", self._dialog.local)
        try:
            response.body = self._answer_to(self.invite.body)
        except sdp.UnusableMedia:
            self._refuse(488)
            return
        response.headers.set_single("Content-Type", "application/sdp")
        self.times.answered = self.now()
        self._unacknowledged = self._server
        self._server.respond(response, on_no_ack=self._never_acknowledged)
        self._line.pacer.add(self.rtp)
        self._moved(CallState.ANSWERED)

    def _never_acknowledged(self) -> None:
        if self.ended is None:
            self._line.tasks.start(self._bye(), "bye-no-ack")

    async def reject(self, code: int = 486) -> None:
        """Refuse the call with a SIP code; does nothing when it is over."""
        if self.state in (CallState.CALLING, CallState.RINGING):
            self._refuse(code)

    def _refuse(self, code: int) -> None:
        response = self._reply(self.invite, code, _REASONS.get(code, "Refused"))
        response.headers.set_single("To", self._dialog.local)
        self._server.respond(response)
        self._finish("us", code, response.reason_phrase)

    async def _abandon(self) -> None:
        await self.reject(480)

    def cancelled(self) -> None:
        """End the call with 487: its CANCEL came before our answer."""
        if self.state in (CallState.CALLING, CallState.RINGING):
            self.times.cancelled = self.now()
            response = self._reply(self.invite, 487, "Request Terminated")
            response.headers.set_single("To", self._dialog.local)
            self._server.respond(response)
            self._finish("them", 487, "Request Terminated")
