"""The telephone of a simulated call: PBX, voice, queue and survey in memory, and a caller who is asked in turns."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from core.clock import Clock
from core.events import Event, Recorded
from core.journal import Journal, Save
from core.sequels import Sequel, Settle, unsettled
from core.sequels import settle as settle_all
from cti.messages import (
    ChannelEntered,
    ChannelGone,
    DigitPressed,
    ListeningMessage,
    PbxMessage,
    PlaybackEnded,
    QueueGaveUp,
    SeatOffered,
    SoundTaken,
    SpeechEnded,
    SpeechHeard,
    WordsHeard,
)
from cti.port import (
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
from cti.session import CallSession
from desk.billing import speech as bill_speech
from desk.surveys.model import Reason
from desk.workorders import speech as order_speech
from ivr.call import Desk, FaultReport, KnownFault
from routing.announcing import Announcement
from routing.precedence import Cause
from routing.skills import Levels

CALL = "simulated"
PROMPT, SENTENCE = "prompt:", "sentence:"
SAY = "say:"
"""Before what a caller says instead of pressing."""
SECONDS_A_CHARACTER = 0.22
"""About four and a half syllables a second, the pace of the shipped voice."""
TALK_S = 30.0
"""How long the agent of a simulated call talks before hanging up."""


SPEAKS_S = 5.0
"""How long the caller of a simulated call speaks after a tone."""
SIMULATED_ORDER = "260101000001"


class Act(StrEnum):
    """What a caller may do in a turn beside pressing keys; the last four say how the wait in a queue goes on."""

    SILENCE = ""
    HANG_UP = "h"
    ANSWERED = "a"
    NOBODY = "n"
    TOO_LONG = "t"
    FULL = "f"


_GAVE_UP: dict[str, str] = {Act.NOBODY: "no_agents", Act.FULL: "shed"}


class Caller(Protocol):
    """Whoever is on the line: a person at a terminal, a script, or dice."""

    def turn(self, *, queued: bool) -> str:
        """Return keys (0-9 * #), `SAY` and words, or an `Act`: the hotline is silent; `queued`: in a queue."""
        ...

    def meanwhile(self, media: Sequence[str]) -> str:
        """Return keys or words while `media` are heard, `Act.HANG_UP` to leave in the midst, or nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing of the conversation: `who` is node, hotline, caller or event; seconds since the call came in."""

    at: float
    who: str
    what: str
    id: str = ""


Tell = Callable[[Heard], None]


class MemoryJournal(Journal):
    """A journal without storage: each event goes to `tell` in order."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell

    def note(self, *events: Event, save: Save | None = None) -> asyncio.Future[bool]:
        for event in events:
            self._tell(event)
        told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        told.set_result(True)
        return told

    def begin(
        self, *events: Event, save: Save | None = None, settle: Settle = unsettled, sequels: Sequence[Sequel] = ()
    ) -> asyncio.Future[list[Recorded]]:
        every = [*events, *(event for one in sequels for event in one.events)]
        self.note(*every)
        settle_all([settle, *(one.settle for one in sequels)], True)
        begun: asyncio.Future[list[Recorded]] = asyncio.get_running_loop().create_future()
        begun.set_result([Recorded(n, event) for n, event in enumerate(events)])
        return begun


class Line:
    """The PBX, the queue and the voice of one simulated call."""

    def __init__(self, caller: Caller, texts: Mapping[str, str], tell: Tell, clock: Clock) -> None:
        self._caller = caller
        self._texts = texts
        self._say = tell
        self._clock = clock
        self._playing: dict[str, asyncio.TimerHandle] = {}
        self._turn = False
        self._queued = False
        self._seats = 0
        self._gone: set[str] = set()
        self.session: CallSession | None = None
        self.listening = False
        """Whether somebody listens to what the caller says."""

    def tell(self, who: str, what: str, id_: str = "") -> None:
        """Add to the conversation."""
        self._say(Heard(self._clock.monotonic(), who, what, id_))

    def _deliver(self, message: PbxMessage | ListeningMessage | QueueGaveUp | SeatOffered) -> None:
        assert self.session is not None
        self.session.deliver(message)

    # --- the caller ---------------------------------------------------------------------------

    def idle(self) -> bool:
        """Give the caller a turn when the hotline waits for one."""
        if self._playing or not self._turn or CALL in self._gone:
            return False
        self._turn = False
        self._do(self._caller.turn(queued=self._queued))
        return True

    def _do(self, what: str) -> None:
        match what:
            case Act.HANG_UP:
                self.tell("caller", Act.HANG_UP)
                self._hang_up(CALL)
            case Act.ANSWERED if self._queued:
                self._seats += 1
                self._deliver(SeatOffered("agent", f"seat{self._seats}", f"seat{self._seats}"))
            case Act.NOBODY | Act.TOO_LONG | Act.FULL | Act.SILENCE if self._queued:
                self._queued = False
                self._deliver(QueueGaveUp(_GAVE_UP.get(what, "too_long")))
            case Act.SILENCE | Act.ANSWERED | Act.NOBODY | Act.TOO_LONG | Act.FULL:
                self.tell("caller", "")
            case _ if what.startswith(SAY):
                self._turn = self._queued
                self.tell("caller", what)
                if self.listening:
                    words = WordsHeard(what.removeprefix(SAY), 1.0)
                    for message in (SpeechHeard(), SpeechEnded(), words):
                        self._deliver(message)
            case _:
                self._turn = self._queued
                self.tell("caller", what)
                for key in what:
                    self._deliver(DigitPressed(CALL, key))

    def _hang_up(self, channel_id: str, cause: int = 16) -> None:
        if channel_id not in self._gone:
            self._gone.add(channel_id)
            self._deliver(ChannelGone(channel_id, cause, ""))

    def _there(self, channel_id: str) -> None:
        if channel_id in self._gone:
            raise NoSuchChannel(channel_id=channel_id)

    # --- the voice ------------------------------------------------------------------------------

    def prompt(self, prompt: str, language: str = "") -> str:
        """Return the media of a prompt."""
        return PROMPT + prompt

    def speaks(self, language: str) -> bool:
        """Every language is there in text."""
        return True

    def can_say(self, prompt: str) -> bool:
        """Every prompt is there in text."""
        return True

    def tells(self, language: str) -> bool:
        """Every language has its words."""
        return True

    def wake(self, language: str) -> None:
        """Nothing has to be loaded."""

    def prepare(self, sentence: str, language: str = "") -> None:
        """Sentences are there at once."""

    async def sentence(self, sentence: str, language: str = "") -> Sequence[str]:
        """Return the media of a sentence."""
        return [SENTENCE + sentence]

    # --- the PBX ----------------------------------------------------------------------------------

    async def answer(self, channel_id: str) -> None:
        self._there(channel_id)

    async def hang_up(self, channel_id: str, reason: str = "normal") -> None:
        self._hang_up(channel_id, 19 if reason == "no_answer" else 16)

    async def play(self, channel_id: str, playback_id: str, media: Sequence[str]) -> None:
        self._there(channel_id)
        seconds = 0.0
        for each in media:
            id_ = each.removeprefix(PROMPT) if each.startswith(PROMPT) else ""
            text = self._texts.get(id_, id_) if id_ else each.removeprefix(SENTENCE)
            self.tell("hotline", text, id_)
            seconds += len(text) * SECONDS_A_CHARACTER
        loop = asyncio.get_running_loop()
        self._playing[playback_id] = loop.call_later(seconds, self._played, playback_id)
        self._turn = True
        if meanwhile := self._caller.meanwhile(media):
            loop.call_later(seconds / 2, self._cut_in, playback_id, meanwhile)

    def _cut_in(self, playback_id: str, what: str) -> None:
        if playback_id in self._playing:
            turn, queued = self._turn, self._queued
            self._queued = False
            self._do(what)
            self._turn, self._queued = turn, queued

    def _played(self, playback_id: str) -> None:
        if self._playing.pop(playback_id, None) is not None:
            self._deliver(PlaybackEnded(playback_id, failed=False))

    async def play_to_all(self, bridge_id: str, playback_id: str, media: Sequence[str]) -> None:
        await self.play(CALL, playback_id, media)

    async def stop_playback(self, playback_id: str) -> None:
        if (timer := self._playing.pop(playback_id, None)) is not None:
            timer.cancel()

    async def start_music(self, channel_id: str, *, waits: bool = True) -> None:
        self._there(channel_id)

    async def stop_music(self, channel_id: str) -> None:
        self._there(channel_id)

    async def hear(self, channel_id: str) -> CallerAudio:
        raise PbxRefused("a conversation in text has no sound")

    async def refer_told(self, channel_id: str, *, taken: bool) -> None:
        self._there(channel_id)

    async def send_digits(self, channel_id: str, digits: str) -> None:
        self._there(channel_id)

    async def mute(self, channel_id: str, *, on: bool) -> None:
        self._there(channel_id)

    async def spy(self, spying: Spying) -> None:
        self._there(spying.channel_id)

    async def ringback(self, channel_id: str, *, on: bool) -> None:
        self._there(channel_id)

    async def take_sound(self, taking: Taking) -> None:
        """Let the caller speak for a while."""
        self._there(taking.channel_id)
        taken = SoundTaken(taking.name, failed=False, spoken_s=SPEAKS_S)
        asyncio.get_running_loop().call_later(SPEAKS_S, self._deliver, taken)

    async def taking(self, name: str) -> bool:
        return False

    async def dial_seat(self, dial: SeatDial) -> None:
        self._queued = False
        asyncio.get_running_loop().call_soon(self._deliver, ChannelEntered(dial.channel_id))

    async def dial_outside(self, dial: OutsideDial) -> None:
        self.tell("event", f"rings {dial.number}")
        asyncio.get_running_loop().call_later(SPEAKS_S, self._deliver, ChannelEntered(dial.channel_id))

    async def join(self, bridge_id: str, *channel_ids: str) -> None:
        """Let the agent talk for a while and hang up."""
        self.tell("event", "talks to a person")
        asyncio.get_running_loop().call_later(TALK_S, self._hang_up, channel_ids[1])

    async def leave(self, bridge_id: str, channel_id: str) -> None:
        """The bridge is nothing here."""

    async def close_bridge(self, bridge_id: str) -> None:
        """The bridge is nothing here."""

    async def channels(self) -> list[PbxChannel]:
        return []

    async def bridges(self) -> list[PbxBridge]:
        return []

    def waits(self, *, queued: bool) -> None:
        """Let the caller wait in a queue, or no more."""
        self._queued = queued
        self._turn = self._turn or queued


class Place:
    """The queue: what becomes of the caller is said by the caller's own turn."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def request(
        self,
        call_id: str,
        queue: str,
        enqueued_at: datetime | None = None,
        causes: Collection[Cause] = (),
        entered_at: datetime | None = None,
        *,
        skills: Levels = (),
        customer_id: str | None = None,
    ) -> None:
        ahead = f" ahead of others ({', '.join(causes)})" if causes else ""
        needs = f", needs {', '.join(f'{skill} {level}' for skill, level in skills)}" if skills else ""
        self._line.tell("event", f"waits in queue {queue}{ahead}{needs}")
        self._line.waits(queued=True)

    def announce(self, call_id: str) -> Announcement | None:
        return Announcement(position=1, wait=None)

    async def again(self, call_id: str) -> None:
        self._line.waits(queued=True)

    async def leave(self, call_id: str, why: str) -> None:
        self._line.waits(queued=False)


class Reports:
    """The taking of fault reports: a report is a line of the conversation and makes no work order."""

    def __init__(self, line: Line, desk: Desk) -> None:
        self._line = line
        self._desk = desk

    async def known(self, account: str, *, own: bool) -> KnownFault | None:
        answers = await self._desk.by_account(account)
        return KnownFault(answers.outages) if answers.accounts else None

    def which(self, accounts: Sequence[str]) -> tuple[str, ...]:
        return tuple(sentence.text for sentence in bill_speech.which(accounts))

    async def report(self, report: FaultReport) -> str:
        self._line.tell("event", f"fault reported: {report.scope} of account {report.account}")
        return SIMULATED_ORDER

    def number(self, order: str) -> str:
        return order_speech.number_said(order).text


class Opinions:
    """The survey: what the caller says of the service is a line of the conversation."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def answer(self, call_id: str, agent_id: str, queue: str, score: int, *, caller: object = None) -> None:
        self._line.tell("event", f"survey: {score}")

    async def reason(self, call_id: str, reason: Reason) -> None:
        self._line.tell("event", f"survey, because of: {reason}")
