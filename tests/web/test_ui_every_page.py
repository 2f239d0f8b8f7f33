"""Every page before our own server: accessible, by keyboard, in both languages, light and dark, at 150 %."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from agents.model import Role
from tests.browser import chromium
from tests.ivr.conftest import SHIPPED
from tests.until import until
from tests.web.desk import WIDE, ZOOMED, axe, new_page, open_desk, too_wide, watch, workshop
from tests.web.test_pages import addresses
from tests.web.world import PASSWORD, World, open_world
from web.ui.mock import data

ROUTES = {
    "/login": "#username",
    "/": "main .stack h1",
    "/calls": "tbody tr",
    "/callbacks": "[data-test=abandoned]",
    "/supervision": "[data-test=agents] tbody tr",
    "/shift": "[data-test=plan]",
    "/bill/3200000001": "[data-test=answer]",
    "/announcements": "[data-test=write]",
    "/flows": ".vue-flow__node",
    "/admin/users": "tr[data-user]",
    "/admin/seats": "tr[data-seat]",
    "/admin/policy": "[data-rule]",
    "/admin/lists": "[data-queue]",
    "/admin/calendar": "[data-test=calendar] td, [data-test=calendar] li",
    "/admin/prompts": "[data-test=prompts]",
    "/admin/audit": "[data-test=audit]",
    "/wallboard": "canvas",
}
"""Each page, and what is there when it has its data. A new page is added here."""
OUTSIDE = ("/login", "/wallboard")
"""Pages without the frame of the desktop, so loaded anew."""
DIALOGS = {
    "/": ("header [aria-keyshortcuts='Alt+/']", "[data-test=keys]"),
    "/flows": ("[role=toolbar] .el-button >> nth=2", "#new-name"),
    "/admin/users": ("[data-test=users] .head .el-button", "[data-test=user-form]"),
}
"""What is opened on a page by which button, and what is there then."""
FIRST_LOAD_BYTES = 900_000
ONE_ROW = 64
"""The top bar is lower than this, in pixels, unless it has two rows."""
GO = "path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }"
"""Opens a page as the browser's own keys for back and on do, without loading everything anew."""
BY_KEYBOARD = """async () => {
  const shown = (one) => one.checkVisibility({visibilityProperty: true, opacityProperty: true});
  const roles = ['button', 'link', 'tab', 'menuitem'].map(role => `[role=${role}]`);
  const use = ['a[href]', 'button', 'input', 'select', 'textarea', 'summary', ...roles].join();
  const sets = ['tablist', 'radiogroup', 'menu', 'toolbar'].map(role => `[role=${role}]`).join();
  const look = (one) => { const {boxShadow, borderColor, backgroundColor} = getComputedStyle(one);
    return boxShadow + borderColor + backgroundColor; };
  const wrong = [];
  const tell = (one, why) => wrong.push(`${why}: ${one.outerHTML.slice(0, 160)}`);
  for (const one of document.querySelectorAll(use)) {
    if (!shown(one) || one.matches(':disabled') || one.closest('[aria-hidden=true], [inert]')) continue;
    const roving = one.closest(sets) || one.type === 'radio';
    if (one.tabIndex < 0 && !roving) { tell(one, 'no key comes to it'); continue; }
    const around = [one];
    while (around.length < 5 && around.at(-1).parentElement) around.push(around.at(-1).parentElement);
    const before = around.map(look).join();
    one.focus({preventScroll: true});
    await 0;  // the page's own classes follow the focus
    await 0;
    if (document.activeElement !== one) { tell(one, 'takes no focus'); continue; }
    const ring = getComputedStyle(one);
    const outlined = ring.outlineStyle !== 'none' && parseFloat(ring.outlineWidth) > 0;
    if (!outlined && around.map(look).join() === before) tell(one, 'its focus is not seen');
  }
  const handlers = (one) => one[Object.getOwnPropertySymbols(one).find(key => key.description === '_vei')] ?? {};
  // Ends of lines are drawn to by pointer and set in the form of their step by key; a field is emptied by key too.
  const beside = `${use}, label, .el-overlay, .vue-flow__handle, .vue-flow__edge, .el-input__clear`;
  for (const one of document.querySelectorAll('main *')) {
    if (!handlers(one).onClick || one.closest(beside) || one.querySelector(use)) continue;
    if (one.tabIndex < 0) tell(one, 'is clicked, and no key does the same');
  }
  document.activeElement?.blur();
  return wrong;
}"""
"""What on the page cannot be reached by key, or does not show that it is reached."""
FIGURES = """() => [...document.querySelectorAll('body *')].filter(one =>
    [...one.childNodes].some(text => text.nodeType === 3 && /\\d{2}/.test(text.data))
    && one.checkVisibility() && !one.closest('textarea, code, pre, select, kbd, svg')
    && !getComputedStyle(one).fontVariantNumeric.includes('tabular-nums')
  ).map(one => one.outerHTML.slice(0, 120))"""
