"""The service on the real PBX, one for the stories of a module."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.pbx import started_pbx
from tests.service import Service, started_service


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Service]:
    """PBX and service with the demo's customers and four agents, nobody signed in."""
    async with started_pbx() as pbx, started_service(pbx) as service:
        yield service
