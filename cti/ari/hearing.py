"""Hears one caller through ARI: a snoop on the channel, bridged to a WebSocket that carries its sound to us.

Asterisk opens the WebSocket under a random id (a UUID) that only its answer to our authenticated request names, it
takes one connection to it, and its HTTP server listens on the address of ARI, so nobody else can hear along.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Final

import aiohttp

from cti.ari import wire
from cti.ari.client import AriClient
from cti.legs import ear
from cti.port import NoSuchChannel, PbxDown, PbxRefused

EAR = "ear"
"""Argument of our application by which a channel that only hears is known."""
_CONNECTION: Final = "MEDIA_WEBSOCKET_CONNECTION_ID"
_ENTERED_LIMIT_S: Final = 2.0
_ENTERED_EVERY_S: Final = 0.01
_NOT_IN_APP: Final = (409, 422)
"""What addChannel says of a channel that is made but not yet handed to us, which takes a few milliseconds."""


async def join_made(ari: AriClient, bridge: str, part: str) -> None:
    """Put a channel that was just made into a bridge, once it is handed to us. Raises TimeoutError."""
    async with asyncio.timeout(_ENTERED_LIMIT_S):
        while True:
            try:
                await ari.request("POST", f"bridges/{bridge}/addChannel", channel=part)
            except PbxRefused as refused:
                if refused.details.get("status") not in _NOT_IN_APP:
                    raise
                await asyncio.sleep(_ENTERED_EVERY_S)
            else:
                return


@dataclass(frozen=True, slots=True)
class _Parts:
    """The ids of what a hearing is made of."""

    snoop: str
    media: str
    bridge: str


class AriHearing:
    """A `CallerAudio`; made by `begin`."""

    def __init__(self, ari: AriClient, parts: _Parts) -> None:
        self._ari = ari
        self._parts = parts
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    @classmethod
    async def begin(cls, ari: AriClient, app: str, channel_id: str) -> "AriHearing":
        """Begin to hear a channel. Raises NoSuchChannel, PbxRefused or PbxDown, and then leaves nothing behind."""
        name = ear(channel_id)
        hearing = cls(ari, _Parts(name, f"{name}-media", f"{name}-bridge"))
        try:
            await hearing._open(app, channel_id)
        except BaseException:
            with contextlib.suppress(PbxDown, PbxRefused):
                await hearing.close()
            raise
        return hearing

    async def _open(self, app: str, channel_id: str) -> None:
        parts, ask = self._parts, self._ari.request
        await ask("POST", f"channels/{channel_id}/snoop/{parts.snoop}", app=app, appArgs=EAR, spy="in")
        wanted = {"external_host": "INCOMING", "transport": "websocket", "encapsulation": "none", "format": "slin"}
        answer = await ask(
            "POST", "channels/externalMedia", channelId=parts.media, app=app, connection_type="server", **wanted
        )
        made = wire.read(answer, wire.AriChannel)
        if (connection := made.channelvars.get(_CONNECTION)) is None:
            raise PbxRefused("Asterisk names no WebSocket for the sound: is chan_websocket loaded (22.6 or newer)?")
        self._socket = await self._ari.media(connection)
        await ask("POST", f"bridges/{parts.bridge}", type="mixing")
        for part in (parts.snoop, parts.media):
            await join_made(self._ari, parts.bridge, part)

    async def read(self) -> bytes | None:
        """Return the next 20 ms of sound; None when the caller or the PBX is gone."""
        assert self._socket is not None
        async for frame in self._socket:
            if frame.type is aiohttp.WSMsgType.BINARY:
                return bytes(frame.data)
        return None

    async def close(self) -> None:
        """Take everything down again; what is gone already is fine. Raises PbxDown, PbxRefused.

        Where the phone sends no packets at all, Asterisk lets the snoop go with the next sound that is played to it.
        """
        if self._socket is not None:
            await self._socket.close()
        parts = self._parts
        gone = (f"channels/{parts.media}", f"channels/{parts.snoop}", f"bridges/{parts.bridge}")
        await asyncio.gather(*(self._delete(uri) for uri in gone))

    async def _delete(self, uri: str) -> None:
        with contextlib.suppress(NoSuchChannel):
            await self._ari.request("DELETE", uri)
