"""What a caller says is taken for what they mean, by its sound; what is not ours is taken for nothing."""

from pathlib import Path

import pytest

from core import policy
from core.errors import ConfigError
from speech import phrases
from speech.phrases import SETS, apart, read, syllables, within

pytestmark = pytest.mark.unit

SET = phrases.load()
ALL = tuple(SET.intents)
RULES = policy.load("seed")
SURE, UNSURE = RULES.number("speech_sure"), RULES.number("speech_unsure")


@pytest.mark.parametrize("intent", ALL)
def test_every_phrase_as_it_stands_is_taken_for_its_intent(intent: str) -> None:
    for phrase in SET.intents[intent].phrases:
        match = SET.match(phrase, ALL)
        assert (match.intent, match.distance) == (intent, 0.0), phrase


@pytest.mark.parametrize(
    ("heard", "intent"),
    [
        ("你好，我想查一下我家这个月的电费是多少。", "bill"),
        ("店费查询", "bill"),
        ("喂，我们家没有電了", "fault"),
        ("赚人工", "person"),
        ("请问什么时候来电啊", "outage"),
        ("电线断了，在冒火花！", "danger"),
        ("我要投诉", "complaint"),
    ],
)
def test_a_wish_is_found_however_it_is_said_or_spelt(heard: str, intent: str) -> None:
    match = SET.match(heard, ALL)
    assert match.intent == intent
    assert match.distance <= SURE


@pytest.mark.parametrize(
    "heard", ["今天天气怎么样", "电话费怎么交", "查水费", "我家电视没有信号", "", "Thank you.", "嗯"]
)
def test_what_is_not_ours_is_nothing(heard: str) -> None:
    match = SET.match(heard, ALL)
    assert match.intent is None or match.distance > UNSURE


def test_a_word_by_chance_in_a_long_sentence_is_asked_back_not_followed() -> None:
    match = SET.match("昨天我们去看了一部讲人工智能的片子特别好看", ALL)
    assert match.distance > SURE


def test_only_what_is_offered_is_found() -> None:
    assert SET.match("查电费", ("fault", "person")).intent != "bill"


def test_yes_and_no_are_told_apart() -> None:
    assert [SET.match(text, ("yes", "no")).intent for text in ("是的", "对", "不是", "不对")] == ["yes"] * 2 + [
        "no"
    ] * 2


def test_sounds_that_are_mixed_up_are_near_and_others_are_far() -> None:
    cha, ca, ba, ren = syllables("查擦八人")
    assert 0 < apart(cha, ca) < 0.3 < apart(cha, ren) <= 1
    assert apart(cha, cha) == 0
    assert apart(cha, ba) == apart(ba, cha)


def test_figures_sound_as_they_are_read() -> None:
    assert syllables("1度电") == syllables("一度电")


def test_nothing_said_is_as_far_as_can_be() -> None:
    assert within(syllables("电费"), syllables("我")) >= 1.0


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("\nscene:", "\nscenes:", "exactly scene"),
        ("    name: 查询电费\n", "", "bill: an intent has exactly"),
        ("[投诉, ", "[complaint, ", "'complaint' is no phrase"),
        ('  "no":', '  "nope":', "exactly yes and no"),
        ("intents:", "intents: [", "cannot be read as YAML"),
    ],
)
def test_a_broken_phrase_set_is_told_with_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    file = tmp_path / "set.yaml"
    shipped = (SETS / "zh-CN.yaml").read_text("utf-8")
    assert old in shipped
    file.write_text(shipped.replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigError, match=told):
        read(file)
