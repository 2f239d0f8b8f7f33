"""What we need of a PBX, whichever it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.errors import NotFound, Unavailable
from cti.messages import PbxMessage


class NoSuchChannel(NotFound):
    """The channel is gone: its phone hung up."""

    code = "no_such_channel"


class PbxDown(Unavailable):
    """The PBX does not answer."""

    code = "pbx_down"


class PbxTaken(PbxDown):
    """Another program serves this PBX under our name: end it, or this one."""

    code = "pbx_taken"


class PbxRefused(Unavailable):
    """The PBX refused what was asked of it."""

    code = "pbx_refused"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A caller's channel came in on the trunk."""

    channel_id: str
    caller_raw: str
    number: str


@dataclass(frozen=True, slots=True)
class PbxChannel:
    """A channel as the PBX has it now. `ours`: it is under our control and waits for us; `phone`: its SIP user name."""

    id: str
    caller_raw: str
    number: str
    up: bool
    ours: bool
    variables: dict[str, str] = field(default_factory=dict)
    phone: str = ""


@dataclass(frozen=True, slots=True)
class PbxBridge:
    """A bridge as the PBX has it now, with the channels in it."""

    id: str
    channels: frozenset[str]


@dataclass(frozen=True, slots=True)
class SeatDial:
    """Whom to ring for a call: `channel_id` is ours to choose, `caller` is shown on the phone.

    `at_once`: the phone is asked to answer by itself (RFC 5373).
    """

    channel_id: str
    sip_username: str
    caller: str
    call_id: str
    agent_id: str
    seat_id: str
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Taking:
    """Whose words to write down, and under which name: until `#`, silence of `silence_s`, or `longest_s`."""

    channel_id: str
    name: str
    longest_s: int
    silence_s: int


@dataclass(frozen=True, slots=True)
class OutsideDial:
    """Which number to ring by the trunk for a call: `channel_id` is ours to choose; the PBX gives up after `most_s`."""

    channel_id: str
    number: str
    call_id: str
    most_s: int


@dataclass(frozen=True, slots=True)
class Spying:
    """Who hears a talk: the channel `leg`, in the bridge `bridge_id`, all that is heard and said on `channel_id`.

    `spy_id` is the channel between them; `mode` says who hears `leg`: nobody (listen), whoever is on `channel_id`
    (whisper), or they and all who hear them (barge).
    """

    leg: str
    bridge_id: str
    channel_id: str
    spy_id: str
    mode: str


class PagePhones(Protocol):
    """What is known of seats whose phone is a page."""

    def phone_of(self, seat_id: str) -> str | None:
        """Return the SIP user name of such a seat; None for every other one."""
        ...

    def there(self, seat_id: str) -> bool:
        """Tell whether the PBX has the phone of a seat now."""
        ...


class NoPages:
    """`PagePhones` of a house in which every phone is a device of its own."""

    def phone_of(self, seat_id: str) -> str | None:
        return None

    def there(self, seat_id: str) -> bool:
        return False


class CallerAudio(Protocol):
    """What one caller says, without what is played to them: 16-bit little-endian mono at 8 kHz, in real time.

    A phone that sends nothing is heard as silence.
    """

    async def read(self) -> bytes | None:
        """Return the next piece of sound, about 20 ms; None once there is no more."""
        ...

    async def close(self) -> None:
        """Stop hearing the caller; the call itself goes on. Raises PbxDown."""
        ...


class Pbx(Protocol):
    """Call control. Every method raises NoSuchChannel when the channel is gone and PbxDown when the PBX is."""

    async def answer(self, channel_id: str) -> None: ...

    async def hang_up(self, channel_id: str, reason: str = "normal") -> None:
        """End a channel; `reason` is normal, no_answer, busy or congestion. One that is gone is fine."""
        ...

    async def play(self, channel_id: str, playback_id: str, media: Sequence[str]) -> None:
        """Begin to play `media` (Asterisk media URIs) one after the other; PlaybackEnded follows."""
        ...

    async def play_to_all(self, bridge_id: str, playback_id: str, media: Sequence[str]) -> None:
        """Begin to play `media` to everybody in a bridge, who go on hearing each other. Raises PbxRefused."""
        ...

    async def stop_playback(self, playback_id: str) -> None:
        """Stop a playback before whatever is asked for next; one that is over is fine."""
        ...

    async def start_music(self, channel_id: str, *, waits: bool = True) -> None:
        """Let a channel hear music; without `waits`, whether it does is not waited for, nor that there is none."""
        ...

    async def stop_music(self, channel_id: str) -> None: ...

    async def mute(self, channel_id: str, *, on: bool) -> None:
        """Let nobody hear what the person on a channel says, or not `on`: let them be heard again."""
        ...

    async def ringback(self, channel_id: str, *, on: bool) -> None:
        """Let the person on a channel hear the tone that tells that somebody's phone rings, or no longer."""
        ...

    async def refer_told(self, channel_id: str, *, taken: bool) -> None:
        """Tell a phone that asked for a transfer whether that is done; one that never asked is fine."""
        ...

    async def send_digits(self, channel_id: str, digits: str) -> None: ...

    async def hear(self, channel_id: str) -> CallerAudio:
        """Begin to hear what the person on a channel says. Raises PbxRefused when the PBX cannot do this."""
        ...

    async def spy(self, spying: Spying) -> None:
        """Let somebody hear a talk without touching it. Raises PbxRefused."""
        ...

    async def take_sound(self, taking: Taking) -> None:
        """Begin to write down what a caller says, over what there is of that name; SoundTaken follows.

        It goes on without us, and what is written stays when the caller hangs up. Raises PbxRefused.
        """
        ...

    async def taking(self, name: str) -> bool:
        """Tell whether something is being written under `name` now."""
        ...

    async def dial_seat(self, dial: SeatDial) -> None:
        """Begin to ring a seat: ChannelRinging, then ChannelEntered when answered or ChannelGone, follow."""
        ...

    async def dial_outside(self, dial: OutsideDial) -> None:
        """Begin to ring a number by the trunk; what follows is as for a seat. Raises PbxRefused."""
        ...

    async def join(self, bridge_id: str, *channel_ids: str) -> None:
        """Put channels into a bridge, which is made when it is not there."""
        ...

    async def leave(self, bridge_id: str, channel_id: str) -> None:
        """Take a channel out of a bridge; one that is not in it is fine."""
        ...

    async def close_bridge(self, bridge_id: str) -> None:
        """Let a bridge go; one that is not there is fine. A channel that goes on has to `leave` it before."""
        ...

    async def channels(self) -> list[PbxChannel]: ...

    async def bridges(self) -> list[PbxBridge]: ...


class PbxLink(Pbx, Protocol):
    """A PBX that is connected to, listened to, and lost."""

    async def connect(self) -> None:
        """Connect once. Raises PbxDown with the cause and its cure."""
        ...

    async def listen(self, take: Callable[[Arrival | PbxMessage], None]) -> None:
        """Give `take` whatever the PBX says, in order, until the connection is lost. Raises PbxTaken.

        What was said since `connect` comes first. `take` does what it has to do at once and waits for nothing.
        """
        ...

    async def close(self) -> None: ...
