"""One call of the user agent: its states with their times, its media, and who ended it how."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from aiosipua.message import SipRequest, SipResponse

from core import log
from core.tasks import TaskOwner
from cti.ua import digits, sdp
from cti.ua.dialog import Dialog, tag_of, user_of
from cti.ua.model import By, CallOver, CallRefused, CallState, Ended, Times
from cti.ua.pacer import Pacer
from cti.ua.received import Received
from cti.ua.rtp import RtpStream
from cti.ua.sdp import Direction, LocalDescription, Media
from cti.ua.sound import read_wav
from cti.ua.transactions import NoReply, ServerTransaction, SocketClosed, Transactions, reply_to
from speech.g711 import Law, Pcm

_log = log.get(__name__)
_GLARE_TRIES: Final = 4
_BYE_PATIENCE: Final = 2.0  # seconds that `hangup` waits for the answer to BYE; it goes on alone after that

_DIRECTION: Final[dict[tuple[bool, bool], Direction]] = {  # (we send, we hear)
    (True, True): "sendrecv",
    (True, False): "sendonly",
    (False, True): "recvonly",
    (False, False): "inactive",
}


@dataclass(frozen=True, slots=True)
class Line:
    """What a call needs of its user agent."""

    transactions: Transactions
    pacer: Pacer
    tasks: TaskOwner
    forget: Callable[["UaCall"], None]


class UaCall:
    """A call of either direction; as `async with` it is hung up at the end."""

    direction: Literal["out", "in"]

    def __init__(self, line: Line, invite: SipRequest, dialog: Dialog, *, keep_audio: bool = True) -> None:
        self._line, self.invite, self._dialog = line, invite, dialog
        self.caller = user_of(invite.headers.get_first("From"))
        self.called = user_of(invite.headers.get_first("To"))
        self.call_id = dialog.call_id
        self.invited_at = time.monotonic()
        self.state = CallState.CALLING
        self.times = Times()
        self.ended: Ended | None = None
        self.response: SipResponse | None = None
        """The final answer to an outgoing INVITE."""
        self.transfer_reports: list[str] = []
        """Status lines of NOTIFY after `refer`, such as ``SIP/2.0 200 OK``."""
        self.received = Received(self.invited_at, keep_audio=keep_audio)
        self.rtp = RtpStream(line.transactions.address[0], self.received, on_first_packet=self._moved)
        self._description = LocalDescription(line.transactions.address[0], self.rtp.port)
        self._wish: Direction = "sendrecv"
        self._offering = False
        self._remote: Media | None = None
        self._changed = asyncio.Event()
        self._unacknowledged: ServerTransaction | None = None
        self._bye_done = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.hangup()

    # --- time and state

    @property
    def dialog_key(self) -> tuple[str, str]:
        """Call-ID and our own tag."""
        return self.call_id, tag_of(self._dialog.local)

    def now(self) -> float:
        """Return seconds since the INVITE."""
        return time.monotonic() - self.invited_at

    @property
    def first_rtp(self) -> float | None:
        """Seconds from the INVITE to the first audio packet."""
        return self.received.first_at

    @property
    def held_by_peer(self) -> bool:
        """Whether the other side's latest description puts us on hold."""
        return self._remote is not None and self._remote.direction in ("sendonly", "inactive")

    def _moved(self, state: CallState | None = None) -> None:
        if state is not None and self.state is not CallState.ENDED:
            self.state = state
        self._changed.set()
        self._changed = asyncio.Event()

    async def _wait(self, reached: Callable[[], bool], timeout: float) -> None:
        async with asyncio.timeout(timeout):
            while not reached():
                await self._changed.wait()

    async def wait_ringing(self, timeout: float = 5.0) -> None:
        """Wait until it rings (or is answered); raises CallRefused when it ended first, TimeoutError."""
        await self._wait(lambda: self.state is not CallState.CALLING, timeout)
        self._raise_if_refused()

    async def wait_answered(self, timeout: float = 10.0) -> None:
        """Wait for the answer; raises CallRefused with `details["sip_code"]`, or TimeoutError."""
        await self._wait(lambda: self.state in (CallState.ANSWERED, CallState.ENDED), timeout)
        self._raise_if_refused()

    async def wait_ended(self, timeout: float = 10.0) -> Ended:
        """Wait for the end and return who ended it how; raises TimeoutError."""
        await self._wait(lambda: self.ended is not None, timeout)
        return self._over()

    async def wait_rtp(self, timeout: float = 5.0) -> None:
        """Wait for the first audio packet (or the end); raises TimeoutError."""
        await self._wait(lambda: self.received.count > 0 or self.ended is not None, timeout)

    def _over(self) -> Ended:
        assert self.ended is not None
        return self.ended

    def _raise_if_refused(self) -> None:
        if self.ended is not None and self.times.answered is None:
            ended = self.ended
            raise CallRefused(
                f"the call was not answered: {ended.code} {ended.reason}", sip_code=ended.code, by=ended.by
            )

    def _finish(self, by: By, code: int, reason: str) -> None:
        if self.ended is not None:
            return
        self.times.ended = self.now()
        self.ended = Ended(by, code, reason, self.times.ended)
        self._line.pacer.remove(self.rtp)
        self.rtp.close()
        self._line.forget(self)
        self._moved(CallState.ENDED)

    # --- media

    def _agree(self, remote: Media) -> None:
        """Take the other side's description and start or stop sending accordingly."""
        self._remote = remote
        sending = self._wish in ("sendrecv", "sendonly") and remote.direction in ("sendrecv", "recvonly")
        self.rtp.connect(remote, sending=sending)

    async def play(self, sound: Pcm | str | Path, *, wait: bool = False) -> asyncio.Event:
        """Send 8 kHz samples or a WAV file instead of silence; the event is set at its end (or the call's)."""
        pcm = await asyncio.to_thread(read_wav, Path(sound)) if isinstance(sound, str | Path) else sound
        done = self.rtp.play(pcm)
        if wait:
            await done.wait()
        return done

    def tone(self, hz: float, level_db: float = -10.0) -> None:
        """Send a sine until told otherwise; the level is relative to full scale."""
        self.rtp.tone(hz, level_db)

    def silence(self) -> None:
        """Send packets of silence (what a call does at first)."""
        self.rtp.silence()

    def stop_rtp(self) -> None:
        """Send no packets at all, as with silence suppression."""
        self.rtp.mute(True)

    def start_rtp(self) -> None:
        """Send packets again."""
        self.rtp.mute(False)

    async def send_digits(self, script: str) -> bool:
        """Press the keys of a script such as ``1,w3,2#``; false when the call ended first; raises BadDigits."""
        for step in digits.parse(script):
            if self.ended is not None:
                return False
            if isinstance(step, digits.Wait):
                await asyncio.sleep(step.seconds)
            else:
                await self.rtp.press(step).wait()
        return self.ended is None

    async def hold(self, direction: Direction = "sendonly") -> None:
        """Put the other side on hold by re-INVITE (`sendonly` or `inactive`); raises CallRefused, CallOver."""
        await self._offer(direction)

    async def resume(self) -> None:
        """Take the other side off hold by re-INVITE; raises CallRefused, CallOver."""
        await self._offer("sendrecv")

    async def _offer(self, direction: Direction) -> None:
        for attempt in range(_GLARE_TRIES):
            self._must_be_answered()
            before, self._wish = self._wish, direction
            body = self._description.write((self.rtp.law,), direction)
            self._offering = True
            try:
                response = await self._dialog.reinvite(body, self._line.transactions)
            finally:
                self._offering = False
            if 200 <= response.status_code < 300:
                self._agree(sdp.parse(response.body))
                return
            self._wish = before
            if response.status_code != 491 or attempt == _GLARE_TRIES - 1:
                raise CallRefused(f"re-INVITE: {response.status_code}", sip_code=response.status_code)
            low = 2.1 if self.direction == "out" else 0.0  # RFC 3261 §14.1: the owner of the Call-ID waits longer
            await asyncio.sleep(random.uniform(low, low + 1.9))  # noqa: S311 - a delay, no secret

    async def refer(self, to: str, *, told: bool = True) -> None:
        """Ask the other side to call `to` (a SIP URI): a blind transfer; raises CallRefused, CallOver.

        `told` False: what becomes of it is not to be told (RFC 4488).
        """
        self._must_be_answered()
        request = self._dialog.request("REFER", self._line.transactions)
        request.headers.set_single("Refer-To", f"<{to}>")
        if not told:
            request.headers.set_single("Refer-Sub", "false")
        request.headers.set_single("Referred-By", self._dialog.local.partition(";tag=")[0])
        response = await self._dialog.ask(request, self._line.transactions)
        if response.status_code >= 300:
            raise CallRefused(f"REFER: {response.status_code}", sip_code=response.status_code)

    def _must_be_answered(self) -> None:
        if self.state is not CallState.ANSWERED:
            raise CallOver(f"the call is {self.state}")

    # --- ending

    async def hangup(self) -> None:
        """End the call whatever its state; does nothing when it is over."""
        if self.state is CallState.ANSWERED:
            await self._bye()
        elif self.ended is None:
            await self._abandon()

    async def _abandon(self) -> None:
        """End a call that was never answered."""
        raise NotImplementedError

    async def _bye(self) -> None:
        request = self._dialog.request("BYE", self._line.transactions)
        self.times.bye_sent = self.now()
        self._finish("us", 200, "Normal Clearing")
        self._line.tasks.start(self._send_bye(request), "bye")
        try:
            await asyncio.wait_for(self._bye_done.wait(), _BYE_PATIENCE)
        except TimeoutError:
            _log.info("no answer to BYE yet", extra={"action": "ua_bye_slow"})

    async def _send_bye(self, request: SipRequest) -> None:
        try:
            await self._dialog.ask(request, self._line.transactions)
        except (NoReply, SocketClosed):
            _log.info("nobody answered BYE", extra={"action": "ua_bye_lost"})
        finally:
            self._bye_done.set()

    # --- requests of the other side

    def asked(self, transaction: ServerTransaction) -> None:
        """Answer a request inside this dialog."""
        request = transaction.request
        cseq = request.cseq
        number = cseq.seq if cseq else 0
        if number <= self._dialog.remote_cseq and request.method != "CANCEL":
            transaction.respond(self._reply(request, 500, "Out of Order"))
            return
        self._dialog.remote_cseq = max(self._dialog.remote_cseq, number)
        answer = {"BYE": self._asked_bye, "INVITE": self._asked_invite, "UPDATE": self._asked_invite}
        if request.method in answer:
            answer[request.method](transaction)
            return
        if request.method == "NOTIFY" and request.headers.get_first("Event") == "talk":
            self._told_to_talk()
        elif request.method == "NOTIFY":
            self.transfer_reports.append(request.text.strip())
        known = request.method in ("NOTIFY", "INFO", "OPTIONS", "MESSAGE")
        transaction.respond(self._reply(request, *((200, "OK") if known else (405, "Method Not Allowed"))))

    def _told_to_talk(self) -> None:
        """Be told to take the call that rings; only the called side can."""

    def _asked_bye(self, transaction: ServerTransaction) -> None:
        transaction.respond(self._reply(transaction.request, 200, "OK"))
        self.times.bye_received = self.times.bye_received or self.now()
        self._finish("them", 200, transaction.request.headers.get_first("Reason") or "Normal Clearing")

    def _asked_invite(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if self._offering:  # offers crossed, RFC 3261 §14.2
            transaction.respond(self._reply(request, 491, "Request Pending"))
            return
        response = self._reply(request, 200, "OK")
        if request.body or request.method == "INVITE":
            try:
                body = self._answer_to(request.body)
            except sdp.UnusableMedia:
                transaction.respond(self._reply(request, 488, "Not Acceptable Here"))
                return
            response.headers.set_single("Content-Type", "application/sdp")
            response.body = body
        if request.method == "INVITE":
            self._unacknowledged = transaction
        transaction.respond(response)

    def _answer_to(self, offer: bytes) -> bytes:
        """Return our description for an offer (or a fresh offer when there is none) and follow it."""
        if not offer:
            return self._description.write((self.rtp.law,), self._wish)
        remote = sdp.common(sdp.parse(offer), self._preferred())
        self._agree(remote)
        sends = self._wish in ("sendrecv", "sendonly") and remote.direction in ("sendrecv", "recvonly")
        hears = self._wish in ("sendrecv", "recvonly") and remote.direction in ("sendrecv", "sendonly")
        ours: Direction = (
            "sendrecv" if sends and hears else "sendonly" if sends else "recvonly" if hears else "inactive"
        )
        return self._description.write(remote.laws, ours, remote.event_type)

    def _preferred(self) -> Law:
        return self.rtp.law

    def acknowledged(self, ack: SipRequest) -> None:
        """Take the ACK of our 200, with the description it carries when we made the offer."""
        if self._unacknowledged is not None:
            self._unacknowledged.acknowledged()
            self._unacknowledged = None
        if ack.body and self.ended is None:
            try:
                self._agree(sdp.parse(ack.body))
            except sdp.UnusableMedia:
                _log.info("unusable answer in ACK", extra={"action": "ua_bad_sdp"})

    def _reply(self, request: SipRequest, status: int, reason: str) -> SipResponse:
        response = reply_to(request, status, reason)
        response.headers.set_single("Contact", self._dialog.contact)
        response.headers.set_single("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, NOTIFY, REFER, UPDATE")
        return response
