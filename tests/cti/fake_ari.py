"""An Asterisk on the wire without sound: ARI over WebSocket and HTTP, channels, bridges, playbacks, hang-ups.

What it answers is held to the real one by the contract tests, which run the same against both.
"""

import asyncio
import itertools
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from cti.ari.client import AriAddress

USER, PASSWORD = "hotline", "a password of the fake"
NORMAL = 16
FRAME = 320
"""Bytes of 20 ms of sound."""
Answer = tuple[int, Any]


@dataclass(slots=True)
class FakeChannel:
    """A channel; `in_app` when it is in Stasis, so under our control."""

    id: str
    caller: str = ""
    number: str = ""
    state: str = "Ring"
    in_app: bool = True
    music: bool = False
    muted: bool = False
    ringback: bool = False
    told: list[str] = field(default_factory=list)
    """What the phone was told of its wish to hand the other side on."""
    variables: dict[str, str] = field(default_factory=dict)
    digits: str = ""
    snooped: str = ""
    """The channel that this one listens to."""
    connection: str = ""
    """The id of the WebSocket that carries the sound of this channel."""
    phone: str = "trunk"

    def shown(self, app: str) -> dict[str, Any]:
        where = {"app_name": "Stasis", "app_data": app} if self.in_app else {"app_name": "AppDial2", "app_data": ""}
        return {
            "id": self.id,
            "name": f"PJSIP/{self.phone}-00000001",
            "state": self.state,
            "caller": {"name": "", "number": self.caller},
            "dialplan": {"context": "from-trunk", "exten": self.number, **where},
            "channelvars": self.variables,
        }


