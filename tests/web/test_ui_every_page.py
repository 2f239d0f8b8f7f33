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
from tests.web.world import PASSWORD, World, open_world
from web.build import SOURCES
from web.pages import PAGES
from web.ui.mock import data

ROUTES = {
    "/login": "#username",
    "/": "[data-test=idle], .idle, main",
    "/calls": "tbody tr",
    "/callbacks": "main h1, main h2",
    "/live": "tbody tr",
    "/bill/3200000001": "main h1, main h2, main h3",
    "/announcements": "[data-test=write]",
    "/flows": "[role=toolbar]",
    "/wallboard": "canvas, [data-test=agents]",
}
"""Each page, and what is there when it has its data. A new page is added here."""
FIRST_LOAD_BYTES = 900_000
BY_KEYBOARD = """() => {
  const shown = (one) => one.checkVisibility({visibilityProperty: true, opacityProperty: true});
  const roles = ['button', 'link', 'tab', 'menuitem'].map(role => `[role=${role}]`);
  const use = ['a[href]', 'button', 'input', 'select', 'textarea', 'summary', ...roles].join();
  const sets = ['tablist', 'radiogroup', 'menu', 'toolbar'].map(role => `[role=${role}]`).join();
  const wrong = [];
  const tell = (one, why) => wrong.push(`${why}: ${one.outerHTML.slice(0, 160)}`);
  for (const one of document.querySelectorAll(use)) {
    if (!shown(one) || one.disabled || one.closest('[aria-hidden=true], [inert]')) continue;
    const roving = one.closest(sets) || one.type === 'radio';
    if (one.tabIndex < 0 && !roving) { tell(one, 'no key comes to it'); continue; }
    one.focus({preventScroll: true});
    if (document.activeElement !== one) { tell(one, 'takes no focus'); continue; }
    let ring = false;
    for (let at = one, up = 0; at && up < 4 && !ring; at = at.parentElement, up += 1) {
      const style = getComputedStyle(at);
      ring = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
    }
    if (!ring) tell(one, 'its focus is not seen');
  }
  for (const one of document.querySelectorAll('main *')) {
    if (one.onclick && !one.closest(use)) tell(one, 'is clicked, and no key does the same');
  }
  document.activeElement?.blur();
  return wrong;
}"""
"""What on the page cannot be reached by key, or does not show that it is reached."""
FIGURES = """() => [...document.querySelectorAll('body *')].filter(one =>
    [...one.childNodes].some(text => text.nodeType === 3 && /\\\\d{2}/.test(text.data))
    && one.checkVisibility() && !one.closest('textarea, code, pre, .cm-editor, svg')
    && !getComputedStyle(one).fontVariantNumeric.includes('tabular-nums')
  ).map(one => one.outerHTML.slice(0, 120))"""
"""Figures that do not stand in columns."""


@pytest.mark.unit
def test_every_address_of_the_router_is_served_and_looked_at_here() -> None:
    served = [re.compile(re.sub(r"\{\w+\}", "[^/]+", page)) for page in PAGES]
    for address in _addresses():
        example = re.sub(r":\w+\??", "1", address)
        assert any(page.fullmatch(example) for page in served), f"{address} cannot be opened or reloaded: web/pages.py"
        looked = re.compile(re.sub(r":\w+\??", "[^/]+", address))
        assert any(looked.fullmatch(route) for route in ROUTES), f"{address} is looked at by nobody: ROUTES"


def _addresses() -> list[str]:
    """Return the whole address of every page of the router: those with pages in them are none themselves."""
    above: list[tuple[int, str]] = []
    found: list[str] = []
    for line in (SOURCES / "src" / "router.ts").read_text("utf-8").splitlines():
        if at := re.search(r'path: "([^"]*)"', line):
            indent = len(line) - len(line.lstrip())
            above = [one for one in above if one[0] < indent]
            address = at[1] if at[1].startswith("/") else f"{above[-1][1].rstrip('/')}/{at[1]}".rstrip("/") or "/"
            above.append((indent, address))
            found += [address] if "component:" in line else []
    assert len(found) > 5
    return found


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
        assert found == []
        assert problems == []


async def _sign_in(page: Page, world: World) -> None:
    await page.fill("#username", Role.ADMIN.value)
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name=re.compile("不使用座席|without", re.IGNORECASE)).click()
    await page.wait_for_url("**/live")


async def _look(page: Page, world: World, route: str) -> list[str]:
    """Return what is wrong with a page, in either language and light, at either width."""
    await page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    await page.goto(world.base + route)
    await page.locator(ROUTES[route]).first.wait_for()
    found: list[str] = []
    for look in ("as it is", "the other"):
        if look == "the other":
            await page.get_by_role("button", name=re.compile("^(EN|中文)$")).first.click()
            await page.get_by_role("button", name=re.compile("深浅色|light or dark")).first.click()
        found += await axe(page)
        await page.keyboard.press("Tab")  # from now on the browser shows where the focus is
        found += await page.evaluate(BY_KEYBOARD)
        found += await page.evaluate(FIGURES)
        await page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
        found += ["scrolls sideways at 150 %"] if await too_wide(page) else []
        await page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        found += ["scrolls sideways"] if await too_wide(page) else []
    return [f"{route}: {one}" for one in found]


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
        await _tab_to(page, "input[type=radio]")
        await keys.press("Space")
        await keys.press("Control+Enter")
        await until(lambda: centre.agent["state"] == "ready")
        assert [one["type"] for one in centre.commands] == ["state", "hold", "resume", "wrap-up"]
        assert centre.commands[-1]["note"] == "客户问违约金"


async def _tab_to(page: Page, what: str) -> None:
    """Press the key that goes on until the focus is there, as somebody without a mouse does."""
    for _ in range(60):
        if await page.locator(what).first.evaluate("one => one === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"no key comes to {what}")
