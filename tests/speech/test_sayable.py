"""Which characters a voice passes over."""

import pytest

from speech.prompts import catalogue
from speech.sayable import shown, unsayable

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "silent"),
    [
        ("您好，10%的客户（约300户）已恢复供电：3.5 kV——“谢谢”！", []),
        ("停电🙂了🙂☃", ["🙂", "☃"]),
        ("气温35℃\x07", ["℃", "\x07"]),
        ("第一行\n第二行", []),
    ],
)
def test_symbols_and_pictures_have_no_sound(text: str, silent: list[str]) -> None:
    assert unsayable(text) == silent


def test_a_character_that_cannot_be_seen_is_shown_by_its_number() -> None:
    assert [shown(char) for char in "☃\x07\ue000"] == ["☃", r"\x07", r"\ue000"]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_prompt_of_ours_can_be_said(language: str) -> None:
    assert {
        name: unsayable(p.text) for name, p in catalogue(language, site="供电服务热线").items() if unsayable(p.text)
    } == {}
