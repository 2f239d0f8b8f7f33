"""One AMI connection: asterisk-ami reads it in its thread, the event loop gets whole packets in batches.

What asterisk-ami lacks is closed here: it would give up after 3 quiet seconds (no time-out here, a Ping
keeps watch), sends without lock and may send half, waits in threads for answers, and parses line ends
that are none.
"""

import asyncio
import contextlib
import itertools
import socket
import threading
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from asterisk.ami import Action, AMIClient

from core import log
from cti.ami.wire import Packet, checked, parse
from cti.port import PbxDown, PbxRefused

_log = log.get(__name__)

ANSWER_LIMIT_S = 5.0
CONNECT_LIMIT_S = 5.0
WAITING_EVENTS = 20_000
"""More unread events than this: the oldest are dropped and the loss is told; AMI never holds up calls."""
PACKET_LIMIT = 2**20


@dataclass(frozen=True, slots=True)
class AmiAddress:
    """Where AMI is and who we are there."""

    host: str
    port: int
    user: str
    secret: str


class _Client(AMIClient):  # type: ignore[misc]  # the library has no types
    """asterisk-ami with its socket handling mended; hands every packet to `on_packet` as text."""

    def __init__(self, address: AmiAddress, link: "AmiLink") -> None:
        super().__init__(address=address.host, port=address.port, timeout=None, buffer_size=2**16)
        self._link = link
        self._sending = threading.Lock()

    def connect(self) -> None:
        self._socket = socket.create_connection((self._address, self._port), CONNECT_LIMIT_S)
        self._socket.settimeout(None)
        self.finished = threading.Event()
        self._thread = threading.Thread(target=self.listen, name="ami", daemon=True)
        self._thread.start()

    def send(self, pack: object) -> None:
        with self._sending:
            self._socket.sendall(f"{pack}\r\n".encode(self.encoding))

    def listen(self) -> None:
        try:
            for pack in self._next_pack():
                if len(pack) <= PACKET_LIMIT:
                    self._link.take(pack)
        except (OSError, StopIteration, RuntimeError):
            pass
        finally:
            self._link.ended()

    def disconnect(self) -> None:
        self.finished.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(CONNECT_LIMIT_S)


class AmiLink:
    """A connection that is used once: connect, `action`, iterate `events` until it is lost, close."""

    def __init__(self, address: AmiAddress) -> None:
        self._address = address
        self._client: _Client | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._numbers = itertools.count(1)
        self._arrived: deque[str] = deque(maxlen=WAITING_EVENTS)
        self._scheduled = False
        self._waiting: dict[str, asyncio.Future[Packet]] = {}
        self._lists: dict[str, list[Packet]] = {}
        self._events: asyncio.Queue[Packet | None] = asyncio.Queue(WAITING_EVENTS)

    async def connect(self) -> None:
        """Connect and sign in. Raises PbxDown with the cause."""
        self._loop = asyncio.get_running_loop()
        self._client = _Client(self._address, self)
        try:
            await asyncio.to_thread(self._client.connect)
        except OSError as error:
            self._client = None
            raise PbxDown(
                f"AMI at {self._address.host}:{self._address.port} does not answer ({error}): "
                "is Asterisk running and is [asterisk] ami_port right?"
            ) from None
        try:
            await self.action("Login", Username=self._address.user, Secret=self._address.secret)
        except PbxRefused:
            raise PbxDown("AMI refused our user name or secret: render the configuration and reload Asterisk") from None

    # --- called in the thread of asterisk-ami ---------------------------------------------------

    def take(self, text: str) -> None:
        """Hand a packet to the event loop; many that come at once wake it once."""
        self._arrived.append(text)
        if not self._scheduled:
            self._scheduled = True
            self._wake(self._drain)

    def ended(self) -> None:
        """Tell the event loop that the connection is over."""
        self._wake(self._lost)

    def _wake(self, call: "object") -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(call)  # type: ignore[arg-type]

    # --- in the event loop -------------------------------------------------------------------------

    def _drain(self) -> None:
        self._scheduled = False
        while self._arrived:
            packet = parse(self._arrived.popleft())
            if packet is not None:
                self._sort(packet)

    def _sort(self, packet: Packet) -> None:
        number = packet.action_id
        if packet.kind == "Response":
            waiting = self._waiting.pop(number or "", None)
            if waiting is not None and not waiting.done():
                waiting.set_result(packet)
        elif number is not None and number in self._lists:
            self._lists[number].append(packet)
            if packet.headers.get("EventList") == "Complete":
                self._complete(number)
        else:
            if self._events.full():
                self._events.get_nowait()
                _log.error("AMI event dropped", extra={"action": "ami_overrun"})
            self._events.put_nowait(packet)

    def _complete(self, number: str) -> None:
        waiting = self._waiting.pop(f"{number}-list", None)
        if waiting is not None and not waiting.done():
            waiting.set_result(self._lists[number][-1])

    def _lost(self) -> None:
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(PbxDown("the connection to AMI was lost"))
        self._waiting.clear()
        if self._events.full():
            self._events.get_nowait()
        self._events.put_nowait(None)

    async def events(self) -> AsyncIterator[Packet]:
        """Yield events in order until the connection is lost."""
        while (packet := await self._events.get()) is not None:
            yield packet

    async def action(self, name: str, **headers: str) -> Packet:
        """Do an action and return Asterisk's answer.

        Raises PbxDown when there is none, PbxRefused with Asterisk's words, BadInput for a line end in a value.
        """
        number = str(next(self._numbers))
        answer = await self._ask(number, name, headers)
        if answer.name == "Error":
            raise PbxRefused(f"AMI {name}: {answer.headers.get('Message', 'refused')}")
        return answer

    async def listed(self, name: str, **headers: str) -> list[Packet]:
        """Do an action that answers with a list of events and return them."""
        number = str(next(self._numbers))
        self._lists[number] = []
        done: asyncio.Future[Packet] = asyncio.get_running_loop().create_future()
        self._waiting[f"{number}-list"] = done
        try:
            answer = await self._ask(number, name, headers)
            if answer.name == "Error":
                return []  # Asterisk answers an empty list with an error
            async with asyncio.timeout(ANSWER_LIMIT_S):
                await done
            return self._lists[number][:-1]
        except TimeoutError:
            raise PbxDown(f"AMI did not finish {name}") from None
        finally:
            self._waiting.pop(f"{number}-list", None)
            del self._lists[number]

    async def _ask(self, number: str, name: str, headers: dict[str, str]) -> Packet:
        if self._client is None:
            raise PbxDown("not connected to AMI")
        action = Action(name, {"ActionID": number, **checked(name, headers)})
        waiting: asyncio.Future[Packet] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        try:
            await asyncio.to_thread(self._client.send, action)
            async with asyncio.timeout(ANSWER_LIMIT_S):
                return await waiting
        except (OSError, TimeoutError) as error:
            raise PbxDown(f"AMI did not answer {name} ({type(error).__name__})") from None
        finally:
            self._waiting.pop(number, None)

    async def close(self) -> None:
        """Close the connection; who waits gets PbxDown."""
        if self._client is not None:
            client, self._client = self._client, None
            await asyncio.to_thread(client.disconnect)
