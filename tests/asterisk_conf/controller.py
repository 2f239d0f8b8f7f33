"""A controller that only listens, to see what the PBX tells one."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from tests.pbx import Pbx


@asynccontextmanager
async def controller(pbx: Pbx) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A controller that only listens."""
    secrets = pbx.spec.secrets
    query = {"app": "hotline", "api_key": f"{secrets.ari_user}:{secrets.ari_password}"}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{pbx.ari_url}/events", params=query) as events,
    ):
        yield events


async def arrived(events: aiohttp.ClientWebSocketResponse) -> dict[str, object]:
    """The next StasisStart."""
    while True:
        event = json.loads(await events.receive_str(timeout=5))
        if event["type"] == "StasisStart":
            return dict(event)
