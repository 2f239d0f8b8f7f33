"""Who is where, in memory: the stored presence plus the changes on their way to storage."""

from collections.abc import Iterable, Iterator

from agents.model import ON_CALL, Agent, Cause, PageRule, Seat, SeatKind, State


class Roster:
    """The one copy of presence that decisions are made on.

    A change is entered before it is stored, so two decisions never start from the same state; one that
    storage refuses is taken out again together with every change built on it.
    """

    def __init__(self) -> None:
        self._chains: dict[str, list[Agent]] = {}
        self._idle: dict[str, Agent] = {}
        self._seats: dict[str, Seat] = {}
        self._phones: dict[str, bool] = {}
        self._all_phones_known = False
        self._unchecked: set[str] = set()
        """Seats whose phone is a page that was not tested (P26)."""
        self._moved: set[str] = set()
        self._pages: set[str] = set()
        """Agents of whom a page is heard now."""

    # --- presence ---

    def moved(self) -> set[str]:
        """Return those whose presence or phone may have changed since this was asked last (routing asks)."""
        moved, self._moved = self._moved, set()
        return moved

    def load(self, agents: Iterable[Agent]) -> None:
        """Take what is stored as the truth."""
        self._moved.update(self._chains)
        self._chains = {agent.agent_id: [agent] for agent in agents}
        self._idle = {}
        for agent in self.everyone():
            self._index(agent)

    def get(self, agent_id: str) -> Agent | None:
        """Return the agent's presence, None for one who never took a seat."""
        chain = self._chains.get(agent_id)
        return chain[-1] if chain else None

    def everyone(self) -> list[Agent]:
        """Return all who ever took a seat."""
        return [chain[-1] for chain in self._chains.values()]

    def signed_in(self) -> list[Agent]:
        """Return all who sit at a seat, whatever their state."""
        return [agent for agent in self.everyone() if agent.state is not State.LOGGED_OUT]

    def on_call(self, call_id: str) -> list[Agent]:
        """Return those whom this call holds: reserved, ringing or talking."""
        return [agent for agent in self.everyone() if agent.holds(call_id, ON_CALL)]

    def idle(self) -> Iterator[Agent]:
        """Yield those who may get a call now: ready, their phone is there, and so is their page where it counts."""
        return (agent for agent in self._idle.values() if self._reachable(agent))

    def routable(self, agent_id: str) -> bool:
        """Tell whether this agent may get a call now."""
        agent = self._idle.get(agent_id)
        return agent is not None and self._reachable(agent)

    def _reachable(self, agent: Agent) -> bool:
        return self.phone_there(agent) and self.attended(agent) and self.checked(agent.seat_id)

    def at_seat(self, seat_id: str) -> Agent | None:
        """Return who sits at a seat."""
        return next((agent for agent in self.signed_in() if agent.seat_id == seat_id), None)

    def enter(self, agent: Agent) -> None:
        """Let `agent` take the place of the version before it, ahead of storage."""
        self._chains.setdefault(agent.agent_id, []).append(agent)
        self._index(agent)

    def stored(self, agent: Agent) -> None:
        """Forget the versions before `agent`, which is stored now."""
        chain = self._chains[agent.agent_id]
        place = _place(chain, agent)
        if place is not None:
            del chain[:place]

    def withdraw(self, agent: Agent) -> Agent | None:
        """Take out `agent`, which could not be stored, and what was built on it; return who stands instead."""
        chain = self._chains[agent.agent_id]
        place = _place(chain, agent)
        if place is not None:
            del chain[place:]
        if not chain:
            del self._chains[agent.agent_id]
            self._idle.pop(agent.agent_id, None)
            self._moved.add(agent.agent_id)
            return None
        self._index(chain[-1])
        return chain[-1]

    def _index(self, agent: Agent) -> None:
        self._moved.add(agent.agent_id)
        if agent.state is State.READY:
            self._idle[agent.agent_id] = agent
        else:
            self._idle.pop(agent.agent_id, None)

    # --- pages ---

    def set_page(self, agent_id: str, there: bool) -> None:
        """Keep whether a page of the agent is heard."""
        self._moved.add(agent_id)
        if there:
            self._pages.add(agent_id)
        else:
            self._pages.discard(agent_id)

    def page_there(self, agent_id: str) -> bool:
        """Tell whether a page of the agent is heard now."""
        return agent_id in self._pages

    def attended(self, agent: Agent) -> bool:
        """Tell whether the page allows calls, by the rule of the seat."""
        seat = self.seat(agent.seat_id)
        rule = seat.page if seat else PageRule.WHILE_OPEN
        if rule is PageRule.IGNORED or agent.agent_id in self._pages:
            return True
        return rule is PageRule.WHILE_OPEN and not agent.desktop

    # --- seats ---

    def set_seats(self, seats: Iterable[Seat]) -> None:
        """Take the list of seats as it is stored."""
        told = {seat.id: seat for seat in seats}
        if told != self._seats:
            self._seats = told
            self._moved.update(self._chains)

    def seat(self, seat_id: str | None) -> Seat | None:
        """Return a seat by its id."""
        return self._seats.get(seat_id or "")

    def seat_of_phone(self, sip_username: str) -> Seat | None:
        """Return the seat whose phone this is."""
        return next((seat for seat in self._seats.values() if seat.sip_username == sip_username), None)

    def registered(self, seat: Seat) -> bool:
        """Tell whether the PBX has the phone of this seat."""
        return self._phones.get(seat.sip_username, False)

    def phone_there(self, agent: Agent) -> bool:
        """Tell whether the PBX has the phone at the agent's seat."""
        seat = self.seat(agent.seat_id)
        return seat is not None and self._phones.get(seat.sip_username, False)

    def phone_missing(self, agent: Agent) -> bool:
        """Tell whether the PBX said that it has no such phone; after a restart it has said nothing yet."""
        seat = self.seat(agent.seat_id)
        return seat is None or not self._phones.get(seat.sip_username, not self._all_phones_known)

    def lack(self, agent: Agent) -> Cause | None:
        """Return why the phone at the agent's seat allows no call: it is gone, or was not tested; None: it does."""
        if self.phone_missing(agent):
            return Cause.SEAT_LOST
        return None if self.checked(agent.seat_id) else Cause.PHONE_UNCHECKED

    def checked(self, seat_id: str | None) -> bool:
        """Tell whether the phone of a seat is known to carry sound both ways; one that is no page needs no test."""
        seat = self.seat(seat_id)
        return seat is None or seat.kind is not SeatKind.BROWSER or seat.id not in self._unchecked

    def set_checked(self, seat_id: str | None, passed: bool) -> None:
        """Keep whether the page at a seat was tested."""
        if seat_id is None:
            return
        if passed:
            self._unchecked.discard(seat_id)
        else:
            self._unchecked.add(seat_id)
        if (agent := self.at_seat(seat_id)) is not None:
            self._moved.add(agent.agent_id)

    def set_phone(self, sip_username: str, there: bool) -> None:
        """Keep what the PBX says of one phone."""
        self._phones[sip_username] = there
        seat = self.seat_of_phone(sip_username)
        if seat is not None and (agent := self.at_seat(seat.id)) is not None:
            self._moved.add(agent.agent_id)

    def set_phones(self, there: Iterable[str]) -> None:
        """Keep the whole list of phones that the PBX has."""
        lost = {name for name, was in self._phones.items() if was}
        self._phones = dict.fromkeys(there, True)
        lost -= self._phones.keys()
        self._unchecked.update(seat.id for seat in self._seats.values() if seat.sip_username in lost)
        self._all_phones_known = True
        self._moved.update(self._chains)


def _place(chain: list[Agent], agent: Agent) -> int | None:
    return next((place for place, one in enumerate(chain) if one is agent), None)
