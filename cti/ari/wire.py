"""What comes over the ARI WebSocket, checked at the border; fields that we do not use are not looked at."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from cti.messages import (
    ChannelEntered,
    ChannelGone,
    ChannelRinging,
    DigitPressed,
    PbxMessage,
    PhoneHeld,
    PhoneResumed,
    PlaybackEnded,
    SoundTaken,
)
from cti.port import Arrival, PbxBridge, PbxChannel

ARRIVED = "arrived"
"""Argument of Stasis() by which the dialplan marks a caller's channel."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Party(_Message):
    """A caller or called party of a channel."""

    name: str = ""
    number: str = ""


class Dialplan(_Message):
    """Where a channel stands in the dialplan; `exten` is the number that was dialled."""

    context: str = ""
    exten: str = ""
    app_name: str = ""
    app_data: str = ""


class AriChannel(_Message):
    """A channel as ARI shows it."""

    id: str
    state: str = ""
    caller: Party = Party()
    dialplan: Dialplan = Dialplan()
    channelvars: dict[str, str] = {}

    def seen(self, app: str) -> PbxChannel:
        """Return what the port needs of it; `app` is the name under which we are known."""
        mine = self.dialplan.app_name.lower() == "stasis" and self.dialplan.app_data.split(",")[0] == app
        return PbxChannel(
            self.id, self.caller.number, self.dialplan.exten, self.state == "Up", mine, dict(self.channelvars)
        )


class AriBridge(_Message):
    """A bridge as ARI shows it."""

    id: str
    channels: list[str] = []

    def seen(self) -> PbxBridge:
        return PbxBridge(self.id, frozenset(self.channels))


class _Playback(_Message):
    id: str
    state: str = ""


class Response(_Message):
    """The answer to one request of ours."""

    type: Literal["RESTResponse"]
    request_id: str
    status_code: int
    reason_phrase: str = ""
    message_body: str = ""


class StasisStart(_Message):
    type: Literal["StasisStart"]
    args: list[str] = []
    channel: AriChannel


class ChannelDestroyed(_Message):
    type: Literal["ChannelDestroyed"]
    cause: int = 0
    cause_txt: str = ""
    channel: AriChannel


class ChannelHangupRequest(_Message):
    type: Literal["ChannelHangupRequest"]
    cause: int = 0
    channel: AriChannel


class StasisEnd(_Message):
    type: Literal["StasisEnd"]
    channel: AriChannel


class ChannelStateChange(_Message):
    type: Literal["ChannelStateChange"]
    channel: AriChannel


class ChannelDtmfReceived(_Message):
    type: Literal["ChannelDtmfReceived"]
    digit: str
    channel: AriChannel


class PlaybackFinished(_Message):
    type: Literal["PlaybackFinished"]
    playback: _Playback


class _Recording(_Message):
    name: str
    talking_duration: float = 0.0


class RecordingFinished(_Message):
    type: Literal["RecordingFinished"]
    recording: _Recording


class RecordingFailed(_Message):
    type: Literal["RecordingFailed"]
    recording: _Recording


class ChannelHold(_Message):
    type: Literal["ChannelHold"]
    channel: AriChannel


class ChannelUnhold(_Message):
    type: Literal["ChannelUnhold"]
    channel: AriChannel


class ApplicationReplaced(_Message):
    type: Literal["ApplicationReplaced"]


AriEvent = (
    Response
    | StasisStart
    | StasisEnd
    | ChannelHangupRequest
    | ChannelDestroyed
    | ChannelStateChange
    | ChannelDtmfReceived
    | PlaybackFinished
    | RecordingFinished
    | RecordingFailed
    | ChannelHold
    | ChannelUnhold
    | ApplicationReplaced
)
_parser: TypeAdapter[AriEvent] = TypeAdapter(Annotated[AriEvent, Field(discriminator="type")])

WANTED = [
    "RESTResponse",
    "StasisStart",
    "StasisEnd",
    "ChannelHangupRequest",
    "ChannelDestroyed",
    "ChannelStateChange",
    "ChannelDtmfReceived",
    "PlaybackFinished",
    "RecordingFinished",
    "RecordingFailed",
    "ChannelHold",
    "ChannelUnhold",
    "ApplicationReplaced",
]
"""The only events we ask for: the filter of the application also filters answers, so they stand in it."""


def parse(text: str) -> AriEvent:
    """Read one message. Raises pydantic.ValidationError for what is not of a wanted kind."""
    return _parser.validate_json(text)


def to_message(event: AriEvent) -> Arrival | PbxMessage | None:
    """Say an event in the words of the port; None when the port has no word for it."""
    match event:
        case StasisStart(args=args, channel=channel):
            if args[:1] == [ARRIVED]:
                return Arrival(channel.id, channel.caller.number, channel.dialplan.exten)
            return ChannelEntered(channel.id)
        # The first of the three that comes tells the end: the request when the phone hangs up, the end of
        # Stasis for every other way out, the destruction for a channel that never was in Stasis.
        case ChannelHangupRequest(channel=channel):
            return ChannelGone(channel.id, event.cause, "")
        case StasisEnd(channel=channel):
            return ChannelGone(channel.id, 0, "left")
        case ChannelDestroyed(channel=channel):
            return ChannelGone(channel.id, event.cause, event.cause_txt)
        case ChannelStateChange(channel=channel) if channel.state == "Ringing":
            return ChannelRinging(channel.id)
        case ChannelDtmfReceived(channel=channel):
            return DigitPressed(channel.id, event.digit)
        case PlaybackFinished(playback=playback):
            return PlaybackEnded(playback.id, playback.state == "failed")
        case RecordingFinished(recording=recording):
            return SoundTaken(recording.name, failed=False, spoken_s=recording.talking_duration)
        case RecordingFailed(recording=recording):
            return SoundTaken(recording.name, failed=True, spoken_s=0.0)
        case ChannelHold(channel=channel):
            return PhoneHeld(channel.id)
        case ChannelUnhold(channel=channel):
            return PhoneResumed(channel.id)
        case _:
            return None


channels_adapter: TypeAdapter[list[AriChannel]] = TypeAdapter(list[AriChannel])
bridges_adapter: TypeAdapter[list[AriBridge]] = TypeAdapter(list[AriBridge])
Params = dict[str, Any]
