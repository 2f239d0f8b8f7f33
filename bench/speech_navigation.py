"""What callers say to the menu: how often it is understood, how often something else is taken for a wish, how soon.

Every phrase of the shipped set is said by eight voices, clean and with noise 10 dB below, through G.711 A-law, and so
are sentences that are nothing of ours. Then utterances go in real time through speech detection and recogniser, as on
a call: one caller at a time, and two at once. Told is the time from the last sound of the speech to the result.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.ears import recognition_of
from core import policy
from core.config import Speech
from cti.listening import BYTES_A_SECOND
from cti.words import LEAD_IN_S
from speech import phrases
from speech.endpoint import Endpoint, Stage
from speech.g711 import decode, encode
from speech.install import STYLES, WHISPER_SHA256, ensure_whisper
from speech.recognition import Recognition
from speech.render import user_cache
from speech.silero import Silero
from tests import sounds
from tests.until import until

Wave = NDArray[np.float64]
NOISE_DB = 10
PIECE = 320
RULES = policy.load("seed")
PATIENT = replace(
    RULES, rules={**RULES.rules, "speech_result_limit": replace(RULES.rules["speech_result_limit"], value=300)}
)
"""For the accuracy, which is no matter of time: on a busy machine nothing is given up."""
LOADED_S = 300
ELSEWHERE = (
    "今天天气怎么样", "我想订一张去北京的机票", "帮我点一份外卖", "电话费怎么交", "我家没有自来水了", "燃气费多少钱",
    "请问几点下班", "电视机没有信号", "我的快递到哪里了", "手机欠费停机了", "附近哪里有停车场", "你叫什么名字",
    "给我讲个笑话", "银行卡丢了怎么办", "医院怎么挂号", "明天会下雨吗", "电影几点开始", "孩子发烧了怎么办",
    "公交车什么时候来", "网络连不上了",
)  # fmt: skip
"""Sentences of everyday life, many near to ours in a word, none of which the hotline serves; written for this."""


@dataclass(frozen=True, slots=True)
class Case:
    """One utterance: its text, the intent that is right (None: none), who says it, in noise or not."""

    text: str
    intent: str | None
    voice: str
    noisy: bool


def cases(quick: bool) -> Iterator[Case]:
    """Yield all that is said; `quick`: two phrases of each intent, two voices, a few others."""
    mandarin = [voice for voice in STYLES if voice.startswith("z")]
    voices = mandarin[:2] if quick else mandarin
    most, others = (2, ELSEWHERE[:4]) if quick else (99, ELSEWHERE)
    said = [(text, i.id) for i in phrases.load().intents.values() for text in i.phrases[:most]]
    for voice in voices:
        for noisy in (False, True):
            for text, intent in [*said, *((text, None) for text in others)]:
                yield Case(text, intent, voice, noisy)


def line(case: Case) -> bytes:
    """Return the sound of a case as it comes from the PBX: linear, after A-law, with silence before and behind."""
    said = np.concatenate([sounds.silence(0.6), sounds.speech(case.text, case.voice), sounds.silence(1.2)])
    if case.noisy:
        seed = sum(case.text.encode())
        said = sounds.together(said, sounds.noise(len(said) / sounds.RATE, sounds.SPEECH_DB - NOISE_DB, seed=seed))
    return decode(encode(sounds.pcm(said))).astype("<i2").tobytes()


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a case: sure, unsure, unknown or silent; which intent; seconds from the end of the speech."""

    case: Case
    outcome: str
    intent: str | None
    seconds: float


class Menu:
    """Detection, recogniser and phrase set as the menu has them."""

    def __init__(self, recognition: Recognition, detector: Silero) -> None:
        self._recognition = recognition
        self._detector = detector
        self._pause, self._longest = RULES.number("speech_end_pause"), RULES.number("speech_longest")

    async def hear(self, case: Case, *, real_time: bool) -> Result:
        """Let a caller say a case; in `real_time` the sound comes as on a call, else as fast as it is taken."""
        sound, loop = line(case), asyncio.get_running_loop()
        measuring = self._detector.measure()
        endpoint = Endpoint(self._detector.window, pause=self._pause, longest=self._longest)
        words = self._recognition.listen(phrases=phrases.load().expected())
        kept, began = bytearray(), loop.time()
        for at in range(0, len(sound), PIECE):
            if real_time:
                await asyncio.sleep(max(0.0, began + (at + PIECE) / BYTES_A_SECOND - loop.time()))
            kept += sound[at : at + PIECE]
            for probability in await measuring.accept(sound[at : at + PIECE]):
                endpoint.hears(probability)
            if endpoint.stage is Stage.WAITING:
                del kept[: max(0, len(kept) - round(LEAD_IN_S * BYTES_A_SECOND))]
            elif endpoint.stage is Stage.ENDED:
                break
        if endpoint.stage is Stage.WAITING:
            return Result(case, "silent", None, 0.0)
        await words.accept(bytes(kept))
        heard = await words.finish()
        outcome, intent = judged(heard.text, heard.confidence)
        end = began + 0.6 + len(sounds.speech(case.text, case.voice)) / sounds.RATE
        return Result(case, outcome, intent, loop.time() - end)


