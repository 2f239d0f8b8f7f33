"""The agent's WebSocket: messages out as they come, commands in, one after the other, each answered."""

import asyncio
import json
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import Field

from agents.accounts import NotSignedIn
from agents.model import User
from core import log
from core.errors import BadInput, HotlineError
from core.tasks import TaskOwner
from web.commands import VERBS, Longer, StateWish, given_for, set_state
from web.desktops import Desktops
from web.errors import body_of
from web.incoming import decoded
from web.route import DESKTOPS, Ask, Routes
from web.security import check_origin
from web.services import WebServices
from web.shapes import Given
from web.stream import SIGNED_OUT, Outlet

_log = log.get(__name__)

REFUSED = 4409
"""Close code of a socket whose seat cannot be taken; the reason says why."""
BEAT_S = 0.9
"""How often a page is asked for a sign of life: silence is seen within three beats (P8: 3 s)."""
SILENT_BEATS, GONE_BEATS = 2, 16
"""A page that owes so many answers is silent (no call is offered), then gone (its socket is closed).

Counted in beats and not in seconds: while we ourselves are late, no page is (P27).
"""
LARGEST_MESSAGE = 16 * 1024
COMMANDS_WAITING = 16
CLOSE_LIMIT_S = 2.0
SESSION_CHECK_S = 60.0
REASON_BYTES = 120
"""A close reason has room for 123 bytes (RFC 6455, 5.5)."""

routes = Routes("desktop")


class DesktopQuery(Given):
    """`since`: the `seq` of the last message seen, to resume after it. `seat`: sit down there at once."""

    since: int | None = Field(default=None, ge=0)
    seat: str | None = None


@routes.add("GET", "/desktop", status=101)
async def desktop(ask: Ask, query: DesktopQuery) -> web.WebSocketResponse:
    """Open the desktop's WebSocket."""
    if ask.session.by_cookie:
        check_origin(ask.request, ask.services.settings.web, needed=True)
    socket = web.WebSocketResponse(autoping=False, max_msg_size=LARGEST_MESSAGE, compress=False, timeout=CLOSE_LIMIT_S)
    await socket.prepare(ask.request)
    user = ask.user
    try:
        await _sit_down(ask.services, user, query.seat)
    except HotlineError as error:
        await socket.close(code=REFUSED, message=_reason(error.message))
        return socket
    await _Connection(ask, socket).serve(query.since)
    return socket


async def _sit_down(services: WebServices, user: User, seat: str | None) -> None:
    """Take the seat, named by its id or by the SIP user name of its phone."""
    if seat is None:
        return
    await services.agents.refresh_seats()
    by_phone = services.agents.roster.seat_of_phone(seat)
    await services.agents.sign_in(user.id, by_phone.id if by_phone else seat)


