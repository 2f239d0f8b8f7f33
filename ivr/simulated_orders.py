"""Work orders and text messages of simulated calls: in memory, each thing done a line of the conversation."""

from datetime import date
from zoneinfo import ZoneInfo

from core.clock import Clock
from desk.notifications import speech as note_speech
from desk.workorders import speech as order_speech
from desk.workorders.model import Kind, Report, Scope, State, Urging, WorkOrder
from ivr.port import Asker, Progress, TextWanted
from ivr.simulated_line import SIMULATED_ORDER, Line

SIMULATED_CLOSED = "260101000002"


class Orders:
    """An open fault, SIMULATED_ORDER, which belongs to whoever has an account, and one that is closed."""

    def __init__(self, line: Line, clock: Clock, zone: ZoneInfo) -> None:
        self._line = line
        self._clock = clock
        self._zone = zone

    async def latest(self, asker: Asker) -> Progress | None:
        return self._progress(SIMULATED_ORDER, State.CREATED) if asker.accounts else None

    async def by_number(self, number: str, asker: Asker) -> Progress | None:
        states = {SIMULATED_ORDER: State.CREATED, SIMULATED_CLOSED: State.CLOSED}
        return self._progress(number, states[number]) if number in states else None

    async def urge(self, number: str, call_id: str) -> Urging:
        self._line.tell("event", f"urged: work order {number}")
        return Urging.DONE

    def _progress(self, number: str, state: State) -> Progress:
        report = Report("", Kind.FAULT, Scope.HOME, "", "", False, "", "", "", "")
        order = WorkOrder("", number, report, self._clock.now(), state)
        told = order_speech.progress(order, order, self._today(), self._zone)
        return Progress(order.number, tuple(s.text for s in told), open=state is not State.CLOSED)

    def _today(self) -> date:
        return self._clock.now().astimezone(self._zone).date()


class Texts:
    """Text messages: every customer's number on record is the caller's own."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def on_record(self, customer_id: str | None, caller: str) -> str:
        return caller

    async def send(self, text: TextWanted) -> None:
        self._line.tell("event", f"text message: {text.text}")

    def sent(self, to: str) -> str:
        return note_speech.sent(to).text
