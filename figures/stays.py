"""One call's stays in queues, as contacts are counted from them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from figures.talks import Talk
from routing.events import QueueAnnounced


@dataclass(slots=True)
class Contact:
    """One stay in a queue; `slot` None: it began outside what is counted. `how` it ended: None while it waits.

    `handed_to`: an agent handed the caller on to that one person (or somebody outside), not to the queue. Only when
    that fails the caller waits there for anybody, and is offered to the queue; until then it is no contact of it.
    """

    call_id: str
    queue: str
    at: datetime
    slot: datetime | None
    how: str | None = None
    agent_id: str = ""
    wait: timedelta = timedelta()
    handed_to: str = ""
    out: bool = False
    """The agent dialled it by hand: it was in no queue."""
    rang_at: datetime | None = None
    """Since when the phone rings that was last chosen for it."""
    told: tuple[datetime, float, float] | None = None
    """When the caller was first told how long it takes, P50 and P90 of that in seconds."""
    skills: tuple[str, ...] = ()
    unsettled: list[tuple[str, str, int]] | None = field(default_factory=list)
    """What was counted (agent, symbol, number) before it was told which skills are needed; None: it was told."""


@dataclass(slots=True)
class CallBook:
    """What is known of a call that has not ended."""

    slot: datetime | None
    contacts: list[Contact] = field(default_factory=list)
    talk: Talk[Contact] | None = None
    last: Contact | None = None
    """The contact of the latest talk."""
    in_menu: bool = False
    callback: bool = False
    placed: Contact | None = None
    """What an agent dialled, when nobody called us."""

    @property
    def waiting(self) -> Contact | None:
        """The contact that waits now."""
        return self.contacts[-1] if self.contacts and self.contacts[-1].how is None else None

    def tell(self, event: QueueAnnounced) -> None:
        """Keep the first wait that a caller is told: it is held against what comes."""
        contact, half, most = self.waiting, event.wait_p50_s, event.wait_p90_s
        if contact is not None and contact.told is None and half is not None and most is not None:
            contact.told = event.at, half, most


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended: `by` whom, `where` (a state, or a node of the menu), and `why`."""

    by: str
    where: str
    why: str
