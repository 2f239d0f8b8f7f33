"""Every address of the desktop can be opened and reloaded, not only clicked to."""

import re

import pytest

from web.build import SOURCES
from web.pages import PAGES

pytestmark = pytest.mark.unit


def test_every_address_of_the_router_is_served() -> None:
    served = [re.compile(re.sub(r"\{\w+\}", "[^/]+", page)) for page in PAGES]
    for address in addresses():
        example = re.sub(r":\w+\??", "1", address)
        assert any(page.fullmatch(example) for page in served), f"{address} cannot be opened or reloaded: web/pages.py"


def addresses() -> list[str]:
    """Return the whole address of every page of the router."""
    above: list[tuple[int, str]] = []
    found: list[str] = []
    for line in (SOURCES / "src" / "router.ts").read_text("utf-8").splitlines():
        if at := re.search(r'path: "([^"]*)"', line):
            indent = len(line) - len(line.lstrip())
            above = [one for one in above if one[0] < indent]
            address = at[1] if at[1].startswith("/") else f"{above[-1][1].rstrip('/')}/{at[1]}".rstrip("/") or "/"
            if line.lstrip().startswith("{"):
                found += [address] if "component:" in line else []
            else:
                above.append((indent, address))
    assert len(found) > 5
    return found
