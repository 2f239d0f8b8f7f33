"""Administration in a real browser before our own server: what can be set there, and what is refused where."""

import re
import wave
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import Connection

from agents import store as agent_store
from agents.model import Role, User
from speech.prompts import PromptPack, catalogue
from tests.browser import chromium
from tests.web.desk import WIDE, ZOOMED, axe, new_page, too_wide, watch, workshop
from tests.web.test_api_own_files import POLICY, QUEUES, SKILLS
from tests.web.world import PASSWORD, World, open_world, password_hash
from web.ui.mock.data import LONG_NAME

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

MANY = 500


@asynccontextmanager
async def opened(folder: Path, name: str = "admin", own: Sequence[str] = ()) -> AsyncIterator[tuple[World, Page]]:
    """Open administration as `name`, with `own` files; at the end nothing may have been wrong in the page."""
    problems: list[str] = []
    async with open_world(folder, ui_dir=workshop() / "dist", own=own) as world, chromium() as browser:
        await world.db.write(lambda connection: crowd(connection, world))
        page = await new_page(browser)
        watch(page, world.base, problems)
        await page.goto(world.base)
        await page.fill("#username", name)
        await page.fill("#password", PASSWORD)
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="不使用座席").click()
        await page.get_by_role("link", name="管理", exact=True).click()
        await page.locator(".admin .pages a").first.wait_for()
        yield world, page
        assert problems == []


def crowd(connection: Connection, world: World) -> None:
    """Add many people, some with names as long as they get."""
    for number in range(MANY):
        name = LONG_NAME[: 8 + number % 57]
        user = User(id=f"c{number}", username=f"crowd{number:04}", name=name, role=Role.AGENT, disabled=number % 9 == 0)
        agent_store.add_user(connection, user, password_hash(), world.clock.now())


async def looks_well(page: Page, paths: Iterable[str]) -> None:
    """Every page fits at both sizes, one in either language; axe looks at them in test_ui_every_page."""
    for path in paths:
        await page.locator(f".pages a[href='{path}']").click()
        await page.locator(f"[data-test={path.rpartition('/')[2]}]").wait_for()
        for size in (WIDE, ZOOMED):
            await page.set_viewport_size({"width": size[0], "height": size[1]})
            assert not await too_wide(page), path
            await page.get_by_role("button", name=re.compile("EN|中文")).click()
    await page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})


