"""Why an agent may be not ready: a list with words, read from a file."""

import pytest

from agents import reasons
from core.errors import BadInput, ConfigError

pytestmark = pytest.mark.unit


def test_p25_every_reason_has_words_in_both_languages_and_a_source() -> None:
    for reason in reasons.load().items.values():
        assert set(reason.names) == {"zh", "en"}
        assert reason.source


def test_a_reason_is_named_by_code_or_by_its_words() -> None:
    known = reasons.load()
    assert [known.code(said) for said in ("meal", " Meal ", "用餐")] == ["meal"] * 3
    assert [known.items["rest"].called(language) for language in ("zh-CN", "en", "fr")] == ["小休", "Break", "rest"]


@pytest.mark.parametrize("said", [None, "", "gone fishing"])
def test_p25_no_reason_or_one_outside_the_list_is_refused_with_the_list(said: str | None) -> None:
    with pytest.raises(BadInput, match="rest, meal"):
        reasons.load().code(said)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[", "not valid YAML"),
        ("{}", "a list of reasons"),
        ("- {code: a}", "a reason has code"),
        ("- {code: '', names: {zh: 一}, work: true, source: x}", "a code of 1 to"),
        ("- {code: a, names: {zh: 1}, work: true, source: x}", "a code of 1 to"),
        ("- &a {code: a, names: {zh: 一}, work: true, source: x}\n- *a", "'a' stands there twice"),
        ("- {code: a, names: {zh: 一}, work: true, source: x}", "'monitoring' is missing"),
    ],
)
def test_a_broken_list_is_refused_with_file_and_reason(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=f"ours.yaml(:1)?: .*{why}"):
        reasons.parse(text, "ours.yaml")
