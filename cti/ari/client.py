"""One connection to ARI: requests that wait for their answers and events in the order they came."""

import asyncio
import contextlib
import itertools
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec

from core import log
from core.errors import HotlineError
from core.tasks import TaskOwner
from cti.ari import wire
from cti.port import NoSuchChannel, PbxDown, PbxRefused, PbxTaken

_log = log.get(__name__)

_encode = msgspec.json.Encoder().encode
TakeEvent = Callable[[wire.AriEvent], None]
CLOSED = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED)

ANSWER_LIMIT_S = 5.0
"""Asterisk answers a request within milliseconds; one that takes longer will not be answered."""
UNREAD_REQUESTS = 16
"""With fewer requests unanswered all of them are in the kernel's buffers: sending the next cannot block."""
EVENTS_WAITING = 50_000
"""More events than this before anybody listens: the connection is given up and made anew."""
HEARTBEAT_S = 3.0
MEDIA_CLOSE_LIMIT_S = 0.5
"""A WebSocket of sound whose other end does not answer the close is left at that: its channel is ended anyway."""
NOT_THERE = (404, 410)
REST_OVER_WEBSOCKET = (20, 14), (21, 9), (22, 4)
"""First releases of each branch that take requests over the event WebSocket."""


@dataclass(frozen=True, slots=True)
class AriAddress:
    """Where ARI is and who we are there."""

    host: str
    port: int
    user: str
    password: str
    app: str = "hotline"

    @property
    def http(self) -> str:
        return f"http://{self.host}:{self.port}/ari"

    @property
    def media(self) -> str:
        return f"http://{self.host}:{self.port}/media"


_Answer = asyncio.Future[wire.Response]


