"""A talk whose caller may be silent: notices it, has the script said on the line, and lets nobody go before its end.

The caller is listened to from the answer until they are heard once, and no longer than `silent_listen_limit`: a talk
in which somebody speaks costs a second or two of listening. Whoever was heard, or could not be listened to, is not
silent, and that talk ends as any other.
"""

import asyncio
import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core import log
from core.errors import BadInput, Conflict, Unavailable
from core.events import Event
from core.tasks import TaskOwner
from cti import talk
from cti.endings import refuse, tell
from cti.events import AgentAnswered
from cti.handover import TalkEnd
from cti.inbox import Asked
from cti.listening import listening
from cti.messages import ChannelGone, DigitPressed, HangUp, HearingLost, Message, Resume, SpeechHeard
from cti.model import WITH_AGENT, CallState
from cti.port import NoSuchChannel, PbxRefused
from ivr import blocked
from ivr.call import HOLD_REMINDER, IvrCall
from ivr.events import (
    SilenceBroken,
    SilenceHangUpRefused,
    SilenceKept,
    SilenceNoticed,
    SilenceOver,
    SilencePromptGiven,
    SilenceRecalled,
    SilenceScriptBegun,
    SilenceUnheard,
)
from ivr.job_number import tell_number
from ivr.silent_script import How, say_script
from speech.vad import VadDown

_log = log.get(__name__)


class SilentScriptRunning(Conflict):
    """The silent-call script is running: the caller is let go after the third pause, not before."""

    code = "silent_script_running"


class SilentCall(Conflict):
    """The caller has not been heard: say the three prompts first (silent-call script)."""

    code = "silent_call"


@dataclass(frozen=True, slots=True)
class Silence:
    """How a talk stands: the `script` runs, at prompt `given`; `noticed`, and not heard since; `kept` without agent."""

    script: bool = False
    given: int = 1
    noticed: bool = False
    kept: bool = False


def silence_of(story: Sequence[Event]) -> Silence:
    """Return how the silence of the latest talk of a story stands."""
    now = Silence()
    for event in story:
        match event:
            case AgentAnswered():
                now = Silence()
            case SilenceNoticed():
                now = Silence(noticed=True)
            case SilenceScriptBegun():
                now = Silence(script=True)
            case SilenceKept():
                now = Silence(script=True, given=now.given if now.script else 1, kept=True)
            case SilencePromptGiven(prompt=prompt):
                now = Silence(now.script, prompt, kept=now.kept)
            case SilenceRecalled():
                now = Silence(noticed=True)
            case SilenceOver() | SilenceBroken() | SilenceUnheard():
                now = Silence(kept=now.kept)
    return now


