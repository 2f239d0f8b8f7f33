"""What a node has at hand while it serves a caller."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.errors import Unavailable
from core.events import Event
from core.policy import Policy
from core.tasks import TaskOwner
from cti.listening import Ears
from cti.session import CallSession
from ivr.events import DigitsCollected
from ivr.port import (
    Announcements,
    Callbacks,
    Callers,
    Messages,
    Orders,
    Returns,
    Surveys,
    Texts,
    Understanding,
    Waiting,
    Watches,
    nobody_returns,
)
from ivr.storm import Calm, Storm
from ivr.way import Way
from speech.port import SpeechDetector
from speech.prompts import foreign

PLEASE_WAIT = "please_wait"
LANGUAGE = "language"
"""What is known of the caller when another language than the site's was chosen."""
SPEECH_OFFER = "menu_speech"
"""Said only where callers can be understood."""
RECORDING_NOTICE = "recording_notice"
"""Said where a flow says it, unless the site tells its callers in another way (`[site] recording_notice`)."""
HOLD_REMINDER = "hold_reminder"
"""Said in the ear of an agent who leaves a caller on hold."""
SENT_TO = "sent_to"
"""Known of a call that an agent has sent back to the menu: the node where it went."""
DANGER = "in_danger"
"""Known of a call once it has come to a queue because of danger: an order made in it later is urgent."""


class Speaker(Protocol):
    """Turns prompts and sentences into media that the PBX plays (`speech` does it)."""

    def prompt(self, prompt: str, language: str = "") -> str:
        """Return the media of a prompt: in `language` where it is there, else in the site's own."""
        ...

    def speaks(self, language: str) -> bool:
        """Tell whether every prompt of another language is there."""
        ...

    def can_say(self, prompt: str) -> bool:
        """Tell whether a prompt is there that is said in another language alone; true for others."""
        ...

    def tells(self, language: str) -> bool:
        """Tell whether there is a voice for sentences in a language."""
        ...

    def wake(self, language: str) -> None:
        """Load the voice of a language, where it is not always there: sentences will soon be wanted."""
        ...

    def prepare(self, sentence: str, language: str = "") -> None:
        """Begin to synthesise a sentence that will be wanted soon."""
        ...

    async def sentence(self, sentence: str, language: str = "") -> Sequence[str]:
        """Return the media of a sentence: whole when ready in time, else its fragments, where the language has some.

        Raises Unavailable when it can be said in no way in time.
        """
        ...


@dataclass(frozen=True, slots=True)
class BillDetails:
    """What belongs to a bill beside its sentences: those of the `usage`, and `facts` by the names of `ivr/facts.py`."""

    usage: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CustomerAnswers:
    """What the customer system says, in the words the flow needs; `IvrDesk` in `ivr/desk.py` asks it."""

    customer_id: str | None = None
    accounts: tuple[str, ...] = ()
    bills: tuple[tuple[str, ...], ...] = ()
    """The sentences of each account that has a bill."""
    outages: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    """片区 in which the accounts lie."""
    which: tuple[str, ...] = ()
    """With several bills: a sentence for each that tells the key by which it is chosen."""
    details: tuple[BillDetails, ...] = ()
    """Of each of `bills`."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Of the customer, by the names of `ivr/facts.py`."""
    language: str = ""
    """In which the sentences are; empty: the site's own."""

    def sentences(self) -> tuple[str, ...]:
        """Return all that may be said, likeliest first."""
        return (*self.outages, *self.which, *(text for bill in self.bills for text in bill))

    def first_sentences(self) -> tuple[str, ...]:
        """Return those with which each thing begins."""
        bills = self.bills[:1] if len(self.bills) == 1 else ()
        return (*self.outages[:1], *self.which[:1], *(text for bill in bills for text in bill[:1]))


