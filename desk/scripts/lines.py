"""What agents say, by situation: the opening of this hour and festival, and sentences that are data with a source."""

from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML

from desk.announcements.festivals import festivals
from speech.prompts import catalogue

WORDS_IN = "zh-CN"
"""Callers are spoken to in this language unless they chose English."""
MORNING = "早上好！"
OPENING = "您好，{site}，工号{number}为您服务，请问有什么可以帮您？"
FESTIVE = "{festive}{site}，工号{number}为您服务，请问有什么可以帮您？"
"""Greet first, then unit and job number [seed 002, true/false 31]; words of the openings [seed 000]."""
WITHOUT_NUMBER = ("，工号{number}为您服务", "，欢迎您的来电"), ("，工号{number}", ""), (", agent {number}", "")
"""What changes where the agent has no number."""
DIALLED = "您好，我是{site}，工号{number}，请问是××先生或女士吗？"
"""Of a call that we dialled: who calls, then whether it is the customer [seed 000, outbound identity check]."""
ENGLISH = "{greeting}! This is {site}, agent {number} speaking. How may I help you?"
ENGLISH_DIALLED = "Hello, this is {site}, agent {number}. Am I speaking with ×× please?"
NOON, EVENING = 12, 18
"""Hours of the day from which an English greeting is that of the afternoon and of the evening."""


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence: its words, where they come from, whether they are ours; `english` for who chose English."""

    id: str
    text: str
    source: str
    ours: bool
    english: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is said in one situation, in order."""

    id: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks: the agent's `number` of the unit `site`, at this `hour` of the day at the site.

    Before `morning_until` o'clock 早上好 comes first [seed 000: 00:00-12:00]. `festival`: the one that is greeted now,
    by notice; empty: none.
    """

    site: str
    number: str
    hour: int
    morning_until: float
    festival: str = ""


def opening(speaker: Speaker) -> str:
    """Return what the agent says first to who calls; a festival's opening takes the place of the usual one."""
    festive = festivals()[speaker.festival].opening if speaker.festival in festivals() else ""
    if festive:
        return _said(FESTIVE, speaker).replace("{festive}", festive)
    words = _said(OPENING, speaker)
    return MORNING + words if speaker.hour < speaker.morning_until else words


def dialled_opening(speaker: Speaker) -> str:
    """Return what the agent says first to whom we call."""
    return _said(DIALLED, speaker)


def situations(speaker: Speaker) -> list[Situation]:
    """Return every situation with its sentences as `speaker` says them, the opening of this moment first."""
    rest = [
        Situation(name, tuple(replace(one, english=_said(one.english, speaker)) for one in lines))
        for name, lines in _told(speaker.site).items()
    ]
    return [_opening(speaker), *rest, _dialled(speaker)]


def _opening(speaker: Speaker) -> Situation:
    hello = "Good morning" if speaker.hour < NOON else "Good afternoon" if speaker.hour < EVENING else "Good evening"
    english = _said(ENGLISH, speaker).replace("{greeting}", hello)
    source = "[seed 000] openings by hour and festival; [seed 002 T/F 31] greeting, unit, number"
    return Situation("opening", (Line("opening", opening(speaker), source, ours=False, english=english),))


def _dialled(speaker: Speaker) -> Situation:
    source, english = "[seed 000] outbound identity check", _said(ENGLISH_DIALLED, speaker)
    line = Line("dialled", dialled_opening(speaker), source, ours=True, english=english)
    return Situation("dialled", (line,))


def _said(words: str, speaker: Speaker) -> str:
    """Return `words` with unit and number filled in."""
    for numbered, plain in () if speaker.number else WITHOUT_NUMBER:
        words = words.replace(numbered, plain)
    return words.replace("{site}", speaker.site).replace("{number}", speaker.number)


@cache
def _told(site: str) -> dict[str, list[Line]]:
    """The sentences of the file; those that are prompts in the words of the catalogue."""
    text = (files("desk.scripts") / "situations.yaml").read_text(encoding="utf-8")
    rows: dict[str, list[dict[str, Any]]] = YAML(typ="safe", pure=True).load(text)
    prompts = catalogue(WORDS_IN, site=site)

    def line(row: dict[str, Any]) -> Line:
        if "prompt" not in row:
            return Line(**row)
        said = prompts[row["prompt"]]
        return Line(said.id, said.text, said.source, said.ours, row.get("english", ""))

    return {name: [line(row) for row in given] for name, given in rows.items()}
