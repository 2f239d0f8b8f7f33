"""The ids of what a call has at the PBX: each is made from the call's, so that whatever is found names its call."""

import re
import secrets

from core.ids import new_id
from cti.model import Call

_EAR = re.compile(r"-ear-[0-9a-f]+(-media|-bridge)?$")
_DIALS = "dials-"
_WATCH = r"watch-[0-9a-f]+(-bridge|-spy-[a-z]+)?"
_PART = re.compile(rf"-(seat-\d+|{_WATCH}|talk|outside-\d+|play-\d+|(message|address)-\d+)$|{_EAR.pattern}")


def placed_call() -> str:
    """Return the id of a new call that an agent dials, and of the channel to its other side."""
    return f"out-{new_id()}"


def callback_call(callback_id: str, number: int) -> str:
    """Return the id of the `number`th call for a callback: the same for whoever begins it, so there is one."""
    return f"out-{callback_id}-{number}"


def callback_of(call_id: str) -> str | None:
    """Return the callback for which an agent's call was begun, None for a call dialled by hand."""
    found = re.fullmatch(r"out-(\w+)-\d+", call_id)
    return found[1] if found else None


def dialling_leg(call_id: str) -> str:
    """Return the id of the channel to the agent who dials a call."""
    # Asterisk 22.10 refuses the id of a new channel that begins the id of another one, so this one goes before.
    return _DIALS + call_id


def legs(call: Call) -> frozenset[str]:
    """Return every channel beside the caller's that belongs to a call, by the books."""
    watch = call.watch_channel_id
    spies = {watch, watch_spy(watch, call.watch_mode or "")} if watch else set()
    return frozenset(one for one in (call.seat_channel_id, call.third_channel_id, *spies) if one)


def seat_channel(call: Call) -> str:
    """Return the id of the next channel to a seat: derived from the call, so that it is found again."""
    return f"{call.id}-seat-{call.seats_rung + 1}"


def outside_channel(call_id: str, number: int) -> str:
    """Return the id of the channel to whom a caller is put through outside, for the `number`th time in the call."""
    return f"{call_id}-outside-{number}"


def outside_leg(call: Call) -> str:
    """Return the id of the next channel to somebody outside whom an agent has rung."""
    return outside_channel(call.id, call.seats_rung + 1)


def outside_number(channel_id: str) -> int:
    """Return for which time in its call a channel leads to somebody outside; 0: it is no such channel."""
    found = re.search(r"-outside-(\d+)$", channel_id)
    return int(found[1]) if found else 0


def watch_leg(call_id: str) -> str:
    """Return a new id for the channel to a shift lead who listens; see `watch_parts` for what belongs to it."""
    return f"{call_id}-watch-{secrets.token_hex(4)}"


def watch_bridge(leg: str) -> str:
    """Return the id of the bridge in which the lead on channel `leg` hears the talk."""
    return f"{leg}-bridge"


def watch_spy(leg: str, mode: str) -> str:
    """Return the id of the channel that listens to the agent's for the lead on `leg`."""
    return f"{leg}-spy-{mode}"


def talk_bridge(call_id: str) -> str:
    """Return the id of the bridge in which caller and agent talk."""
    return f"{call_id}-talk"


def ear(call_id: str) -> str:
    """Return a new id for what hears the caller of a call; its parts add `-media` and `-bridge`."""
    return f"{call_id}-ear-{secrets.token_hex(4)}"


def is_ear(pbx_id: str) -> bool:
    """Whether a channel or bridge only serves to hear a caller."""
    return _EAR.search(pbx_id) is not None


def call_of(pbx_id: str) -> str:
    """Return the id of the call that a channel, bridge or playback of ours belongs to."""
    return _PART.sub("", pbx_id.removeprefix(_DIALS))


def is_seat(channel_id: str) -> bool:
    """Whether a channel leads to a seat that was rung for a call."""
    return re.search(r"-seat-\d+$", channel_id) is not None
