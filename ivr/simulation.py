"""A call without a telephone: the real engine and nodes, a PBX in memory, virtual time, a caller who is asked.

Whenever the hotline has said what it had to say and waits, the caller has a turn. So a conversation is a list
of turns, whatever the nodes wait for; a menu of minutes is over in milliseconds (`core/virtual_time.py`).
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.db import Database
from core.errors import BadInput
from core.events import Event
from core.policy import Policy
from core.tasks import TaskOwner
from core.virtual_time import LoopClock, VirtualLoop
from cti.events import CallArrived, CallEnded
from cti.model import arrive
from cti.session import CallSession
from cti.world import CallWorld
from ivr.call import Desk, IvrServices
from ivr.engine import Engine, OneFlow
from ivr.events import IvrFailed, IvrNodeEntered
from ivr.flow import Flow
from ivr.node import TELEPHONE_KEYS
from ivr.simulated_ears import TextEars
from ivr.simulated_line import CALL, PROMPT, SAY, Act, Caller, Line, MemoryJournal, Opinions, Place, Reports, Tell
from ivr.simulated_orders import Orders, Texts
from ivr.simulated_wishes import Bookings, Said, Wishes


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What simulated calls need: customers, the `texts` of prompts by id, policy, zone, the moment they come in.

    `speech_first`: callers are asked to speak before the menu of keys.
    """

    desk: Desk
    texts: Mapping[str, str]
    policy: Policy
    zone: ZoneInfo
    at: datetime
    db: Database
    speech_first: bool = False


async def call(flow: Flow, caller: Caller, number: str, around: Surroundings, tell: Tell) -> list[Event]:
    """Serve one caller by `flow` to the end of the call and return its events; `number` "" is withheld.

    Runs on a `VirtualLoop` only. Raises NothingFollows when the call would stand still for ever.
    """
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    clock, tasks, story = LoopClock(loop, around.at), TaskOwner("simulation"), list[Event]()
    line = Line(caller, around.texts, tell, clock)

    def told(event: Event) -> None:
        story.append(event)
        if isinstance(event, IvrNodeEntered):
            for node in event.way:
                line.tell("node", node)
        elif isinstance(event, IvrFailed):
            line.tell("event", f"{event.node} failed: {event.what}")
        elif isinstance(event, CallEnded):
            line.tell("event", f"call ended by {event.by}: {event.why}")

    world = CallWorld(line, MemoryJournal(told), clock, around.policy, lambda: [PROMPT + "apology"])
    came = _arrived(number, clock)
    told(came)
    line.session = CallSession(arrive(came), world)
    engine = Engine(OneFlow(flow), _services(line, clock, tasks, around), around.db)
    loop.idle = line.idle
    try:
        await tasks.start(line.session.run(engine.serve), "call", awaited=True)
    finally:
        loop.idle = None
        await engine.close()
        await tasks.close()
    return story


def _services(line: Line, clock: Clock, tasks: TaskOwner, around: Surroundings) -> IvrServices:
    return IvrServices(
        speaker=line,
        desk=around.desk,
        waiting=Place(line),
        surveys=Opinions(line),
        faults=Reports(line, around.desk),
        watches=Wishes(line, around.desk),
        orders=Orders(line, clock, around.zone),
        texts=Texts(line),
        messages=Said(line),
        callbacks=Bookings(line),
        clock=clock,
        policy=around.policy,
        hour=lambda: clock.now().astimezone(around.zone).hour,
        tasks=tasks,
        zone=around.zone,
        understanding=TextEars(line, first=around.speech_first),
    )


def _arrived(number: str, clock: Clock) -> CallArrived:
    return CallArrived(
        at=clock.now(),
        call_id=CALL,
        channel_id=CALL,
        caller=number or "unknown",
        caller_known=bool(number),
        caller_raw=number,
        number="95598",
    )


class Script:
    """A caller who does what is written: one step a turn, then hangs up.

    Steps stand between commas: keys; `say:` and words; nothing for silence; either behind `!` while something is still
    said; `h` hangs up; in a queue `a` a person answers, `n` nobody is signed in, `t` it takes too long,
    `f` it is full in a storm. Raises BadInput for others.
    """

    def __init__(self, steps: str) -> None:
        self._steps = deque(step.strip() for step in steps.split(",")) if steps else deque[str]()
        for n, step in enumerate(self._steps, 1):
            done = step.lstrip("!")
            if not (step in set(Act) or done.startswith(SAY) or (done and set(done) <= TELEPHONE_KEYS)):
                known = "keys (0-9 * #), say:words, nothing, !keys, h, a, n or t"
                raise BadInput(f"--keys: step {n} is {step!r}; a step is {known}")

    def turn(self, *, queued: bool) -> str:
        step = self._steps.popleft() if self._steps else Act.HANG_UP
        return (
            step.lstrip("!")
            if queued or step not in (Act.ANSWERED, Act.NOBODY, Act.TOO_LONG, Act.FULL)
            else Act.SILENCE
        )

    def meanwhile(self, media: Sequence[str]) -> str:
        if self._steps and self._steps[0].startswith("!"):
            return self._steps.popleft()[1:]
        return ""
