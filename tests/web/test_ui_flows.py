"""The flow editor in a real browser before our own server: an operations person changes the menu at noon."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect
from ruamel.yaml import YAML

from tests.browser import chromium
from tests.ivr.conftest import SHIPPED
from tests.web.desk import WIDE, ZOOMED, axe, new_page, too_wide, watch, workshop
from tests.web.world import PASSWORD, World, open_world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PICTURES = os.environ.get("HOTLINE_PICTURES")
"""Where to put the pictures of the documentation; unset: none are taken."""


@dataclass
class Editor:
    """The editor's page, its server, and what went wrong in the page."""

    world: World
    page: Page
    problems: list[str] = field(default_factory=list)

    async def choose(self, label: str, option: str | re.Pattern[str], within: Locator | None = None) -> None:
        """Choose in the pick list with this label what holds `option`."""
        await (within or self.page.locator("#flow-panel")).get_by_role("combobox", name=label, exact=True).click()
        await self.page.locator(".el-select-dropdown:visible li", has_text=option).first.click()

    async def open_step(self, name: str) -> None:
        """Click a step in the picture."""
        await self.page.locator(f"[data-node='{name}'] .head").dispatch_event("click")

    async def tab(self, name: str) -> None:
        """Show another panel beside the picture."""
        await self.page.get_by_role("tab", name=name).click()

    async def has_faults(self, count: int) -> None:
        """Wait until the check has told so many faults."""
        said = f"{count} 个问题" if count else "没有问题"
        await expect(self.page.locator("[data-test=check]")).to_have_text(said)


@asynccontextmanager
async def opened(
    folder: Path,
    who: str = "supervisor",
    *,
    flow: Path = SHIPPED,
    locale: str = "zh-CN",
    dark: bool = False,
    size: tuple[int, int] = WIDE,
) -> AsyncIterator[Editor]:
    """The editor of a signed-in user; at the end nothing may have been wrong in the page."""
    async with open_world(folder, ui_dir=workshop() / "dist", flow_file=flow) as world, chromium() as browser:
        page = await new_page(browser, locale, dark, size)
        editor = Editor(world, page)
        watch(page, world.base, editor.problems)
        await page.goto(world.base)
        await page.fill("#username", who)
        await page.fill("#password", PASSWORD)
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="不使用座席" if locale == "zh-CN" else "Without a seat").click()
        await page.locator("nav a[href='/flows']").click()
        await page.locator("[data-node]").first.wait_for()
        yield editor
        assert editor.problems == []


async def test_a_menu_is_changed_checked_mended_tried_and_published(tmp_path: Path) -> None:
    async with opened(tmp_path) as editor:
        page, panel = editor.page, editor.page.locator("#flow-panel")
        await editor.has_faults(0)
        await editor.open_step("main")
        keys = panel.locator("[data-field=keys]")
        await expect(keys.get_by_role("combobox", name="1: 到")).to_be_visible()
        await expect(page.locator("[data-node=english_offer] .said")).to_contain_text("For English")
        await expect(page.locator(".said", has_text="〈")).to_have_count(0)

        # Nothing is said any more: a fault, shown on the step and in the list, mended in the form.
        said = YAML(typ="safe").load(SHIPPED.read_text("utf-8"))["nodes"]["main"]["prompts"]
        for _ in said:
            await panel.locator("[data-field=prompts] .line .away").first.click()
        await editor.has_faults(1)
        await expect(page.locator("[data-node=main].wrong")).to_be_visible()
        await editor.tab("问题")
        await expect(panel.locator("li")).to_contain_text("却什么也没说")
        await panel.get_by_role("button", name="hotline.yaml").click()
        await expect(panel.locator("h2")).to_have_text("主菜单")
        for prompt in said:
            await editor.choose("播报: 加一句", re.compile(rf"^\s*{prompt}\s"))
        await editor.has_faults(0)

        await keys.get_by_label("加一个键", exact=True).select_option("9")
        await editor.choose("加一个键: 到", "人工服务", keys)
        await expect(page.locator("[data-node=main] li", has_text="9")).to_contain_text("人工")
        await expect(page.locator("[data-test=unsaved]")).to_be_visible()
        if PICTURES:
            await page.screenshot(path=Path(PICTURES) / "flow-editor.png")

        await editor.tab("试拨")
        await panel.get_by_role("button", name="拨打").click()
        await panel.get_by_role("button", name="9", exact=True).click()
        await panel.get_by_role("button", name="坐席接听").wait_for()
        await expect(page.locator("[data-node=person].walked")).to_have_count(1)

        await page.get_by_role("button", name="发布…").click()
        await page.fill("#version-note", "九键也转人工")
        await page.get_by_role("button", name="发布", exact=True).click()
        await page.get_by_text("第 2 版已开始使用").wait_for()
        await editor.tab("版本")
        live = panel.locator("[data-version='2']")
        await expect(live).to_contain_text("使用中")
        await expect(live).to_contain_text("九键也转人工")
        await expect(panel.locator("[data-version='1']")).to_contain_text("已停用")
        await live.get_by_role("button", name="比较").click()
        await expect(panel.locator("code.plus").last).to_contain_text('"9": person')

        _, files = await editor.world.flows.get("hotline", 2)
        was = {file.name: file.read_text("utf-8") for file in SHIPPED.parent.glob("*.yaml")}
        changed = [
            (old, new)
            for name in files
            for old, new in zip(was[name].splitlines(), files[name].splitlines(), strict=True)
            if old != new
        ]
        assert len(changed) == 1, "nothing but the line of the keys has changed"


