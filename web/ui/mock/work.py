"""The work area of the mock server: work orders, callbacks and callers who hung up."""

from typing import Any

from aiohttp import web

from web.ui.mock import data
from web.ui.mock.data import Json

Rows = list[tuple[str, str, Any]]


def order(number: str, **more: Any) -> Json:
    """Return an open fault of 王芳's account."""
    return {
        "id": f"o{number}",
        "number": number,
        "kind": "fault",
        "scope": "home",
        "state": "created",
        "priority": "normal",
        "account_no": "3200000002",
        "summary": f"{number} 全家没电",
        "urges": 0,
        "created_at": data.ago(minutes=20),
        **more,
    }


def callback(number: int, **more: Any) -> Json:
    """Return a callback that may be rung now."""
    return {
        "id": f"cb{number}",
        "state": "booked",
        "number": f"138****{number:04}",
        "queue": "general",
        "call_id": f"c{number}",
        "waiting_since": data.ago(minutes=60 - number % 50),
        "booked_at": data.ago(minutes=50),
        "not_before": data.ago(minutes=50),
        "not_after": None,
        "due_at": data.ago(minutes=5),
        "calls": 1,
        "misses": number % 3,
        "agent_id": None,
        "outcome": None,
        "reason": "",
        "closed_at": None,
        **more,
    }


def left(number: int) -> Json:
    """Return a caller who hung up while waiting."""
    return {
        "call_id": f"left{number}",
        "number": f"139****{number:04}",
        "queue": "repair",
        "waiting_since": data.ago(minutes=12),
        "ended_at": data.ago(minutes=9),
        "waited_s": 184.2,
    }


class WorkArea:
    """What the server holds of it; `sent` is what the page asked for, in order."""

    def __init__(self) -> None:
        self.open: list[Json] = []
        self.callbacks: list[Json] = []
        self.abandoned: list[Json] = []
        self.sent: list[tuple[str, Json]] = []
        self.made: dict[str, Json] = {}
        self.refusal: Json | None = None

    def routes(self) -> Rows:
        """Return the routes of the API."""
        api = "/api/v1"
        return [
            ("GET", f"{api}/work-orders", self._orders),
            ("POST", f"{api}/work-orders", self._take),
            ("POST", f"{api}/work-orders/{{id}}/urge", self._urge),
            ("GET", f"{api}/callbacks", self._callbacks),
            ("GET", f"{api}/callbacks/abandoned", self._abandoned),
            ("POST", f"{api}/callbacks", self._take_up),
            ("POST", f"{api}/callbacks/{{id}}/{{verb}}", self._callback),
        ]

    async def _orders(self, request: web.Request) -> web.Response:
        account = request.query.get("account")
        return _items([one for one in self.open if one["account_no"] == account])

    async def _take(self, request: web.Request) -> web.Response:
        told = await request.json()
        self.sent.append(("order", told))
        if self.refusal is not None:
            return _refused(self.refusal)
        made = self.made.setdefault(told["key"], self._made(told))
        main = next((one["number"] for one in self.open if one["account_no"] == told["account"]), None)
        return web.json_response({"order": made, "main_number": main}, status=201)

    def _made(self, told: Json) -> Json:
        urgent = "urgent" if told.get("danger") else "normal"
        return order(f"261123{len(self.made) + 7:06}", kind=told["kind"], scope=told["scope"], priority=urgent)

    async def _urge(self, request: web.Request) -> web.Response:
        self.sent.append(("urge", {"id": request.match_info["id"], **await request.json()}))
        one = next(one for one in self.open if one["id"] == request.match_info["id"])
        one["urges"] += 1
        return web.json_response({"outcome": "done", "order": one})

    async def _callbacks(self, request: web.Request) -> web.Response:
        state = request.query.get("state")
        return _items([one for one in self.callbacks if one["state"] == state])

    async def _abandoned(self, _: web.Request) -> web.Response:
        return _items(self.abandoned)

    async def _take_up(self, request: web.Request) -> web.Response:
        told = await request.json()
        self.sent.append(("take", told))
        self.abandoned = [one for one in self.abandoned if one["call_id"] != told["call_id"]]
        return web.json_response({"id": "cb99", "call_id": None}, status=201)

    async def _callback(self, request: web.Request) -> web.Response:
        callback_id, verb = request.match_info["id"], request.match_info["verb"]
        self.sent.append((verb, {"id": callback_id, **await request.json()}))
        if self.refusal is not None:
            return _refused(self.refusal)
        one = next(one for one in self.callbacks if one["id"] == callback_id)
        moved = {"dial": {"state": "dialling", "agent_id": "ag1"}, "skip": {"state": "booked"}}
        closed = {"state": "closed", "outcome": "dismissed", "closed_at": data.now().isoformat()}
        one.update(moved.get(verb, closed))
        return web.json_response({"id": callback_id, "call_id": None, "ok": True})


def _items(items: list[Json]) -> web.Response:
    return web.json_response({"items": items})


def _refused(error: Json) -> web.Response:
    return web.json_response({"error": error}, status=409)