async def test_people_are_admitted_changed_and_kept_out_and_the_audit_tells(tmp_path: Path) -> None:
    async with opened(tmp_path) as (world, page):
        form, rows = page.locator("[data-test=user-form]"), page.locator("tr[data-user]")
        await expect(rows).to_have_count(100)
        await page.get_by_role("button", name="新建用户").click()
        await form.locator("#user-username").fill("李 雷")
        await form.locator("#user-name").fill("李雷<img src=x onerror=alert(1)>")
        await form.locator("#user-seat").select_option("1003")
        await form.locator("[data-skill=english]").select_option("3")
        await form.get_by_role("button", name="建立").click()
        await expect(form.locator("#user-username-bad")).to_contain_text("以字母或数字开头")
        await form.locator("#user-username").fill("1001")
        await page.keyboard.press("Enter")
        await expect(form.locator("#user-username-bad")).to_contain_text("已有这个用户名")
        await form.locator("#user-username").fill("2001")
        await page.keyboard.press("Enter")
        password = await page.locator("[data-test=secret] code").nth(1).inner_text()
        await page.locator("[data-test=secret]").get_by_role("button", name="关闭").click()
        async with world.client() as li:
            given = await li.ask("POST", "/session", {"username": "2001", "password": password}, expect=201)
            li.token = given["token"]
            await page.fill("#users-q", "2001")
            await expect(rows).to_have_count(1)
            await expect(rows).to_contain_text("英语 3")
            await expect(rows).to_contain_text("<img src=x")
            await rows.get_by_role("button").click()
            await form.locator("#user-role").select_option("deputy")
            await expect(form).to_contain_text("查看和调度班组")
            await form.get_by_role("button", name="保存").click()
            await expect(rows).to_contain_text("副班长")
            assert await li.refused("GET", "/session", status=401) == "not_signed_in"
        for _ in range(5):
            async with world.client() as guess:
                await guess.refused("POST", "/session", {"username": "2001", "password": "wrong horse"}, status=401)
        await page.locator(".pages a[href='/admin/audit']").click()
        await page.locator("[data-test=audit]").wait_for()
        await page.locator(".pages a[href='/admin/users']").click()
        await page.fill("#users-q", "2001")
        await expect(rows.locator(".tag")).to_have_text("已锁定")
        await rows.get_by_role("button").click()
        await page.get_by_role("button", name="解除锁定").click()
        await expect(rows.locator(".tag")).to_have_text("未签入")
        await rows.get_by_role("button").click()
        await page.get_by_role("button", name="停用…").click()
        await page.locator(".el-message-box").get_by_role("button", name="停用").click()
        await expect(page.locator("[data-test=users]")).to_contain_text("没有符合条件的用户")
        await page.select_option("#users-active", "no")
        await expect(rows.locator(".tag")).to_have_text("已停用")

        await page.select_option("#users-active", "yes")
        await page.fill("#users-q", "admin")
        await rows.get_by_role("button").click()
        await expect(form.locator("#user-role")).to_be_disabled()
        await expect(page.get_by_role("button", name="停用…")).to_be_disabled()
        assert await axe(page) == []
        await page.keyboard.press("Escape")
        await expect(form).to_be_hidden()

        await page.locator(".pages a[href='/admin/audit']").click()
        acts = page.locator("tr[data-event]")
        await page.select_option("#audit-area", "accounts")
        await expect(acts).to_have_count(5)
        await expect(acts.first).to_contain_text("停用用户 李雷<img")
        await expect(acts.first).to_contain_text("坐席admin")
        await expect(page.locator("[data-test=audit]")).to_contain_text("角色: 坐席 → 副班长")
        async with world.client("1001") as agent:
            found = await agent.ask("GET", "/customers", params={"account": "3200000001"})
            await agent.ask("GET", f"/customers/{found['items'][0]['id']}")
        await world.journal.settle()
        await page.select_option("#audit-area", "")
        await page.fill("#audit-account", "3200000001")
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-test=audit] tbody")).to_have_text(
            re.compile("坐席1001.*查看客户资料，户号 3200000001")
        )
        await page.fill("#audit-account", "")
        await page.keyboard.press("Tab")
        await page.select_option("#audit-area", "sign_ins")
        await expect(page.locator("[data-test=audit] tbody")).to_contain_text("从 127.0.0.1 登录")
        await page.select_option("#audit-area", "seats")
        await expect(page.locator("[data-test=audit]")).to_contain_text("没有符合条件的记录")
        await page.select_option("#audit-area", "accounts")
        await page.select_option("#audit-person", world.users["admin"].id)
        await page.fill("#audit-to", "2020-01-01")
        await expect(acts).to_have_count(0)
        await page.fill("#audit-to", "")
        await expect(acts).to_have_count(5)
        await page.locator(".pages a[href='/admin/users']").click()
        await page.fill("#users-q", "crowd")
        await expect(rows).to_have_count(100)
        await a_seat_is_added_and_taken_away(world, page)
        await looks_well(page, ("/admin/users", "/admin/audit", "/admin/seats"))


