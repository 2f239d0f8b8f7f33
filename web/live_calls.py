"""The calls of now, folded from the journal's events in memory: no message to a desktop waits for the database."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core import log
from core.errors import HotlineError
from core.events import Event, Recorded
from cti.model import MOVING, Call, CallState, advance, begin
from ivr.events import (
    CallerIdentified,
    DigitsCollected,
    IvrNodeEntered,
    NeedStated,
    SilenceBroken,
    SilenceKept,
    SilenceNoticed,
    SilenceOver,
    SilencePromptGiven,
    SilenceRecalled,
    SilenceScriptBegun,
    SilenceUnheard,
    SpeechHeard,
)
from recordings.events import RecordingMissing, RecordingStarted
from routing.events import AgentRequested

_log = log.get(__name__)

ENDED_KEPT = 500
"""Ended calls kept for the wrap-up that follows them."""
STEPS_KEPT = 60
"""Menu nodes kept of one call, the latest ones."""


@dataclass(frozen=True, slots=True)
class Step:
    """A menu node that the caller passed, with the keys pressed there, or the intent that was `said` there."""

    node: str
    digits: str | None
    at: datetime
    said: str | None = None


@dataclass(slots=True)
class LiveCall:
    """A call as its events have told it; those up to number `loaded` were read from the journal.

    The bus may bring events of one call out of order (a listener that journals is ahead of the event it heard),
    but never those that move the call.
    """

    call: Call
    loaded: int
    customer_id: str | None = None
    by_hand: bool = False
    """Whether it was the agent who said which customer calls."""
    recording_id: str | None = None
    silence: str | None = None
    """noticed: nobody has heard the caller yet; script: the silent-call script is being said."""
    silent_prompt: int | None = None
    """Which prompt of the script was begun last."""
    ahead_causes: tuple[str, ...] = ()
    need: str | None = None
    path: list[Step] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Moved:
    """What an event changed: the call `before` (None: it is new) and `after`."""

    before: Call | None
    after: LiveCall


class LiveCalls:
    """Every call that has not ended, and the latest that have."""

    def __init__(self) -> None:
        self._live: dict[str, LiveCall] = {}
        self._ended: OrderedDict[str, LiveCall] = OrderedDict()
        self._heard: list[Recorded] | None = []
        """What was heard of unknown calls before `load`."""

    def load(self, stories: Iterable[Sequence[Recorded]]) -> None:
        """Take up the calls that live already by their stories so far; nothing heard meanwhile is lost or taken twice.

        To be called once.
        """
        heard, self._heard = self._heard or [], None
        for story in stories:
            call_id = getattr(story[0].event, "call_id", None) if story else None
            if self.get(call_id) is not None:
                continue
            for recorded in story:
                self.take(recorded)
            if (known := self.get(call_id)) is not None:
                known.loaded = story[-1].seq
        for recorded in heard:
            self.take(recorded)

    def get(self, call_id: str | None) -> LiveCall | None:
        """Return a call that is live or has just ended."""
        return self._live.get(call_id or "") or self._ended.get(call_id or "")

    def all(self) -> list[LiveCall]:
        """Return every live call."""
        return list(self._live.values())

    def take(self, recorded: Recorded) -> Moved | None:
        """Apply an event; None when it changes nothing of a call we know."""
        event = recorded.event
        if (begun := begin(event)) is not None:
            return self._begun(begun, recorded.seq)
        call_id = getattr(event, "call_id", None) or ""
        known = self._live.get(call_id)
        if isinstance(event, CallerIdentified):  # an agent may say so in the wrap-up
            known = self.get(call_id)
        if known is None and self._heard is not None:
            self._heard.append(recorded)
        if known is None or recorded.seq <= known.loaded:
            return None
        if type(event) in MOVING:
            return self._move(known, event)
        if isinstance(event, IvrNodeEntered):
            known.path += [Step(node, None, event.at) for node in event.way]
            del known.path[:-STEPS_KEPT]
            return None
        before = _shown(known)
        _note(known, event)
        return Moved(known.call, known) if _shown(known) != before else None

    def _begun(self, call: Call, seq: int) -> Moved | None:
        if self.get(call.id) is not None:
            return None
        known = self._live[call.id] = LiveCall(call, seq)
        return Moved(None, known)

    def _move(self, known: LiveCall, event: Event) -> Moved | None:
        before = known.call
        try:
            known.call = advance(before, event)
        except HotlineError:
            _log.error("event does not fit the call", extra={"action": "call_unfit", "call_id": before.id})
            return None
        if known.call.state is CallState.ENDED:
            self._end(known)
        return Moved(before, known)

    def _end(self, known: LiveCall) -> None:
        del self._live[known.call.id]
        self._ended[known.call.id] = known
        while len(self._ended) > ENDED_KEPT:
            self._ended.popitem(last=False)


def _shown(known: LiveCall) -> tuple[str | None, str | None, int | None, str | None]:
    """What of `_note` a desktop shows of a call."""
    return known.recording_id, known.silence, known.silent_prompt, known.customer_id


def _note(known: LiveCall, event: Event) -> None:
    """Keep what an event tells beside the call's moves."""
    match event:
        case DigitsCollected(node=node, digits=digits, length=length):
            shown = digits if digits is not None else "*" * length
            if known.path and known.path[-1].node == node:
                known.path[-1] = Step(node, shown, known.path[-1].at)
        case SpeechHeard(node=node, intent=str(intent), outcome="sure" | "unsure" | "confirmed"):
            if known.path and known.path[-1].node == node:
                known.path[-1] = Step(node, known.path[-1].digits, known.path[-1].at, intent)
        case SilenceNoticed() | SilenceRecalled():
            known.silence, known.silent_prompt = "noticed", None
        case SilenceScriptBegun() | SilenceKept():
            known.silence = "script"
        case SilencePromptGiven(prompt=prompt):
            known.silence, known.silent_prompt = "script", prompt
        case SilenceOver() | SilenceBroken() | SilenceUnheard():
            known.silence, known.silent_prompt = None, None
        case CallerIdentified(customer_id=customer_id, how=how):
            known.customer_id, known.by_hand = customer_id or None, bool(customer_id) and how == "agent"
        case RecordingStarted(recording_id=recording_id, kind="talk"):
            known.recording_id = recording_id
        case RecordingMissing(recording_id=recording_id) if recording_id == known.recording_id:
            known.recording_id = None
        case AgentRequested(causes=causes):
            known.ahead_causes = causes
        case NeedStated(need=need):
            known.need = need
