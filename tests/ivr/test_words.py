"""Understanding a caller: one utterance from its first syllable to a pause, then words; what fails is told."""

from collections import deque
from dataclasses import dataclass, field

import pytest

from core.errors import Unavailable
from cti.messages import WordsHeard
from cti.model import CallState
from cti.session import CallSession
from cti.words import Words
from speech.port import Heard
from tests.ivr.caller import Caller

pytestmark = pytest.mark.integration

PIECE_S, LOUD, STILL = 0.02, b"\1" * 320, bytes(320)


class Meter:
    """A speech detector to which every sound that is not silence is speech."""

    rate, window = 8000, PIECE_S

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def listen(self) -> "Meter":
        return self

    def measure(self) -> "Meter":
        return self

    async def accept(self, audio: bytes) -> list[float]:
        return [1.0 if any(audio) else 0.0]


@dataclass
class Recorder:
    """A recogniser that keeps what it is given."""

    ready: bool = True
    fails: bool = False
    given: bytes = b""
    abandoned: int = 0
    rate: int = 8000
    phrases: list[tuple[str, ...]] = field(default_factory=list)

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def listen(self, *, phrases: tuple[str, ...] = ()) -> "Recorder":
        self.phrases.append(phrases)
        return self

    async def accept(self, audio: bytes) -> Heard | None:
        self.given += audio
        return None

    async def finish(self) -> Heard:
        if self.fails:
            raise Unavailable("too many utterances wait")
        return Heard("查电费", True, confidence=0.8)

    def abandon(self) -> None:
        self.abandoned += 1


def ears(recorder: Recorder) -> Words:
    return Words(recorder, Meter(), pause=0.1, longest=0.6)


async def while_open(caller: Caller, recorder: Recorder, what: str) -> CallSession:
    """Listen until the session has `what`, and return it as it was then."""
    session = await caller.arrives(state=CallState.MENU)
    seen: dict[str, object] = {}

    async def program(_: CallSession) -> None:
        async with ears(recorder).listening(session, ("电费",)):
            while not (found := getattr(session, what)):
                if await session.receive(5) is None:
                    return
            seen[what] = found
        seen["after"] = (session.spoke, session.words, session.deaf, session.listened)

    await caller.runs(session, program)
    assert what in seen
    assert seen["after"] == (False, None, None, False)
    assert caller.line.hearing == 0
    assert recorder.abandoned == 1
    session.words, session.deaf = seen.get("words"), seen.get("deaf")  # type: ignore[assignment]
    return session


async def test_an_utterance_is_recognised_with_what_came_just_before_it(caller: Caller) -> None:
    recorder = Recorder()
    caller.line.sound = deque([STILL] * 60 + [LOUD] * 20)
    session = await while_open(caller, recorder, "words")
    assert session.words == WordsHeard("查电费", 0.8)
    assert recorder.phrases == [("电费",)]
    assert recorder.given.count(1) == 20 * 320, "all of the speech"
    before = recorder.given.index(1) / 16000
    assert 0.5 < before < 0.9, "a lead-in, and not all the silence"
    assert len(recorder.given) / 16000 < before + 0.4 + 0.2, "no more than the pause behind it"


async def test_who_never_stops_is_cut(caller: Caller) -> None:
    caller.line.sound = deque([LOUD] * 200)
    recorder = Recorder()
    await while_open(caller, recorder, "words")
    assert len(recorder.given) / 16000 < 1.0


async def test_that_the_caller_speaks_is_told_at_once(caller: Caller) -> None:
    caller.line.sound = deque([LOUD] * 12)
    await while_open(caller, Recorder(), "spoke")


@pytest.mark.parametrize(("ends", "why"), [(True, "no_more_sound"), (False, "Unavailable")])
async def test_what_fails_is_told(caller: Caller, ends: bool, why: str) -> None:
    caller.line.sound_ends = ends
    caller.line.sound = deque([LOUD] * 12)
    session = await while_open(caller, Recorder(fails=True), "deaf")
    assert session.deaf == why


async def test_words_of_a_former_question_answer_no_later_one(caller: Caller) -> None:
    session = await caller.arrives(state=CallState.MENU)
    heard: list[object] = []

    async def program(_: CallSession) -> None:
        for _ in range(2):
            async with ears(Recorder()).listening(session):
                heard.append(await session.receive(0.05))
                session.deliver(WordsHeard("旧的", 1.0))
        heard.append(await session.receive(0.05))

    await caller.runs(session, program)
    assert heard == [None] * 3