class SilentTalk:
    """The talks of one caller at one `queue` node. A `cti.talk.Guard`."""

    def __init__(self, call: IvrCall, here: str, ways: Collection[str] = ()) -> None:
        """`ways`: those of the menu by which an agent may send the caller on."""
        stands = silence_of(call.since)
        self._call = call
        self._here = here
        self._ways = ways
        self._numbered: str | None = None
        """The agent whose number the caller was told last."""
        self._first = stands.given
        self._noticed = stands.noticed
        self._silent = stands.noticed
        self._begun = False
        self._listens = stands.noticed or not call.since
        """Whether it is still worth while to listen; after a restart nobody knows what was said before it."""
        self._ear: contextlib.AsyncExitStack | None = None
        self.script = stands.script
        """The script runs, or goes on after a restart."""

    async def serve(self) -> TalkEnd | None:
        """Be with caller and agent until the talk is over, or the caller is let go after the script (None).

        A talk that ended with `script` left the caller alone: who was heard then is to have another person.
        """
        try:
            while True:
                if self.script:
                    how = await self._say_script()
                    if how is How.RELEASED:
                        self._call.session.end = ("system", "silent")
                        return None
                    if self._call.session.call.state not in WITH_AGENT:
                        self._forget()
                        return TalkEnd("agent", script=True)
                end = await talk.talk(self._call.session, self)
                await self._listen_no_more()
                if not end.script:
                    self._forget()
                    return end
                self.script = True
        finally:
            if self._ear is not None:  # the caller is gone: the end of the call does not wait for it
                ear, self._ear = self._ear, None
                self._call.services.tasks.start(ear.aclose(), self._call.id)

    def _forget(self) -> None:
        """The next talk of this caller is with another agent, who has to hear them anew."""
        self._noticed = self._silent = self._begun = False
        self._listens, self._first = True, 1

    # --- the guard of the talk ------------------------------------------------------------------------

    async def joined(self) -> None:
        """Tell the agent's number where that is wanted, and begin to listen to the caller."""
        agent_id = self._call.session.call.agent_id
        if agent_id != self._numbered:
            self._numbered = agent_id
            if not self._call.since:
                await tell_number(self._call)
        await self._listen()

    async def _listen(self) -> None:
        """Begin to listen to the caller, if there is an ear free."""
        call, detector = self._call, self._call.services.detector
        if self._ear is not None or not self._listens or detector is None or not call.services.ears.take():
            return
        call.session.forget_digits()  # pressed before the talk; from now on a key is a sign of life
        stack = contextlib.AsyncExitStack()
        stack.callback(call.services.ears.give_back)
        try:
            await stack.enter_async_context(listening(call.session, detector))
        except (PbxRefused, NoSuchChannel, VadDown) as error:
            await stack.aclose()
            _log.warning(
                "caller not listened to", extra={"action": "talk_unheard", "call_id": call.id, "why": error.code}
            )
            self._silent = self._listens = False
            return
        except BaseException:  # cancelled, or the PBX is away: the ear is for others all the same
            await stack.aclose()
            raise
        watch = TaskOwner("silence")
        stack.push_async_callback(watch.close)
        watch.start(self._watch(), call.id)
        self._ear, self._silent = stack, True

    async def _watch(self) -> None:
        """Offer the script to the agent once the caller has been silent for long enough; give up listening in time."""
        call = self._call
        first, most = call.number("silent_offer_after"), call.number("silent_listen_limit")
        while True:
            await asyncio.sleep(first)
            if call.session.call.state is CallState.TALKING:
                break  # whoever hears the music of a hold has nothing to say
        agent_id = call.session.call.agent_id
        if agent_id is not None and not self._noticed:
            self._noticed = True
            call.session.note(SilenceNoticed(at=call.services.clock.now(), call_id=call.id, agent_id=agent_id))
        await asyncio.sleep(max(0.0, most - first))
        call.session.deliver(HearingLost("long_enough"))

    async def told(self, message: Message) -> None:
        """Who speaks or presses a key is not silent, and neither is who cannot be listened to."""
        match message:
            case SpeechHeard():
                by = "speech"
            case DigitPressed(channel_id=channel_id) if channel_id == self._call.id:
                by = "key"
            case HearingLost():
                by = "unknown"
            case _:
                return
        await self._listen_no_more()
        session = self._call.session
        if self._noticed and session.call.agent_id:
            now = self._call.services.clock.now()
            session.note(SilenceOver(at=now, call_id=self._call.id, agent_id=session.call.agent_id, by=by))
        self._silent = self._noticed = self._begun = self._listens = False

    async def _listen_no_more(self) -> None:
        if self._ear is not None:
            ear, self._ear = self._ear, None
            await ear.aclose()

    async def begin_script(self) -> None:
        """Journal that the script begins. Raises Unavailable where nobody can tell silence from speech."""
        call = self._call
        if call.services.detector is None:
            raise Unavailable("there is no speech detection: without it nobody is taken for silent")
        assert call.session.call.agent_id is not None
        now, agent_id = call.services.clock.now(), call.session.call.agent_id
        await call.session.tell(SilenceScriptBegun(at=now, call_id=call.id, agent_id=agent_id))
        self._first, self._begun, self._silent = 1, True, True

    def leads_to(self, way: str) -> None:
        """Raise BadInput unless there is such a way, SilentCall while the caller has not been heard."""
        if way not in self._ways:
            known = sorted(self._ways)
            raise BadInput(f"menu: no way {way!r} here; known: {', '.join(known) or 'none'}", field="menu", known=known)
        self.may_hang_up()

    def warning(self) -> Sequence[str]:
        """Return the warning of nuisance callers."""
        return [self._call.services.speaker.prompt(blocked.WARNING)]

    def reminder(self) -> Sequence[str]:
        """Return the sentence for the agent's ear."""
        return [self._call.services.speaker.prompt(HOLD_REMINDER)]

    def may_hang_up(self) -> None:
        """Raise SilentCall while the caller has not been heard since the answer."""
        if self._silent:
            self._refuse_hang_up(SilentCall(call_id=self._call.id))

    def _refuse_hang_up(self, error: Conflict) -> None:
        call = self._call.session.call
        now = self._call.services.clock.now()
        self._call.session.note(
            SilenceHangUpRefused(at=now, call_id=call.id, agent_id=call.agent_id or "", why=error.code)
        )
        raise error

    def keeps(self) -> Sequence[Event]:
        """Keep a caller who was noticed as silent, or to whom the script was begun, when the phone hangs up."""
        if not self._silent or not (self._noticed or self._begun):
            return ()
        self._first = 1
        return (self._kept(),)

    def _kept(self) -> SilenceKept:
        call = self._call.session.call
        return SilenceKept(at=self._call.services.clock.now(), call_id=call.id, agent_id=call.agent_id or "")

    # --- the script -----------------------------------------------------------------------------------

    async def _say_script(self) -> How:
        call, session = self._call, self._call.session
        await self._listen_no_more()
        if call.since:
            await session.stop_old_playbacks()
        session.forget_digits()
        session.recalled = False
        session.aside = self._meanwhile
        try:
            if session.call.state in WITH_AGENT:
                await talk.step_aside(session)
            end = await say_script(call, self._here, first=self._first)
        finally:
            session.aside = None
        self.script = False
        agent_id = session.call.agent_id or ""
        if end.how is How.RECALLED:
            now = call.services.clock.now()
            session.note(SilenceRecalled(at=now, call_id=call.id, agent_id=agent_id, prompt=end.prompt))
        self._silent = self._begun = self._listens = self._noticed = end.how is How.RECALLED
        session.recalled = False
        return end.how

    async def _meanwhile(self, message: Message | Asked) -> None:
        """What the agent's phone and page may do while the script runs."""
        session = self._call.session
        match message:
            case ChannelGone(channel_id=gone) if gone == session.call.seat_channel_id:
                await talk.let_go(session, "hung_up", (self._kept(),))
            case Asked() if not message.outcome.done():
                self._answer(message)

    def _answer(self, asked: Asked) -> None:
        session = self._call.session
        if session.call.state not in WITH_AGENT or asked.command.agent_id != session.call.agent_id:
            refuse(asked, session.call)
            return
        match asked.command:
            case Resume():
                session.recalled = True
                tell(asked, None)
            case HangUp():
                try:
                    self._refuse_hang_up(SilentScriptRunning(call_id=self._call.id))
                except Conflict as error:
                    tell(asked, error)
            case _:
                tell(asked, SilentScriptRunning(call_id=self._call.id))
