"""One caller without a telephone: the real call session on a PBX in memory, the rooms around it in memory too."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, delete

from core import policy
from core.bus import Bus
from core.clock import FakeClock
from core.db import Database
from core.errors import Unavailable
from core.events import Event
from core.journal import Journal, journal_table, of_call
from core.tasks import TaskOwner
from cti import store
from cti.messages import (
    ChannelEntered,
    ChannelGone,
    DigitPressed,
    PbxMessage,
    PlaybackEnded,
    RoutingMessage,
    SoundTaken,
)
from cti.model import MOVING, Call, CallState, advance, together
from cti.port import NoSuchChannel, OutsideDial, PbxBridge, PbxChannel, PbxDown, PbxRefused, SeatDial, Spying, Taking
from cti.session import CallSession
from cti.world import CallWorld
from desk.surveys.service import SurveyService
from desk.workorders.model import Urging
from ivr.call import CustomerAnswers, FaultReport, IvrServices, KnownFault
from ivr.engine import Engine, OneFlow
from ivr.flow import Flow
from ivr.port import Asker, Booking, Callers, Place, Progress, TextWanted, Wanted
from ivr.storm import Full
from routing.announcing import Announcement
from routing.precedence import Cause
from routing.skills import Levels
from tests.until import until

CALL = "call-1"
FAST = {
    "please_wait_after": 0.05,
    "menu_digit_timeout": 0.05,
    "interdigit_timeout": 0.05,
    "last_digit_wait": 0.03,
    "lookup_wait": 0.1,
    "ring_timeout": 0.1,
    "silence_pause": 0.1,
    "silent_offer_after": 0.1,
    "silent_listen_limit": 1.0,
    "offer_wait": 0.05,
    "key_burst": 0.05,
    "transfer_ring": 0.1,
}
"""Waits for keys in seconds: long beside what happens in memory, short beside a person's patience with tests."""
RULES = policy.load("seed")
POLICY = replace(RULES, rules=RULES.rules | {name: replace(RULES.rules[name], value=v) for name, v in FAST.items()})


