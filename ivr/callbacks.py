"""Books callbacks for the menu."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from core.clock import Clock
from desk.callbacks import model, speech
from desk.callbacks.model import Part, Wish
from desk.callbacks.service import CallbackService
from ivr.port import Booking, Wanted

PlaceOf = Callable[[str, str], datetime | None]


def _nobody(_number: str, _queue: str) -> None:
    return None


class IvrCallbacks:
    """The `Callbacks` of the menu on `desk/callbacks`."""

    def __init__(self, callbacks: CallbackService, clock: Clock, zone: ZoneInfo, place_of: PlaceOf = _nobody) -> None:
        self._callbacks = callbacks
        self._clock = clock
        self._zone = zone
        self._place_of = place_of

    def dialable(self, number: str) -> bool:
        """Tell whether a number may be rung back."""
        return model.dialable(number)

    def number(self, number: str) -> str:
        """Return the sentence that tells a number digit by digit."""
        return speech.number_said(number).text

    async def book(self, wanted: Wanted) -> Booking:
        """Let a number be rung back, once for a call; `new` is False when it is to be rung back already."""
        wish = Wish(f"{wanted.call_id}:callback", wanted.call_id, wanted.number, wanted.queue, wanted.waiting_since)
        booked, mine = await self._callbacks.book(wish, Part(wanted.part))
        now = self._clock.now().astimezone(self._zone)
        begins = booked.window.begins.astimezone(self._zone)
        if booked.window.ends is not None:
            return Booking(mine, speech.within(begins, booked.window.ends.astimezone(self._zone), now).text)
        return Booking(mine, speech.later(begins, now).text if begins > now else "")

    def place_of(self, number: str, queue: str) -> datetime | None:
        """Return since when a caller counts as waiting in `queue` who is to be rung back there, None for any other."""
        return self._place_of(number, queue)