class Desk(Protocol):
    """The customer system as the menu uses it; the sentences of its answers are in `language`, where it knows that."""

    async def by_number(self, number: str, language: str = "") -> CustomerAnswers: ...

    async def by_account(self, account: str, language: str = "") -> CustomerAnswers: ...

    async def verify(self, account: str, pin: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class KnownFault:
    """Why an account may be without power, as far as that is known before it is reported."""

    told: tuple[str, ...] = ()
    """The sentences to be said; none when nothing is known."""
    order: str = ""
    """The number of the open order, when there is one."""


@dataclass(frozen=True, slots=True)
class FaultReport:
    """What a caller reports: `scope` is room, home or street; `danger` when they said that somebody is in danger."""

    call_id: str
    account: str
    scope: str
    caller: str
    caller_known: bool
    address_recording: str = ""
    """The recording of the address, where no account is known."""
    danger: bool = False


class Faults(Protocol):
    """The taking of fault reports as the menu uses it (`ivr/faults.py` does it)."""

    async def known(self, account: str, *, own: bool) -> KnownFault | None:
        """Return what is known of a fault at an account; None when there is no such account.

        `own`: it is known to be the caller's, who may hear of arrears too.
        """
        ...

    def which(self, accounts: Sequence[str]) -> tuple[str, ...]:
        """Return a sentence for each of a caller's accounts that tells its key; none when they are too many."""
        ...

    async def report(self, report: FaultReport) -> str:
        """Take a report and return the number of its order; the same number for the same call and account."""
        ...

    def number(self, order: str) -> str:
        """Return the sentence that tells the number of an order."""
        ...


async def no_number(agent_id: str) -> str:
    """Know no agent's number."""
    return ""


@dataclass(frozen=True, slots=True)
class IvrServices:
    """The rooms that nodes use, as the menu sees them."""

    speaker: Speaker
    desk: Desk
    waiting: Waiting
    surveys: Surveys
    clock: Clock
    policy: Policy
    hour: Callable[[], int]
    """The hour of the day at the site, 0-23."""
    tasks: TaskOwner
    """Owns what goes on while the caller hears something."""
    faults: Faults
    watches: Watches
    orders: Orders
    texts: Texts
    messages: Messages
    callbacks: Callbacks
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    """The time zone of the site."""
    detector: SpeechDetector | None = None
    """Tells whether a caller speaks; without one nobody is taken for silent."""
    ears: Ears = field(default_factory=lambda: Ears(20))
    """How many talks may be listened to at once for a silent caller."""
    callers: Callers | None = None
    """Tells who goes ahead in a queue; without it only a node does."""
    announcements: Announcements | None = None
    offered: Collection[str] = ()
    """Other languages that are offered with the greeting."""
    recording_notice: bool = True
    """Whether callers are told here that they may be recorded."""
    storm: Storm = field(default_factory=Calm)
    """What storm mode changes for callers."""
    understanding: Understanding | None = None
    """Understands callers; without it the menu is keys alone."""
    returns: Returns = nobody_returns
    """Keeps who has handed a caller on, for their return."""
    blocked: Callable[[str], bool] = lambda number: False
    """Whether calls from a number are not served now."""
    job_number: Callable[[str], Awaitable[str]] = no_number
    """Returns the number by which an agent is known to callers; empty: none."""


@dataclass(slots=True)
class IvrCall:
    """One caller in the flow: the session, what is known, what is secret, and the answers being fetched."""

    session: CallSession
    services: IvrServices
    known: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    answers: asyncio.Task[CustomerAnswers] | CustomerAnswers | None = None
    ask_again: Callable[[], None] = lambda: None
    """Asks the customer system anew, for answers in the language that the caller has just chosen."""
    pressed: bool = False
    """Whether the caller has pressed any key in this call, or said something that was understood."""
    exits: Callable[[], Mapping[str, Mapping[str, str]]] = dict
    """Tells where the `subflow` nodes of the flow lead by the exits of their parts: {node: {exit: node}}."""
    way: Way | None = None
    since: Sequence[Event] = ()
    """After a restart, for the node where the call stood: the story from its entry on."""

    @property
    def id(self) -> str:
        return self.session.call.id

    def stay(self) -> None:
        """Say that something is heard, written or waited for at this node now (`Node.leads_on`)."""
        if self.way is not None:
            self.way.stay()

    @property
    def language(self) -> str:
        """The language that the caller chose; empty: the site's own."""
        return self.known.get(LANGUAGE, "")

    def number(self, rule: str) -> float:
        """Return a number of the policy."""
        return self.services.policy.number(rule)

    def again(self, what: str) -> int:
        """Count one more of `what` in this call and return how many there were."""
        self.counts[what] = self.counts.get(what, 0) + 1
        return self.counts[what]

    async def say(self, prompts: Sequence[str], *, interruptible: bool = True) -> None:
        """Play prompts by id; whoever is going to be recorded hears so to the end, whatever they press."""
        if prompts:
            self.stay()
        if RECORDING_NOTICE in prompts:
            await self.session.play(self.media([RECORDING_NOTICE]), interruptible=False)
            prompts = [prompt for prompt in prompts if prompt != RECORDING_NOTICE]
        await self.session.play(self.media(prompts), interruptible=interruptible)

    def media(self, prompts: Sequence[str]) -> Sequence[str]:
        """Return the media of those of `prompts` that are said here; what is English alone, where it is there."""
        return [self._medium(prompt) for prompt in prompts if self._is_said(prompt)]

    def _is_said(self, prompt: str) -> bool:
        if prompt == SPEECH_OFFER:
            return self.services.understanding is not None
        if prompt == RECORDING_NOTICE:
            return self.services.recording_notice
        return not foreign(prompt) or self.services.speaker.can_say(prompt)

    async def tell(self, sentences: Sequence[str], language: str = "") -> None:
        """Play sentences with the caller's own numbers, which are in `language`, each as soon as it is ready."""
        self.stay()
        for sentence in sentences:
            await self.session.play(await self._spoken(sentence, language))

    async def tell_of(self, answers: CustomerAnswers, sentences: Sequence[str]) -> None:
        """Play `sentences` of `answers`. Raises Unavailable when nobody can say them in the language of the caller.

        A caller who chose a language never hears figures in another one.
        """
        speaker, language = self.services.speaker, answers.language
        if language != self.language or (language and not speaker.tells(language)):
            raise Unavailable(f"there is no voice for figures in {self.language or 'the language of the site'}")
        for sentence in sentences:
            speaker.prepare(sentence, language)
        await self.tell(sentences, language)

    async def _spoken(self, sentence: str, language: str) -> Sequence[str]:
        """Return the media of a sentence; a caller who would wait in silence is asked to wait."""
        speaking = self.services.tasks.start(self.services.speaker.sentence(sentence, language), "sentence")
        done, _ = await asyncio.wait({speaking}, timeout=self.number("please_wait_after"))
        if not done:
            await self.say([PLEASE_WAIT])
        return await speaking

    def _medium(self, prompt: str) -> str:
        """Return the medium of a prompt; a festival's greeting, by notice, takes the place of `greeting`."""
        board = self.services.announcements
        festive = board.greeting() if board and prompt == "greeting" else None
        return festive or self.services.speaker.prompt(self.resolve(prompt), self.language)

    def resolve(self, prompt: str) -> str:
        """Return the prompt for this hour: `greeting` is one of two [seed 000: 00:00-12:00 早上好]."""
        if prompt != "greeting":
            return prompt
        return "greeting_morning" if self.services.hour() < self.number("morning_until") else "greeting_day"

    def collected(self, node: str, digits: str, *, secret: bool = False) -> None:
        """Journal what was pressed; of secret digits only how many."""
        self.stay()
        self.pressed = self.pressed or bool(digits)
        now, shown = self.services.clock.now(), None if secret else digits
        self.session.note(DigitsCollected(at=now, call_id=self.id, node=node, digits=shown, length=len(digits)))

    def answer_with(self, answers: CustomerAnswers) -> None:
        """From now on the caller is who `answers` is about."""
        self.answers = answers

    async def customer(self) -> CustomerAnswers:
        """Return what is known of the caller: fetched once, begun while the greeting plays.

        Raises TimeoutError when the customer system does not answer in time.
        """
        if self.answers is None or isinstance(self.answers, CustomerAnswers):
            return self.answers or CustomerAnswers()
        if self.answers.done():
            return self.answers.result()
        self.stay()
        async with asyncio.timeout(self.number("lookup_wait")):
            return await asyncio.shield(self.answers)
