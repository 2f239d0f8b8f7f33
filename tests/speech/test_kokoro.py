"""The real voice: what it makes of letters, digits and polyphones, and where it says that characters sound."""

import numpy as np
import pytest

from core.errors import BadInput
from speech.install import ensure_voice
from speech.kokoro import Kokoro
from speech.render import user_cache

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def voice() -> Kokoro:
    return Kokoro(ensure_voice(user_cache(), lambda _: None))


def test_digits_are_read_one_by_one_and_letters_by_their_names(voice: Kokoro) -> None:
    assert voice.phonemes("95598").replace(" ", "") == voice.phonemes("九五五九八").replace(" ", "")
    assert voice.phonemes("SMS").split() == ["ˈɛs", "ˈɛm", "ˈɛs"]
    assert voice.phonemes("sms") == voice.phonemes("SMS")


def test_words_of_the_trade_are_read_as_words(voice: Kokoro) -> None:
    assert voice.phonemes("银行") != voice.phonemes("银") + voice.phonemes("行走")[: len(voice.phonemes("行"))]
    assert "❓" not in voice.phonemes("您好，请拨打95598，或发送SMS！")


def test_marks_name_every_character_in_order_and_lie_in_the_sound(voice: Kokoro) -> None:
    text = "三百元，四角。"
    said = voice.speak(text)
    spoken = [(piece, start, end) for piece, start, end in said.marks if piece.isalnum()]
    assert "".join(piece for piece, _, _ in spoken) == "三百元四角"
    starts = [start for _, start, _ in spoken]
    assert starts == sorted(starts)
    assert all(0 <= start < end <= said.seconds for _, start, end in spoken)
    pause = said.samples[round(spoken[2][2] * said.rate) : round(spoken[3][1] * said.rate)]
    assert len(pause) > 0
    assert np.abs(said.samples).max() > 0.1
    assert 0.8 < said.seconds < 3


@pytest.mark.parametrize("text", ["", "，。", "！？"])
def test_nothing_to_say_is_refused(voice: Kokoro, text: str) -> None:
    with pytest.raises(BadInput, match="nothing in the text"):
        voice.speak(text)


def test_a_sentence_without_an_end_is_refused_and_not_cut(voice: Kokoro) -> None:
    with pytest.raises(BadInput, match="put a full stop into it"):
        voice.speak("停电" * 150)


def test_an_english_voice_loads_and_says_figures() -> None:
    english = Kokoro(ensure_voice(user_cache(), lambda _: None, name="af_heart"))
    english.load()
    said = english.speak("Two yuan.")
    assert [piece for piece, _, _ in said.marks if piece.isalpha()] == ["Two", "yuan"]
    assert 0.4 < said.seconds < 3
