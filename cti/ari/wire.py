"""What comes over the ARI WebSocket, checked at the border; fields that we do not use are passed over.

Read by msgspec: every call brings a dozen messages of which a few fields are wanted (ADR 0125).
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from cti.messages import (
    ChannelEntered,
    ChannelGone,
    ChannelRinging,
    DigitPressed,
    PbxMessage,
    PhoneHeld,
    PhoneRefers,
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


class AriChannelName(_Part, frozen=True):
    """A channel of which no more than its id is wanted."""

    id: str


class AriChannelState(_Part, frozen=True):
    """A channel of which it is wanted how it stands."""

    id: str
    state: str = ""


class AriBridge(_Part, frozen=True):
    """A bridge as ARI shows it."""

    id: str
    channels: list[str] = msgspec.field(default_factory=list)

    def seen(self) -> PbxBridge:
        return PbxBridge(self.id, frozenset(self.channels))


class _Playback(_Part, frozen=True):
    id: str
    state: str = ""


class _Query(_Part, frozen=True):
    name: str
    value: str


class Request(_Part, frozen=True, omit_defaults=True):
    """A request of ours; `message_body` is JSON."""

    type: str
    request_id: str
    method: str
    uri: str
    content_type: str = ""
    message_body: str = ""
    query_strings: tuple[_Query, ...] = ()


def request(number: str, method: str, uri: str, body: Any, query: Mapping[str, str | int]) -> Request:
    """Return the request `number`; `body` is what its JSON is to say, None for none."""
    asked = tuple(_Query(name, str(value)) for name, value in query.items()) if query else ()
    if body is None:
        return Request("RESTRequest", number, method, uri, query_strings=asked)
    text = msgspec.json.encode(body).decode()
    return Request("RESTRequest", number, method, uri, "application/json", text, asked)


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
    channel: AriChannelName


class ChannelHangupRequest(_Message, frozen=True, kw_only=True):
    cause: int = 0
    channel: AriChannelName


class StasisEnd(_Message, frozen=True, kw_only=True):
    channel: AriChannelName


class ChannelStateChange(_Message, frozen=True, kw_only=True):
    channel: AriChannelState


class ChannelDtmfReceived(_Message, frozen=True, kw_only=True):
    digit: str
    channel: AriChannelName


class PlaybackFinished(_Message, frozen=True, kw_only=True):
    playback: _Playback


class AriRecording(_Part, frozen=True):
    """Sound that is written down."""

    name: str
    talking_duration: float = 0.0


class RecordingFinished(_Message, frozen=True, kw_only=True):
    recording: AriRecording


class RecordingFailed(_Message, frozen=True, kw_only=True):
    recording: AriRecording


class ChannelHold(_Message, frozen=True, kw_only=True):
    channel: AriChannelName


class ChannelUnhold(_Message, frozen=True, kw_only=True):
    channel: AriChannelName


class _Destination(_Part, frozen=True):
    destination: str = ""
    protocol_id: str = ""


class _ReferTo(_Part, frozen=True):
    requested_destination: _Destination = _Destination()


class _ReferredBy(_Part, frozen=True):
    source_channel: AriChannelName


class ChannelTransfer(_Message, frozen=True, kw_only=True):
    """A phone asks for a transfer; with a `state` it is only the echo of what we told it."""

    refer_to: _ReferTo
    referred_by: _ReferredBy
    state: str = ""


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
    | ChannelTransfer
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
    "ChannelTransfer",
    "ApplicationReplaced",
]
"""The only events we ask for: the filter of the application also filters answers, so they stand in it."""


def parse(text: str) -> AriEvent:
    """Read one message. Raises NotAMessage for what is not of a wanted kind."""
    return _decoder.decode(text)


def read(text: str, kind: type[T]) -> T:
    """Return the body of an answer as what it should be. Raises NotAMessage."""
    return msgspec.json.decode(text, type=kind)


def to_message(event: AriEvent) -> Arrival | PbxMessage | None:
    """Say an event in the words of the port; None when the port has no word for it."""
    say = _WORDS.get(type(event))
    return None if say is None else say(event)


def _entered(event: StasisStart) -> Arrival | ChannelEntered:
    channel = event.channel
    if event.args[:1] == [ARRIVED]:
        return Arrival(channel.id, channel.caller.number, channel.dialplan.exten)
    return ChannelEntered(channel.id)


def _changed(event: ChannelStateChange) -> ChannelRinging | None:
    return ChannelRinging(event.channel.id) if event.channel.state == "Ringing" else None


def _refers(event: ChannelTransfer) -> PhoneRefers | None:
    if event.state:
        return None
    to = event.refer_to.requested_destination
    return PhoneRefers(event.referred_by.source_channel.id, to.destination, attended=bool(to.protocol_id))


def _written(event: RecordingFinished | RecordingFailed) -> SoundTaken:
    failed, recording = isinstance(event, RecordingFailed), event.recording
    return SoundTaken(recording.name, failed=failed, spoken_s=0.0 if failed else recording.talking_duration)


_WORDS: dict[type, Callable[[Any], Arrival | PbxMessage | None]] = {
    StasisStart: _entered,
    # The first of the three that comes tells the end: the request when the phone hangs up, the end of
    # Stasis for every other way out, the destruction for a channel that never was in Stasis.
    ChannelHangupRequest: lambda event: ChannelGone(event.channel.id, event.cause, ""),
    StasisEnd: lambda event: ChannelGone(event.channel.id, 0, "left"),
    ChannelDestroyed: lambda event: ChannelGone(event.channel.id, event.cause, event.cause_txt),
    ChannelStateChange: _changed,
    ChannelDtmfReceived: lambda event: DigitPressed(event.channel.id, event.digit),
    PlaybackFinished: lambda event: PlaybackEnded(event.playback.id, event.playback.state == "failed"),
    RecordingFinished: _written,
    RecordingFailed: _written,
    ChannelHold: lambda event: PhoneHeld(event.channel.id),
    ChannelUnhold: lambda event: PhoneResumed(event.channel.id),
    ChannelTransfer: _refers,
}
