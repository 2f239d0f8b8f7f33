"""The shift of the mock server: messages, own figures, roster, hand-over and the backup shift."""

from datetime import timedelta
from typing import Any

from aiohttp import web

from web.ui.mock import data
from web.ui.mock.data import Json

SHIFTS = [
    ("early", "早班", "08:00", "16:00"),
    ("middle", "中班", "16:00", "00:00"),
    ("night", "夜班", "00:00", "08:00"),
]


def message(number: int, text: str, **more: Any) -> Json:
    """Return a message to all that is not read yet."""
    told = {"id": f"m{number}", "sender_id": "lead", "sender": "王值长", "text": text}
    return {**told, "sent_at": data.ago(minutes=number), "to_all": True, "read_at": None, **more}


def duty(name: str, shift: str, begins: float, **more: Any) -> Json:
    """Return a duty of eight hours that begins in so many hours."""
    start = data.now() + timedelta(hours=begins)
    row = {"agent_id": name, "name": name, "day": f"{start:%Y-%m-%d}", "shift": shift, "kind": "main"}
    return {**row, "from": start.isoformat(), "until": (start + timedelta(hours=8)).isoformat(), **more}


class Shift:
    """What the server holds of it; `sent` is what the page asked for, in order."""

    def __init__(self) -> None:
        self.messages: list[Json] = []
        self.written: list[Json] = []
        self.duties: list[Json] = []
        self.books: list[Json] = []
        self.backup: Json | None = None
        self.on_backup: list[Json] = []
        self.sent: list[tuple[str, Json]] = []
        self.counts: Json = {}
        self.figures: Json = {}
        self.refusal: Json | None = None

    @property
    def day(self) -> str:
        """Today, as the plan names it."""
        return "2026-11-23"

    def routes(self) -> list[tuple[str, str, Any]]:
        """Return the routes of the API."""
        api = "/api/v1"
        return [
            ("GET", f"{api}/messages", self._listed(lambda: self.messages)),
            ("GET", f"{api}/messages/sent", self._listed(lambda: self.written)),
            ("POST", f"{api}/messages", self._write),
            ("POST", f"{api}/messages/{{id}}/read", self._read),
            ("GET", f"{api}/kpi/today", self._today),
            ("GET", f"{api}/agents/me/shift", self._own),
            ("GET", f"{api}/shifts", self._plan),
            ("GET", f"{api}/shifts/books", self._listed(lambda: self.books)),
            ("POST", f"{api}/shifts/{{id}}/{{verb}}", self._shift),
        ]

    def _listed(self, items: Any) -> Any:
        async def handler(_: web.Request) -> web.Response:
            return web.json_response({"items": items()})

        return handler

    async def _write(self, request: web.Request) -> web.Response:
        told = await request.json()
        self.sent.append(("message", told))
        people = [{"agent_id": one, "name": one, "read_at": None} for one in told["to"]]
        row = {"id": "new", "text": told["text"], "sent_at": data.now().isoformat(), "read": 0, "people": people}
        self.written.insert(0, {**row, "to_all": not told["to"]})
        return web.json_response({"id": "new", "sent_at": row["sent_at"]}, status=201)

    async def _read(self, request: web.Request) -> web.Response:
        one = next(one for one in self.messages if one["id"] == request.match_info["id"])
        one["read_at"] = data.now().isoformat()
        self.sent.append(("read", {"id": one["id"]}))
        return web.json_response({"ok": True})

    async def _today(self, request: web.Request) -> web.Response:
        self.sent.append(("kpi", dict(request.query)))
        total = {"counts": self.counts, "figures": self.figures}
        return web.json_response({"as_of": data.now().isoformat(), "total": total})

    async def _own(self, _: web.Request) -> web.Response:
        own = [one for one in self.duties if one["agent_id"] == "李晓梅"]
        return web.json_response({"agent_id": "ag1", "duties": own, "adherence": 0.96})

    async def _plan(self, _: web.Request) -> web.Response:
        shifts = [{"code": code, "name": name, "begins": begins, "ends": ends} for code, name, begins, ends in SHIFTS]
        plan = {"day": self.day, "shifts": shifts, "duties": self.duties, "uncovered": [], "books": self.books}
        return web.json_response({**plan, "backup": self.backup, "on_backup": self.on_backup, "weather": []})

    async def _shift(self, request: web.Request) -> web.Response:
        name, verb = request.match_info["id"], request.match_info["verb"]
        told = await request.json()
        self.sent.append((verb, {"id": name, **told}))
        if self.refusal is not None:
            return web.json_response({"error": self.refusal}, status=400)
        at = data.now().isoformat()
        match verb:
            case "open":
                row = dict.fromkeys(("closed_at", "closed_by", "taken_at", "taken_by"))
                book = {"shift_id": name, "state": "open", "opened_at": at, "opened_by": "王值长", "note": ""}
                self.books.append({**book, **row})
            case "close":
                closed = {"state": "closed", "closed_at": at, "closed_by": "王值长", "note": told["note"]}
                self.books[-1] |= closed
            case "take-over":
                self.books[-1] |= {"state": "taken_over", "taken_at": at, "taken_by": "李值长"}
            case "activate":
                self.backup = {
                    "id": "b",
                    "at": at,
                    "trigger": "person",
                    "why": told["why"],
                    "by": "王值长",
                    "agents": ["x"],
                }
            case "release":
                self.backup = None
        return web.json_response({})
