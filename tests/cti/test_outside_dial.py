"""How long the PBX rings a number outside is said to it; its own limit is no rule of ours."""

from typing import Any

import pytest

from cti.ari.client import AriAddress
from cti.ari.pbx import AriPbx
from cti.port import OutsideDial

pytestmark = pytest.mark.unit


async def test_the_pbx_is_told_how_long_to_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    async def request(_method: str, _uri: str, *, body: dict[str, Any]) -> None:
        asked.append(body)

    pbx = AriPbx(AriAddress("127.0.0.1", 1, "user", "secret"))
    monkeypatch.setattr(pbx._ari, "request", request)
    await pbx.dial_outside(OutsideDial("1700.1-outside", "02812345", "1700.1", 65))
    assert asked[0]["timeout"] == 65
