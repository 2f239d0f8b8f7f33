"""What may land in the inbox of a call: what the PBX says about its channels, and what people want of it."""

from dataclasses import dataclass

# --- from the PBX ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChannelEntered:
    """A channel came under our control (an originated one: it was answered)."""

    channel_id: str


GONE_WHILE_AWAY = "gone while away"
"""Text of a ChannelGone that adoption tells: nobody heard the cause."""


@dataclass(frozen=True, slots=True)
class ChannelGone:
    """A channel hung up; `cause` is the Q.850 number, `cause_text` its words."""

    channel_id: str
    cause: int
    cause_text: str


@dataclass(frozen=True, slots=True)
class ChannelRinging:
    """The far phone of a channel that we dialled rings."""

    channel_id: str


@dataclass(frozen=True, slots=True)
class DigitPressed:
    """The person on `channel_id` pressed one key (0-9 * # A-D)."""

    channel_id: str
    digit: str


@dataclass(frozen=True, slots=True)
class PlaybackEnded:
    """A playback is over; `failed` when the media could not be played."""

    playback_id: str
    failed: bool


@dataclass(frozen=True, slots=True)
class PhoneHeld:
    """The phone itself put the call on hold (re-INVITE)."""

    channel_id: str


@dataclass(frozen=True, slots=True)
class PhoneResumed:
    """The phone itself took the call back."""

    channel_id: str


@dataclass(frozen=True, slots=True)
class PhoneRefers:
    """The phone itself asks to hand the other side on `to` a number (REFER).

    `attended`: to somebody with whom it has another call.
    """

    channel_id: str
    to: str
    attended: bool


@dataclass(frozen=True, slots=True)
class SoundTaken:
    """The PBX has written down what a caller said, under `name`; `spoken_s` of it was not silence."""

    name: str
    failed: bool
    spoken_s: float


PbxMessage = (
    ChannelEntered
    | ChannelGone
    | ChannelRinging
    | DigitPressed
    | PlaybackEnded
    | PhoneHeld
    | PhoneResumed
    | PhoneRefers
    | SoundTaken
)

# --- from whoever listens to the caller ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpeechHeard:
    """The caller speaks."""


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The caller has stopped speaking; what they said is being recognised."""


@dataclass(frozen=True, slots=True)
class WordsHeard:
    """What the caller said; `text` is empty when it was not understood, `confidence` goes from 0 to 1."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class HearingLost:
    """The caller cannot be heard any more: `why`. Silence means nothing from now on."""

    why: str


ListeningMessage = SpeechHeard | SpeechEnded | WordsHeard | HearingLost

# --- from routing -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SeatOffered:
    """An agent is reserved for this call: dial the seat now."""

    agent_id: str
    seat_id: str
    sip_username: str


@dataclass(frozen=True, slots=True)
class QueueGaveUp:
    """Routing cannot serve this call: `why` is no_agents, closed or too_long."""

    why: str


@dataclass(frozen=True, slots=True)
class SeatWithdrawn:
    """The agent whose seat rings cannot take the call after all: `why` is seat_lost or desktop_gone."""

    agent_id: str
    why: str


RoutingMessage = SeatOffered | QueueGaveUp | SeatWithdrawn

# --- from the agent's desktop ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hold:
    """Put the caller on hold."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Take the caller back from hold."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class PageGone:
    """The page that is an agent's phone is gone (`phone_lost`), or it is another one now (`moved`)."""

    agent_id: str
    why: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class Reject:
    """Let the phone of the agent ring no more: somebody else is to take the caller, who keeps the place."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Hand the caller on to the queue `to`."""

    agent_id: str
    to: str


@dataclass(frozen=True, slots=True)
class Warn:
    """Say to a nuisance caller, and to the agent, that the talk will be ended."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class LetGo:
    """End the talk with a nuisance caller: a goodbye, no survey."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class ToMenu:
    """Send the caller on by the way `to` of the menu, and be free."""

    agent_id: str
    to: str


@dataclass(frozen=True, slots=True)
class Outsider:
    """A person outside, by the number that the trunk dials."""

    number: str


Party = SeatOffered | Outsider
"""Whom a caller is handed on to, or who is asked: an agent who is reserved for the call, or somebody outside."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """Hand the caller on to a person without speaking to them first."""

    agent_id: str
    to: Party


@dataclass(frozen=True, slots=True)
class Park:
    """Leave the caller with music at a numbered place, for any agent to pick up."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class PickUp:
    """Have a parked caller brought to `seat`, whose agent is kept for this call."""

    agent_id: str
    seat: SeatOffered


@dataclass(frozen=True, slots=True)
class Consult:
    """Have a third party rung, to speak with them while the caller hears music."""

    agent_id: str
    to: Party


@dataclass(frozen=True, slots=True)
class CancelConsult:
    """Let the third party go, and take the caller back."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class CompleteConsult:
    """Leave the caller to the third party."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class Swap:
    """Change to the other one of caller and third party."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class Conference:
    """Bring caller and third party together with the agent."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class Mute:
    """Let nobody in the talk hear the agent; not `on`: be heard again."""

    agent_id: str
    on: bool


@dataclass(frozen=True, slots=True)
class SendDigits:
    """Press keys towards the caller's side."""

    agent_id: str
    digits: str


@dataclass(frozen=True, slots=True)
class SilentScript:
    """Say the three prompts of the silent-call script to the caller."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class Watch:
    """A shift lead wants to hear a talk at `seat`, in `mode` listen, whisper or barge; or to change the mode."""

    agent_id: str
    seat: SeatOffered
    mode: str


@dataclass(frozen=True, slots=True)
class Unwatch:
    """The shift lead does not want to listen any more: `why` is asked or ready."""

    agent_id: str
    why: str = "asked"


@dataclass(frozen=True, slots=True)
class ForceRelease:
    """A shift lead ends the talk of another agent."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class TakeOver:
    """A shift lead takes the talk over from its agent, at `seat`."""

    agent_id: str
    seat: SeatOffered


OfLead = Watch | Unwatch | TakeOver
WithThird = Consult | CancelConsult | CompleteConsult | Swap | Conference
Parking = Park | PickUp
InTalk = (
    Hold | Resume | Reject | HangUp | ToMenu | Transfer | HandOver | Mute | SendDigits | SilentScript | Warn | LetGo
)
Command = InTalk | Parking | WithThird | OfLead | ForceRelease
Message = PbxMessage | RoutingMessage | ListeningMessage | PageGone | Command
