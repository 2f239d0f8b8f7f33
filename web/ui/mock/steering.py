"""What a shift lead asks of the mock server: of talks, of agents, of storm mode; it obeys at once and remembers."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from web.ui.mock.data import Json, now
from web.ui.mock.floor import Floor

MODES = {"monitor": "listen", "whisper": "whisper", "barge": "barge"}


class Steering:
    """The routes of a lead; `around` gives the floor and who asks."""

    def __init__(self, around: Callable[[], tuple[Floor, str]]) -> None:
        self._around = around
        self.asked: list[tuple[str, str, Json]] = []
        """What was asked for: method, path below /api/v1/, body."""
        self.refuse_next: str | None = None
        """The code by which the next command on a call is refused."""
        self.refuse_details: Json = {}

    def routes(self) -> list[tuple[str, str, Any]]:
        """Return what is added to the mock's routes."""
        api = "/api/v1"
        return [
            ("GET", f"{api}/storm", self._storm),
            ("PUT", f"{api}/storm", self._storm),
            ("GET", f"{api}/queues/{{id}}/explain", self._explain),
            ("POST", f"{api}/calls/{{id}}/{{verb}}", self._of_call),
            ("POST", f"{api}/agents/{{id}}/{{verb}}", self._of_agent),
        ]

    async def _storm(self, request: web.Request) -> web.Response:
        floor, _ = self._around()
        if request.method == "PUT":
            given = await request.json()
            self.asked.append(("PUT", "storm", given))
            floor.stormy = given["on"]
        return web.json_response(floor.storm())

    async def _explain(self, request: web.Request) -> web.Response:
        return web.json_response(self._around()[0].explanation(request.query["call"]))

    async def _of_call(self, request: web.Request) -> web.Response:
        given, call_id, verb = await request.json(), request.match_info["id"], request.match_info["verb"]
        floor, lead = self._around()
        self.asked.append(("POST", f"calls/{call_id}/{verb}", given))
        if self.refuse_next is not None:
            error = {"code": self.refuse_next, "message": self.refuse_next, "details": self.refuse_details}
            self.refuse_next = None
            return web.json_response({"error": error}, status=409)
        if verb in MODES and given.get("on", True):
            floor.monitors[call_id] = {"agent_id": lead, "mode": MODES[verb]}
        elif verb in (*MODES, "take-over", "hangup"):
            floor.monitors.pop(call_id, None)
        return web.json_response({"ok": True})

    async def _of_agent(self, request: web.Request) -> web.Response:
        given, agent_id, verb = await request.json(), request.match_info["id"], request.match_info["verb"]
        self.asked.append(("POST", f"agents/{agent_id}/{verb}", given))
        agent = next(one for one in self._around()[0].agents if one["id"] == agent_id)
        agent |= {"state": "logged_out" if verb == "sign-out" else given["state"], "since": now().isoformat()}
        return web.json_response(agent)
