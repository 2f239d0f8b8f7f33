"""Fixtures of the web's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.world import World, open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A hotline without sound, with the demo's customers, and its web server."""
    async with open_world(tmp_path) as one:
        yield one