class Line:
    """The PBX: a caller who presses keys when certain prompts are heard, and seats that behave as told.

    `keys` maps a prompt to what is pressed after it, each time it is heard; keys behind `!` are pressed while
    it still plays. `leaves_after` is the prompt during which the caller hangs up. `seats` says what each seat
    dialled does: answer, busy, silent.
    """

    def __init__(self) -> None:
        self.keys: dict[str, deque[str]] = {}
        self.leaves_after = ""
        self.stays_on = False
        self.seats: deque[str] = deque()
        self.heard: list[str] = []
        self.asked: list[str] = []
        self.down = False
        self.session: CallSession | None = None
        self._gone: set[str] = set()
        self.sound: deque[bytes] = deque()
        """What is still to be heard of the caller, piece by piece; then silence."""
        self.sound_ends = False
        self.can_hear = True
        self.hearing = 0
        self.legs: set[str] = set()
        """Other channels that the PBX has, each answered; `talks`: which are in the bridge of the call."""
        self.talks: set[str] = set()
        self.speaks: deque[float | None] = deque()
        """For how long the caller speaks after each tone, in seconds; None: the PBX refuses to record."""

    def presses(self, keys: Mapping[str, Sequence[str]]) -> None:
        """Say which keys follow which prompts."""
        self.keys = {prompt: deque(each) for prompt, each in keys.items()}

    def tell(self, message: PbxMessage) -> None:
        """Have the PBX say something, a little later, as a real one does."""
        asyncio.get_running_loop().call_soon(self._deliver, message)

    def _deliver(self, message: PbxMessage) -> None:
        if self.session is not None:
            self.session.deliver(message)

    def _press(self, keys: str) -> None:
        for key in keys:
            self.tell(DigitPressed(CALL, key))

    def gone(self, channel_id: str, cause: int = 16) -> None:
        """Have a phone hang up."""
        self._gone.add(channel_id)
        self.tell(ChannelGone(channel_id, cause, ""))

    def _ask(self, what: str, channel_id: str = CALL) -> None:
        if self.down:
            raise PbxDown
        if channel_id in self._gone:
            raise NoSuchChannel(channel_id=channel_id)
        self.asked.append(what)

    # --- the port ---

    async def answer(self, channel_id: str) -> None:
        self._ask("answer", channel_id)

    async def hang_up(self, channel_id: str, reason: str = "normal") -> None:
        if self.down:
            raise PbxDown
        if channel_id not in self._gone:
            self._ask(f"hang_up {channel_id} {reason}", channel_id)
            self.gone(channel_id, 19 if reason == "no_answer" else 16)

    async def play(self, channel_id: str, playback_id: str, media: Sequence[str]) -> None:
        self._ask(f"play {playback_id}", channel_id)
        said = [each.removeprefix("sound:") for each in media]
        self.heard += said
        if self.leaves_after in said:
            self.gone(CALL)
            return
        waiting = self.keys.get(said[-1])
        pressed = waiting.popleft() if waiting else ""
        if pressed.startswith("!"):
            self._press(pressed[1:])
            return
        self.tell(PlaybackEnded(playback_id, failed=False))
        self._press(pressed)

    async def play_to_all(self, bridge_id: str, playback_id: str, media: Sequence[str]) -> None:
        self._ask(f"play {playback_id} to all", bridge_id)
        self.heard += [each.removeprefix("sound:") for each in media]
        self.tell(PlaybackEnded(playback_id, failed=False))

    async def stop_playback(self, playback_id: str) -> None:
        self._ask(f"stop {playback_id}", playback_id)

    async def start_music(self, channel_id: str, *, waits: bool = True) -> None:
        self._ask("music", channel_id)

    async def stop_music(self, channel_id: str) -> None:
        self._ask("no music", channel_id)

    async def refer_told(self, channel_id: str, *, taken: bool) -> None:
        self._ask("refer_told", channel_id)

    async def send_digits(self, channel_id: str, digits: str) -> None:
        self._ask("digits", channel_id)

    async def mute(self, channel_id: str, *, on: bool) -> None:
        self._ask("mute", channel_id)

    async def spy(self, spying: Spying) -> None:
        self._ask("spy", spying.channel_id)

    async def ringback(self, channel_id: str, *, on: bool) -> None:
        self._ask("ringback", channel_id)

    async def hear(self, channel_id: str) -> "Sound":
        self._ask("hear", channel_id)
        if not self.can_hear:
            raise PbxRefused("no chan_websocket")
        self.hearing += 1
        return Sound(self)

    async def take_sound(self, taking: Taking) -> None:
        """Let the caller speak: the next of `speaks` in seconds; None: the PBX cannot record."""
        self._ask(f"take {taking.name}", taking.channel_id)
        if (spoken := self.speaks.popleft()) is None:
            raise PbxRefused("no room")
        self.heard.append("(speaks)")
        if self.leaves_after == "(speaks)":
            self.gone(CALL)
        else:
            self.tell(SoundTaken(taking.name, failed=False, spoken_s=spoken))

    async def taking(self, name: str) -> bool:
        return False

    async def dial_seat(self, dial: SeatDial) -> None:
        self._ask(f"dial {dial.sip_username} for {dial.caller or 'nobody known'}", dial.channel_id)
        match self.seats.popleft():
            case "answer":
                self.tell(ChannelEntered(dial.channel_id))
            case "busy":
                self.gone(dial.channel_id, 17)

    async def dial_outside(self, dial: OutsideDial) -> None:
        """Ring a number outside, which does what the next of `seats` says."""
        self._ask(f"dial {dial.number}", dial.channel_id)
        match self.seats.popleft():
            case "answer":
                self.tell(ChannelEntered(dial.channel_id))
            case "busy":
                self.gone(dial.channel_id, 17)
            case "refused":
                raise PbxRefused("no such endpoint")

    async def join(self, bridge_id: str, *channel_ids: str) -> None:
        """Bridge caller and agent; the agent hangs up at once unless `stays_on`."""
        self._ask(f"join {bridge_id}", bridge_id)
        if not self.stays_on:
            self.gone(channel_ids[1])

    async def leave(self, bridge_id: str, channel_id: str) -> None:
        self._ask(f"leave {bridge_id}", bridge_id)

    async def close_bridge(self, bridge_id: str) -> None:
        self._ask(f"close {bridge_id}", bridge_id)

    async def channels(self) -> list[PbxChannel]:
        return [PbxChannel(leg, "", "", up=True, ours=True) for leg in self.legs]

    async def bridges(self) -> list[PbxBridge]:
        self._ask("bridges")
        return [PbxBridge(f"{CALL}-talk", frozenset(self.talks))]


