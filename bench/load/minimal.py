"""The least that serves the menu call through ARI: answer, greeting, one key, prompt. No journal, no database.

It is the yardstick for what a program of ours may cost: same library, same WebSocket, same requests and events.
"""

import itertools
import json
import sys
from typing import Any

import aiohttp
import uvloop

APP = "minimal"
EVENTS = ("StasisStart", "StasisEnd", "ChannelHangupRequest", "ChannelDtmfReceived", "PlaybackFinished")


class Menu:
    """Serves every channel that enters; answers to requests are read and dropped."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, greeting: str, prompt: str) -> None:
        self._socket = socket
        self._greeting = greeting
        self._prompt = prompt
        self._numbers = itertools.count(1)

    async def serve(self) -> None:
        """Serve until the connection is lost."""
        allowed = [{"type": kind} for kind in ("RESTResponse", *EVENTS)]
        await self._ask("PUT", f"applications/{APP}/eventFilter", {"allowed": allowed})
        async for frame in self._socket:
            event = json.loads(frame.data)
            if event["type"] == "StasisStart":
                channel = event["channel"]["id"]
                await self._ask("POST", f"channels/{channel}/answer")
                await self._ask("POST", f"channels/{channel}/play/{channel}-1", {"media": [f"sound:{self._greeting}"]})
            elif event["type"] == "ChannelDtmfReceived":
                channel = event["channel"]["id"]
                await self._ask("DELETE", f"playbacks/{channel}-1")
                await self._ask("POST", f"channels/{channel}/play/{channel}-2", {"media": [f"sound:{self._prompt}"]})

    async def _ask(self, method: str, uri: str, body: Any = None) -> None:
        ask = {"type": "RESTRequest", "request_id": str(next(self._numbers)), "method": method, "uri": uri}
        if body is not None:
            ask |= {"content_type": "application/json", "message_body": json.dumps(body)}
        await self._socket.send_str(json.dumps(ask))


async def main(http: str, user: str, password: str, *prompts: str) -> None:
    """Connect to ARI at `http` and serve."""
    who = {"Authorization": aiohttp.encode_basic_auth(user, password)}
    async with (
        aiohttp.ClientSession(headers=who) as session,
        session.ws_connect(f"{http}/events", params={"app": APP, "subscribeAll": "false"}) as socket,
    ):
        sys.stdout.write("connected\n")
        sys.stdout.flush()
        await Menu(socket, *prompts).serve()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
