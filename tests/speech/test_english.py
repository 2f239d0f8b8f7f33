"""The English prompts: every word can be said, and each translates a prompt that there is."""

import re

import pytest

from core.errors import BadInput
from speech import english
from speech.install import _vocabulary
from speech.prompts import catalogue

pytestmark = pytest.mark.unit


def test_every_word_of_the_english_prompts_has_a_sound_that_the_voice_has() -> None:
    symbols = set(_vocabulary())
    for prompt in catalogue("en", site="").values():
        for word in re.findall(r"[A-Za-z']+", prompt.text):
            assert set(english.phonemes(word)) <= symbols, f"{prompt.id}: {word}"


def test_a_word_that_cannot_be_said_is_named() -> None:
    with pytest.raises(BadInput, match="qzxw"):
        english.phonemes("qzxw")


def test_prompts_without_en_are_translations() -> None:
    translated = {name for name in catalogue("en", site="") if not name.startswith("en_")}
    assert translated <= set(catalogue(site=""))
