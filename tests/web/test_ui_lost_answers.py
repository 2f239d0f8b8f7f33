"""Answers to the desktop that are lost on their way: the page asks again, the server has done it once."""

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from agents.events import AgentWrapUpExtended
from cti.events import CallNoted
from tests.browser import chromium
from tests.until import until
from tests.web.desk import new_page, watch, workshop
from tests.web.world import open_world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


class Line:
    """The desktop's socket, which breaks in place of the first answer to each kind of command in `loses`."""

    def __init__(self, *loses: str) -> None:
        self.loses = set(loses)
        self.lost: list[str] = []
        self._asked: dict[str, str] = {}

    async def lay(self, page: Page) -> None:
        await page.route_web_socket(re.compile(r"/api/v1/desktop"), self._open)

    def _open(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def asked(text: str | bytes) -> None:
            given = json.loads(text)
            self._asked[given["id"]] = given["type"]
            server.send(text)

        async def answered(text: str | bytes) -> None:
            told = json.loads(text)
            kind = self._asked.get(told.get("id") or "", "")
            if told["type"] == "ok" and kind in self.loses:
                self.loses.remove(kind)
                self.lost.append(kind)
                await socket.close()
            else:
                socket.send(text)

        socket.on_message(asked)
        server.on_message(answered)


async def test_note_extension_and_result_are_done_once_when_their_answers_are_lost(tmp_path: Path) -> None:
    problems: list[str] = []
    async with open_world(tmp_path, ui_dir=workshop() / "dist") as world, chromium() as browser:
        await world.ready("1001", "1001")
        call_id = await world.talking("13800000001")
        page, line = await new_page(browser), Line("note", "extend-wrap-up", "wrap-up")
        watch(page, world.base, problems)
        await line.lay(page)
        async with world.client("1001") as agent:
            await page.context.add_cookies([{"name": "hotline_session", "value": agent.token, "url": world.base}])
            await page.goto(world.base)
            await page.locator("#note").fill("问电费")
            await page.keyboard.press("Control+Enter")
            await expect(page.locator("#note")).to_have_value("")
            world.pbx.gone(call_id)
            await page.get_by_role("button", name="延长").press("Enter")
            await until(lambda: "extend-wrap-up" in line.lost)
            await page.locator("#wrap-note").fill("已答复")
            await page.reload()
            await expect(page.locator("#wrap-note")).to_have_value("已答复")
            await page.locator("input[name=result][value=fault]").press("Space")
            await page.locator("#wrap-note").press("Control+Enter")
            await until(lambda: world.state_of("1001") == "ready" and not line.loses)
            await expect(page.locator("[data-test=unsent]")).to_have_count(0)
            await expect(page.locator(".pill")).to_contain_text("就绪")
        told = [one.event for one in await world.journal.of_call(call_id)]
        assert [(one.text, one.result_code) for one in told if isinstance(one, CallNoted)] == [
            ("问电费", None),
            ("已答复", "fault"),
        ]
        assert len([one for one in told if isinstance(one, AgentWrapUpExtended)]) == 1
        assert line.lost == ["note", "extend-wrap-up", "wrap-up"]
        assert problems == []
