"""What people do with callbacks: ring one at once, skip or finish one, let who hung up waiting be rung back."""

from datetime import timedelta

from core.errors import Conflict, Forbidden, HotlineError, NotFound
from cti.legs import callback_call
from cti.messages import SeatWithdrawn
from cti.model import CallState
from desk.callbacks import course, store
from desk.callbacks.events import CallbackSkipped
from desk.callbacks.model import Callback, Outcome, State, Wish
from desk.callbacks.service import CallbackService
from routing.callbacks import books
from routing.callbacks.books import Abandoned
from routing.callbacks.service import RingBack


class NoSuchCallback(NotFound):
    """There is no such callback."""

    code = "no_such_callback"


class NotAbandoned(NotFound):
    """No caller hung up waiting in this call who is still to be rung back."""

    code = "not_abandoned"


class CallbackDesk:
    """Callbacks as agents and shift leads handle them."""

    def __init__(self, bookings: CallbackService, ring: RingBack) -> None:
        self._bookings = bookings
        self._ring = ring
        self._means = ring.means
        self._listed = timedelta(hours=ring.means.world.policy.number("abandoned_listed"))

    async def abandoned(self, limit: int) -> list[Abandoned]:
        """Return up to `limit` callers who hung up while waiting and were not served since, the longest ago first."""
        since = self._means.world.clock.now() - self._listed
        return await self._means.db.read(lambda connection: books.abandoned(connection, since, limit))

    async def take(self, agent_id: str, call_id: str) -> Callback:
        """Let a caller who hung up waiting be rung back from the place that they had.

        Raises NotAbandoned, BadInput for a number that is not rung, Conflict when the number has another one open.
        """
        since = self._means.world.clock.now() - self._listed
        token = f"{call_id}:abandoned"
        found = await self._means.db.read(lambda connection: books.abandoned(connection, since, 1, call_id))
        if not found:
            raise NotAbandoned(call_id=call_id)
        one = found[0]
        wish = Wish(token, call_id, one.phone, one.queue, one.waiting_since)
        callback, mine = await self._bookings.book(wish, taken_by=agent_id)
        if not mine:
            raise Conflict("this number is to be rung back already", callback_id=callback.id)
        return callback

    async def dial(self, agent_id: str, callback_id: str) -> str:
        """Have an agent ring a callback at once, out of turn, and return the id of the call.

        Raises NoSuchCallback; Conflict when it is being rung, finished, outside its window and the hours, or when the
        customer is on the line; NotAtSeat, PhoneNotRegistered, NotFree, PbxDown.
        """
        async with self._ring.turn:
            callback = await self._get(callback_id)
            course.dialled(callback, agent_id)
            if not self._ring.may_ring(callback):
                raise Conflict(self._why_not(callback), callback_id=callback_id)
            await self._ring.leave(callback_id)
            call_id = callback_call(callback.id, callback.calls + 1)
            try:
                kept = await self._means.agents.keep_for_own_call(agent_id, call_id)
                return await self._ring.begin(callback, agent_id, kept.seat_id, by_hand=True)
            except HotlineError:
                self._ring.wake(callback_id)
                raise

    def _why_not(self, callback: Callback) -> str:
        if self._ring.known.is_on_line(callback.id):
            return "the customer is on the line with us"
        return "customers are rung between their hours only; see not_before and not_after"

    async def skip(self, agent_id: str, callback_id: str, reason: str) -> None:
        """Let a callback be offered later, while the agent's own phone rings for it; the reason is kept.

        Raises NoSuchCallback, Forbidden when it is another agent's, Conflict when it rings nowhere, or at the
        customer's already.
        """
        async with self._ring.turn:
            callback = await self._get(callback_id)
            now, after = (
                self._means.world.clock.now(),
                course.skipped(callback, self._means.world.clock.now(), self._ring.rules, reason),
            )
            if callback.agent_id != agent_id:
                raise Forbidden("this callback is another agent's", callback_id=callback_id)
            call_id = callback_call(callback.id, callback.calls)
            state = next((s.call.state for s in self._means.calls.live() if s.call.id == call_id), None)
            if state is not CallState.PLACED:
                raise Conflict("the customer's phone rings already", callback_id=callback_id)
            assert after.due_at is not None
            told = CallbackSkipped(
                at=now,
                call_id=call_id,
                agent_id=agent_id,
                callback_id=callback_id,
                reason=reason,
                again_at=after.due_at,
            )
            await self._means.world.journal.record(
                told, save=lambda connection: store.save(connection, after, callback)
            )
            self._ring.known.know(after)
            self._means.calls.deliver(call_id, SeatWithdrawn(agent_id, "skipped"))

    async def dismiss(self, agent_id: str, callback_id: str, reason: str) -> None:
        """Finish a callback that nobody is to ring any more. Raises NoSuchCallback, Conflict while it is rung."""
        async with self._ring.turn:
            callback = await self._get(callback_id)
            if callback.state is State.DIALLING:
                raise Conflict("this callback is being rung: end the call first", callback_id=callback_id)
            await self._ring.finish(callback, Outcome.DISMISSED, callback.wish.call_id, reason, agent_id)

    async def _get(self, callback_id: str) -> Callback:
        found = await self._means.db.read(lambda connection: store.get(connection, callback_id))
        if found is None:
            raise NoSuchCallback(callback_id=callback_id)
        return found
