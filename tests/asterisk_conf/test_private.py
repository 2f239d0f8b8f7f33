"""The private Asterisk as a process: starts quickly, ends clean, two at once, ports in use, remains of a crash."""

import time

import pytest

from tests.pbx import started_pbx

pytestmark = pytest.mark.integration


async def test_starts_within_five_seconds_and_ends_clean() -> None:
    before = time.monotonic()
    async with started_pbx() as pbx:
        assert time.monotonic() - before < 5
        status = await pbx.asterisk.status()
        assert status.booted
        assert "fully booted" in await pbx.asterisk.command("core waitfullybooted")
    assert not (await pbx.asterisk.status()).running
