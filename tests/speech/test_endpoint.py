"""An utterance begins with speech, not with a click, and ends with a pause, not between words."""

import pytest

from speech.endpoint import BEGIN_S, Endpoint, Stage

pytestmark = pytest.mark.unit

WINDOW = 0.032


def after(seconds: float, probability: float, endpoint: Endpoint) -> Stage:
    for _ in range(round(seconds / WINDOW)):
        endpoint.hears(probability)
    return endpoint.stage


def endpoint() -> Endpoint:
    return Endpoint(WINDOW, pause=0.6, longest=8.0)


def test_silence_is_waited_through() -> None:
    assert after(60, 0.0, endpoint()) is Stage.WAITING


def test_a_click_is_no_utterance() -> None:
    one = endpoint()
    for _ in range(20):
        after(BEGIN_S / 2, 0.9, one)
        assert after(1.0, 0.0, one) is Stage.WAITING


def test_a_short_word_is_one_and_ends_with_the_pause() -> None:
    one = endpoint()
    assert after(0.3, 0.9, one) is Stage.SPEAKING
    assert after(0.5, 0.1, one) is Stage.SPEAKING
    assert after(0.2, 0.1, one) is Stage.ENDED
    assert after(5.0, 0.9, one) is Stage.ENDED, "one utterance"


def test_pauses_between_words_and_faint_ends_do_not_end_it() -> None:
    one = endpoint()
    for _ in range(5):
        after(0.4, 0.9, one)
        after(0.5, 0.1, one)
        assert after(0.1, 0.4, one) is Stage.SPEAKING


def test_who_never_stops_is_cut() -> None:
    one = endpoint()
    assert after(7.9, 0.9, one) is Stage.SPEAKING
    assert after(0.4, 0.9, one) is Stage.ENDED