class AriClient:
    """Speaks ARI. Connect, `listen`, call `request`; when `listen` ends, the connection is lost."""

    def __init__(self, address: AriAddress) -> None:
        self._address = address
        self._numbers = itertools.count(1)
        self._waiting: dict[str, tuple[float, _Answer]] = {}
        """Of each request until when, by the loop's clock, it is waited for, and what becomes its answer."""
        self._watch: asyncio.TimerHandle | None = None
        self._early: deque[wire.AriEvent] = deque()
        """What was said before anybody listened."""
        self._take_event: TakeEvent = self._keep
        self._over = asyncio.Event()
        self._end: PbxTaken | None = None
        self._tasks = TaskOwner("ari")
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self.over_websocket = True

    @property
    def connected(self) -> bool:
        return self._socket is not None and not self._socket.closed

    async def connect(self) -> None:
        """Open the WebSocket and set the event filter. Raises PbxDown with the cause."""
        await self.close()
        self._early.clear()
        self._take_event, self._over, self._end = self._keep, asyncio.Event(), None
        who = {"Authorization": aiohttp.encode_basic_auth(self._address.user, self._address.password)}
        self._http = aiohttp.ClientSession(headers=who, timeout=aiohttp.ClientTimeout(total=ANSWER_LIMIT_S))
        try:
            self.over_websocket = await self._version() >= min(REST_OVER_WEBSOCKET)
            self._socket = await self._http.ws_connect(
                f"{self._address.http}/events",
                params={"app": self._address.app, "subscribeAll": "false"},
                heartbeat=None if self.over_websocket else HEARTBEAT_S,
                max_msg_size=16 * 2**20,
            )
            self._tasks.start(self._read(self._socket), "read")
            if self.over_websocket:
                self._tasks.start(self._keep_alive(), "keep alive")
            allowed = [{"type": kind} for kind in wire.WANTED]
            await self.request("PUT", f"applications/{self._address.app}/eventFilter", body={"allowed": allowed})
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            await self.close()
            raise PbxDown(
                f"ARI at {self._where} does not answer ({str(error) or type(error).__name__}): "
                "is Asterisk running (`hotline asterisk status`) and is [asterisk] http_port right?"
            ) from None
        except HotlineError as error:
            await self.close()
            raise PbxDown(f"ARI at {self._where}: {error.message}") from None

    async def _keep_alive(self) -> None:
        """Ask now and then; no answer is the end of the connection.

        aiohttp's own heartbeat costs several steps for each piece of data that comes.
        """
        with contextlib.suppress(PbxDown):
            while True:
                await asyncio.sleep(HEARTBEAT_S)
                with contextlib.suppress(NoSuchChannel, PbxRefused):
                    await self.request("GET", "asterisk/ping")

    @property
    def _where(self) -> str:
        return f"{self._address.host}:{self._address.port}"

    async def _version(self) -> tuple[int, int]:
        assert self._http is not None
        async with self._http.get(f"{self._address.http}/asterisk/info", params={"only": "system"}) as answer:
            if answer.status == 401:
                raise PbxDown("user name or password refused: render the configuration and reload Asterisk")
            answer.raise_for_status()
            parts = str((await answer.json())["system"]["version"]).split(".")
        try:
            major, minor = int(parts[0]), int(parts[1])
        except (ValueError, IndexError):
            return 0, 0  # built from a branch or certified: plain HTTP is understood by each
        first = dict(REST_OVER_WEBSOCKET).get(major)
        return (major, minor) if first is None or minor >= first else (0, 0)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            while (frame := await socket.receive()).type not in CLOSED:
                if frame.type is aiohttp.WSMsgType.TEXT:
                    self._take(frame.data)
        except asyncio.QueueFull:
            _log.error("too many unread events", extra={"action": "ari_overrun"})
        except PbxTaken as taken:
            self._end = taken
        finally:
            self._lost()
            await socket.close()

    def _take(self, text: str) -> None:
        try:
            event = wire.parse(text)
        except wire.NotAMessage:
            _log.debug("unknown ARI message", extra={"action": "ari_unknown"})
            return
        if isinstance(event, wire.Response):
            asked = self._waiting.pop(event.request_id, None)
            if asked is not None and not asked[1].done():
                asked[1].set_result(event)
        else:
            self._take_event(event)

    def _keep(self, event: wire.AriEvent) -> None:
        if len(self._early) >= EVENTS_WAITING:
            raise asyncio.QueueFull
        self._early.append(event)

    def _lost(self) -> None:
        for _, answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(PbxDown("the connection to ARI was lost"))
        self._waiting.clear()
        self._over.set()

    async def listen(self, take: TakeEvent) -> None:
        """Give `take` the events in order until the connection is lost, each as it is read; those kept so far first.

        Raises PbxTaken when `take` does.
        """
        while self._early:
            take(self._early.popleft())
        # Called by whoever reads, without a queue: every message of every call comes this way.
        self._take_event = take
        await self._over.wait()
        if self._end is not None:
            raise self._end

    async def request(self, method: str, uri: str, body: Any = None, **query: str | int) -> str:
        """Ask for something and return the body of the answer: JSON, or empty.

        Raises NoSuchChannel when what `uri` names is gone, PbxDown when there is no answer, and
        PbxRefused with Asterisk's words for everything else that is not a success.
        """
        if not self.connected:
            raise PbxDown("not connected to ARI")
        try:
            if self.over_websocket:
                answer = await self._ask_socket(method, uri, body, query)
            else:
                answer = await self._ask_http(method, uri, body, query)
        except (TimeoutError, aiohttp.ClientError, ConnectionError) as error:
            self._give_up()
            raise PbxDown(f"ARI did not answer {method} {uri} ({type(error).__name__})") from None
        status, text = answer.status_code, answer.message_body
        if status in NOT_THERE:
            raise NoSuchChannel(f"{uri}: {_words(answer)}")
        if status >= 300:
            raise PbxRefused(f"{method} {uri}: {status} {_words(answer)}", status=status)
        return text

    async def tell(self, method: str, uri: str) -> None:
        """Ask for something that nobody waits for: it is done before whatever is asked for afterwards.

        What `uri` names may be gone; what else goes wrong is logged. Raises PbxDown when it cannot be sent.
        """
        if not self.over_websocket:
            with contextlib.suppress(NoSuchChannel):
                await self.request(method, uri)
            return
        if not self.connected:
            raise PbxDown("not connected to ARI")
        ask, answer = self._begin(method, uri, None, {})
        answer.add_done_callback(self._told)
        try:
            await self._send(ask)
        except (TimeoutError, aiohttp.ClientError, ConnectionError) as error:
            self._give_up()
            raise PbxDown(f"ARI takes no request ({type(error).__name__})") from None

    def _told(self, answer: _Answer) -> None:
        error = None if answer.cancelled() else answer.exception()
        if isinstance(error, TimeoutError):
            self._give_up()
        if error is None and (status := answer.result().status_code) >= 300 and status not in NOT_THERE:
            _log.warning("ARI refused", extra={"action": "ari_refused", "status": status})

    def _give_up(self) -> None:
        # Whoever asked takes the PBX as lost, so it must be lost for all: everyone is then adopted anew.
        if self._socket is not None:
            self._tasks.start(self._socket.close(), "give up")

    def _begin(self, method: str, uri: str, body: Any, query: Mapping[str, str | int]) -> tuple[wire.Request, _Answer]:
        """Return a request to be sent and what becomes its answer."""
        loop = asyncio.get_running_loop()
        ask, answer = wire.request(str(next(self._numbers)), method, uri, body, query), loop.create_future()
        self._waiting[ask.request_id] = loop.time() + ANSWER_LIMIT_S, answer
        if self._watch is None:
            self._watch_over(loop)
        return ask, answer

    async def _ask_socket(self, method: str, uri: str, body: Any, query: Mapping[str, str | int]) -> wire.Response:
        ask, answer = self._begin(method, uri, body, query)
        try:
            await self._send(ask)
            return await answer
        finally:
            self._waiting.pop(ask.request_id, None)

    async def _send(self, ask: wire.Request) -> None:
        assert self._socket is not None
        text = _encode(ask).decode()
        if len(self._waiting) < UNREAD_REQUESTS:
            return await self._socket.send_str(text)
        async with asyncio.timeout(ANSWER_LIMIT_S):
            await self._socket.send_str(text)

    def _watch_over(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let requests without an answer fail in time: one timer for all, because most are answered in a moment."""
        if (oldest := next(iter(self._waiting.values()), None)) is not None:
            self._watch = loop.call_at(oldest[0], self._overdue, loop)

    def _overdue(self, loop: asyncio.AbstractEventLoop) -> None:
        self._watch = None
        for number, (until, answer) in list(self._waiting.items()):
            if until > loop.time():
                break
            del self._waiting[number]
            if not answer.done():
                answer.set_exception(TimeoutError())
        self._watch_over(loop)

    async def _ask_http(self, method: str, uri: str, body: Any, query: Mapping[str, str | int]) -> wire.Response:
        assert self._http is not None
        # Not wait_for: before Python 3.12 it forgets a cancellation (a hang-up) that comes with the answer.
        async with (
            asyncio.timeout(ANSWER_LIMIT_S),
            self._http.request(method, f"{self._address.http}/{uri}", params=query, json=body) as answer,
        ):
            text = await answer.text()
            reason = answer.reason or ""
            return wire.Response(request_id="", status_code=answer.status, reason_phrase=reason, message_body=text)

    async def fetch(self, uri: str) -> bytes:
        """Return the bytes of what `uri` names. Raises NoSuchChannel, PbxRefused, PbxDown."""
        if self._http is None:
            raise PbxDown("not connected to ARI")
        try:
            async with self._http.get(f"{self._address.http}/{uri}") as answer:
                if answer.status in NOT_THERE:
                    raise NoSuchChannel(f"{uri}: {answer.reason}")
                if answer.status >= 300:
                    raise PbxRefused(f"GET {uri}: {answer.status} {answer.reason}", status=answer.status)
                return await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise PbxDown(f"ARI did not answer GET {uri} ({type(error).__name__})") from None

    async def media(self, connection_id: str) -> aiohttp.ClientWebSocketResponse:
        """Open the WebSocket that carries the sound of an external media channel. Raises PbxRefused, PbxDown."""
        if self._http is None:
            raise PbxDown("not connected to ARI")
        try:
            limit = aiohttp.ClientWSTimeout(ws_close=MEDIA_CLOSE_LIMIT_S)
            return await self._http.ws_connect(f"{self._address.media}/{connection_id}", timeout=limit)
        except aiohttp.WSServerHandshakeError as error:
            raise PbxRefused(f"media WebSocket: {error.status} {error.message}", status=error.status) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise PbxDown(f"media WebSocket at {self._where} does not answer ({type(error).__name__})") from None

    async def close(self) -> None:
        """Close the connection; requests that wait get PbxDown."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._socket is not None:
            await self._socket.close()
            self._socket = None
        await self._tasks.close()
        if self._http is not None:
            await self._http.close()
            self._http = None


def _words(answer: wire.Response) -> str:
    try:
        return str(json.loads(answer.message_body)["message"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase
