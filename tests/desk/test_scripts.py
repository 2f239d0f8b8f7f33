"""What agents say: the opening by hour, festival and number; sentences that are data with a source."""

import pytest

from desk.announcements.festivals import festivals
from desk.scripts.lines import Speaker, dialled_opening, opening, situations

pytestmark = pytest.mark.unit

SITE = "供电服务热线"
FORBIDDEN = ("喂", "不知道", "急什么", "大声一点儿", "拿起话筒说话！", "挂机啦")
"""Some of the phrases that nobody may use [seed 000, seed 003]."""


def at(hour: int, festival: str = "", number: str = "1001") -> Speaker:
    return Speaker(SITE, number, hour, 12, festival)


@pytest.mark.parametrize(
    ("hour", "says"),
    [
        (0, "早上好！您好，供电服务热线，工号1001为您服务，请问有什么可以帮您？"),
        (11, "早上好！您好，供电服务热线，工号1001为您服务，请问有什么可以帮您？"),
        (12, "您好，供电服务热线，工号1001为您服务，请问有什么可以帮您？"),
        (23, "您好，供电服务热线，工号1001为您服务，请问有什么可以帮您？"),
    ],
)
def test_the_opening_goes_by_the_hour(hour: int, says: str) -> None:
    assert opening(at(hour)) == says


@pytest.mark.parametrize("name", sorted(festivals()))
def test_a_festival_that_is_greeted_takes_the_place_of_the_hour(name: str) -> None:
    first = festivals()[name].opening
    assert opening(at(8, name)) == f"{first}供电服务热线，工号1001为您服务，请问有什么可以帮您？"
    assert first in {"新年好！", "劳动节快乐！", "中秋节快乐！", "国庆节快乐！"}


def test_who_has_no_number_says_none() -> None:
    assert opening(at(13, number="")) == "您好，供电服务热线，欢迎您的来电，请问有什么可以帮您？"
    assert dialled_opening(at(13, number="")) == "您好，我是供电服务热线，请问是××先生或女士吗？"
    said = [line.english for one in situations(at(13, number="")) for line in one.lines]
    assert said[0] == "Good afternoon! This is 供电服务热线 speaking. How may I help you?"


def test_an_unknown_festival_changes_nothing() -> None:
    assert opening(at(13, "moon_landing")) == opening(at(13))


def test_every_sentence_has_words_in_both_languages_and_a_source_and_no_hole() -> None:
    told = situations(at(9))
    assert [one.id for one in told] == [
        *(
            "opening",
            "reply",
            "faint",
            "handset",
            "noise",
            "silent",
            "account",
            "hold",
            "nuisance",
            "closing",
            "dialled",
        )
    ]
    for line in (line for one in told for line in one.lines):
        assert line.text
        assert line.source
        assert line.english
        assert "{" not in line.text + line.english, line.id
        assert not [words for words in FORBIDDEN if words in line.text], line.id


def test_the_silent_call_has_the_three_prompts_of_the_rule() -> None:
    silent = next(one for one in situations(at(9)) if one.id == "silent")
    assert [line.text for line in silent.lines] == [
        "您好，供电服务热线，欢迎您的来电。请问有什么可以帮您？",
        "您好！请问有什么可以帮您？",
        "非常抱歉，您的电话没有声音，请您换一部电话再打来，再见！",
    ]
