"""Prompts found again in received sound: order, times, cuts, repeats, and nothing where there is none."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

from core.errors import ConfigError
from speech.g711 import Law, Pcm, decode, encode
from speech.matching import HeardPrompt, Known, Matcher, load_all, load_pack

pytestmark = pytest.mark.unit

RATE = 8000
SILENCE = round(0.3 * RATE)


def sentence(seed: int, seconds: float = 2.0, pitch: float = 210.0) -> Pcm:
    """Speech-like sound of one voice with 0.3 s of silence on both sides, as prompts have it."""
    dice = np.random.default_rng(seed)
    parts = [np.zeros(SILENCE)]
    while sum(map(len, parts)) < SILENCE + seconds * RATE:
        length = round(RATE * dice.uniform(0.12, 0.3))
        t = np.arange(length) / RATE
        tone = pitch * (1 + dice.uniform(-0.25, 0.25) * t / t[-1])
        phase = 2 * np.pi * np.cumsum(tone) / RATE
        weights = dice.uniform(0, 1, 14) ** 2
        wave = sum(weight * np.sin((k + 1) * phase) for k, weight in enumerate(weights))
        parts.append(3000 * wave * np.abs(np.sin(np.pi * t / t[-1])) ** 0.5)
        parts.append(np.zeros(round(RATE * dice.uniform(0.0, 0.08))))
    sound = np.concatenate([*parts, np.zeros(SILENCE)])
    whole = np.concatenate([sound, np.zeros(-len(sound) % 160)])
    return decode(encode(np.clip(whole, -32000, 32000).astype(np.int16)))


PROMPTS = [Known(f"p{n}", f"text {n}", sentence(n, 0.6 + 0.4 * (n % 8))) for n in range(20)]
MATCHER = Matcher(PROMPTS)


def call(*parts: Pcm | float, law: Law = "PCMA") -> Pcm:
    """Sound one after another (a number is a pause in seconds) as it comes over the telephone."""
    sounds = [np.zeros(round(p * RATE), np.int16) if isinstance(p, float) else p for p in parts]
    return decode(encode(np.concatenate(sounds), law), law)


def names(heard: list[HeardPrompt]) -> list[str]:
    return [h.prompt for h in heard]


@pytest.mark.parametrize("law", ["PCMA", "PCMU"])
def test_prompts_are_named_in_order_with_times(law: Law) -> None:
    one, two, three = PROMPTS[3].pcm, PROMPTS[0].pcm, PROMPTS[7].pcm
    heard = MATCHER.heard(call(0.5137, one, two, 1.2, three, 0.4, law=law))
    assert [(h.prompt, h.text) for h in heard] == [("p3", "text 3"), ("p0", "text 0"), ("p7", "text 7")]
    starts = [0.5137, 0.5137 + len(one) / RATE, 1.7137 + (len(one) + len(two)) / RATE]
    for found, at, sound in zip(heard, starts, (one, two, three), strict=True):
        assert found.at == pytest.approx(at, abs=0.001)
        assert found.until == pytest.approx(at + len(sound) / RATE, abs=0.001)
        assert found.complete


def test_a_repeated_prompt_is_named_each_time() -> None:
    assert names(MATCHER.heard(call(0.2, *[PROMPTS[0].pcm] * 4))) == ["p0"] * 4


@pytest.mark.parametrize("heard_s", [0.6, 0.85, 1.1, 1.63])
def test_a_prompt_cut_by_a_key_ends_where_it_was_cut(heard_s: float) -> None:
    cut = PROMPTS[7].pcm[: round(heard_s * RATE)]
    heard = MATCHER.heard(call(1.0, cut, 0.3, PROMPTS[2].pcm))
    assert names(heard) == ["p7", "p2"]
    assert not heard[0].complete
    assert heard[0].until == pytest.approx(1.0 + heard_s, abs=0.09)  # a pause between syllables is silent


def test_a_cut_prompt_followed_at_once_by_another() -> None:
    heard = MATCHER.heard(call(0.0, PROMPTS[7].pcm[: round(0.9 * RATE)], PROMPTS[5].pcm))
    assert names(heard) == ["p7", "p5"]
    assert heard[0].until == pytest.approx(0.9, abs=0.045)


def test_a_short_piece_that_follows_itself_is_counted() -> None:
    piece = Known("zero", "零", sentence(77, 0.12)[SILENCE : SILENCE + 1400])
    other = Known("one", "幺", sentence(78, 0.12)[SILENCE : SILENCE + 1400])
    heard = Matcher([piece, other]).heard(call(0.5, *[piece.pcm] * 5, other.pcm, 0.5))
    assert len(piece.pcm) < 2000, "shorter than a quarter of a second"
    assert names(heard) == ["zero"] * 5 + ["one"]


def test_lost_packets_do_not_hide_a_prompt() -> None:
    sound = call(0.5, PROMPTS[7].pcm, 0.5)
    for start in range(6400, len(sound), 4000):
        sound[start : start + 320] = 0
    heard = MATCHER.heard(sound)
    assert names(heard) == ["p7"]
    assert heard[0].complete


def test_a_prompt_that_stalls_and_goes_on_is_one() -> None:
    pcm = PROMPTS[7].pcm
    last = (len(pcm) - SILENCE - 1200) // 160 * 160  # in its last syllable, between two packets
    heard = MATCHER.heard(call(0.5, pcm[:8000], 0.25, pcm[8000:16000], 0.1, pcm[16000:last], 0.4, pcm[last:], 0.5))
    assert names(heard) == ["p7"]
    assert heard[0].complete
    assert heard[0].until == pytest.approx(1.25 + len(pcm) / RATE, abs=0.01)


@pytest.mark.parametrize("lost_s", [0.1, 0.4, 0.9])
def test_a_prompt_whose_beginning_was_lost_is_named_by_the_rest(lost_s: float) -> None:
    before, prompt = PROMPTS[3].pcm, PROMPTS[7].pcm
    damaged = prompt.copy()
    damaged[SILENCE - 80 : SILENCE + round(lost_s * RATE)] = 0
    heard = MATCHER.heard(call(0.5, before, damaged, 0.4))
    assert names(heard) == ["p3", "p7"]
    assert heard[1].complete
    assert heard[1].at == pytest.approx(0.5 + len(before) / RATE, abs=0.001)


def test_a_sentence_that_two_prompts_share_names_neither_after_other_words() -> None:
    shared = sentence(500, 4.0)
    known = Matcher([Known("long", "", np.concatenate([sentence(501, 0.5), shared]))])
    assert names(known.heard(call(0.5, sentence(502, 0.5), shared, 0.4))) == []
    assert names(known.heard(call(0.5, sentence(501, 0.5), shared, 0.4))) == ["long"]


def test_a_prompt_that_stalls_in_its_first_syllable_is_named() -> None:
    prompt, at = PROMPTS[7].pcm, SILENCE + 400
    heard = MATCHER.heard(call(0.5, prompt[:at], 0.3, prompt[at:], 0.4))
    assert names(heard) == ["p7"]


@pytest.mark.parametrize("sounded_s", [0.1, 0.18, 0.26, 0.34])
def test_a_short_sentence_that_stalls_soon_and_once_more_is_named(sounded_s: float) -> None:
    said, first = sentence(3000, 1.5), SILENCE + round(sounded_s * RATE)
    second = SILENCE + 6400
    sound = call(0.5, PROMPTS[3].pcm, said[:first], 0.18, said[first:second], 0.24, said[second:], 0.4)
    heard = Matcher([*PROMPTS, Known("said", "", said)]).heard(sound)
    assert names(heard) == ["p3", "said"]
    assert heard[1].complete


def test_a_quieter_copy_is_the_same_prompt() -> None:
    quiet = (PROMPTS[4].pcm * 0.1).astype(np.int16)
    assert names(MATCHER.heard(call(0.5, quiet))) == ["p4"]


def test_sentences_outside_the_set_have_no_name() -> None:
    others = [sentence(1000 + n, 2.5) for n in range(12)]
    assert MATCHER.heard(call(*others)) == []


def test_a_sentence_that_only_begins_like_a_prompt_has_no_name() -> None:
    opening = SILENCE + round(0.4 * RATE)
    other = np.concatenate([PROMPTS[7].pcm[:opening], sentence(2000)[SILENCE + 800 :]])
    assert MATCHER.heard(call(0.2, other)) == []


def test_other_words_of_the_same_rhythm_have_no_name() -> None:
    """Each frame of a chorus is like the prompt a little, and none is the prompt."""
    chorus = (0.45 * PROMPTS[7].pcm + 0.55 * sentence(2001, 6.0)[: len(PROMPTS[7].pcm)]).astype(np.int16)
    assert MATCHER.heard(call(0.2, chorus)) == []


def test_music_tones_and_noise_have_no_name() -> None:
    t = np.arange(30 * RATE) / RATE
    chords = sum(np.sin(2 * np.pi * hz * t * (1 + 0.001 * np.sin(t))) for hz in (220, 277.2, 329.6, 440, 554.4))
    melody = np.sin(2 * np.pi * np.cumsum(220 * 2 ** (np.floor(t * 3) % 12 / 12)) / RATE)
    noise = np.random.default_rng(5).normal(size=len(t))
    ringing = np.sin(2 * np.pi * 450 * t) * (t % 5 < 1)
    for sound in (chords * 2500, melody * 9000, noise * 3000, ringing * 8000):
        assert MATCHER.heard(sound.astype(np.int16)) == []


def test_nothing_and_silence_have_no_name() -> None:
    assert MATCHER.heard(np.zeros(0, np.int16)) == []
    assert MATCHER.heard(np.zeros(40, np.int16)) == []
    assert MATCHER.heard(np.zeros(RATE * 5, np.int16)) == []
    assert Matcher([Known("silence", "", np.zeros(RATE, np.int16))]).heard(PROMPTS[0].pcm) == []


def test_a_minute_against_sixty_prompts_is_quick() -> None:
    many = [Known(f"q{n}", "", sentence(300 + n, 1.5)) for n in range(60)]
    sound = call(*[many[n % 60].pcm for n in range(0, 84, 3)])[: 60 * RATE]
    matcher = Matcher(many)
    began = time.process_time()
    heard = matcher.heard(sound)
    assert len(heard) >= 27
    assert time.process_time() - began < 1.5


def test_a_pack_and_kept_sentences_are_loaded(tmp_path: Path) -> None:
    pack, spoken = tmp_path / "zh-CN", tmp_path / "spoken"
    pack.mkdir()
    spoken.mkdir()
    (pack / "p0.alaw").write_bytes(encode(PROMPTS[0].pcm))
    entries = {"p0": {"text": "欢迎", "files": {"alaw": "…"}}, "gone": {"text": "没有"}}
    (pack / "manifest.json").write_text(json.dumps({"voice": "v", "prompts": entries}))
    (spoken / ".key").write_bytes(b"secret")
    (spoken / "ab12.alaw").write_bytes(encode(PROMPTS[1].pcm))
    (spoken / "ab12.txt").write_text("您本期电费一百元。", encoding="utf-8")
    (spoken / "cd34.alaw").write_bytes(encode(PROMPTS[2].pcm))
    heard = Matcher(load_all(tmp_path)).heard(call(0.1, PROMPTS[1].pcm, PROMPTS[0].pcm, PROMPTS[2].pcm))
    assert [(h.prompt, h.text) for h in heard] == [("ab12", "您本期电费一百元。"), ("p0", "欢迎"), ("cd34", "")]


def test_a_broken_manifest_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ConfigError, match=r"manifest\.json"):
        load_pack(tmp_path)