class _Connection:
    """One socket from its opening to its end."""

    def __init__(self, ask: Ask, socket: web.WebSocketResponse) -> None:
        self._ask = ask
        self._services = ask.services
        self._desktops: Desktops = ask.request.app[DESKTOPS]
        self._user = ask.user
        self._socket = socket
        self._outlet = Outlet(ask.session.token)
        self._commands: asyncio.Queue[dict[str, Any]] = asyncio.Queue(COMMANDS_WAITING)
        self._owes = 0
        """Pings sent since the page was last heard."""
        self._tasks = TaskOwner("socket")

    async def serve(self, since: int | None) -> None:
        """Serve until either side ends it; what the agent's last socket leaves behind is told to presence."""
        agents, user = self._services.agents, self._user
        agent = agents.roster.get(user.id)
        if agent is not None and agent.call_id is not None:
            await self._desktops.pops.restore(user.id, agent.call_id)
        self._desktops.people.learn(user)
        self._desktops.open(user, self._outlet, since)
        attendance = self._desktops.attendance
        attendance.opened(user.id, self)
        try:
            await agents.pages.opened(user.id)
            await self._until_over()
        except HotlineError as error:
            _log.warning("desktop not opened", extra={"action": "desktop_not_opened", "why": error.code})
            self._outlet.close(WSCloseCode.INTERNAL_ERROR, error.message)
        finally:
            last = self._desktops.left(user, self._outlet)
            attendance.closed(user.id, self, last)
            await self._tasks.close()
            await self._end()

    async def _until_over(self) -> None:
        parts = [
            self._read(),
            self._write(),
            self._obey(),
            self._beat(),
            self._watch_session(),
            self._outlet.closed.wait(),
        ]
        running = [self._tasks.start(part, "part") for part in parts]
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)

    async def _end(self) -> None:
        """Close with the outlet's code; a peer that does not even take that is cut off."""
        try:
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await self._socket.close(code=self._outlet.code, message=_reason(self._outlet.reason))
        except (TimeoutError, ConnectionError):
            if (transport := self._ask.request.transport) is not None:
                transport.abort()

    # --- signs of life ---

    def _is_heard(self) -> None:
        owed, self._owes = self._owes, 0
        if owed >= SILENT_BEATS:
            self._desktops.attendance.heard(self._user.id, self)

    async def _beat(self) -> None:
        """Ask the page now and then whether it is there; ends when it has not been for long."""
        while self._owes < GONE_BEATS:
            await self._services.clock.sleep(BEAT_S)
            if self._owes == SILENT_BEATS:
                self._desktops.attendance.silent(self._user.id, self)
            self._owes += 1
            try:
                async with asyncio.timeout(BEAT_S):
                    await self._socket.ping()
            except TimeoutError:
                continue  # it takes nothing any more; its answers are owed all the same
            except ConnectionError:
                return

    # --- out ---

    async def _write(self) -> None:
        try:
            while True:
                await self._socket.send_str(await self._outlet.next())
        except ConnectionError:
            return

    def _answer(self, kind: str, message_id: object, **more: object) -> None:
        at = self._services.clock.now().isoformat()
        seq = self._desktops.seq(self._user)
        text = json.dumps(
            {"type": kind, "seq": seq, "at": at, "id": message_id, **more}, ensure_ascii=False, default=str
        )
        self._outlet.put(text)

    def _refuse(self, message_id: object, error: HotlineError) -> None:
        self._answer("error", message_id, error=body_of(error))

    # --- in ---

    async def _read(self) -> None:
        async for message in self._socket:
            self._is_heard()
            if message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                self._take(message.data)
            elif message.type is WSMsgType.BINARY:
                self._outlet.close(WSCloseCode.UNSUPPORTED_DATA, "send JSON as text")
                return
        if self._socket.close_code == WSCloseCode.MESSAGE_TOO_BIG:
            self._outlet.close(WSCloseCode.MESSAGE_TOO_BIG, "message too big")

    def _take(self, text: str) -> None:
        try:
            given = decoded(text)
        except BadInput:
            given = None
        if not isinstance(given, dict) or not isinstance(given.get("type"), str):
            self._refuse(None, BadInput('not a JSON object with a "type"'))
        elif given["type"] == "ping":
            self._answer("pong", given.get("id"))
        else:
            try:
                self._commands.put_nowait(given)
            except asyncio.QueueFull:
                self._refuse(given.get("id"), BadInput(f"more than {COMMANDS_WAITING} commands wait: one at a time"))

    async def _obey(self) -> None:
        while True:
            given = await self._commands.get()
            message_id = given.pop("id", None)
            try:
                await self._do(given.pop("type"), given)
            except HotlineError as error:
                self._refuse(message_id, error)
            except Exception:  # noqa: BLE001 - the edge: one bad command must not end the desktop
                _log.exception("command failed", extra={"action": "command_failed", "agent_id": self._user.id})
                self._refuse(message_id, HotlineError("Something unexpected went wrong; see the log"))
            else:
                self._answer("ok", message_id)

    async def _do(self, kind: str, given: dict[str, Any]) -> None:
        if kind == "state":
            wish = given_for(StateWish, given)
            assert isinstance(wish, StateWish)
            return await set_state(self._services, self._user.id, wish)
        if kind == "extend-wrap-up":
            longer = given_for(Longer, given)
            assert isinstance(longer, Longer)
            await self._services.agents.extend_wrap_up(self._user.id, longer.ends_at)
            return None
        if kind not in VERBS:
            known = f"ping, state, extend-wrap-up, {', '.join(VERBS)}"
            raise BadInput(f"type {kind!r} is not known; known: {known}", field="type")
        call_id = given.pop("call_id", None)
        if not isinstance(call_id, str):
            raise BadInput("call_id: say which call", field="call_id")
        verb, model = VERBS[kind]
        return await verb(self._services, self._user, call_id, given_for(model, given))

    async def _watch_session(self) -> None:
        """An open desktop is use of its session; a session that has ended ends the desktop."""
        while True:
            await self._services.clock.sleep(SESSION_CHECK_S)
            try:
                await self._services.accounts.session_user(self._outlet.token)
            except NotSignedIn:
                self._outlet.close(SIGNED_OUT, "the session has ended; sign in again")
                return


def _reason(text: str) -> bytes:
    """The bytes of a close reason, cut where a character ends."""
    return text.encode()[:REASON_BYTES].decode(errors="ignore").encode()
