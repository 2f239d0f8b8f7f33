"""What the menu needs of the rooms beside it: queue, survey, wishes, messages, callbacks, orders, texts."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cti.messages import SeatOffered
from cti.model import Call
from cti.session import CallSession
from desk.announcements.service import Spoken
from desk.surveys.model import Caller, Reason
from desk.workorders.model import Urging
from routing.announcing import Announcement
from routing.precedence import Cause
from routing.skills import Levels


class Watches(Protocol):
    """Notes to callers without power once it is back (`ivr/watches.py` does it)."""

    async def watchable(self, accounts: Sequence[str]) -> bool:
        """Tell whether an outage or an open fault explains why one of the accounts has no power."""
        ...

    async def watch(self, call_id: str, number: str, accounts: Sequence[str]) -> bool:
        """Let the telephone `number` be told when it is over, once for each cause; False: it is over already."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a work order has come: its `number`, the sentences that tell it, and whether it is `open` to urging."""

    number: str
    told: tuple[str, ...]
    open: bool


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for work orders: the accounts known to be the caller's, and the caller's number ("": withheld)."""

    accounts: tuple[str, ...]
    number: str


class Orders(Protocol):
    """Work orders as callers hear of them (`ivr/orders.py` does it)."""

    async def latest(self, asker: Asker) -> Progress | None:
        """Return the newest order of the asker that is open, else one closed not long ago; None: there is none."""
        ...

    async def by_number(self, number: str, asker: Asker) -> Progress | None:
        """Return the order with a number; None when there is none that the asker may hear of."""
        ...

    async def urge(self, number: str, call_id: str) -> Urging:
        """Urge the order with a number, once in a call."""
        ...


@dataclass(frozen=True, slots=True)
class TextWanted:
    """A text for a caller; two of one call about the same thing (`about`) are one."""

    call_id: str
    about: str
    to: str
    text: str


class Texts(Protocol):
    """Text messages to callers (`ivr/texts.py` sends them)."""

    async def on_record(self, customer_id: str | None, caller: str) -> str:
        """Return the mobile number of a customer: the `caller`'s when it is on record, else the first; "": none."""
        ...

    async def send(self, text: TextWanted) -> None:
        """Have a text sent, once for each call and thing."""
        ...

    def sent(self, to: str) -> str:
        """Return the sentence that tells to which number, by its last digits, a text was sent."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where the PBX writes down what a caller says; `said`: it has something already, from before a restart."""

    name: str
    said: bool = False
    taking: bool = False
    """It is writing just now, from before a restart."""


class Messages(Protocol):
    """What callers say to the machine; `what` is message or address (`ivr/messages.py` does it)."""

    async def place(self, call_id: str, what: str) -> Place | None:
        """Return where the next message of a call goes; None: there is no room for it."""
        ...

    async def begins(self, name: str) -> None:
        """The caller is about to speak."""
        ...

    async def drop(self, name: str) -> None:
        """Forget what the caller does not want to send."""
        ...

    async def send(self, name: str) -> bool:
        """Keep what was said; a message becomes a work order. False: there was no sound in it."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """The callback that a caller wants: `part` is soon, or morning or afternoon of an office day.

    The number keeps the place that it has had in `queue` since `waiting_since`.
    """

    call_id: str
    number: str
    queue: str
    waiting_since: datetime
    part: str = "soon"


@dataclass(frozen=True, slots=True)
class Booking:
    """A callback; `new` False: the number was to be rung back already; `later`: the sentence of when, if not now."""

    new: bool
    later: str = ""


class Callbacks(Protocol):
    """The booking of callbacks (`ivr/callbacks.py` does it)."""

    def dialable(self, number: str) -> bool:
        """Tell whether a number may be rung back."""
        ...

    def number(self, number: str) -> str:
        """Return the sentence that tells a number digit by digit."""
        ...

    async def book(self, wanted: Wanted) -> Booking:
        """Let a number be rung back, once for a call."""
        ...

    def place_of(self, number: str, queue: str) -> datetime | None:
        """Return since when a caller counts as waiting in `queue` who is to be rung back there, None for any other."""
        ...


class Waiting(Protocol):
    """The queue as the menu uses it (`routing` does it)."""

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
    ) -> None: ...

    def announce(self, call_id: str) -> Announcement | None:
        """Return what to tell a waiting caller of place and wait; None while nothing is to be told."""
        ...

    async def again(self, call_id: str) -> None: ...

    async def leave(self, call_id: str, why: str) -> None: ...


class Callers(Protocol):
    """What is known of a caller that lets the call go ahead of others (`routing.callers` does it)."""

    async def causes(self, call: Call, customer_id: str | None) -> Collection[Cause]: ...


class Surveys(Protocol):
    """What callers say of the service (`desk.surveys` keeps it)."""

    async def answer(
        self, call_id: str, agent_id: str, queue: str, score: int, *, caller: Caller | None = None
    ) -> None: ...

    async def reason(self, call_id: str, reason: Reason) -> None: ...


class Understanding(Protocol):
    """Understands callers, as the menu uses it (`cti.words` does it)."""

    @property
    def ready(self) -> bool:
        """Whether callers can be understood now."""
        ...

    @property
    def first(self) -> bool:
        """Whether callers are asked to say what they want before the menu of keys."""
        ...

    def listening(self, session: CallSession, phrases: tuple[str, ...] = ()) -> AbstractAsyncContextManager[None]:
        """Listen to one utterance while open: `spoke`, then `words` of the session are set, or `deaf`."""
        ...


class Announcements(Protocol):
    """What the operator has said to callers now, answered from memory (`desk.announcements` keeps it)."""

    def greeting(self) -> str | None: ...

    def by_area(self) -> bool: ...

    def current(self, areas: Collection[str]) -> Sequence[Spoken]: ...


Returns = Callable[[str, str], Awaitable[SeatOffered | None]]
"""Keeps an agent (id) for the return of a call (id) that the agent has handed on; None: not there for it."""


async def nobody_returns(agent_id: str, call_id: str) -> SeatOffered | None:
    """A `Returns` of a house without agents."""
    return None