async def test_how_the_centre_is_set_up_is_read_changed_and_heard(tmp_path: Path) -> None:
    for name, text in (("policy", POLICY), ("queues", QUEUES), ("skills", SKILLS)):
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    async with opened(tmp_path, "supervisor", own=("policy", "queues", "skills")) as (world, page):
        world.packs["zh-CN"] = recorded(tmp_path, world)
        await expect(page.locator(".pages a")).to_have_text(
            ["业务参数", "队列与技能", "日历", "语音", "审计", "语音流程", "公告"]
        )
        form, row = page.locator("[data-test=rule-form]"), page.locator("[data-rule=ring_timeout]")
        await expect(page.locator("[data-rule]")).to_have_count(len(world.policy.rules))
        await expect(page.locator("[data-rule=wrap_up_limit] td").nth(1)).to_have_text("20 秒")
        await expect(page.locator("[data-rule=wrap_up_limit] td").nth(2)).to_have_text("30 秒")
        await row.get_by_role("button").click()
        await form.locator("#rule-value").fill("0")
        await form.locator("#rule-source").fill("值长会议")
        await page.keyboard.press("Enter")
        await expect(form.locator("#rule-value-bad")).to_contain_text("不小于下限")
        await form.locator("#rule-value").fill("15")
        await page.keyboard.press("Enter")
        await expect(row).to_contain_text("重启后：15 秒")
        assert "ring_timeout: {value: 15, source: 值长会议}" in (tmp_path / "policy.yaml").read_text("utf-8")
        await page.fill("#policy-q", "振铃")
        assert await axe(page) == []

        await page.locator(".pages a[href='/admin/lists']").click()
        await expect(page.locator("[data-queue=night]")).to_contain_text("需要：英语 2 级")
        await page.get_by_role("button", name="修改文件…").click()
        text, verdict = page.locator("#list-text"), page.locator("[data-test=verdict]")
        await text.fill(QUEUES.replace("english", "englsh"))
        await page.get_by_role("button", name="检查").click()
        await expect(verdict).to_contain_text("did you mean 'english'")
        await page.locator(".pages a[href='/admin/calendar']").click()
        await page.locator(".el-message-box").get_by_role("button", name="取消").click()
        await text.fill(QUEUES.replace("夜间", "夜班"))
        await page.get_by_role("button", name="检查").click()
        await expect(verdict).to_have_text("可以使用。")
        await page.get_by_role("button", name="保存").click()
        await expect(page.locator("#list-why-bad")).to_contain_text("请写明为什么")
        await page.fill("#list-why", "夜间改称夜班")
        assert await axe(page) == []
        await page.get_by_role("button", name="保存").click()
        await expect(page.locator("[data-queue=night] h3")).to_contain_text("夜班")
        await expect(page.locator("[data-test=lists]")).to_contain_text("服务重启后生效")
        kept = page.locator("[data-test=kept]")
        await kept.get_by_role("button", name="比较").focus()
        await page.keyboard.press("Enter")
        await expect(kept.locator(".less")).to_contain_text("夜班")
        await expect(kept.locator(".more")).to_contain_text("夜间")
        await page.get_by_role("button", name="恢复这份文本").click()
        await expect(page.locator("#kept-why-bad")).to_contain_text("请写明为什么")
        assert await axe(page) == []
        await page.fill("#kept-why", "仍称夜间")
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-queue=night] h3")).to_contain_text("夜间")
        await expect(kept.locator("[data-kept]")).to_have_count(2)
        assert (tmp_path / "queues.yaml").read_text("utf-8") == QUEUES

        await page.select_option("#lists-which", "results")
        await expect(page.locator("[data-test=lists]")).to_contain_text("骚扰电话")
        await page.locator(".pages a[href='/admin/prompts']").click()
        await page.fill("#prompts-q", "故障报修请按一")
        async with page.expect_response(re.compile(r"/prompts/menu/audio")) as heard:
            await page.get_by_role("button", name="播放 menu zh-CN").click()
        assert (await heard.value).status in (200, 206)
        await expect(page.locator("[data-prompt=menu]")).to_contain_text("录音")
        await page.locator(".pages a[href='/admin/calendar']").click()
        await page.select_option("#calendar-year", label=str(world.clock.now().year))
        await expect(page.locator("[data-test=calendar]")).to_contain_text("国庆节")
        await page.locator(".pages a[href='/admin/audit']").click()
        await expect(page.locator("tr[data-event]").first).to_contain_text("恢复 队列 以前的文本（仍称夜间）")
        await looks_well(page, ("/admin/policy", "/admin/lists", "/admin/calendar", "/admin/prompts"))


def recorded(folder: Path, world: World) -> PromptPack:
    """A pack in which the menu has been recorded: a second of silence."""
    pack = PromptPack(
        folder / "prompts", catalogue(site=world.settings.site.name), settings_key="v", cache=folder / "cache"
    )
    with wave.open(str(folder / "studio.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000))
    pack.record("menu", folder / "studio.wav")
    return pack


async def a_seat_is_added_and_taken_away(world: World, page: Page) -> None:
    await page.locator(".pages a[href='/admin/seats']").click()
    await page.locator("[data-test=seats]").wait_for()
    await page.reload()
    form, secret = page.locator("[data-test=seat-form]"), page.locator("[data-test=secret]")
    await page.get_by_role("button", name="新建座席").click()
    await form.locator("#seat-id").fill("1001")
    await page.keyboard.press("Enter")
    await expect(form.locator("#seat-id-bad")).to_contain_text("已有这个座席")
    await form.locator("#seat-id").fill("3001")
    await page.keyboard.press("Enter")
    await expect(secret.locator("code")).to_have_count(3)
    stored = {seat.id: seat for seat in await world.accounts.seats()}
    await expect(secret.locator("code")).to_have_text(["127.0.0.1:5060", "seat3001", stored["3001"].sip_password])
    assert await axe(page) == []
    await secret.get_by_role("button", name="关闭").click()
    row = page.locator("[data-seat='3001']")
    await expect(row.locator(".tag")).to_have_text("未注册")
    await row.get_by_role("combobox").select_option("required")
    await page.get_by_text("已保存").first.wait_for()
    world.pbx_is_ours = False
    await row.get_by_role("button", name="删除…").click()
    await page.locator(".el-message-box").get_by_role("button", name="删除").click()
    await page.get_by_text("hotline asterisk render").wait_for()
    await expect(row).to_have_count(0)
    await page.locator(".el-message .el-message__closeBtn").click()
