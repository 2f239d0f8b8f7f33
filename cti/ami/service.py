"""What Asterisk's manager interface does for us: phones that come and go, recording, voice quality, alarms."""

import itertools
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection

from core import log
from core.bus import Bus
from core.clock import Clock
from core.events import Recorded
from core.journal import Journal
from core.tasks import TaskOwner
from cti.ami.link import AmiAddress, AmiLink
from cti.ami.wire import Packet
from cti.events import CallEnded, Reconciled, SeatLost, SeatRegistered, VoiceMeasured
from cti.legs import call_of
from cti.port import NoSuchChannel, PbxDown, PbxRefused

_log = log.get(__name__)

PING_S = 5.0
BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
THERE = ("Reachable", "NonQualified", "Avail")
GONE = {"Unreachable": "unreachable", "Removed": "unregistered", "Unavail": "unreachable"}
ALARMS = ("InvalidPassword", "ChallengeResponseFailed", "InvalidAccountID", "FailedACL", "UnexpectedAddress")
WANTED = ("ContactStatus", "RTCPReceived", *ALARMS)
"""The only events asked for: a call makes dozens of others, which would cost both sides CPU."""
QUALITY_KEPT = 2_000
PHONES_EVERY = 3
"""Every so many pings the list of phones is asked for."""
UNTOLD = "untold"
"""Why a phone is lost that was only missed in the list."""

Phones = Callable[[Collection[str]], Awaitable[None]]