async def test_a_part_is_used_from_a_new_place_with_its_exits(tmp_path: Path) -> None:
    async with opened(tmp_path) as editor:
        page, panel = editor.page, editor.page.locator("#flow-panel")
        await editor.open_step("business")
        await page.get_by_role("button", name="添加步骤").click()
        await page.locator("#new-verb").click()
        await page.locator(".el-select-dropdown:visible li", has_text="进入子流程").click()
        await page.fill("#new-name", "查进度核对身份")
        await page.locator(".el-dialog").get_by_role("button", name="添加", exact=True).click()
        await editor.has_faults(1)
        await expect(panel.get_by_role("alert")).to_contain_text("没有从“done”返回的步骤")

        await editor.choose("从哪个步骤进入", re.compile("ask_account ·"))
        await editor.has_faults(0)
        rows = page.locator("[data-node='查进度核对身份'] li")
        await expect(rows.locator(".how")).to_have_text(["从哪个步骤进入", "identified", "back", "unidentified"])
        await editor.choose("identified: 到", re.compile("progress ·"))
        await expect(rows.nth(1)).to_contain_text("工单进度")
        await drag_exit(editor, "查进度核对身份", "back", "business_person")
        await expect(rows.nth(2)).to_contain_text("业务咨询转人工")
        await editor.has_faults(0)

        await panel.get_by_role("button", name="去掉出口 unidentified").click()
        await editor.has_faults(1)
        await editor.open_step("not_identified")
        await expect(panel.get_by_role("alert")).to_contain_text("“查进度核对身份”没有出口“unidentified”")
        back = panel.locator("[data-test=back] li")
        await expect(back).to_contain_text(["查账单：核对身份", "查停电：核对身份", *["（英语）"] * 2])
        await editor.open_step("查进度核对身份")
        await panel.get_by_label("加一个出口", exact=True).fill("unidentified")
        await editor.choose("加一个出口: 到", "核对未成功")
        await editor.has_faults(0)

        await panel.get_by_role("button", name="看它的文件").click()
        text = await panel.get_by_role("textbox", name="流程文件的文字").input_value()
        exits = "exits: {identified: progress, back: business_person, unidentified: give_up}"
        assert f"  查进度核对身份:\n    do: subflow\n    start: ask_account\n    {exits}\n" in text


async def drag_exit(editor: Editor, step: str, exit_: str, to: str) -> None:
    """Draw an exit of a step to another step in the picture, both of which are in sight."""
    mouse = editor.page.mouse
    for handle, act in (
        (f"[data-node='{step}'] [data-handleid='exits.{exit_}']", mouse.down),
        (f"[data-node='{to}'] [data-handleid=in]", mouse.up),
    ):
        box = await editor.page.locator(handle).bounding_box()
        assert box is not None
        await mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=5)
        await act()