class Sound:
    """What the caller says, 20 ms at a time."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def read(self) -> bytes | None:
        await asyncio.sleep(0.02)
        return None if self._line.sound_ends else self._line.sound.popleft() if self._line.sound else bytes(320)

    async def close(self) -> None:
        self._line.hearing -= 1


class Ears:
    """A speech detector to which every sound that is not silence is speech."""

    rate = 8000

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def listen(self) -> "Ears":
        return self

    async def accept(self, audio: bytes) -> bool:
        return any(audio)


class PlainSpeaker:
    """Media that name what is said."""

    def __init__(self) -> None:
        self.prepared: list[str] = []
        self.slow: asyncio.Event | None = None
        self.unsaid: set[str] = set()
        self.languages: set[str] = set()
        self.voices: set[str] = set()
        self.woken: list[str] = []

    def prompt(self, prompt: str, language: str = "") -> str:
        return f"sound:{language}:{prompt}" if language else f"sound:{prompt}"

    def speaks(self, language: str) -> bool:
        return language in self.languages

    def can_say(self, prompt: str) -> bool:
        return prompt not in self.unsaid

    def tells(self, language: str) -> bool:
        return language in self.voices

    def wake(self, language: str) -> None:
        self.woken.append(language)

    def prepare(self, sentence: str, language: str = "") -> None:
        if sentence not in self.prepared:
            self.prepared.append(sentence)

    async def sentence(self, sentence: str, language: str = "") -> Sequence[str]:
        assert not language or sentence.isascii(), "no English voice reads Chinese"
        if self.slow is not None:
            await self.slow.wait()
        if sentence in self.unsaid:
            self.unsaid.remove(sentence)
            raise Unavailable
        return [f"sound:{language}:{sentence}" if language else f"sound:{sentence}"]


@dataclass
class Books:
    """A customer system in memory; it answers nothing at all once it `hangs`, and fails with `broken`."""

    numbers: dict[str, CustomerAnswers] = field(default_factory=dict)
    accounts: dict[str, CustomerAnswers] = field(default_factory=dict)
    pins: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    broken: Exception | None = None
    tried: list[str] = field(default_factory=list)

    async def _reached(self) -> None:
        if self.broken is not None:
            raise self.broken
        if self.hangs:
            await asyncio.Event().wait()

    async def by_number(self, number: str, language: str = "") -> CustomerAnswers:
        await self._reached()
        return self.numbers.get(language + number, CustomerAnswers(language=language))

    async def by_account(self, account: str, language: str = "") -> CustomerAnswers:
        await self._reached()
        return self.accounts.get(language + account, CustomerAnswers(language=language))

    async def verify(self, account: str, pin: str) -> bool:
        await self._reached()
        self.tried.append(account)
        return self.pins.get(account) == pin


@dataclass
class FaultBook:
    """Fault reports in memory, of accounts that exist: `known` says what is known of which."""

    accounts: dict[str, KnownFault] = field(default_factory=dict)
    taken: list[FaultReport] = field(default_factory=list)
    asked: list[tuple[str, bool]] = field(default_factory=list)
    hangs: bool = False

    async def known(self, account: str, *, own: bool) -> KnownFault | None:
        self.asked.append((account, own))
        return self.accounts.get(account)

    def which(self, accounts: Sequence[str]) -> tuple[str, ...]:
        return tuple(f"{account}请按{key}" for key, account in enumerate(accounts, start=1))

    async def report(self, report: FaultReport) -> str:
        if self.hangs:
            await asyncio.Event().wait()
        if report not in self.taken:
            self.taken.append(report)
        return f"2611220000{len(self.taken):02}"

    def number(self, order: str) -> str:
        return f"工单号{order}"


@dataclass
class WatchBook:
    """Wishes to be told in memory: `explained` accounts have a known cause."""

    explained: set[str] = field(default_factory=set)
    asked: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    over: bool = False
    trouble: Exception | None = None

    async def watchable(self, accounts: Sequence[str]) -> bool:
        if self.trouble is not None:
            raise self.trouble
        return not self.explained.isdisjoint(accounts)

    async def watch(self, call_id: str, number: str, accounts: Sequence[str]) -> bool:
        self.asked.append((call_id, number, tuple(accounts)))
        return not self.over


@dataclass
class OrderBook:
    """Work orders in memory: `own` is the caller's newest, `numbers` those that may be typed in."""

    own: Progress | None = None
    numbers: dict[str, Progress] = field(default_factory=dict)
    urging: deque[Urging] = field(default_factory=deque)
    urged: list[tuple[str, str]] = field(default_factory=list)
    askers: list[Asker] = field(default_factory=list)
    hangs: bool = False

    async def latest(self, asker: Asker) -> Progress | None:
        self.askers.append(asker)
        if self.hangs:
            await asyncio.Event().wait()
        return self.own

    async def by_number(self, number: str, asker: Asker) -> Progress | None:
        self.askers.append(asker)
        return self.numbers.get(number)

    async def urge(self, number: str, call_id: str) -> Urging:
        self.urged.append((number, call_id))
        return self.urging.popleft() if self.urging else Urging.DONE


