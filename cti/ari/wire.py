"""What comes over the ARI WebSocket, checked at the border; fields that we do not use are passed over.

Read by msgspec: every call brings a dozen messages of which a few fields are wanted (ADR 0125).
"""

from typing import Any, TypeVar

import msgspec

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

NotAMessage = msgspec.DecodeError
"""Raised for what is no message of a kind that we know."""
ARRIVED = "arrived"
"""Argument of Stasis() by which the dialplan marks a caller's channel."""


T = TypeVar("T")


class _Part(msgspec.Struct, frozen=True):
    """Something in a message."""


class _Message(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """A message: Asterisk names its class in the field `type`."""


class Party(_Part, frozen=True):
    """A caller or called party of a channel."""

    name: str = ""
    number: str = ""


class Dialplan(_Part, frozen=True):
    """Where a channel stands in the dialplan; `exten` is the number that was dialled."""

    context: str = ""
    exten: str = ""
    app_name: str = ""
    app_data: str = ""


class AriChannel(_Part, frozen=True):
    """A channel as ARI shows it."""

    id: str
    name: str = ""
    state: str = ""
    caller: Party = Party()
    dialplan: Dialplan = Dialplan()
    channelvars: dict[str, str] = msgspec.field(default_factory=dict)

    def seen(self, app: str) -> PbxChannel:
        """Return what the port needs of it; `app` is the name under which we are known."""
        mine = self.dialplan.app_name.lower() == "stasis" and self.dialplan.app_data.split(",")[0] == app
        return PbxChannel(
            self.id,
            self.caller.number,
            self.dialplan.exten,
            self.state == "Up",
            mine,
            dict(self.channelvars),
            self.name.removeprefix("PJSIP/").rpartition("-")[0],
        )


class AriBridge(_Part, frozen=True):
    """A bridge as ARI shows it."""

    id: str
    channels: list[str] = msgspec.field(default_factory=list)

    def seen(self) -> PbxBridge:
        return PbxBridge(self.id, frozenset(self.channels))


class _Playback(_Part, frozen=True):
    id: str
    state: str = ""


class Response(_Message, frozen=True, kw_only=True, tag="RESTResponse"):
    """The answer to one request of ours."""

    request_id: str
    status_code: int
    reason_phrase: str = ""
    message_body: str = ""


class StasisStart(_Message, frozen=True, kw_only=True):
    args: list[str] = msgspec.field(default_factory=list)
    channel: AriChannel


class ChannelDestroyed(_Message, frozen=True, kw_only=True):
    cause: int = 0
    cause_txt: str = ""
    channel: AriChannel


class ChannelHangupRequest(_Message, frozen=True, kw_only=True):
    cause: int = 0
    channel: AriChannel


class StasisEnd(_Message, frozen=True, kw_only=True):
    channel: AriChannel


class ChannelStateChange(_Message, frozen=True, kw_only=True):
    channel: AriChannel


class ChannelDtmfReceived(_Message, frozen=True, kw_only=True):
    digit: str
    channel: AriChannel


class PlaybackFinished(_Message, frozen=True, kw_only=True):
    playback: _Playback


class _Recording(_Part, frozen=True):
    name: str
    talking_duration: float = 0.0


class RecordingFinished(_Message, frozen=True, kw_only=True):
    recording: _Recording


class RecordingFailed(_Message, frozen=True, kw_only=True):
    recording: _Recording


class ChannelHold(_Message, frozen=True, kw_only=True):
    channel: AriChannel


class ChannelUnhold(_Message, frozen=True, kw_only=True):
    channel: AriChannel


class ApplicationReplaced(_Message, frozen=True, kw_only=True):
    """Another program has connected under our name."""


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
_decoder: msgspec.json.Decoder[AriEvent] = msgspec.json.Decoder(AriEvent)

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
    """Read one message. Raises NotAMessage for what is not of a wanted kind."""
    return _decoder.decode(text)


def read(what: Any, kind: type[T]) -> T:
    """Return the decoded body of an answer as what it should be. Raises NotAMessage."""
    return msgspec.convert(what, kind)


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
