"""Books callbacks: one for each wish, and one open one for each number."""

from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError

from core import calendar
from core.clock import Clock
from core.db import Database
from core.errors import BadInput, Conflict
from core.events import Event
from core.ids import new_id
from core.journal import Journal
from core.policy import Policy
from desk.callbacks import model, store
from desk.callbacks.events import AbandonedTaken, CallbackBooked
from desk.callbacks.model import Callback, Hours, Part, State, Wish

TRIES = 3


class CallbackService:
    """Callbacks of an installation; `zone` decides what the hours of the policy mean."""

    def __init__(self, journal: Journal, db: Database, clock: Clock, policy: Policy, zone: ZoneInfo) -> None:
        self._journal = journal
        self._db = db
        self._clock = clock
        self._hours = _hours(policy)
        self._zone = zone

    async def book(self, wish: Wish, part: Part = Part.SOON, *, taken_by: str | None = None) -> tuple[Callback, bool]:
        """Book a callback in `part` of a day and return it with True; `taken_by`: the agent who lets it be rung.

        With False the one that the number has open already. A wish that was booked before gets its callback again,
        with True. Raises BadInput for a number that is not rung.
        """
        if not model.dialable(wish.phone):
            raise BadInput("this number is not rung back; give a mobile or a landline with its area code")
        for _ in range(TRIES):
            if (found := await self._db.read(lambda c: store.there(c, wish.token, wish.phone))) is not None:
                return found, found.wish.token == wish.token
            try:
                return await self._book(wish, part, taken_by), True
            except IntegrityError:
                continue  # another process or call was faster: look again
        raise Conflict("the callback could not be booked", call_id=wish.call_id)

    async def _book(self, wish: Wish, part: Part, taken_by: str | None) -> Callback:
        now = self._clock.now()
        window = model.window(now.astimezone(self._zone), part, self._hours, calendar.is_working_day)
        made = Callback(new_id(), wish, now, window)
        booked: Event
        if taken_by is None:
            booked = CallbackBooked(
                at=now,
                call_id=wish.call_id,
                callback_id=made.id,
                queue=wish.queue,
                not_before=window.begins,
                not_after=window.ends,
            )
        else:
            booked = AbandonedTaken(
                at=now, call_id=wish.call_id, callback_id=made.id, queue=wish.queue, agent_id=taken_by
            )
        await self._journal.record(booked, save=lambda c: store.add(c, made))
        return made

    async def callbacks(self, state: State | None = None, limit: int = 100) -> list[Callback]:
        """Return up to `limit` callbacks, who waits longest first: in a state, or all."""
        return await self._db.read(lambda c: store.listed(c, state, limit))


def _hours(policy: Policy) -> Hours:
    def hour(rule: str) -> int:
        return int(policy.number(rule))

    return Hours(
        hour("callback_from"),
        hour("callback_until"),
        (hour("callback_from"), hour("callback_morning_until")),
        (hour("callback_afternoon_from"), hour("callback_afternoon_until")),
        60 * policy.number("callback_window_least"),
    )