@dataclass
class TextBook:
    """Text messages in memory; `mobile` is the number on record."""

    mobile: str = "13800000001"
    wanted: list[TextWanted] = field(default_factory=list)

    async def on_record(self, customer_id: str | None, caller: str) -> str:
        return self.mobile

    async def send(self, text: TextWanted) -> None:
        if text not in self.wanted:
            self.wanted.append(text)

    def sent(self, to: str) -> str:
        return f"短信发到{to[-4:]}"


@dataclass
class MessageBook:
    """What callers say, in memory; `place` None when `full`."""

    full: bool = False
    before: Place | None = None
    """What a service before this one has left."""
    story: list[str] = field(default_factory=list)

    async def place(self, call_id: str, what: str) -> Place | None:
        return None if self.full else self.before or Place(f"{call_id}-{what}-1")

    async def begins(self, name: str) -> None:
        self.story.append(f"begins {name}")

    async def drop(self, name: str) -> None:
        self.story.append(f"drop {name}")

    async def send(self, name: str) -> bool:
        self.story.append(f"send {name}")
        return True


@dataclass
class CallbackBook:
    """Callbacks in memory; numbers in `open` are to be rung back already."""

    open: set[str] = field(default_factory=set)
    booked: list[tuple[str, str, str, datetime]] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    later: str = ""
    places: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def place_of(self, number: str, queue: str) -> datetime | None:
        return self.places.get((number, queue))

    def dialable(self, number: str) -> bool:
        return len(number) == 11

    def number(self, number: str) -> str:
        return f"号码{number}"

    async def book(self, wanted: Wanted) -> Booking:
        if wanted.number in self.open:
            return Booking(new=False)
        self.booked.append((wanted.call_id, wanted.number, wanted.queue, wanted.waiting_since))
        self.parts.append(wanted.part)
        return Booking(new=True, later=self.later)


class QueuePlaces:
    """A queue in memory: each request or return of a caller gets the next of `answers`."""

    def __init__(self, line: Line) -> None:
        self.answers: deque[RoutingMessage] = deque()
        self.asked: list[tuple[str, str, datetime | None]] = []
        self.causes: set[Cause] = set()
        self.skills: Levels = ()
        self.customer_id: str | None = None
        self.announcements: deque[Announcement | None] = deque()
        """What is told of place and wait, one after the other; then the last one."""
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
        self.causes, self.skills, self.customer_id = set(causes), skills, customer_id
        self.asked.append(("request", queue, enqueued_at))
        self._next()

    def announce(self, call_id: str) -> Announcement | None:
        if len(self.announcements) > 1:
            return self.announcements.popleft()
        return self.announcements[0] if self.announcements else None

    async def again(self, call_id: str) -> None:
        self.asked.append(("again", "", None))
        self._next()

    async def leave(self, call_id: str, why: str) -> None:
        self.asked.append(("leave", why, None))

    def _next(self) -> None:
        if self.answers and self._line.session is not None:
            asyncio.get_running_loop().call_soon(self._line.session.deliver, self.answers.popleft())


class Weather:
    """Storm mode in memory: `there` is a storm, `told` its outages, `filled` a queue without room."""

    def __init__(self) -> None:
        self.there = False
        self.told: list[str] = []
        self.filled: Full | None = None
        self.asked: list[set[Cause]] = []

    def on(self) -> bool:
        return self.there

    def news(self) -> list[str]:
        return self.told if self.there else []

    def full(self, queue: str, causes: Collection[Cause]) -> Full | None:
        self.asked.append(set(causes))
        return None if Cause.DANGER in causes else self.filled