class AmiService:
    """Keeps one AMI connection alive and says what it hears; lost connections are made anew."""

    def __init__(self, address: AmiAddress, journal: Journal, clock: Clock, on_phones: Phones) -> None:
        """`on_phones` gets the whole list of registered phones at each (re)connect."""
        self._address = address
        self._journal = journal
        self._clock = clock
        self._on_phones = on_phones
        self._link: AmiLink | None = None
        self._there: set[str] = set()
        self._addresses: dict[str, str] = {}
        """Where each phone was last."""
        self._differed: frozenset[str] = frozenset()
        """Phones of which the last list said something else than what is known."""
        self._quality: OrderedDict[str, dict[str, Packet]] = OrderedDict()
        self._tasks = TaskOwner("ami")
        self.trouble: str | None = "not connected yet"
        """Why AMI cannot be used now; None when it can."""
        self.alarms = 0
        """Security events seen since start."""

    def listen(self, bus: Bus) -> None:
        """Tell what was heard of a call's voice when it ends; Asterisk's own event for that comes in every call."""
        bus.listen(CallEnded, self._over)

    async def take_call(self, channel_id: str) -> None:
        """Tell the phone that rings on a channel to take the call (NOTIFY, event `talk`), which many phones obey.

        Raises PbxDown, or PbxRefused when the channel is gone or Asterisk lacks `res_pjsip_notify`.
        """
        await self._connected().action("PJSIPNotify", Channel=channel_id, Variable="Event=talk")

    # --- recording (recordings.port.Capture) -----------------------------------------------------

    async def start(self, channel_id: str, path: str) -> None:
        """Record both directions of a channel, interleaved, raw, into the file `path`.

        Raises NoSuchChannel, PbxDown or PbxRefused.
        """
        try:
            await self._connected().action("MixMonitor", Channel=channel_id, File=path, Options="D")
        except PbxRefused as refused:
            if "no such channel" in refused.message.lower():
                raise NoSuchChannel(refused.message) from None
            raise

    async def stop(self, channel_id: str) -> None:
        """Stop recording a channel; one that is gone has stopped by itself."""
        try:
            await self._connected().action("StopMixMonitor", Channel=channel_id)
        except PbxRefused:
            return

    async def command(self, line: str) -> list[str]:
        """Run a command of Asterisk's console and return its lines."""
        return list((await self._connected().action("Command", Command=line)).output)

    def _connected(self) -> AmiLink:
        if self._link is None or self.trouble is not None:
            raise PbxDown(f"AMI: {self.trouble}")
        return self._link

    # --- the loop -------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect, listen, connect again; until cancelled."""
        failures = 0
        while True:
            link = AmiLink(self._address)
            try:
                await link.connect()
                self._link, self.trouble, failures = link, None, 0
                await self._listen(link)
                self.trouble = "the connection to AMI was lost"
            except (PbxDown, PbxRefused) as error:
                self.trouble = error.message
            finally:
                self._link = None
                await link.close()
            await self._clock.sleep(BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)])
            failures += 1

    async def _listen(self, link: AmiLink) -> None:
        keeping = self._tasks.start(self._keep(link), "ping")
        try:
            for name in WANTED:
                await link.action("Filter", Operation="Add", Filter=f"Event: {name}")
            self._there, self._differed = await self._phones(link), frozenset()
            await self._on_phones(frozenset(self._there))
            async for packet in link.events():
                await self._hear(packet)
        finally:
            keeping.cancel()

    async def _keep(self, link: AmiLink) -> None:
        """Ask now and then; a connection that does not answer is closed, which ends `_listen`.

        Every so often the list of phones is asked for instead: one whose coming or going was not told is told now.
        """
        try:
            for number in itertools.count(1):
                await self._clock.sleep(PING_S)
                if number % PHONES_EVERY:
                    await link.action("Ping")
                else:
                    await self._compare(await self._phones(link))
        except PbxDown as down:
            _log.warning("AMI silent", extra={"action": "ami_silent", "why": down.message})
            await link.close()

    async def _phones(self, link: AmiLink) -> set[str]:
        """Return the phones that are registered and answer."""
        contacts = await link.listed("PJSIPShowContacts")
        there = [p.headers for p in contacts if p.headers.get("Status") in THERE]
        self._addresses.update({headers["Endpoint"]: headers["Uri"] for headers in there})
        return {headers["Endpoint"] for headers in there}

    async def _compare(self, there: set[str]) -> None:
        """Tell what differs from what is known, in this list and the last one."""
        differs = frozenset(there ^ self._there)
        sure, self._differed = differs & self._differed, differs - self._differed
        for phone in sorted(sure):
            done = "taken as registered" if phone in there else "taken as lost"
            at = self._clock.now()
            await self._journal.record(
                Reconciled(at=at, what=f"the PBX has another state of the phone {phone}", done=done)
            )
            await self._contact(phone, there=phone in there, why=UNTOLD)

    async def _hear(self, packet: Packet) -> None:
        match packet.name:
            case "ContactStatus":
                phone, status = packet.headers.get("EndpointName", ""), packet.headers.get("ContactStatus", "")
                if phone and (status in THERE or status in GONE):
                    address = packet.headers.get("URI", "")
                    if status in GONE and address != self._addresses.get(phone, address):
                        return  # one that another has replaced: a page that was opened anew
                    moved = status in THERE and address != self._addresses.get(phone, address)
                    if status in THERE:
                        self._addresses[phone] = address
                    await self._contact(phone, there=status in THERE, why=GONE.get(status, ""), moved=moved)
            case "RTCPReceived":
                self._measure(packet)
            case name if name in ALARMS:
                self.alarms += 1
                _log.warning(
                    "security event",
                    extra={
                        "action": "security_event",
                        "kind": name,
                        "service": packet.headers.get("Service"),
                        "address": packet.headers.get("RemoteAddress"),
                    },
                )

    async def _contact(self, phone: str, *, there: bool, why: str, moved: bool = False) -> None:
        now = self._clock.now()
        if there and (moved or phone not in self._there):
            moved = phone in self._there
            self._there.add(phone)
            await self._journal.record(SeatRegistered(at=now, sip_username=phone, moved=moved))
        elif not there and phone in self._there:
            self._there.discard(phone)
            await self._journal.record(SeatLost(at=now, sip_username=phone, why=why))

    def _measure(self, packet: Packet) -> None:
        """Keep the latest report of each leg until the call is over."""
        channel = packet.headers.get("Uniqueid") or packet.headers.get("Channel", "")
        self._quality.setdefault(call_of(channel), {})[channel] = packet
        while len(self._quality) > QUALITY_KEPT:
            self._quality.popitem(last=False)

    def _over(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, CallEnded)
        for channel, last in self._quality.pop(event.call_id, {}).items():
            self._journal.note(
                VoiceMeasured(
                    at=event.at,
                    call_id=event.call_id,
                    channel_id=channel,
                    lost=_figure(last, "Report0CumulativeLost"),
                    jitter=_figure(last, "Report0IAJitter"),
                    round_trip_s=_figure(last, "RTT"),
                    score=_figure(last, "MES"),
                )
            )

    async def close(self) -> None:
        """Close the connection."""
        await self._tasks.close()
        if self._link is not None:
            await self._link.close()


def _figure(packet: Packet, header: str) -> float | None:
    try:
        return float(packet.headers[header])
    except (KeyError, ValueError):
        return None
