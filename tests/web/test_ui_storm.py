"""A storm that a rule began, in words of the page's language: on the switch, the floor, the wall and in the audit."""

import os
from pathlib import Path

import pytest
from playwright.async_api import expect

from core.switches import STORM
from routing.storm.model import Trigger
from tests.browser import chromium
from tests.web.desk import axe, new_page, watch, workshop
from tests.web.world import open_world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PICTURES = os.environ.get("HOTLINE_PICTURES")
SAID = {
    "zh-CN": ("自动切换（气象预警红色，界限红色）", "开启（", "：气象预警红色", "气象预警红色，界限红色"),
    "en": (
        "(weather warning red, limit red)",
        "Storm mode is on",
        ": weather warning red",
        "weather warning red, limit red",
    ),
}


async def test_what_a_rule_gave_as_its_reason_is_said_in_the_language_of_the_page(tmp_path: Path) -> None:
    problems: list[str] = []
    async with open_world(tmp_path, ui_dir=workshop() / "dist") as world, chromium() as browser:
        world.seen = {Trigger.WEATHER: 4.0}
        await world.storm.look()
        assert world.switches.on(STORM)
        for locale, (switch, wall, because, audit) in SAID.items():
            page = await new_page(browser, locale)
            watch(page, world.base, problems)
            async with world.client("admin") as admin:
                await page.context.add_cookies([{"name": "hotline_session", "value": admin.token, "url": world.base}])
                await page.goto(f"{world.base}/announcements")
                await expect(page.locator("[data-test=storm]")).to_contain_text(switch)
                await page.goto(f"{world.base}/supervision")
                triggers = page.locator("[data-test=triggers] tbody tr").last
                await expect(triggers).to_contain_text({"zh-CN": "红色", "en": "red"}[locale])
                await expect(page.locator("[data-test=storm]")).to_contain_text(switch)
                assert await axe(page) == []
                await page.goto(f"{world.base}/wallboard")
                await expect(page.locator("[data-test=alarms]")).to_contain_text(wall)
                await expect(page.locator("[data-test=alarms]")).to_contain_text(because)
                if PICTURES:
                    await page.screenshot(path=Path(PICTURES) / f"storm.{locale}.png")
                await page.goto(f"{world.base}/admin/audit")
                row = page.locator("[data-event=SettingChanged]").first
                await expect(row).to_contain_text(audit)
                await expect(row).not_to_contain_text("weather 4")
        assert problems == []
