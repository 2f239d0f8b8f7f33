"""Customers of the mock server: looked up, written down, and said to call."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from web.ui.mock import data
from web.ui.mock.data import Json

Rows = list[tuple[str, str, Any]]
Show = Callable[[Json], Awaitable[None]]
"""Shows the pop on the screen with these fields changed."""


class Customers:
    """`sent` is what the page asked for, in order; `known` who is there already with the number of a form."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self.sent: list[Json] = []
        self.made: dict[str, Json] = {}
        self.known: list[Json] = []
        self.refusal: Json | None = None

    def routes(self) -> Rows:
        """Return the routes of the API."""
        api = "/api/v1"
        return [
            ("GET", f"{api}/customers", self._find),
            ("GET", f"{api}/customers/{{id}}", self._read),
            ("POST", f"{api}/customers", self._make),
        ]

    async def identify(self, command: Json) -> None:
        """Show who calls, as the agent says."""
        if command["customer_id"] is None:
            await self._show({"customer": None, "accounts": [], "bill": None, "history": [], "by_hand": False})
            return
        file = data.pop("x", "x")
        found = next((one for one in self.known if one["id"] == command["customer_id"]), file["customer"])
        if command.get("add_number"):
            found = {**found, "phones": [*found["phones"], "13800000006"]}
        shown = {name: file[name] for name in ("accounts", "bill", "history")}
        await self._show(shown | {"customer": found, "by_hand": True})

    async def _find(self, request: web.Request) -> web.Response:
        found = request.query.get("account") == "3200000002" or request.query.get("q") == "王芳"
        return web.json_response({"items": [data.customer("王芳")] if found else []})

    async def _read(self, request: web.Request) -> web.Response:
        file = data.pop("x", "x")
        file["customer"] = {**file["customer"], "id": request.match_info["id"]}
        return web.json_response(file)

    async def _make(self, request: web.Request) -> web.Response:
        told = await request.json()
        self.sent.append(told)
        if self.refusal is not None:
            return web.json_response({"error": self.refusal}, status=409)
        if self.known and not told["although_known"]:
            details = {"by": "phone", "customers": self.known}
            return web.json_response(
                {"error": {"code": "customer_known", "message": "x", "details": details}}, status=409
            )
        again = told["key"] in self.made
        names = ("name", "category", "address", "area", "language")
        phones = [told["phone"].replace(" ", "")] if told["phone"] else []
        one = data.customer(**{name: told[name] for name in names}, id="new1", phones=phones)
        self.made[told["key"]] = one
        if not again:
            await self._show({"customer": one, "accounts": [], "bill": None, "history": [], "by_hand": True})
        return web.json_response(one, status=201)
