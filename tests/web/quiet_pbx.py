"""A PBX without sound: it obeys at once and says what a PBX says, so that calls live without Asterisk."""

import asyncio
from collections.abc import Callable, Sequence

from cti.messages import ChannelEntered, ChannelGone, PbxMessage, PlaybackEnded
from cti.port import (
    Arrival,
    CallerAudio,
    NoSuchChannel,
    OutsideDial,
    PbxBridge,
    PbxChannel,
    PbxRefused,
    SeatDial,
    Spying,
    Taking,
)

NORMAL, NO_ANSWER = 16, 19


class QuietPbx:
    """Channels by id; `sent` is what was asked beside their life, in order."""

    def __init__(self) -> None:
        self.live: dict[str, PbxChannel] = {}
        self.dialled: list[SeatDial] = []
        self.outside: list[OutsideDial] = []
        self.sent: list[tuple[str, str]] = []
        self.takes_no_calls = False
        self._messages: asyncio.Queue[Arrival | PbxMessage] = asyncio.Queue()

    # --- what a test makes happen ---

    def call(self, call_id: str, caller: str) -> None:
        """A caller's INVITE comes in."""
        self.live[call_id] = PbxChannel(call_id, caller, "95598", up=False, ours=True)
        self._messages.put_nowait(Arrival(call_id, caller, "95598"))

    def pick_up(self, channel_id: str) -> None:
        """The agent takes the phone off."""
        self._messages.put_nowait(ChannelEntered(channel_id))

    async def told_to_take(self, channel_id: str) -> None:
        """The phone of a seat is told to take the call; it does, unless it `takes_no_calls`."""
        self._there(channel_id)
        if not self.takes_no_calls:
            self.pick_up(channel_id)

    def gone(self, channel_id: str, cause: int = NORMAL) -> None:
        """A phone hangs up."""
        if self.live.pop(channel_id, None) is not None:
            self._messages.put_nowait(ChannelGone(channel_id, cause, "Normal Clearing"))

    # --- the port ---

    async def connect(self) -> None: ...

    async def listen(self, take: Callable[[Arrival | PbxMessage], None]) -> None:
        while True:
            take(await self._messages.get())

    async def close(self) -> None: ...

    async def channels(self) -> list[PbxChannel]:
        return list(self.live.values())

    async def bridges(self) -> list[PbxBridge]:
        return []

    def _there(self, channel_id: str) -> None:
        if channel_id not in self.live:
            raise NoSuchChannel(channel_id=channel_id)

    async def answer(self, channel_id: str) -> None:
        self._there(channel_id)

    async def hang_up(self, channel_id: str, reason: str = "normal") -> None:
        self.gone(channel_id, NO_ANSWER if reason == "no_answer" else NORMAL)

    async def play(self, channel_id: str, playback_id: str, media: Sequence[str]) -> None:
        self._there(channel_id)
        self._messages.put_nowait(PlaybackEnded(playback_id, failed=False))

    async def play_to_all(self, bridge_id: str, playback_id: str, media: Sequence[str]) -> None:
        self._messages.put_nowait(PlaybackEnded(playback_id, failed=False))

    async def stop_playback(self, playback_id: str) -> None: ...

    async def start_music(self, channel_id: str, *, waits: bool = True) -> None:
        self._there(channel_id)

    async def stop_music(self, channel_id: str) -> None:
        self._there(channel_id)

    async def refer_told(self, channel_id: str, *, taken: bool) -> None:
        self.sent.append((channel_id, "transferred" if taken else "not transferred"))

    async def send_digits(self, channel_id: str, digits: str) -> None:
        self._there(channel_id)
        self.sent.append((channel_id, digits))

    async def mute(self, channel_id: str, *, on: bool) -> None:
        self._there(channel_id)
        self.sent.append((channel_id, "mute" if on else "unmute"))

    async def spy(self, spying: Spying) -> None:
        self._there(spying.channel_id)
        self.sent.append((spying.channel_id, spying.mode))

    async def ringback(self, channel_id: str, *, on: bool) -> None:
        self._there(channel_id)

    async def hear(self, channel_id: str) -> CallerAudio:
        raise PbxRefused("this PBX has no sound")

    async def take_sound(self, taking: Taking) -> None:
        raise PbxRefused("this PBX has no sound")

    async def taking(self, name: str) -> bool:
        return False

    async def dial_seat(self, dial: SeatDial) -> None:
        self.dialled.append(dial)
        self.live[dial.channel_id] = PbxChannel(dial.channel_id, "", "", up=False, ours=True)

    async def dial_outside(self, dial: OutsideDial) -> None:
        self.outside.append(dial)
        self.live[dial.channel_id] = PbxChannel(dial.channel_id, "", dial.number, up=False, ours=True)

    async def join(self, bridge_id: str, *channel_ids: str) -> None: ...

    async def leave(self, bridge_id: str, channel_id: str) -> None: ...

    async def close_bridge(self, bridge_id: str) -> None: ...