def judged(text: str, confidence: float) -> tuple[str, str | None]:
    """Return what the speech node would do."""
    set_ = phrases.load()
    match = set_.match(text, tuple(set_.intents))
    least, sure, unsure = (RULES.number(f"speech_{rule}") for rule in ("least_confidence", "sure", "unsure"))
    if match.intent is None or match.distance > unsure or confidence < least:
        return "unknown", None
    followed = match.distance <= sure and match.margin >= RULES.number("speech_margin")
    return ("sure" if followed else "unsure"), match.intent


def _accuracy(results: Sequence[Result]) -> dict[str, Any]:
    ours = [r for r in results if r.case.intent is not None]
    others = [r for r in results if r.case.intent is None]
    right = [r for r in ours if r.intent == r.case.intent]
    return {
        "utterances": len(ours),
        "followed_rightly": _share([r for r in right if r.outcome == "sure"], ours),
        "asked_back_rightly": _share([r for r in right if r.outcome == "unsure"], ours),
        "followed_wrongly": _share([r for r in ours if r.outcome == "sure" and r not in right], ours),
        "asked_back_wrongly": _share([r for r in ours if r.outcome == "unsure" and r not in right], ours),
        "not_understood": _share([r for r in ours if r.outcome in ("unknown", "silent")], ours),
        "others": len(others),
        "others_followed": _share([r for r in others if r.outcome == "sure"], others),
        "others_asked_back": _share([r for r in others if r.outcome == "unsure"], others),
    }


def _share(some: Sequence[Result], of: Sequence[Result]) -> float:
    return round(len(some) / len(of), 4) if of else 0.0


async def _latency(menu: Menu, todo: Sequence[Case], at_once: int) -> dict[str, Any]:
    """Return how soon results come when so many callers speak at the same time."""
    seconds: list[float] = []
    for start in range(0, len(todo) - at_once + 1, at_once):
        together = await asyncio.gather(*(menu.hear(case, real_time=True) for case in todo[start : start + at_once]))
        seconds += [result.seconds for result in together if result.outcome != "silent"]
    figures = {f"p{p}_s": round(float(np.percentile(seconds, p)), 2) for p in (50, 95)}
    return {"utterances": len(seconds), **figures}


@contextlib.asynccontextmanager
async def _menu(detector: Silero, rules: policy.Policy) -> AsyncIterator[Menu]:
    recognition = recognition_of(Speech(), rules, ensure_whisper(user_cache(), _say))
    assert recognition is not None
    await recognition.start()
    try:
        await until(lambda: recognition.loaded == Speech().workers, LOADED_S, what="the recogniser is loaded")
        yield Menu(recognition, detector)
    finally:
        await recognition.stop()


async def _accuracy_of(menu: Menu, todo: Sequence[Case]) -> list[Result]:
    """Let every case be heard, two at a time; what an earlier run that was broken off has heard is taken from it."""
    file = user_cache() / "bench" / f"speech_navigation-{_key(todo)}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    heard = [_taken(row) for row in file.read_text("utf-8").splitlines()] if file.exists() else []
    done = {result.case for result in heard}
    left = [case for case in todo if case not in done]
    with file.open("a", encoding="utf-8") as kept:
        for pair in zip(left[::2], [*left[1::2], None][: len(left[::2])], strict=True):
            both = [case for case in pair if case is not None]
            for case in both:
                await asyncio.to_thread(sounds.speech, case.text, case.voice)
            for result in await asyncio.gather(*(menu.hear(case, real_time=False) for case in both)):
                heard.append(result)
                kept.write(json.dumps(asdict(result), ensure_ascii=False) + "\n")
                kept.flush()
                mark = "+" if result.intent == result.case.intent else "-"
                said = f"{result.case.voice} {result.case.text} -> {result.outcome} {result.intent}"
                _say(f"{len(heard)}/{len(todo)} {mark} {said}")
    return heard


def _key(todo: Sequence[Case]) -> str:
    """Name everything that decides the accuracy: what is said by whom, the phrase set, the rules, the recogniser."""
    rules = {name: rule.value for name, rule in RULES.rules.items() if name.startswith("speech_")}
    texts = [str(todo), str(phrases.load()), str(rules), WHISPER_SHA256]
    return hashlib.sha256("".join(texts).encode()).hexdigest()[:16]


def _taken(row: str) -> Result:
    data = json.loads(row)
    return Result(**{**data, "case": Case(**data["case"])})


async def run(quick: bool = False) -> dict[str, Any]:
    """Return accuracy, false accepts and latency; `quick` a few minutes, whole about an hour on one core."""
    began, load = time.monotonic(), os.getloadavg()[0]
    detector, todo = Silero(), list(cases(quick))
    await detector.start()
    try:
        async with _menu(detector, PATIENT) as menu:
            results = await _accuracy_of(menu, todo)
        timed = [case for case in todo if case.intent and not case.noisy][: 20 if quick else 60]
        async with _menu(detector, RULES) as menu:
            one, two = await _latency(menu, timed, 1), await _latency(menu, timed, 2)
    finally:
        await detector.stop()
    return {
        "voices": len({case.voice for case in todo}),
        "clean": _accuracy([r for r in results if not r.case.noisy]),
        "noise_10_db": _accuracy([r for r in results if r.case.noisy]),
        "result_after_speech": {"one_caller": one, "two_at_once": two},
        "load": [round(load, 1), round(os.getloadavg()[0], 1)],
        "took_s": round(time.monotonic() - began),
    }


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