class FakeAri:
    """Start it with `async with`; make things happen with `arrive`, `press`, `phone_hangs_up`, `pick_up`, `ring`."""

    def __init__(self, version: str = "22.10.1", *, busy: float = 0.0) -> None:
        self.version, self.busy = version, busy
        self.channels: dict[str, FakeChannel] = {}
        self.bridges: dict[str, set[str]] = {}
        self.playbacks: dict[str, tuple[str, list[str]]] = {}
        self.asked: list[tuple[str, str]] = []
        """Every request as method and URI, in order."""
        self.allowed: set[str] | None = None
        self.phones: set[str] = {"seat1001", "seat1002", "seat1003", "seat1005", "seat1006"}
        self.endpoints: dict[str, str] = {}
        """The phone that each dialled channel leads to."""
        self.deaf = False
        """Requests are read and never answered; `unheard` counts them."""
        self.unheard = 0
        self.refused: set[tuple[str, str]] = set()
        """Requests (method and URI) that are answered with an error of the server, each once."""
        self.plays_by_itself = True
        self.gone_at_add: str | None = None
        """A channel whose phone hangs up just before it would be put into a bridge."""
        self.closed = 0
        self.over_http = 0
        self.hears = True
        """Whether chan_websocket is loaded."""
        self.speaking: dict[str, bytes] = {}
        """What each caller's phone still sends, 16-bit little-endian at 8 kHz; else silence."""
        self.media: dict[str, web.WebSocketResponse] = {}
        """Open WebSockets that carry sound, by the id of their channel."""
        self._numbers = itertools.count(1)
        self._sockets: set[web.WebSocketResponse] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        app = web.Application()
        app.router.add_get("/ari/events", self._events)
        app.router.add_get("/ari/asterisk/info", self._info)
        app.router.add_get("/media/{connection}", self._media)
        app.router.add_route("*", "/ari/{uri:.*}", self._http)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5)

    async def __aenter__(self) -> "FakeAri":
        await self._runner.setup()
        await self._listen()
        return self

    async def _listen(self) -> None:
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def __aexit__(self, *_: object) -> None:
        await self.drop()
        for task in list(self._tasks):
            task.cancel()
        await self._runner.cleanup()

    @property
    def address(self) -> AriAddress:
        return AriAddress("127.0.0.1", self.port, USER, PASSWORD)

    async def drop(self) -> None:
        """Lose every connection, as a network or a crash does."""
        for socket in list(self._sockets):
            await socket.close()

    def there(self, channel_id: str, *, state: str = "Up", in_app: bool = True) -> FakeChannel:
        """A channel that was there before anybody connected."""
        channel = FakeChannel(channel_id, "13800000001", "95598", state, in_app)
        self.channels[channel_id] = channel
        return channel

    def changes(self) -> list[tuple[str, str]]:
        """What was asked that changes something."""
        return [(method, uri) for method, uri in self.asked if method != "GET" and "eventFilter" not in uri]

    # --- what a test makes happen ---------------------------------------------------------------

    def arrive(self, caller: str = "13800000001", number: str = "95598", channel_id: str = "") -> str:
        """A caller's INVITE reaches Stasis; returns the channel's id."""
        channel = FakeChannel(channel_id or f"trunk-{next(self._numbers)}.0", caller, number)
        self.channels[channel.id] = channel
        self.tell("StasisStart", channel, args=["arrived"])
        return channel.id

    def press(self, channel_id: str, digits: str) -> None:
        for digit in digits:
            self.tell("ChannelDtmfReceived", self.channels[channel_id], digit=digit)

    def ring(self, channel_id: str) -> None:
        """The phone of a dialled channel rings."""
        self.channels[channel_id].state = "Ringing"
        self.tell("ChannelStateChange", self.channels[channel_id])

    def pick_up(self, channel_id: str) -> None:
        """The phone of a dialled channel is taken off."""
        channel = self.channels[channel_id]
        channel.state, channel.in_app = "Up", True
        self.tell("StasisStart", channel, args=["seat"])

    def phone_hangs_up(self, channel_id: str, cause: int = NORMAL) -> None:
        """A phone hangs up, rejects, or is given up: said in the three events of Asterisk."""
        channel = self.channels.pop(channel_id, None)
        if channel is None:
            return
        for members in self.bridges.values():
            members.discard(channel_id)
        if channel_id in self.media:
            self._start(self.media.pop(channel_id).close())
        for snoop in [c.id for c in self.channels.values() if c.snooped == channel_id]:
            self.phone_hangs_up(snoop)
        if channel.in_app:
            self.tell("ChannelHangupRequest", channel, cause=cause)
        for playback in [p for p, (owner, _) in self.playbacks.items() if owner == channel_id]:
            self.finish(playback, "failed")
        if channel.in_app:
            self.tell("StasisEnd", channel)
        self.tell("ChannelDestroyed", channel, cause=cause, cause_txt="")

    def refer(self, channel_id: str, to: str, attended: bool = False) -> None:
        """The transfer key of a phone: said only where the channel was made so."""
        channel = self.channels[channel_id]
        if channel.variables.get("PJSIP_TRANSFER_HANDLING()") == "ari-only":
            self._tell_of_refer(channel, {"protocol_id": "x"} if attended else {"destination": to})

    def _tell_of_refer(self, channel: FakeChannel, to: dict[str, str], **more: str) -> None:
        by = {"source_channel": channel.shown("hotline,seat")}
        self._send({"type": "ChannelTransfer", "refer_to": {"requested_destination": to}, "referred_by": by, **more})

    def hold_by_phone(self, channel_id: str, *, on: bool) -> None:
        """The hold key of a phone."""
        self.tell("ChannelHold" if on else "ChannelUnhold", self.channels[channel_id])

    def vanish(self, channel_id: str) -> None:
        """A channel ends and Asterisk tells nobody."""
        del self.channels[channel_id]
        for members in self.bridges.values():
            members.discard(channel_id)

    def finish(self, playback_id: str, state: str = "done") -> None:
        """A playback is over."""
        if self.playbacks.pop(playback_id, None) is not None:
            self._send({"type": "PlaybackFinished", "playback": {"id": playback_id, "state": state}})

    def tell(self, kind: str, channel: FakeChannel, **more: Any) -> None:
        self._send({"type": kind, "application": "hotline", "channel": channel.shown("hotline,arrived"), **more})

    def say(self, text: str) -> None:
        """Send any text to whoever listens."""
        for socket in self._sockets:
            self._start(socket.send_str(text))

    def _send(self, message: dict[str, Any]) -> None:
        if self.allowed is None or message["type"] in self.allowed:
            self.say(json.dumps(message))

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(_quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- the wire -------------------------------------------------------------------------------

    def _let_in(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != aiohttp.encode_basic_auth(USER, PASSWORD):
            raise web.HTTPUnauthorized()

    async def _info(self, request: web.Request) -> web.Response:
        self._let_in(request)
        return web.json_response({"system": {"version": self.version, "entity_id": "00:00"}})

    async def _events(self, request: web.Request) -> web.WebSocketResponse:
        self._let_in(request)
        for other in list(self._sockets):  # a second connection takes the name of the application over
            await other.send_str(json.dumps({"type": "ApplicationReplaced", "application": "hotline"}))
            await other.close()
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            async for frame in socket:
                message = json.loads(frame.data)
                if self.deaf:
                    self.unheard += 1
                else:
                    await self._rest(socket, message)
        finally:
            self._sockets.discard(socket)
            self.closed += 1
        return socket

    async def _media(self, request: web.Request) -> web.WebSocketResponse:
        """Carry the sound of the caller in the bridge to whoever knows the id of the connection."""
        wanted = request.match_info["connection"]
        channel = next((c for c in self.channels.values() if c.connection and c.connection == wanted), None)
        if channel is None:
            raise web.HTTPNotFound()
        if channel.id in self.media:
            raise web.HTTPConflict()
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.media[channel.id] = socket
        await socket.send_str(f"MEDIA_START connection_id:{wanted} format:slin optimal_frame_size:{FRAME}")
        channel.state = "Up"
        self._start(self._send_sound(channel.id, socket))
        async for _ in socket:
            pass
        self.media.pop(channel.id, None)
        self.phone_hangs_up(channel.id)
        return socket

    async def _send_sound(self, media_id: str, socket: web.WebSocketResponse) -> None:
        while not socket.closed:
            together = next((m for m in self.bridges.values() if media_id in m), set())
            heard = {self.channels[one].snooped for one in together if one in self.channels} - {""}
            if heard:
                (caller,) = heard
                sound = self.speaking.get(caller, b"")
                self.speaking[caller] = sound[FRAME:]
                await socket.send_bytes(sound[:FRAME].ljust(FRAME, b"\0"))
            await asyncio.sleep(0.02)

    async def _rest(self, socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        assert message["type"] == "RESTRequest"
        query = {q["name"]: q["value"] for q in message.get("query_strings", [])}
        body = json.loads(message["message_body"]) if "message_body" in message else None
        status, answer = await self._do(message["method"], message["uri"], query, body)
        if self.allowed is not None and "RESTResponse" not in self.allowed:
            return
        out = {
            "type": "RESTResponse",
            "request_id": message["request_id"],
            "status_code": status,
            "reason_phrase": "",
            "message_body": "" if answer is None else json.dumps(answer),
        }
        await socket.send_str(json.dumps(out))

    async def _http(self, request: web.Request) -> web.Response:
        self._let_in(request)
        self.over_http += 1
        body = await request.json() if request.can_read_body else None
        status, answer = await self._do(request.method, request.match_info["uri"], dict(request.query), body)
        return web.Response(status=status) if answer is None else web.json_response(answer, status=status)

    async def _do(self, method: str, uri: str, query: dict[str, str], body: Any) -> Answer:
        self.asked.append((method, uri))
        if self.busy:
            await asyncio.sleep(self.busy)
        if (method, uri) in self.refused:
            self.refused.remove((method, uri))
            return 500, "Internal Server Error"
        room, *rest = uri.split("/")
        status, answer = {
            "asterisk": lambda *_: (200, {"ping": "pong"}),
            "applications": self._application,
            "channels": self._channel,
            "bridges": self._bridge,
            "playbacks": self._playback,
        }[room](method, rest, query, body)
        return status, {"message": answer} if isinstance(answer, str) else answer

    # --- what is asked of it -----------------------------------------------------------------------

    def _application(self, method: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        self.allowed = {kind["type"] for kind in body["allowed"]}
        return 200, {"name": rest[0]}

    def _channel(self, method: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        if not rest:
            return 200, [channel.shown("hotline,arrived") for channel in self.channels.values()]
        channel_id, *what = rest
        if channel_id == "externalMedia":
            return self._external_media(query)
        if method == "POST" and not what:
            return self._originate(channel_id, body)
        channel = self.channels.get(channel_id)
        if channel is None:
            return 404, "Channel not found"
        if not what:
            self.phone_hangs_up(channel_id, int(query.get("reason_code", NORMAL)))
        elif what[0] == "answer":
            channel.state = "Up"
        elif what[0] == "transfer_progress":
            channel.told.append(query["states"])
            self._tell_of_refer(channel, {}, state=query["states"])
        elif what[0] == "mute":
            channel.muted = method == "POST"
        elif what[0] == "ring":
            channel.ringback = method == "POST"
        elif what[0] == "moh":
            channel.music = method == "POST"
        elif what[0] == "dtmf":
            channel.digits += query["dtmf"]
        elif what[0] == "snoop":
            return self._snoop(channel_id, what[1])
        elif what[0] == "play":
            return self._play(channel_id, what[1], body["media"])
        return 204, None

    def _originate(self, channel_id: str, body: dict[str, Any]) -> Answer:
        if any(one.startswith(channel_id) for one in self.channels):  # as 22.10.1 does, not only the same id
            return 409, "Channel with given unique ID already exists"
        name = body["endpoint"].removeprefix("PJSIP/")
        name, _, trunk = name.partition("@")
        channel = FakeChannel(
            channel_id, body.get("callerId", ""), "", "Down", False, variables=body["variables"], phone=name
        )
        self.endpoints[channel_id] = name
        if trunk or name in self.phones:
            self.channels[channel_id] = channel
        else:
            return 500, None
        return 200, channel.shown("hotline,arrived")

    def _snoop(self, channel_id: str, snoop_id: str) -> Answer:
        snoop = FakeChannel(snoop_id, state="Up", in_app=False, snooped=channel_id)
        return self._handed_over_later(snoop)

    def _external_media(self, query: dict[str, str]) -> Answer:
        if not self.hears:
            return 500, "Internal Server Error"
        media = FakeChannel(query["channelId"], state="Down", in_app=False, connection=uuid.uuid4().hex)
        media.variables = {"MEDIA_WEBSOCKET_CONNECTION_ID": media.connection}
        return self._handed_over_later(media)

    def _handed_over_later(self, channel: FakeChannel) -> Answer:
        """A channel made on request comes into Stasis a moment after the answer."""
        self.channels[channel.id] = channel

        def enter() -> None:
            if channel.id in self.channels:
                channel.in_app = True
                self.tell("StasisStart", channel, args=["ear"])

        asyncio.get_running_loop().call_later(0.005, enter)
        return 200, channel.shown("hotline,ear")

    def _play(self, channel_id: str, playback_id: str, media: list[str]) -> Answer:
        if playback_id in self.playbacks:
            return 409, "Playback with id exists"
        self.playbacks[playback_id] = channel_id, media
        if self.plays_by_itself:
            missing = any("missing" in one for one in media)
            asyncio.get_running_loop().call_soon(self.finish, playback_id, "failed" if missing else "done")
        return 201, {"id": playback_id, "state": "queued"}

    def _playback(self, method: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        if rest[0] not in self.playbacks:
            return 404, "Playback not found"
        self.finish(rest[0])
        return 204, None

    def _bridge(self, method: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        if not rest:
            return 200, [{"id": b, "channels": sorted(members)} for b, members in self.bridges.items()]
        bridge_id, *what = rest
        if method == "POST" and not what:
            if bridge_id in self.bridges:
                return 409, "Bridge with given id already exists"
            self.bridges[bridge_id] = set()
            return 200, {"id": bridge_id}
        if bridge_id not in self.bridges:
            return 404, "Bridge not found"
        if method == "DELETE":
            del self.bridges[bridge_id]
            return 204, None
        if what[0] == "play":
            return self._play(bridge_id, what[1], body["media"])
        wanted = query["channel"].split(",")
        if self.gone_at_add in wanted:
            self.phone_hangs_up(self.gone_at_add)
        if any(one not in self.channels for one in wanted):
            return 400, "Channel not found"
        if what[0] == "addChannel":
            if not all(self.channels[one].in_app for one in wanted):
                return 409, "Channel not in Stasis application"
            for members in self.bridges.values():
                members.difference_update(wanted)
            self.bridges[bridge_id].update(wanted)
        elif any(one not in self.bridges[bridge_id] for one in wanted):
            return 422, "Channel not in this bridge"
        else:
            self.bridges[bridge_id].difference_update(wanted)
        return 204, None


async def _quietly(work: Any) -> None:
    try:
        await work
    except (ConnectionError, RuntimeError):
        return
