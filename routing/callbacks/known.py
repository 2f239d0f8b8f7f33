"""The open callbacks in memory, and which of their customers are on the line with us."""

from collections.abc import Iterable
from datetime import datetime

from cti.model import Call, CallState
from desk.callbacks import course
from desk.callbacks.model import Callback


class Known:
    """As the books have them; `RingBack` keeps it so."""

    def __init__(self) -> None:
        self._open: dict[str, Callback] = {}
        self._by_phone: dict[str, str] = {}
        self._on_line: dict[str, str] = {}
        """By call: the callback of who is on the line."""

    def __contains__(self, callback_id: str) -> bool:
        return callback_id in self._open

    def ids(self) -> list[str]:
        """Return all."""
        return list(self._open)

    def get(self, callback_id: str) -> Callback | None:
        """Return one, if it is open."""
        return self._open.get(callback_id)

    def know(self, callback: Callback) -> None:
        """Take how far it is now."""
        self._open[callback.id] = callback
        self._by_phone[callback.wish.phone] = callback.id

    def forget(self, callback_id: str) -> None:
        """It is finished."""
        callback = self._open.pop(callback_id, None)
        if callback is not None and self._by_phone.get(callback.wish.phone) == callback_id:
            del self._by_phone[callback.wish.phone]
        self._on_line = {call_id: of for call_id, of in self._on_line.items() if of != callback_id}

    # --- who is on the line ---

    def meet(self, calls: Iterable[Call], callback: Callback) -> None:
        """Look who of these live calls is the customer: by the number, or the call in which it was booked."""
        for call in calls:
            theirs = call.id == callback.wish.call_id or (call.caller_known and call.caller == callback.wish.phone)
            if theirs and call.direction == "in" and call.state is not CallState.ENDED:
                self._on_line[call.id] = callback.id

    def comes(self, call_id: str, phone: str) -> str | None:
        """A caller calls: return the callback that this number has, if any."""
        callback_id = self._by_phone.get(phone)
        if callback_id is not None:
            self._on_line[call_id] = callback_id
        return callback_id

    def in_call(self, call_id: str) -> str | None:
        """Return the callback of the customer who is on the line in this call."""
        return self._on_line.get(call_id)

    def goes(self, call_id: str) -> None:
        """The call has ended."""
        self._on_line.pop(call_id, None)

    def nobody_on_line(self) -> None:
        """All calls are taken up anew."""
        self._on_line.clear()

    def is_on_line(self, callback_id: str) -> bool:
        """Tell whether the customer is on the line."""
        return callback_id in self._on_line.values()

    def place_of(self, phone: str, queue: str, now: datetime) -> datetime | None:
        """Return since when a customer who calls in counts as waiting in `queue`, by an own callback that is due."""
        callback = self._open.get(self._by_phone.get(phone, ""))
        if callback is None or callback.wish.queue != queue or callback.window.begins > now:
            return None
        return course.place_since(callback)