async def test_what_callers_hear_already_is_not_published_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as editor, editor.world.client("admin") as other:
        page = editor.page
        files = (await other.ask("GET", "/flows/hotline/versions/1"))["files"]
        body = {"files": files | {"hotline.yaml": files["hotline.yaml"] + "# x\n"}, "based_on": 1}
        await other.ask("POST", "/flows/hotline/versions", body, expect=201)
        await other.ask("POST", "/flows/hotline/versions/2/publish", {})
        await editor.tab("文件")
        area = page.get_by_role("textbox", name="流程文件的文字")
        await area.fill(await area.input_value() + "# x\n")
        await page.get_by_role("button", name="发布…").click()
        await page.get_by_text("流程已被别人改动").wait_for()
        await page.get_by_role("button", name="仍用我的").click()
        await page.fill("#version-note", "一样")
        await page.get_by_role("button", name="发布", exact=True).click()
        await page.get_by_text("和使用中的版本完全相同").wait_for()
        assert len((await other.ask("GET", "/flows/hotline/versions"))["items"]) == 2


async def test_text_and_picture_are_one_and_nothing_is_lost(tmp_path: Path) -> None:
    async with opened(tmp_path) as editor:
        page, panel = editor.page, editor.page.locator("#flow-panel")
        await editor.open_step("bye")
        await page.fill("#step-name", "再见")
        await panel.get_by_role("button", name="改名").click()
        await page.locator("[data-node='再见']").wait_for()
        await editor.has_faults(0)
        await page.get_by_role("button", name="撤销").click()
        await page.locator("[data-node=bye]").wait_for()
        await page.get_by_role("button", name="重做").click()
        await editor.tab("文件")
        area = panel.get_by_role("textbox", name="流程文件的文字")
        text = await area.input_value()
        assert "  再见:\n" in text
        await area.fill(text.replace("nodes:", "nodes: ["))
        await page.get_by_text("不是正确的 YAML").first.wait_for()
        await area.fill(text.replace("  再见:\n", "  再见: # 改过\n"))
        await expect(page.get_by_text("不是正确的 YAML")).to_have_count(0)
        page.on("dialog", lambda dialog: dialog.accept())
        await page.reload()
        await page.get_by_text("已恢复上次没有保存的修改").wait_for()
        await page.locator("[data-node='再见']").wait_for()


async def test_who_came_between_is_told_before_anything_is_overwritten(tmp_path: Path) -> None:
    async with opened(tmp_path) as editor, editor.world.client("admin") as other:
        page = editor.page
        await editor.open_step("welcome")
        await page.locator("#flow-panel textarea").first.fill("我的备注")
        await page.locator("#flow-panel textarea").first.blur()
        files = (await other.ask("GET", "/flows/hotline/versions/1"))["files"]
        body = {"files": files | {"hotline.yaml": files["hotline.yaml"] + "# x\n"}, "note": "值班改的", "based_on": 1}
        number = (await other.ask("POST", "/flows/hotline/versions", body, expect=201))["number"]
        await other.ask("POST", f"/flows/hotline/versions/{number}/publish", {})
        await page.get_by_role("button", name="发布…").click()
        await page.get_by_text("流程已被别人改动").wait_for()
        await expect(page.locator(".el-dialog")).to_contain_text("值班改的")
        await page.get_by_role("button", name="放弃我的").click()
        await page.locator(".el-message-box").get_by_role("button", name="放弃修改").click()
        await expect(page.get_by_role("toolbar")).to_contain_text("第 2 版")


async def test_a_shift_lead_looks_and_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path, "lead") as editor:
        await editor.open_step("main")
        await expect(editor.page.locator("#step-name")).to_be_disabled()
        await expect(editor.page.get_by_role("button", name="发布…")).to_have_count(0)


LOOKS = [("zh-CN", False, WIDE), ("en", True, WIDE), ("zh-CN", True, ZOOMED)]


@pytest.mark.parametrize(("locale", "dark", "size"), LOOKS)
async def test_every_panel_is_accessible_and_fits(
    tmp_path: Path, locale: str, dark: bool, size: tuple[int, int]
) -> None:
    async with opened(tmp_path, locale=locale, dark=dark, size=size) as editor:
        await editor.open_step("main")
        for number in range(5):
            await editor.page.locator("[role=tab]").nth(number).click()
            await editor.page.locator(".inside > *").first.wait_for()
            assert not await too_wide(editor.page)
            if size == WIDE:
                assert await axe(editor.page) == []
