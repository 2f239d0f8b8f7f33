"""speech: ask the caller to say what they want, and go where it leads; keys work all the while."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from pydantic import Field, field_validator

from cti.messages import WordsHeard
from cti.port import PbxRefused
from ivr.call import IvrCall
from ivr.events import SpeechHeard, SpeechLost
from ivr.node import TELEPHONE_KEYS, Node, Prompts, Target, Targets
from ivr.port import Understanding
from speech import phrases
from speech.phrases import NO, YES, Match
from speech.prompts import Prompt
from speech.recognition import RecogniserDown
from speech.vad import VadDown

YES_KEY, NO_KEY = "1", "2"
WAIT: Final = "speech_wait"
MISSES: Final = frozenset({"denied", "unknown", "silent"})
_FIGURES = re.compile(r"[\d零一二两三四五六七八九十百千万亿幺]")
_BEYOND_S: Final = 2.0
"""The ears end an utterance by themselves; after this much more they are taken for lost."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of a question: a key, words, nothing, or why nobody can be heard."""

    key: str | None = None
    words: WordsHeard | None = None
    lost: str | None = None


class _Lost(Exception):
    """Nobody can be listened to."""


class Speech(Node):
    """Says `prompts` and follows what the caller says to one of `intents` (phrase set), or presses to one of `keys`.

    Speech and keys cut the prompts. A request that is not sure is asked back: 您是要…吗？ and `confirm`, answered by
    是 or 不是, by 1 or 2, or by another request. What is not understood, denied or silent gets `again`; after the
    policy's `speech_misses`, and where callers cannot be listened to, the caller goes to `give_up`: keys.
    """

    by_caller: ClassVar[frozenset[str]] = frozenset({"intents", "keys"})

    do: Literal["speech"]
    prompts: Prompts
    again: Prompts = ("speech_again",)
    confirm: Prompts = ("speech_confirm",)
    wait: Prompts = (WAIT,)
    intents: Targets = Field(min_length=1)
    keys: Targets = Field(min_length=1, json_schema_extra={"propertyNames": {"pattern": "^[0-9*#]$"}})
    give_up: Target

    @field_validator("keys")
    @classmethod
    def _can_be_pressed(cls, keys: dict[str, str]) -> dict[str, str]:
        for key in keys:
            if key not in TELEPHONE_KEYS:
                raise ValueError(f"{key!r} is no key of a telephone (0-9, *, #)")
        return keys

    @field_validator("intents")
    @classmethod
    def _can_be_said(cls, intents: dict[str, str]) -> dict[str, str]:
        known = phrases.load().intents
        for intent in intents:
            if intent not in known:
                near = phrases.nearest_name(intent, known)
                raise ValueError(f"there is no intent {intent!r} in the phrase set{near}; known: {', '.join(known)}")
        return intents

    def said(self) -> Iterator[Prompt]:
        for intent in self.intents:
            name = phrases.load().intents[intent].name
            yield Prompt(_question(intent), f"您是要{name}吗？", "the phrase set of speech", ours=True)

    async def run(self, call: IvrCall, here: str) -> str | None:
        ears = call.services.understanding
        try:
            if ears is None or not ears.ready:
                raise _Lost("not_ready")
            return await self._asked(call, here, ears)
        except (PbxRefused, VadDown, RecogniserDown) as error:
            return self._lost(call, here, error.code)
        except _Lost as lost:
            return self._lost(call, here, str(lost))

    async def _asked(self, call: IvrCall, here: str, ears: Understanding) -> str:
        """Ask until something is chosen; after a restart what was missed before still counts."""
        misses = sum(isinstance(e, SpeechHeard) and e.outcome in MISSES for e in call.since)
        while misses < call.number("speech_misses"):
            answer = await self._answer(
                call, here, ears, self.again if misses else self.prompts, phrases.load().expected()
            )
            if answer.key is not None:
                if answer.key in self.keys:
                    return self.keys[answer.key]
                call.session.forget_digits()
                misses += 1
                continue
            intent = await self._wanted(call, here, ears, answer)
            if intent is not None:
                return intent
            misses += 1
        return self.give_up

    async def _wanted(self, call: IvrCall, here: str, ears: Understanding, answer: _Answer) -> str | None:
        """Return where an answer leads, asking back where it is not sure; None when it leads nowhere."""
        match, outcome = await self._judged(call, answer, self.intents)
        self._heard(call, here, outcome, match, answer)
        if match.intent is None or outcome not in ("sure", "unsure"):
            return None
        return self.intents[match.intent] if outcome == "sure" else await self._confirmed(call, here, ears, match)

    async def _confirmed(self, call: IvrCall, here: str, ears: Understanding, guess: Match) -> str | None:
        """Ask whether `guess` is meant; return where to go, None when it is not."""
        assert guess.intent is not None
        answer = await self._answer(
            call, here, ears, [_question(guess.intent), *self.confirm], phrases.load().yes_or_no()
        )
        if answer.key not in (None, YES_KEY, NO_KEY) and answer.key in self.keys:
            return self.keys[answer.key]
        match, outcome = await self._judged(call, answer, (YES, NO, *self.intents))
        if answer.key == YES_KEY or (outcome in ("sure", "unsure") and match.intent in (YES, guess.intent)):
            self._heard(call, here, "confirmed", guess, answer)
            return self.intents[guess.intent]
        # 不是，我要报修 is a no and a request in one.
        other, outcome = await self._judged(call, answer, [i for i in self.intents if i != guess.intent])
        if answer.key is None and outcome == "sure" and other.intent is not None:
            self._heard(call, here, "sure", other, answer)
            return self.intents[other.intent]
        self._heard(call, here, "denied", guess, answer)
        return None

    async def _answer(
        self, call: IvrCall, here: str, ears: Understanding, prompts: Sequence[str], expected: tuple[str, ...]
    ) -> _Answer:
        """Say `prompts` and return what the caller presses or says. Raises _Lost when they cannot be heard."""
        session = call.session
        async with ears.listening(session, expected):
            await call.say(prompts)
            await session.quiet(call.number("speech_answer_wait"))
            if session.spoke:
                await self._recognised(call)
            answer = _Answer(None, session.words, session.deaf)
        if session.pressed:
            key = await session.digit(0)
            call.collected(here, key or "")
            return _Answer(key)
        if answer.lost is not None:
            raise _Lost(answer.lost)
        return answer

    async def _recognised(self, call: IvrCall) -> None:
        """Wait for the end of an utterance and for its words; a key ends both."""
        session = call.session
        while session.spoke and not session.pressed and session.deaf is None:
            if await session.receive(call.number("speech_longest") + _BEYOND_S) is None:
                raise _Lost("endless")
        await session.quiet(call.number("speech_wait_after"))
        if not session.stirred:
            await call.say(self.wait)
            await session.quiet(call.number("speech_result_limit"))
            if not session.stirred:
                raise _Lost("no_result")

    async def _judged(self, call: IvrCall, answer: _Answer, among: Sequence[str] | Targets) -> tuple[Match, str]:
        if answer.words is None:
            return Match(None, 1.0, 0.0), "silent"
        match = await asyncio.to_thread(phrases.load().match, answer.words.text, tuple(among))
        least, sure, unsure = (call.number(f"speech_{rule}") for rule in ("least_confidence", "sure", "unsure"))
        if match.intent is None or match.distance > unsure or answer.words.confidence < least:
            return Match(None, match.distance, match.margin), "unknown"
        return match, "sure" if match.distance <= sure and match.margin >= call.number("speech_margin") else "unsure"

    def _heard(self, call: IvrCall, here: str, outcome: str, match: Match, answer: _Answer) -> None:
        words = answer.words
        call.pressed = call.pressed or match.intent is not None
        keep = words is not None and call.number("speech_transcript") > 0
        event = SpeechHeard(
            at=call.services.clock.now(),
            call_id=call.id,
            node=here,
            outcome=outcome,
            intent=match.intent,
            confidence=words.confidence if words else 0.0,
            distance=match.distance,
            text=_FIGURES.sub("＊", words.text) if words and keep else None,
        )
        call.session.note(event)

    def _lost(self, call: IvrCall, here: str, why: str) -> str:
        call.session.note(SpeechLost(at=call.services.clock.now(), call_id=call.id, node=here, why=why))
        return self.give_up


def _question(intent: str) -> str:
    return f"speech_is_{intent}"
