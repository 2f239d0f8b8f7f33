"""Whether the page that is a seat's phone can carry a talk: known before a customer rings, not by the customer (P26).

The page measures: an echo call through the PBX brings a known tone back, or a talk has sound both ways. The service
judges, and nobody becomes ready at such a seat before it is content.
"""

from dataclasses import dataclass
from enum import StrEnum

from agents.events import PhoneChecked
from agents.model import Agent, Cause, State
from agents.presence import Presence
from core.clock import Clock
from core.errors import Conflict
from core.journal import Journal
from core.policy import Policy


class PhoneNotChecked(Conflict):
    """The phone in your page was not tested yet: follow the steps under "Browser phone", then become ready."""

    code = "phone_not_checked"


class PhoneElsewhere(Conflict):
    """Another page of yours is the phone of this seat."""

    code = "phone_elsewhere"


class How(StrEnum):
    """By what a phone was tested: a call to the echo, or a talk that goes on."""

    ECHO = "echo"
    TALK = "talk"


class Fault(StrEnum):
    """What a test found wanting; `changed`: the page speaks or hears through another device than the one tested."""

    NOT_CONNECTED = "not_connected"
    MICROPHONE_SILENT = "microphone_silent"
    NOTHING_SENT = "nothing_sent"
    NOTHING_RECEIVED = "nothing_received"
    NO_ECHO = "no_echo"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Measured:
    """What a page measured: RTP packets `sent` and `received`, in dBFS the tone that came back and the loudest voice.

    None: not heard at all; a talk has no tone.
    """

    how: How
    sent: int
    received: int
    tone_db: float | None = None
    voice_db: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The least that a test needs: packets each way, and in dBFS the tone of the echo and the voice."""

    packets: int
    tone_db: float
    voice_db: float

    @classmethod
    def of(cls, policy: Policy) -> "Limits":
        """Read the limits of the house."""
        return cls(
            packets=int(policy.number("phone_check_packets")),
            tone_db=-policy.number("phone_check_tone"),
            voice_db=-policy.number("phone_check_voice"),
        )


def faults(measured: Measured, limits: Limits, *, connected: bool) -> tuple[Fault, ...]:
    """Return what is wanting, in the order in which it is to be put right.

    In a talk the agent may be listening, so there only the packets count.
    """
    echo = measured.how is How.ECHO
    found = {
        Fault.NOT_CONNECTED: not connected,
        Fault.MICROPHONE_SILENT: echo and _below(measured.voice_db, limits.voice_db),
        Fault.NOTHING_SENT: measured.sent < limits.packets,
        Fault.NOTHING_RECEIVED: measured.received < limits.packets,
        Fault.NO_ECHO: echo and _below(measured.tone_db, limits.tone_db),
    }
    return tuple(fault for fault, there in found.items() if there)


def _below(level: float | None, least: float) -> bool:
    return level is None or not level >= least


class PhoneChecks:
    """Keeps which page of each agent was tested; a page that is another, or was lost, is tested anew."""

    def __init__(self, presence: Presence, journal: Journal, clock: Clock, policy: Policy) -> None:
        self._presence = presence
        self._roster = presence.roster
        self._journal = journal
        self._clock = clock
        self.limits = Limits.of(policy)
        self._pages: dict[str, str] = {}

    def is_phone(self, agent_id: str, page: str) -> None:
        """`page` is the phone of the agent from now on; one that was it before needs no other test."""
        if self._pages.get(agent_id) != page:
            self._pages[agent_id] = page
            self._roster.set_checked(self._seat_id(agent_id), False)

    async def report(self, agent_id: str, page: str, measured: Measured) -> tuple[Fault, ...]:
        """Take what a page measured and return what is wanting; nothing: its agent may become ready.

        Raises PhoneElsewhere when another page is the phone.
        """
        agent = self._own(agent_id, page)
        seat = self._roster.seat(agent.seat_id)
        connected = seat is not None and self._roster.registered(seat)
        wanting = faults(measured, self.limits, connected=connected)
        self._roster.set_checked(agent.seat_id, not wanting)
        self._tell(agent, str(measured.how), wanting)
        if wanting:
            await self._unfit(agent)
        return wanting

    async def void(self, agent_id: str, page: str) -> None:
        """The page speaks or hears through another device now: who is ready is not, until it was tested.

        Raises PhoneElsewhere.
        """
        agent = self._own(agent_id, page)
        self._roster.set_checked(agent.seat_id, False)
        self._tell(agent, "devices", (Fault.CHANGED,))
        await self._unfit(agent)

    def resume(self) -> None:
        """After a restart of the service: who was ready had been tested, who was not is to be."""
        for agent in self._roster.signed_in():
            if agent.state is State.NOT_READY:
                self._roster.set_checked(agent.seat_id, False)

    async def _unfit(self, agent: Agent) -> None:
        if agent.state is State.READY:
            await self._presence.move(agent, State.NOT_READY, Cause.PHONE_UNCHECKED)

    def _own(self, agent_id: str, page: str) -> Agent:
        agent = self._roster.get(agent_id)
        # After a restart of the service no page is known, and the one that is a phone still does not ask again.
        if agent is None or agent.seat_id is None or self._pages.setdefault(agent_id, page) != page:
            raise PhoneElsewhere(agent_id=agent_id)
        return agent

    def _seat_id(self, agent_id: str) -> str | None:
        agent = self._roster.get(agent_id)
        return agent.seat_id if agent else None

    def _tell(self, agent: Agent, how: str, wanting: tuple[Fault, ...]) -> None:
        assert agent.seat_id is not None
        told = PhoneChecked(
            at=self._clock.now(),
            agent_id=agent.agent_id,
            seat_id=agent.seat_id,
            how=how,
            faults=[str(fault) for fault in wanting],
        )
        self._journal.note(told)
