"""One call, one task: what the caller's side of a call can do and hear.

The task runs a program (the menu engine); the caller's hang-up cancels it wherever it stands, and
`_finish` then leaves every leg, seat and record as it must be. A service that stops cancels it too, but
leaves the call alone: it is adopted by the next one.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.exc import SQLAlchemyError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from core import log
from core.db import DatabaseDown
from core.errors import Unavailable
from core.events import Event, Recorded
from cti import store
from cti.endings import ending, refuse, words_of
from cti.events import CallAnswered
from cti.inbox import Asked, Inbox
from cti.legs import legs, talk_bridge, watch_bridge
from cti.messages import (
    ChannelGone,
    DigitPressed,
    HearingLost,
    ListeningMessage,
    Message,
    PlaybackEnded,
    RoutingMessage,
    SeatOffered,
    SpeechEnded,
    SpeechHeard,
    WordsHeard,
)
from cti.model import WITH_AGENT, Call, CallState, advance
from cti.port import NoSuchChannel, PbxDown, PbxRefused
from cti.world import CallWorld

_log = log.get(__name__)

PLAY_LIMIT_S = 120.0
"""No prompt is longer; one whose end is not told by then is taken as over."""
GONE_LIMIT_S = 2.0
"""The PBX tells within milliseconds that a channel which it hung up is gone."""
STORE_AGAIN_FIRST_S, STORE_AGAIN_MOST_S = 0.1, 5.0
DIGITS_KEPT = 64
PLAYBACK_IDS = 4


Program = Callable[["CallSession"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Comes:
    """A shift lead whose phone rings on `leg`, to listen in `mode`, or with none to take the talk over."""

    seat: SeatOffered
    leg: str
    mode: str | None


class CallSession:
    """A live call. Only its own task calls the PBX for it."""

    def __init__(self, call: Call, world: CallWorld, *, members: frozenset[str] = frozenset()) -> None:
        self.call = call
        self.world = world
        self.members = members
        """The channels that are in the bridge of the talk now."""
        self.node = ""
        """Where in the menu the call is; told in CallEnded."""
        self.stranger = False
        """Nobody is on record under the caller's number, as the booking of the call found out."""
        self.end: tuple[str, str] = ("system", "finished")
        """Who ends the call and why, when it is not the caller."""
        self._inbox = Inbox()
        self._digits: deque[str] = deque(maxlen=DIGITS_KEPT)
        self._plays = 0
        self.listened = False
        """Somebody listens to the caller now; what is told of it later counts for nothing."""
        self.spoke = False
        """The caller has spoken since somebody began to listen (`cti.listening`), and has not stopped (`cti.words`)."""
        self.words: WordsHeard | None = None
        """What the caller said, once it is recognised (`cti.words`)."""
        self.outside: str | None = None
        """The channel of whom the caller is being put through to, outside (`cti.transfer`)."""
        self.adopted = False
        """A service before us has served this call."""
        self.comes: Comes | None = None
        """The shift lead whose phone rings to listen to the talk (`cti.watching`)."""
        self.put_through = 0
        """How often the caller was put through outside."""
        self.deaf: str | None = None
        """Why the caller can no longer be heard by whoever listens."""
        self.recalled = False
        """The agent has taken the caller back from what is said to them meanwhile."""
        self.aside: Callable[[Message | Asked], Awaitable[None]] | None = None
        """Is given each message while the session says something to a caller who is with an agent."""
        self._gone: ChannelGone | None = None
        self._gone_told = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._finishing = False
        self._told: asyncio.Future[bool] | None = None
        """Of what was noted last: becomes True when that is in the books and told."""

    # --- from outside -----------------------------------------------------------------------
    @property
    def ending(self) -> bool:
        """Whether the call is on its way out: its caller is gone, or it is being left tidy."""
        return self._gone is not None or self._finishing

    def deliver(self, message: Message | Asked) -> bool:
        """Put a message into the inbox; the caller's hang-up takes effect at once. False: not taken."""
        if isinstance(message, ChannelGone) and message.channel_id == self.call.id:
            # Told up to three times; one cancellation is enough, a second would break what tidies up after it.
            first, self._gone = self._gone is None, self._gone or message
            self._gone_told.set()
            if first and self._task is not None and not self._finishing:
                self._task.cancel()
            return True
        return not self._finishing and self._inbox.put(message)

    async def run(self, program: Program) -> None:
        """Be the task of this call: run `program`, then leave everything tidy."""
        self._task = asyncio.current_task()
        try:
            if self._gone is None:
                await program(self)
        except asyncio.CancelledError:
            if self._gone is None:
                raise
            assert self._task is not None
            self._task.uncancel()
        except NoSuchChannel:
            self._finishing = True  # the hang-up that is told now has nothing left to cancel
            await self._wait_gone()
        except PbxDown:
            # Like the end of this process: the call is adopted when the PBX is found again.
            return
        except Exception:  # noqa: BLE001 - the caller must not be left in silence, whatever it is
            _log.exception("call failed", extra={"action": "call_failed", "call_id": self.call.id})
            self.end = ("system", "error")
            await self._apologise()
        self._finishing = True
        for asked in self._inbox.drain():
            refuse(asked, self.call)
        await self._finish()

    # --- the story ----------------------------------------------------------------------------

    async def record(self, *events: Event, told: Sequence[Event] = ()) -> None:
        """Move the call by `events` and commit both, with `told`, which moves nothing, in the same transaction.

        The first illegal one raises IllegalMove.
        """
        await (await self.begin_record(*events, told=told))

    async def begin_record(self, *events: Event, told: Sequence[Event] = ()) -> asyncio.Future[list[Recorded]]:
        """Begin what `record` does, and return what has to be awaited before the call goes on."""
        call = _advanced(self.call, events)
        await self._noted()
        before, self.call = self.call, call

        def settle(stored: bool) -> None:
            self.call = before if not stored and self.call is call else self.call

        save = partial(store.save, call=call, before=before)
        return self.world.journal.begin(*events, *told, save=save, settle=settle)

    async def _noted(self) -> None:
        """Wait for what this call noted before: its moves are told in order. Raises DatabaseDown."""
        if self._told is not None and not self._told.done():
            self.world.journal.flush()
            if not await asyncio.shield(self._told):
                raise DatabaseDown(self.world.journal.trouble)

    def note(self, *events: Event) -> None:
        """Write down facts on the way; nothing waits for them (see `core.journal.Journal.note`)."""
        self._told = self.world.journal.note(*events)

    def note_move(self, *events: Event, told: Sequence[Event] = ()) -> None:
        """Move the call by `events` as `record` does, without waiting: a crash may forget the last moment.

        For moves that nobody else builds on: what follows from a forgotten one must be what the caller expects.
        """
        before, call = self.call, _advanced(self.call, events)
        save = partial(store.save, call=call, before=before)
        self._told, self.call = self.world.journal.note(*events, *told, save=save), call

    async def tell(self, *events: Event) -> None:
        """Commit events that do not move the call."""
        await self.world.journal.record(*events)

    # --- what the caller hears and presses --------------------------------------------------------

    async def answer(self, *told: Event) -> None:
        """Answer the caller; `told` is journaled together with it.

        When a crash forgets that, the next service finds the caller answered and begins anew.
        """
        await self.world.pbx.answer(self.call.id)
        self.note_move(CallAnswered(at=self.world.clock.now(), call_id=self.call.id), told=told)

    def forget_offers(self) -> None:
        """Drop the offers of seats that were told and not read: the call has left its queue."""
        self._inbox.forget(RoutingMessage)

    def listens(self, on: bool) -> None:
        """Somebody begins, or ceases, to listen for words: what was heard before counts for nothing."""
        self._inbox.forget(ListeningMessage)
        self.listened, self.spoke, self.words, self.deaf = on, False, None, None

    @property
    def stirred(self) -> bool:
        """Whether a key waits to be read, listening found speech, words or an end, or the agent wants the caller."""
        return bool(self._digits or self.spoke or self.words or self.deaf is not None or self.recalled)

    async def play(self, media: Sequence[str], *, interruptible: bool = True) -> bool:
        """Play `media` to the end; tell whether it was. The session `stirred` cuts it when `interruptible`.

        A key that cuts it stays to be read.
        """
        if not media or (interruptible and self.stirred):
            return False
        playback_id = await self.begin(media)
        loop = asyncio.get_running_loop()
        until = loop.time() + PLAY_LIMIT_S
        while not (interruptible and self.stirred):
            message = await self.receive(max(0.0, until - loop.time()))
            if message is None:
                raise TimeoutError
            if isinstance(message, PlaybackEnded) and message.playback_id == playback_id:
                if message.failed:
                    _log.error("media not played", extra={"action": "media_failed", "call_id": self.call.id})
                return not message.failed
        await self.world.pbx.stop_playback(playback_id)
        return False

    async def begin(self, media: Sequence[str], *, to: str = "") -> str:
        """Begin to play `media` and return the id by which PlaybackEnded tells of it; nothing waits for that.

        `to`: another channel of the call than the caller's, or the bridge of its talk.
        """
        playback_id = f"{self.call.id}-play-{self._plays % PLAYBACK_IDS}"
        self._plays += 1
        if to == talk_bridge(self.call.id):
            await self.world.pbx.play_to_all(to, playback_id, media)
        else:
            await self.world.pbx.play(to or self.call.id, playback_id, media)
        return playback_id

    async def sound(self, media: Sequence[str], seconds: float) -> None:
        """Play what has no end of its own for `seconds`; keys do not cut it."""
        playback_id = await self.begin(media)
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while await self.receive(max(0.0, until - loop.time())) is not None:
            pass
        await self.world.pbx.stop_playback(playback_id)

    async def digit(self, timeout: float) -> str | None:
        """Return the next key, or None when none is pressed within `timeout` seconds."""
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout
        while not self._digits:
            if await self.receive(max(0.0, until - loop.time())) is None:
                return None
        return self._digits.popleft()

    async def peek(self, timeout: float) -> str | None:
        """Return the next key as `digit` does, and leave it to be read."""
        key = await self.digit(timeout)
        if key is not None:
            self._digits.appendleft(key)
        return key

    async def quiet(self, seconds: float) -> None:
        """Wait for `seconds`, or until the session is `stirred`."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not self.stirred:
            if await self.receive(max(0.0, until - loop.time())) is None:
                return

    @property
    def pressed(self) -> bool:
        """Whether a key waits to be read."""
        return bool(self._digits)

    def forget_digits(self) -> None:
        """Drop keys that were pressed and not read."""
        self._digits.clear()

    async def stop_old_playbacks(self) -> None:
        """Stop what a service before us began to play."""
        for n in range(PLAYBACK_IDS):
            await self.world.pbx.stop_playback(f"{self.call.id}-play-{n}")

    # --- the inbox -----------------------------------------------------------------------------------

    async def receive(self, timeout: float | None = None, *, commands: bool = False) -> Message | Asked | None:
        """Return the next message (None: none within `timeout`); keys of the caller are kept for `digit`.

        Commands are refused here with a clear error unless `commands` is set.
        """
        if self._gone is not None:
            raise asyncio.CancelledError  # the cancellation itself may have been caught on its way
        message = await self._inbox.get(timeout)
        if self.aside is None and isinstance(message, PlaybackEnded):
            return message  # the most frequent one is none of those below
        if isinstance(message, DigitPressed) and message.channel_id == self.call.id:
            self._digits.append(message.digit)
        elif isinstance(message, SpeechHeard):
            self.spoke = self.listened
        elif isinstance(message, SpeechEnded):
            self.spoke = False
        elif isinstance(message, WordsHeard):
            self.words = message if self.listened else None
        elif isinstance(message, HearingLost):
            self.deaf = message.why if self.listened else None
        if self.aside is not None and message is not None:
            await self.aside(message)
        if isinstance(message, Asked) and not commands:
            refuse(message, self.call)
        return message

    # --- the end ----------------------------------------------------------------------------------------

    async def _apologise(self) -> None:
        try:
            if self.call.state not in WITH_AGENT and self._gone is None:
                async with asyncio.timeout(20):
                    await self.play(self.world.apology(), interruptible=False)
        except (NoSuchChannel, PbxDown, PbxRefused, TimeoutError):
            return
        except asyncio.CancelledError:
            if self._gone is None:
                raise

    async def _wait_gone(self) -> None:
        try:
            async with asyncio.timeout(GONE_LIMIT_S):
                await self._gone_told.wait()
        except TimeoutError:
            return

    async def _finish(self) -> None:
        by, why = self.end if self._gone is None else ("caller", words_of(self._gone))
        before = self.call
        try:
            for leg in (*sorted(legs(before)), self.outside, self.comes.leg if self.comes else None):
                if leg:
                    await self.world.pbx.hang_up(leg)
            if self._gone is None and before.state is not CallState.PLACED:  # else there never was such a channel
                await self.world.pbx.hang_up(before.id)
                await self._wait_gone()
        except (PbxDown, PbxRefused):
            _log.warning("hang-up not confirmed", extra={"action": "hang_up_unsure", "call_id": before.id})
        await self._record_end(ending(before, by=by, why=why, where=self.node, clock=self.world.clock))
        if before.talking_at or self.outside:
            try:
                if before.watch_channel_id:
                    await self.world.pbx.close_bridge(watch_bridge(before.watch_channel_id))
                await self.world.pbx.close_bridge(talk_bridge(before.id))
            except (PbxDown, PbxRefused):
                return

    async def _record_end(self, events: Sequence[Event]) -> None:
        """Commit the end, as often as it takes: seat and place are free only when it is in the books."""
        try:
            # Nobody holds anything for a caller who was only in the menu; a forgotten end is found at the next start.
            return self.note_move(*events) if self.call.queued_at is None else await self.record(*events)
        except (SQLAlchemyError, Unavailable):
            self._not_stored()
        waits = wait_exponential_jitter(multiplier=STORE_AGAIN_FIRST_S, max=STORE_AGAIN_MOST_S, jitter=0.1)
        storage = retry_if_exception_type((SQLAlchemyError, Unavailable))
        async for attempt in AsyncRetrying(retry=storage, wait=waits, before_sleep=self._not_stored):
            with attempt:
                await self.record(*events)

    def _not_stored(self, _: RetryCallState | None = None) -> None:
        _log.error("end not stored, tried again", extra={"action": "end_not_stored", "call_id": self.call.id})


def _advanced(call: Call, events: Sequence[Event]) -> Call:
    for event in events:
        call = advance(call, event)
    return call
