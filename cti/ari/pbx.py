"""The `Pbx` port on Asterisk through ARI."""

import contextlib
from collections.abc import Callable, Sequence

from cti.ari import wire
from cti.ari.client import AriAddress, AriClient
from cti.ari.hearing import EAR, AriHearing, join_made
from cti.messages import PbxMessage
from cti.port import (
    Arrival,
    CallerAudio,
    NoSuchChannel,
    OutsideDial,
    PbxBridge,
    PbxChannel,
    PbxRefused,
    PbxTaken,
    SeatDial,
    Spying,
    Taking,
)

CONFLICT = 409
NO_CHANNEL = 400
"""What addChannel and removeChannel say when a channel is gone; 404 there means the bridge."""
REASON_CODES = {"normal": 16, "busy": 17, "no_answer": 19, "congestion": 42}
"""Q.850 causes of the reasons that we give for hanging up."""


WHISPERS = {"listen": "none", "whisper": "out", "barge": "both"}
"""Where the sound of who listens goes: out of a channel is to the person on it, in is from them to the others."""


class AriPbx:
    """Call control on one Asterisk."""

    def __init__(self, address: AriAddress) -> None:
        self._app = address.app
        self._ari = AriClient(address)

    @property
    def connected(self) -> bool:
        return self._ari.connected

    async def connect(self) -> None:
        await self._ari.connect()

    async def close(self) -> None:
        await self._ari.close()

    async def listen(self, take: Callable[[Arrival | PbxMessage], None]) -> None:
        def hear(event: wire.AriEvent) -> None:
            if (message := wire.to_message(event)) is not None:
                take(message)
            elif isinstance(event, wire.ApplicationReplaced):
                # Another program took our name: fighting for it would tear every call to and fro.
                raise PbxTaken()

        try:
            await self._ari.listen(hear)
        except PbxTaken:
            await self._ari.close()
            raise

    async def answer(self, channel_id: str) -> None:
        await self._ari.request("POST", f"channels/{channel_id}/answer")

    async def hang_up(self, channel_id: str, reason: str = "normal") -> None:
        await self._if_there("DELETE", f"channels/{channel_id}", reason_code=REASON_CODES[reason])

    async def play(self, channel_id: str, playback_id: str, media: Sequence[str]) -> None:
        await self._ari.request("POST", f"channels/{channel_id}/play/{playback_id}", body={"media": list(media)})

    async def play_to_all(self, bridge_id: str, playback_id: str, media: Sequence[str]) -> None:
        await self._ari.request("POST", f"bridges/{bridge_id}/play/{playback_id}", body={"media": list(media)})

    async def stop_playback(self, playback_id: str) -> None:
        await self._ari.tell("DELETE", f"playbacks/{playback_id}")

    async def start_music(self, channel_id: str, *, waits: bool = True) -> None:
        await (self._ari.request if waits else self._ari.tell)("POST", f"channels/{channel_id}/moh")

    async def stop_music(self, channel_id: str) -> None:
        await self._ari.request("DELETE", f"channels/{channel_id}/moh")

    async def mute(self, channel_id: str, *, on: bool) -> None:
        await self._ari.request("POST" if on else "DELETE", f"channels/{channel_id}/mute", direction="in")

    async def ringback(self, channel_id: str, *, on: bool) -> None:
        await self._ari.request("POST" if on else "DELETE", f"channels/{channel_id}/ring")

    async def refer_told(self, channel_id: str, *, taken: bool) -> None:
        states = "channel_answered" if taken else "channel_declined"
        with contextlib.suppress(PbxRefused, NoSuchChannel):
            await self._ari.request("POST", f"channels/{channel_id}/transfer_progress", states=states)

    async def send_digits(self, channel_id: str, digits: str) -> None:
        await self._ari.request("POST", f"channels/{channel_id}/dtmf", dtmf=digits)

    async def hear(self, channel_id: str) -> CallerAudio:
        try:
            return await AriHearing.begin(self._ari, self._app, channel_id)
        except TimeoutError:
            raise PbxRefused("Asterisk did not hand over the channels that hear a caller") from None

    async def spy(self, spying: Spying) -> None:
        whisper = WHISPERS[spying.mode]
        snoop = f"channels/{spying.channel_id}/snoop/{spying.spy_id}"
        await self._ari.request("POST", snoop, app=self._app, appArgs=EAR, spy="both", whisper=whisper)
        await self.join(spying.bridge_id, spying.leg)
        try:
            await join_made(self._ari, spying.bridge_id, spying.spy_id)
        except TimeoutError:
            raise PbxRefused("Asterisk did not hand over the channel that listens") from None

    async def take_sound(self, taking: Taking) -> None:
        await self._ari.request(
            "POST",
            f"channels/{taking.channel_id}/record",
            name=taking.name,
            format="sln",
            maxDurationSeconds=taking.longest_s,
            maxSilenceSeconds=taking.silence_s,
            ifExists="overwrite",
            beep="false",
            terminateOn="#",
        )

    async def taking(self, name: str) -> bool:
        try:
            await self._ari.request("GET", f"recordings/live/{name}")
        except NoSuchChannel:
            return False
        return True

    async def names(self) -> list[str]:
        """Return the names of all sound that the PBX has written down for us (the port `recordings.port.Mailbox`)."""
        found = wire.read(await self._ari.request("GET", "recordings/stored"), list[wire.AriRecording])
        return [recording.name for recording in found]

    async def sound(self, name: str) -> bytes:
        """Return the sound of that name: 16-bit little-endian mono at 8 kHz. Raises NoSuchChannel: there is none."""
        return await self._ari.fetch(f"recordings/stored/{name}/file")

    async def forget(self, name: str) -> None:
        """Remove the sound of that name; none is fine."""
        await self._if_there("DELETE", f"recordings/stored/{name}")

    async def dial_seat(self, dial: SeatDial) -> None:
        variables = {
            "HOTLINE_CALL": dial.call_id,
            "HOTLINE_ROLE": "seat",
            "HOTLINE_AGENT": dial.agent_id,
            "HOTLINE_SEAT": dial.seat_id,
            # The transfer key of the phone is told to us; Asterisk itself does nothing with it.
            "PJSIP_TRANSFER_HANDLING()": "ari-only",
        }
        if dial.at_once:
            variables["PJSIP_HEADER(add,Answer-Mode)"] = "Auto"
        body = {
            "endpoint": f"PJSIP/{dial.sip_username}",
            "app": self._app,
            "appArgs": "seat",
            "callerId": dial.caller,
            "variables": variables,
        }
        await self._ari.request("POST", f"channels/{dial.channel_id}", body=body)

    async def dial_outside(self, dial: OutsideDial) -> None:
        body = {
            "endpoint": f"PJSIP/{dial.number}@trunk",
            "app": self._app,
            "appArgs": "outside",
            "timeout": dial.most_s,
            "variables": {"HOTLINE_CALL": dial.call_id, "HOTLINE_ROLE": "outside"},
        }
        await self._ari.request("POST", f"channels/{dial.channel_id}", body=body)

    async def join(self, bridge_id: str, *channel_ids: str) -> None:
        try:
            await self._ari.request("POST", f"bridges/{bridge_id}", type="mixing,dtmf_events,proxy_media")
        except PbxRefused as refused:
            if refused.details.get("status") != CONFLICT:
                raise
        try:
            await self._ari.request("POST", f"bridges/{bridge_id}/addChannel", channel=",".join(channel_ids))
        except PbxRefused as refused:
            if refused.details.get("status") == NO_CHANNEL:
                raise NoSuchChannel(refused.message) from None
            raise

    async def leave(self, bridge_id: str, channel_id: str) -> None:
        try:
            await self._if_there("POST", f"bridges/{bridge_id}/removeChannel", channel=channel_id)
        except PbxRefused as refused:
            if refused.details.get("status") not in (CONFLICT, NO_CHANNEL, 422):
                raise

    async def close_bridge(self, bridge_id: str) -> None:
        try:
            await self._if_there("DELETE", f"bridges/{bridge_id}")
        except PbxRefused as refused:
            # "Not in Stasis application": an earlier close took it from there and is about to end it.
            if refused.details.get("status") != CONFLICT:
                raise

    async def channels(self) -> list[PbxChannel]:
        found = wire.read(await self._ari.request("GET", "channels"), list[wire.AriChannel])
        return [channel.seen(self._app) for channel in found]

    async def bridges(self) -> list[PbxBridge]:
        found = wire.read(await self._ari.request("GET", "bridges"), list[wire.AriBridge])
        return [bridge.seen() for bridge in found]

    async def _if_there(self, method: str, uri: str, **query: str | int) -> None:
        try:
            await self._ari.request(method, uri, **query)
        except NoSuchChannel:
            return
