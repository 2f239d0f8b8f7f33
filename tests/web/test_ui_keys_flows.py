"""The menu that callers hear, changed without a mouse before our own server: opened, changed, checked, published."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.ivr.conftest import SHIPPED
from tests.web.keyboard import working

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


async def test_a_sentence_is_changed_checked_and_published(tmp_path: Path) -> None:
    async with working(tmp_path, "supervisor", path="/flows", flow_file=SHIPPED) as (world, keys):
        page, panel = keys.page, keys.page.locator("#flow-panel")
        await page.locator("[data-node]").first.wait_for()
        await keys.part("[role=toolbar]")
        find = page.get_by_role("combobox", name="查找步骤")
        await keys.to(find)
        await page.keyboard.type("主菜单")
        await expect(page.locator(".el-select-dropdown:visible li").first).to_contain_text("主菜单")
        await keys.press("ArrowDown", "Enter")
        await expect(panel.locator("h2")).to_have_text("主菜单")
        await keys.is_somewhere("after a step was found")

        # The first sentence is taken away: what is left is looked at, and another one is put there.
        await keys.part("main .right")
        prompts = panel.locator("[data-field=prompts]")
        many = await prompts.locator("li").count()
        await keys.do(prompts.get_by_role("button", name="去掉这句").first)
        await expect(prompts.locator("li")).to_have_count(many - 1)
        await keys.is_somewhere("after a sentence was taken away")
        add = prompts.get_by_role("combobox", name="播报: 加一句")
        await keys.to(add)
        await page.keyboard.type("input_nothing")
        await expect(page.locator(".el-select-dropdown:visible li").first).to_contain_text("input_nothing")
        await keys.press("ArrowDown", "Enter")
        await expect(prompts.locator("li")).to_have_count(many)
        check = page.locator("[data-test=check]")
        await expect(check).to_contain_text("没有问题")
        await expect(page.locator("[data-test=unsaved]")).to_be_visible()

        await keys.part("[role=toolbar]", "Shift+F6")
        await keys.do(check)
        await expect(page.get_by_role("tab", name="问题")).to_have_attribute("aria-selected", "true")
        await keys.do(page.get_by_role("button", name="发布…"))
        note = page.locator("#version-note")
        await note.wait_for()
        await keys.fill(note, "换一句")
        await keys.do(page.locator(".el-dialog").get_by_role("button", name="发布", exact=True))
        await page.get_by_text("第 2 版已开始使用").wait_for()
        await keys.is_somewhere("after publishing")
        _, files = await world.flows.get("hotline", 2)
        assert "input_nothing" in files["hotline.yaml"].split("main:")[1][:400]