"""Figures that do not stand in columns."""


@pytest.mark.unit
def test_every_page_of_the_router_is_looked_at_here() -> None:
    for address in addresses():
        looked = re.compile(re.sub(r":\w+\??", "[^/]+", address))
        assert any(looked.fullmatch(route) for route in ROUTES), f"{address} is looked at by nobody: ROUTES"


@pytest.mark.e2e
@pytest.mark.timeout(180)
async def test_every_page_is_accessible_by_keyboard_and_fits(tmp_path: Path) -> None:
    problems: list[str] = []
    async with open_world(tmp_path, ui_dir=workshop() / "dist", flow_file=SHIPPED) as world, chromium() as browser:
        await world.ready("1001", "1001")
        await world.talking("13800000001")
        page = await new_page(browser)
        watch(page, world.base, problems)
        found = await _look(page, world, "/login")
        await _sign_in(page, world)
        for route in list(ROUTES)[1:]:
            found += await _look(page, world, route)
        assert not found, "\n".join(sorted(set(found)))
        assert problems == []


async def _sign_in(page: Page, world: World) -> None:
    await page.fill("#username", Role.ADMIN.value)
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name=re.compile("不使用座席|without", re.IGNORECASE)).click()
    await page.wait_for_url("**/supervision")


async def _look(page: Page, world: World, route: str) -> list[str]:
    """Return what is wrong with a page, in either language and light, at either width."""
    if route in OUTSIDE:
        await page.goto(world.base + route)
    else:
        await page.evaluate(GO, route)
    await page.locator(ROUTES[route]).first.wait_for()
    found: list[str] = []
    for look in ("as it is", "the other"):
        if look == "the other":
            await page.get_by_role("button", name=re.compile("^(EN|中文)$")).first.click()
            await page.get_by_role("button", name=re.compile("深浅色|light or dark")).first.click()
        found += [f"says: {one}" for one in await page.locator(".el-message").all_inner_texts()]
        found += await axe(page)
        await page.keyboard.press("Tab")  # from now on the browser shows where the focus is
        found += await page.evaluate(BY_KEYBOARD)
        found += await page.evaluate(FIGURES)
        await page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
        found += ["scrolls sideways at 150 %"] if await too_wide(page) else []
        await page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        found += ["scrolls sideways"] if await too_wide(page) else []
    found += await _dialog(page, *DIALOGS[route]) if route in DIALOGS else []
    return [f"{route}: {one}" for one in found]


async def _dialog(page: Page, button: str, there: str) -> list[str]:
    """Return what axe finds with the dialog open; it is opened and closed by key."""
    await page.locator(button).press("Enter")
    await page.locator(there).wait_for()
    found = await axe(page)
    await page.keyboard.press("Escape")
    await expect(page.locator(there)).to_be_hidden()
    return [f"with {there} open: {one}" for one in found]