def _cut(connection: Connection, after: type[Event]) -> None:
    story = of_call(connection, CALL)
    kept = [n for n, one in enumerate(story) if isinstance(one.event, after)][-1] + 1
    connection.execute(delete(journal_table).where(journal_table.c.seq > story[kept - 1].seq))
    call = Call(CALL, "13800000001", True, "95598", CallState.ARRIVED, story[0].event.at)
    for one in story[:kept]:
        call = advance(call, one.event) if type(one.event) in MOVING else call
    booked = store.get(connection, CALL)
    assert booked is not None
    store.save(connection, call, booked)


class Caller:
    """One caller and what a menu needs to serve them; call `serve` or `start`, then look at what was heard."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.line = Line()
        self.clock = FakeClock()
        self.journal = Journal(db, Bus())
        self.books = Books()
        self.speaker = PlainSpeaker()
        self.places = QueuePlaces(self.line)
        self.surveys = SurveyService(db, self.journal, self.clock)
        self.hour = 9
        self.storm = Weather()
        self.tasks = TaskOwner("test")
        self.faults = FaultBook()
        self.watches = WatchBook()
        self.orders = OrderBook()
        self.texts = TextBook()
        self.messages = MessageBook()
        self.callbacks = CallbackBook()
        self.services = IvrServices(
            self.speaker,
            self.books,
            self.places,
            self.surveys,
            self.clock,
            POLICY,
            lambda: self.hour,
            self.tasks,
            self.faults,
            self.watches,
            self.orders,
            self.texts,
            self.messages,
            self.callbacks,
            detector=Ears(),
            storm=self.storm,
        )

    def with_callers(self, callers: Callers) -> IvrServices:
        """Return the services with what is known of callers."""
        return replace(self.services, callers=callers)

    def session(self, call: Call, *, bridged: bool = False) -> CallSession:
        """Open a session on the line."""
        world = CallWorld(self.line, self.journal, self.clock, self.services.policy, lambda: ["sound:apology"])
        self.line.session = CallSession(call, world, members=together(call) if bridged else frozenset())
        return self.line.session

    async def arrives(
        self, number: str = "13800000001", state: CallState = CallState.ARRIVED, *, known: bool = True
    ) -> CallSession:
        """Book a new call in `state` and open its session."""
        call = Call(CALL, number, known, "95598", state, self.clock.now())
        await self.db.write(lambda connection: store.add(connection, call))
        return self.session(call)

    async def serve(self, flow: Flow, session: CallSession) -> Call:
        """Serve the call by `flow` to its end and return it."""
        async with asyncio.timeout(10):
            await self.start(flow, session)
        return session.call

    def start(self, flow: Flow, session: CallSession) -> asyncio.Task[None]:
        """Begin to serve the call by `flow`."""
        return self.tasks.start(session.run(Engine(OneFlow(flow), self.services, self.db).serve), "call")

    async def runs(self, session: CallSession, program: Callable[[CallSession], Awaitable[None]]) -> None:
        """Run any program as the task of the call."""
        async with asyncio.timeout(10):
            await self.tasks.start(session.run(program), "call")

    async def killed(self, serving: "asyncio.Task[None]", *, after: type[Event] | None = None) -> Call:
        """The service dies while it serves the caller, who stays on the line; return the call as it is booked.

        `after`: it died right after this event was stored, so what came later is not in the books.
        """
        serving.cancel()
        await until(serving.done)
        await self.journal.close()
        if after is not None:
            await self.db.write(partial(_cut, after=after))
        self.line.session = None
        self.line.heard.clear()
        return await self.booked()

    async def booked(self) -> Call:
        """Return the call as the books have it."""
        await self.journal.settle()
        call = await self.db.read(partial(store.get, call_id=CALL))
        assert call is not None
        return call

    async def story(self) -> list[Event]:
        """Return the events of the call, in order."""
        await self.journal.settle()
        return [r.event for r in await self.journal.of_call(CALL)]

    async def names(self) -> list[str]:
        """Return the names of the events of the call, in order."""
        return [type(event).__name__ for event in await self.story()]

    async def close(self) -> None:
        """End what is left."""
        await self.tasks.close()
        await self.journal.close()
