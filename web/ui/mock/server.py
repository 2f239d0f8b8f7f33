"""A stand-in for the service, to look at the desktop and to test it: it says what a test lets it say.

`web.ui.mock.day` plays a day with it.
"""

import io
import json
import math
import struct
import wave
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from aiohttp import WSMsgType, web

from agents import reasons, results
from web.ui.mock import data
from web.ui.mock.customers import Customers
from web.ui.mock.data import Json
from web.ui.mock.floor import Floor
from web.ui.mock.shift import Shift
from web.ui.mock.steering import Steering
from web.ui.mock.work import WorkArea

SIGNED_OUT = 4401
"""docs/reference/desktop-socket.md"""
POLICY = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'"


class MockCentre:
    """One agent's centre. `say` numbers a message, keeps it for `since` and sends it to the open sockets."""

    def __init__(self, dist: Path) -> None:
        self.dist = dist
        self.agent: Json = {"id": "ag1", "state": "not_ready", "reason": None, "cause": "signed_in"}
        self.agent |= {"since": data.ago(seconds=5), "wrap_up_ends_at": None}
        self.seat: Json | None = dict(data.SEAT)
        self.user: Json = dict(data.USER)
        self.bound = True
        self.call: Json | None = None
        self.pop: Json | None = None
        self.queues = data.QUEUES
        self.past = data.past_calls(120)
        self.parked: list[Json] = []
        self.colleagues: list[Json] = list(data.COLLEAGUES)
        self.posted: list[Json] = []
        """Bodies of what was asked by POST."""
        self.live: list[Json] | None = None
        """The live calls; None: those of the floor."""
        self.work = WorkArea()
        self.customers = Customers(self._show_pop)
        self.shift = Shift()
        self.floor = Floor()
        self.steering = Steering(lambda: (self.floor, self.user["id"]))
        self.uncounted = False
        """Today is not counted yet, so there is no wallboard."""
        self.seq = 1000
        self.kept: list[Json] = []
        self.sockets: set[web.WebSocketResponse] = set()
        self.opened: list[dict[str, str]] = []
        self.commands: list[Json] = []
        self.signed_in = False
        self.silent = False
        """Answer nothing on the socket, as a dead line does."""
        self.removed_results: set[str] = set()
        """Codes that are no longer in the list."""
        self.closed = False
        """Refuse new sockets."""
        self.refuse_next: Json | None = None
        self.runner: web.AppRunner | None = None
        self.address = ""

    async def __aenter__(self) -> Self:
        return await self.start(0)

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, port: int) -> Self:
        """Listen on 127.0.0.1 (0: a free port)."""
        app = web.Application()
        for method, path, handler in self._routes():
            app.router.add_route(method, path, handler)
        app.on_response_prepare.append(_add_policy)
        self.runner = web.AppRunner(app, shutdown_timeout=0.5)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", port)
        await site.start()
        self.address = f"http://127.0.0.1:{self.runner.addresses[0][1]}"
        return self

    async def stop(self) -> None:
        """Close everything."""
        await self.drop_sockets()
        if self.runner is not None:
            await self.runner.cleanup()

    async def drop_sockets(self) -> None:
        """Break the line to every open desktop."""
        for socket in tuple(self.sockets):
            await socket.close()

    async def expire(self) -> None:
        """End the session: every line is closed with the code that says so."""
        self.signed_in = False
        for socket in tuple(self.sockets):
            await socket.close(code=SIGNED_OUT)

    # What a test lets it say -----------------------------------------------------------------

    async def say(self, kind: str, **fields: Any) -> Json:
        """Send a numbered message."""
        self.seq += 1
        message = {"type": kind, "seq": self.seq, "at": data.now().isoformat(), **fields}
        self.kept.append(message)
        await self._send(message)
        return message

    async def be(self, state: str, **fields: Any) -> None:
        """Change the agent's state."""
        self.agent = {"id": "ag1", "state": state, "reason": None, "cause": None, "since": data.now().isoformat()}
        self.agent |= {"wrap_up_ends_at": None, **fields}
        if state in ("ready", "not_ready", "logged_out"):
            self.call = self.pop = None
        rest = {name: value for name, value in self.agent.items() if name != "id"}
        await self.say("agent_state", agent_id="ag1", **rest)

    async def ring(self, pop: Json) -> None:
        """Let a call ring: reserved, pop, ringing."""
        await self.be("reserved")
        self.pop = pop
        await self.say("screen_pop", **pop)
        await self.move(data.call(pop["call_id"], pop["caller"]))
        await self.be("ringing")

    async def _show_pop(self, changed: Json) -> None:
        self.pop = {**(self.pop or {}), **changed}
        await self.say("screen_pop", **self.pop)

    async def move(self, call: Json) -> None:
        """Tell the call as it is now."""
        self.call = call
        await self.say("call_state", call=call)

    async def answer(self) -> None:
        """Take the phone off."""
        assert self.call is not None
        await self.move({**self.call, "state": "talking", "talking_at": data.now().isoformat()})
        await self.be("talking")

    async def finish(self, seconds: float | None = 30) -> None:
        """End the talk; wrap-up ends by itself in `seconds`."""
        assert self.call is not None
        await self.move({**self.call, "state": "ended", "ended_at": data.now().isoformat(), "ended_by": "caller"})
        ends = None if seconds is None else (data.now() + timedelta(seconds=seconds)).isoformat()
        await self.be("wrap_up", wrap_up_ends_at=ends)

    async def miss(self) -> None:
        """Let the ringing time out."""
        assert self.call is not None
        await self.move({**self.call, "state": "queued", "agent_id": None, "seat_id": None})
        await self.be("not_ready", cause="no_answer")

    async def count(self, queues: list[Json]) -> None:
        """Send the queues' figures."""
        self.queues = queues
        await self.say("queue_stats", queues=queues)

    async def phone(self, registered: bool) -> None:
        """Register the seat's phone, or lose it."""
        assert self.seat is not None
        self.seat = {**self.seat, "registered": registered}
        await self.say("seat_state", seat=self.seat)

    # HTTP and WebSocket ---------------------------------------------------------------------------

    def _routes(self) -> list[tuple[str, str, Any]]:
        api = "/api/v1"
        return [
            ("POST", f"{api}/session", self._sign_in),
            ("GET", f"{api}/session", self._session),
            ("DELETE", f"{api}/session", self._sign_out),
            ("GET", f"{api}/seats", self._items(lambda: data.SEATS)),
            ("GET", f"{api}/agents", self._items(self._agents)),
            ("GET", f"{api}/scripts", self._items(data.scripts)),
            ("GET", f"{api}/parked", self._items(lambda: self.parked)),
            ("POST", f"{api}/blocked-numbers", self._block),
            ("POST", f"{api}/calls", self._dial),
            ("GET", f"{api}/calls", self._calls),
            ("GET", f"{api}/calls/{{id}}/timeline", self._timeline),
            ("GET", f"{api}/recordings/{{id}}/audio", _audio),
            ("GET", f"{api}/desktop", self._desktop),
            *self.work.routes(),
            *self.customers.routes(),
            *self.shift.routes(),
            ("GET", f"{api}/wallboard", self._wallboard),
            *self.steering.routes(),
            ("GET", "/{path:.*}", self._page),
        ]

    async def _sign_in(self, request: web.Request) -> web.Response:
        given = await request.json()
        if given["password"] == "wrong":  # noqa: S105 - the one that the test of a failed sign-in gives
            return _error(401, "bad_credentials")
        self.signed_in = True
        return web.json_response({"token": "t", "user": self.user}, status=201)

    async def _session(self, _: web.Request) -> web.Response:
        if not self.signed_in:
            return _error(401, "not_signed_in")
        return web.json_response({"user": self.user, "seat": self.seat if self.bound else None})

    async def _sign_out(self, _: web.Request) -> web.Response:
        self.signed_in = False
        return web.Response(status=204)

    def _items(self, items: Any) -> Any:
        async def handler(_: web.Request) -> web.Response:
            return web.json_response({"items": items()})

        return handler

    def _agents(self) -> list[Json]:
        row = {**self.user, **self.agent, "seat_id": "seat1001", "seat_registered": True, "call_id": None}
        return [row, *self.colleagues]

    async def _block(self, request: web.Request) -> web.Response:
        self.posted.append(await request.json())
        return web.json_response({"until": data.ago(days=-3)}, status=201)

    async def _dial(self, request: web.Request) -> web.Response:
        given = await request.json()
        self.posted.append(given)
        number = given.get("number", "13912340009")
        if number.startswith("00"):
            return _error(403, "number_not_permitted")
        call_id = f"out{len(self.posted)}"
        await self.be("reserved", cause="dials")
        placed = data.call(call_id, number, direction="outbound", state="placed", queue=None, queued_at=None)
        await self.move(placed)
        await self.be("ringing")
        return web.json_response({"id": call_id}, status=201)

    async def _wallboard(self, _: web.Request) -> web.Response:
        if not self.signed_in:
            return _error(401, "not_signed_in")
        if self.uncounted or self.closed:
            return _error(503, "not_counted" if self.uncounted else "unavailable")
        return web.json_response(self.floor.wallboard())

    async def _calls(self, request: web.Request) -> web.Response:
        if request.query.get("state") == "live":
            live = self.floor.calls() if self.live is None else self.live
            start, limit = int(request.query.get("cursor", "0")), int(request.query.get("limit", "50"))
            following = str(start + limit) if start + limit < len(live) else None
            return web.json_response({"items": live[start : start + limit], "next_cursor": following})
        wanted = request.query.get("caller", "")
        whose = request.query.get("agent")
        rows = [one for one in self.past if wanted in one["caller"] and whose in (None, one["agent_id"])]
        start, limit = int(request.query.get("cursor", "0")), int(request.query.get("limit", "50"))
        following = str(start + limit) if start + limit < len(rows) else None
        return web.json_response({"items": rows[start : start + limit], "next_cursor": following})

    async def _timeline(self, request: web.Request) -> web.Response:
        return web.json_response({"items": data.timeline(request.match_info["id"])})

    async def _desktop(self, request: web.Request) -> web.StreamResponse:
        if self.closed or not self.signed_in:
            return _error(503, "unavailable") if self.closed else _error(401, "not_signed_in")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.opened.append(dict(request.query))
        self.sockets.add(socket)
        try:
            await self._greet(socket, request.query.get("since"))
            async for message in socket:
                if message.type == WSMsgType.TEXT and not self.silent:
                    await self._heard(socket, json.loads(message.data))
        finally:
            self.sockets.discard(socket)
        return socket

    async def _greet(self, socket: web.WebSocketResponse, since: str | None) -> None:
        first = self.kept[0]["seq"] if self.kept else self.seq + 1
        if since is not None and first - 1 <= int(since) <= self.seq:
            for message in [one for one in self.kept if one["seq"] > int(since)]:
                await socket.send_json(message)
            return
        await socket.send_json(self._hello())

    def _hello(self) -> Json:
        at = data.now().isoformat()
        return {
            "type": "hello",
            "seq": self.seq,
            "at": at,
            "server_time": at,
            "user": self.user,
            "seat": self.seat,
            "agent": self.agent,
            "call": self.call,
            "pop": self.pop,
            "queues": self.queues,
            "site": {"name": "供电服务热线", "timezone": "Asia/Shanghai", "outbound_number": "95598"},
            "not_ready_reasons": data.choices(reasons.load()),
            "result_codes": [one for one in data.choices(results.load()) if one["code"] not in self.removed_results],
        }

    async def _heard(self, socket: web.WebSocketResponse, command: Json) -> None:
        head = {"seq": self.seq, "at": data.now().isoformat(), "id": command.get("id")}
        if command["type"] == "ping":
            await socket.send_json({"type": "pong", **head})
            return
        self.commands.append(command)
        if self.refuse_next is not None:
            await socket.send_json({"type": "error", **head, "error": self.refuse_next})
            self.refuse_next = None
            return
        await socket.send_json({"type": "ok", **head})
        await self._obey(command)

    async def _obey(self, command: Json) -> None:
        match command["type"]:
            case "state":
                await self.be(command["state"], reason=command.get("reason"))
            case "hold" | "resume" if self.call is not None:
                state = "held" if command["type"] == "hold" else "talking"
                await self.move({**self.call, "state": state, "silence": None})
            case "silent-script" if self.call is not None:
                await self.move({**self.call, "silence": "script", "silent_prompt": 1})
            case "mute" if self.call is not None:
                await self.move({**self.call, "muted": command["on"]})
            case "consult" if self.call is not None:
                await self._consult(self.call, command)
            case "conference" if self.call is not None and command["do"] == "join":
                await self.move({**self.call, "state": "talking", "third": {**self.call["third"], "state": "joined"}})
            case "answer":
                await self.answer()
            case "identify":
                await self.customers.identify(command)
            case "pickup":
                self.parked = [one for one in self.parked if one["call_id"] != command["call_id"]]
                await self.say("parked", items=self.parked)
            case "hangup" | "transfer" | "park" | "conference":
                await self.finish()
            case "nuisance" if command["do"] == "release":
                await self.finish()
            case "wrap-up":
                await self.be("ready")

    async def _consult(self, call: Json, command: Json) -> None:
        match command.get("do", "start"):
            case "start":
                third = {"state": "ringing", "agent_id": command.get("agent"), "number": command.get("number")}
                await self.move({**call, "state": "held", "third": third})
            case "swap":
                away = call["third"]["state"] == "talking"
                third = {**call["third"], "state": "held" if away else "talking"}
                await self.move({**call, "state": "talking" if away else "held", "third": third})
            case "cancel":
                await self.move({**call, "state": "talking", "third": None})
            case "complete":
                await self.finish()

    async def third_answers(self) -> None:
        """Let whoever is consulted take the phone off."""
        assert self.call is not None
        await self.move({**self.call, "third": {**self.call["third"], "state": "talking"}})

    async def _send(self, message: Json) -> None:
        if self.silent:
            return
        for socket in tuple(self.sockets):
            if not socket.closed:
                await socket.send_json(message)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        path = (self.dist / request.match_info["path"]).resolve()
        inside = path.is_relative_to(self.dist.resolve()) and path.is_file()
        return web.FileResponse(path if inside else self.dist / "index.html")


async def _add_policy(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Content-Security-Policy"] = POLICY


def _error(status: int, code: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": code, "details": {}}}, status=status)


async def _audio(_: web.Request) -> web.Response:
    sound = io.BytesIO()
    with wave.open(sound, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(8000)
        frames = (int(8000 * math.sin(n / 8)) for n in range(8000 * 4))
        out.writeframes(b"".join(struct.pack("<hh", value, 0) for value in frames))
    return web.Response(body=sound.getvalue(), content_type="audio/wav")