@pytest.mark.e2e
async def test_a_call_from_signing_in_to_wrap_up_by_keyboard_alone_and_a_small_first_load() -> None:
    async with open_desk() as desk:
        page, centre, keys = desk.page, desk.centre, desk.page.keyboard
        centre.bound = False
        await page.goto(centre.address)
        await page.wait_for_url("**/login**")
        await expect(page.locator("#username")).to_be_focused()
        await keys.type("1001")
        await keys.press("Tab")
        await keys.type("right")
        await keys.press("Enter")
        await page.locator("input[value=seat1001]").wait_for()
        await _tab_to(page, "input[value=seat1001]")
        await keys.press("Space")
        await _tab_to(page, "button:has-text('进入工作台')")
        await keys.press("Enter")
        await desk.see("未就绪")
        loaded = await page.evaluate(
            "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
            ".map(one => [one.name, one.encodedBodySize, one.decodedBodySize])"
        )
        code = [one for one in loaded if re.search(r"\.(js|css)$", one[0]) and one[2] > 2_000]
        assert len(code) > 5
        assert all(sent < whole / 1.5 for _, sent, whole in code), "text is sent compressed"
        assert sum(sent for _, sent, _ in loaded) <= FIRST_LOAD_BYTES
        await keys.press("Alt+r")
        await until(lambda: centre.agent["state"] == "ready")
        await centre.ring(data.pop("c1", "13800000002"))
        await page.locator("[data-test=pop]").wait_for()
        await centre.answer()
        await page.wait_for_selector(".controls")
        await keys.press("Alt+h")
        await desk.see("恢复通话")
        await keys.press("Alt+h")
        await _tab_to(page, "#note")
        await keys.type("客户问违约金")
        await centre.finish(60)
        await page.locator("#wrap-note").wait_for()
        await expect(page.locator("#wrap-note")).to_be_focused()
        await _tab_to(page, "input[name=result]", "Shift+Tab")
        await keys.press("Space")
        await keys.press("Control+Enter")
        await until(lambda: centre.agent["state"] == "ready")
        assert [one["type"] for one in centre.commands] == ["state", "hold", "resume", "wrap-up"]
        assert centre.commands[-1]["note"] == "客户问违约金"


@pytest.mark.e2e
async def test_the_bar_is_one_row_and_what_has_no_room_in_it_is_in_a_menu() -> None:
    async with open_desk(locale="en") as desk:
        page, keys = desk.page, desk.page.keyboard
        desk.centre.user |= {"role": "admin", "display_name": data.LONG_NAME}
        await desk.sign_in()
        more, items = page.locator("[data-test=more-pages]"), page.get_by_role("menuitem")
        await more.press("Enter")
        await expect(items.last).to_have_text("Admin")
        assert await desk.axe() == []
        await keys.press("Escape")
        await expect(items.last).to_be_hidden()
        shown = await page.locator("nav a").filter(visible=True).all_inner_texts()
        assert shown[:5] == ["Desk", "Calls", "Callbacks", "Floor", "Shift"]
        assert await page.evaluate("document.querySelector('header').offsetHeight") < ONE_ROW
        await more.press("Enter")
        await expect(items.first).to_be_focused()
        await keys.press("End")
        await expect(items.last).to_be_focused()
        await keys.press("Enter")
        await page.wait_for_url("**/admin/users")
        await page.set_viewport_size({"width": 1920, "height": 1080})
        await expect(more).to_have_count(0)
        await expect(page.locator("nav a[aria-current=page]", has_text="Admin")).to_be_visible()


async def _tab_to(page: Page, what: str, key: str = "Tab") -> None:
    """Press the key that goes on or back until the focus is there, as somebody without a mouse does."""
    for _ in range(60):
        if await page.locator(what).and_(page.locator(":focus")).count():
            return
        await page.keyboard.press(key)
    raise AssertionError(f"no key comes to {what}")
