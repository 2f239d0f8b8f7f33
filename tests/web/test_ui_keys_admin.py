"""Administration and announcements without a mouse before our own server: each deed told to the server."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.until import until
from tests.web.keyboard import Keys, open_page, working
from tests.web.test_api_own_files import POLICY, QUEUES, SKILLS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


async def _admin(keys: Keys, path: str) -> None:
    """Open a page of administration and go to what it holds."""
    link = keys.page.locator(f".pages a[href='{path}']")
    await link.wait_for()
    await keys.part(".pages", "Shift+F6" if await keys.page.locator(".content:focus-within").count() else "F6")
    await keys.do(link)
    await keys.page.wait_for_url(f"**{path}")
    await keys.page.locator(f"[data-test={path.rpartition('/')[2]}]").wait_for()
    await keys.part(".content")


async def _sure(keys: Keys, button: str) -> None:
    """Say yes where it is asked back."""
    box = keys.page.locator(".el-message-box").filter(visible=True)
    await box.wait_for()
    await keys.do(box.get_by_role("button", name=button, exact=True))
    await expect(box).to_have_count(0)
    await keys.is_somewhere(f"after {button}")


async def test_a_user_and_a_seat_are_made_and_changed(tmp_path: Path) -> None:
    async with working(tmp_path, "admin", path="/admin") as (world, keys):
        page = keys.page
        form, secret, rows = (page.locator(f"[data-test={one}]") for one in ("user-form", "secret", "users"))
        await _admin(keys, "/admin/users")
        await keys.do(page.get_by_role("button", name="新建用户"))
        await keys.fill(form.locator("#user-username"), "2001")
        await keys.fill(form.locator("#user-name"), "李雷")
        await keys.pick(form.locator("#user-seat"), "1003")
        await keys.do(form.get_by_role("button", name="建立"))
        await secret.wait_for()
        await keys.do(secret.get_by_role("button", name="关闭"))
        await expect(secret).to_be_hidden()
        await keys.is_somewhere("after the password was read")
        await keys.fill(page.locator("#users-q"), "2001")
        await keys.do(rows.locator("tr[data-user='2001']").get_by_role("button"))
        await keys.pick(form.locator("#user-role"), "副班长")
        await keys.pick(form.locator("select[data-skill]").first, "2")
        await keys.press("Tab")
        await keys.do(form.get_by_role("button", name="保存"))
        await expect(form).to_be_hidden()
        await keys.is_somewhere("after a user was changed")
        (user,) = [one for one in await world.accounts.users() if one.username == "2001"]
        assert (user.name, user.role, user.seat_id) == ("李雷", "deputy", "1003")

        await _admin(keys, "/admin/seats")
        made, seat = page.locator("[data-test=seat-form]"), page.locator("[data-seat='3001']")
        await keys.do(page.get_by_role("button", name="新建座席"))
        await keys.fill(made.locator("#seat-id"), "3001")
        await keys.press("Enter")
        await secret.wait_for()
        await keys.do(secret.get_by_role("button", name="关闭"))
        await expect(secret).to_be_hidden()
        await keys.fill(page.locator("#seats-q"), "3001")
        await keys.pick(seat.get_by_role("combobox"), "必须打开")
        await page.get_by_text("已保存").first.wait_for()
        await keys.do(seat.get_by_role("button", name="删除"))
        await _sure(keys, "删除")
        await expect(seat).to_have_count(0)
        assert "3001" not in {one.id for one in await world.accounts.seats()}
        await keys.is_somewhere("after a seat was taken away")


async def test_policy_and_lists_are_changed_and_put_back(tmp_path: Path) -> None:
    for name, text in (("policy", POLICY), ("queues", QUEUES), ("skills", SKILLS)):
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    own = ("policy", "queues", "skills")
    async with working(tmp_path, "supervisor", path="/admin", own=own) as (_, keys):
        page = keys.page
        await _admin(keys, "/admin/policy")
        row, form = page.locator("[data-rule=ring_timeout]"), page.locator("[data-test=rule-form]")
        await keys.fill(page.locator("#policy-q"), "ring_timeout")
        await keys.do(row.get_by_role("button"))
        await keys.fill(form.locator("#rule-value"), "15")
        await keys.fill(form.locator("#rule-source"), "值长会议")
        await keys.press("Enter")
        await expect(row).to_contain_text("重启后：15 秒")
        await expect(row.get_by_role("button")).to_be_focused()
        assert "ring_timeout: {value: 15, source: 值长会议}" in (tmp_path / "policy.yaml").read_text("utf-8")
        await keys.press("Enter")
        await keys.do(form.get_by_role("button", name="恢复默认"))
        await expect(row).not_to_contain_text("重启后")
        assert (tmp_path / "policy.yaml").read_text("utf-8") == POLICY

        await _admin(keys, "/admin/lists")
        text, verdict, kept = (page.locator(one) for one in ("#list-text", "[data-test=verdict]", "[data-test=kept]"))
        await keys.do(page.get_by_role("button", name="修改文件…"))
        await keys.fill(text, QUEUES.replace("夜间", "夜班"))
        await keys.do(page.get_by_role("button", name="检查"))
        await expect(verdict).to_have_text("可以使用。")
        await keys.is_somewhere("after the check")
        await keys.fill(page.locator("#list-why"), "夜间改称夜班", "Shift+Tab")
        await keys.press("Enter")
        await expect(page.locator("[data-queue=night] h3")).to_contain_text("夜班")
        await keys.is_somewhere("after the list was saved")
        await keys.do(kept.get_by_role("button", name="比较"))
        await keys.fill(page.locator("#kept-why"), "仍称夜间")
        await keys.press("Enter")
        await expect(page.locator("[data-queue=night] h3")).to_contain_text("夜间")
        assert (tmp_path / "queues.yaml").read_text("utf-8") == QUEUES
        await keys.is_somewhere("after the list was put back")


async def test_an_announcement_is_written_heard_and_taken_off(tmp_path: Path) -> None:
    async with working(tmp_path, "lead", path="/announcements") as (world, keys):
        page = keys.page
        write, now = page.locator("[data-test=write]"), page.locator("[data-test=now]")
        await write.wait_for()
        await keys.part(".side")
        await keys.fill(write.locator("#announce-text"), "受台风影响，部分线路停电，我们正在抢修。")
        await keys.do(write.get_by_role("button", name="开始播报"))
        await expect(now.locator("[data-test=state]")).to_have_text("播报中")
        assert len(world.announcements.current([])) == 1
        await keys.is_somewhere("after it was published")
        await keys.part(".list", "Shift+F6")
        await keys.do(now.get_by_role("button", name="立即停止"))
        await _sure(keys, "立即停止")
        ended = page.locator("[data-test=ended]")
        await expect(ended.locator("[data-test=state]")).to_have_text("已停止")
        assert world.announcements.current([]) == []
        await keys.is_somewhere("after it was taken off")
        await keys.do(ended.get_by_role("button", name="再用这段文字"))
        await expect(write.locator("#announce-text")).to_be_focused()
        await open_page(keys, "/shift")
        await until(lambda: world.announcements.current([]) == [])
