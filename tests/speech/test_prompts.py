"""Catalogues and packs: what is missing is made, what is there is kept, what is unknown is named."""

import json
import wave
from pathlib import Path

import numpy as np
import pytest

from core.errors import BadInput, ConfigError, NotFound
from speech.port import Utterance
from speech.prompts import PromptPack, catalogue, read_catalogue, unknown
from tests.speech.tone_worker import Humming

pytestmark = pytest.mark.unit

TWO = """
hello: {text: "您好，{site}。", source: a test, ours: true}
bye: {text: 再见, source: a test, ours: true}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "two.yaml"
    path.write_text(TWO, encoding="utf-8")
    return path


WIDE = str.maketrans("，！？", ",!?")


def open_pack(
    file: Path, tmp_path: Path, *, name: str = "pack", voice: str = "humming", site: str = "热线"
) -> PromptPack:
    return PromptPack(tmp_path / name, read_catalogue(file, site=site), settings_key=voice, cache=tmp_path / "cache")


def test_the_shipped_catalogue_is_sound_and_speaks_for_the_site() -> None:
    prompts = catalogue(site="城北供电")
    assert "城北供电" in prompts["greeting_morning"].text
    assert prompts["greeting_morning"].text.startswith("早上好")
    assert not [each.id for each in prompts.values() if "{" in each.text or not each.source]


SCRIPT = """
您好,XX欢迎您的来电,请问有什么可以帮您?
您好,请问有什么可以帮您!
新年好!XX,请问有什么可以帮您!
劳动节快乐!XX,请问有什么可以帮您!
中秋节快乐!XX,请问有什么可以帮您!
国庆节快乐!XX,请问有什么可以帮您!
您好,XX,欢迎您的来电。请问有什么可以帮您?
您好!请问有什么可以帮您?
非常抱歉,您的电话没有声音,请您换一部电话再打来,再见!
您好,很高兴为您服务,请问有什么可以帮您?
早上好,请问有什么可以帮您?
下午好,请问有什么可以帮您?
晚上好,请问有什么可以帮您?
非常抱歉,我这边听不清楚,请您大声一点,好吗?
对不起!您的电话声音太小,我这边听不清楚,请您换一部电话再打过来,好吗?
非常抱歉,我听不到您的声音,请问您是否已拿起话筒?
我这边听不清楚,请您拿起话筒说话,好吗?
"""
"""The sentences of the service script [seed 000] that need no name of a customer; XX is the site's name."""


def test_every_sentence_of_the_service_script_can_be_said_word_by_word() -> None:
    verbatim = {each.text.translate(WIDE) for each in catalogue(site="XX").values() if not each.ours}
    assert [line for line in SCRIPT.split() if line.translate(WIDE) not in verbatim] == []


def test_a_rendered_pack_is_complete_and_is_found_again(file: Path, tmp_path: Path) -> None:
    pack = open_pack(file, tmp_path)
    assert pack.missing() == ["hello", "bye"]
    told: list[tuple[int, int, str]] = []
    assert pack.render(["hello", "bye"], Humming(), lambda *step: told.append(step)) == ["hello", "bye"]
    assert told == [(0, 2, "hello"), (1, 2, "bye"), (2, 2, "")]
    assert pack.media("hello") == f"sound:{tmp_path / 'pack' / 'hello'}"
    assert open_pack(file, tmp_path).missing() == []
    manifest = json.loads((tmp_path / "pack" / "manifest.json").read_text())
    assert manifest["prompts"]["hello"]["text"] == "您好，热线。"
    assert manifest["prompts"]["hello"]["made"] == "rendered"


def test_a_second_pack_takes_its_prompts_out_of_the_cache(file: Path, tmp_path: Path) -> None:
    open_pack(file, tmp_path).render(["hello"], Humming())
    other = open_pack(file, tmp_path, name="clone")
    assert other.take_cached(["hello", "bye"]) == ["hello"]
    assert other.has("hello")
    assert not other.has("bye")


class Once(Humming):
    """Says each text once, and not again."""

    def __init__(self) -> None:
        super().__init__()
        self.said: set[str] = set()

    def speak(self, text: str) -> Utterance:
        assert text not in self.said
        self.said.add(text)
        return super().speak(text)


def test_what_the_voice_said_is_finished_anew_without_the_voice(file: Path, tmp_path: Path) -> None:
    voice = Once()
    pack = open_pack(file, tmp_path)
    pack.render(["hello", "bye"], voice)
    stem = pack.cache_stem("hello")
    first = stem.with_suffix(".sln16").read_bytes()
    for kept in stem.parent.glob("*.*"):
        kept.unlink()
    again = open_pack(file, tmp_path, name="again")
    again.render(["hello"], voice)
    second = again.cache_stem("hello").with_suffix(".sln16").read_bytes()
    assert np.frombuffer(second, "<i2") == pytest.approx(np.frombuffer(first, "<i2"), abs=2)
    (spoken,) = {Path(work.spoken) for _, work in again.work(["bye"])}
    spoken.write_bytes(spoken.read_bytes()[:100])
    again.render(["bye"], Humming())
    assert again.has("bye"), "what cannot be read is said again"


@pytest.mark.parametrize("change", [{"voice": "another"}, {"site": "别处"}])
def test_another_voice_or_another_text_makes_a_prompt_missing(
    file: Path, tmp_path: Path, change: dict[str, str]
) -> None:
    open_pack(file, tmp_path).render(["hello"], Humming())
    assert "hello" in open_pack(file, tmp_path, **change).missing()


def test_a_file_that_is_gone_makes_a_prompt_missing(file: Path, tmp_path: Path) -> None:
    open_pack(file, tmp_path).render(["hello"], Humming())
    (tmp_path / "pack" / "hello.sln16").unlink()
    assert "hello" in open_pack(file, tmp_path).missing()


def test_a_studio_recording_takes_the_place_of_a_prompt_but_not_in_the_cache(file: Path, tmp_path: Path) -> None:
    pack = open_pack(file, tmp_path)
    pack.render(["hello"], Humming())
    kept = pack.cache_stem("hello").with_suffix(".alaw").read_bytes()
    pack.record("hello", studio(tmp_path, seconds=2))
    assert len((tmp_path / "pack" / "hello.alaw").read_bytes()) == 16000
    assert pack.cache_stem("hello").with_suffix(".alaw").read_bytes() == kept
    other_words = open_pack(file, tmp_path, site="别处")
    assert other_words.missing() == ["bye"]
    assert other_words.differing() == ["hello"]


@pytest.mark.parametrize(("seconds", "rate"), [(0.1, 16000), (121, 8000), (1, 4000)])
def test_a_recording_that_cannot_be_a_prompt_is_refused(file: Path, tmp_path: Path, seconds: float, rate: int) -> None:
    with pytest.raises(BadInput, match="a prompt lasts"):
        open_pack(file, tmp_path).record("hello", studio(tmp_path, seconds=seconds, rate=rate))


def test_an_unknown_prompt_is_answered_with_the_nearest(file: Path, tmp_path: Path) -> None:
    pack = open_pack(file, tmp_path)
    with pytest.raises(NotFound, match="did you mean hello"):
        pack.media("helo")
    assert unknown("xyz", pack.prompts) == "there is no prompt 'xyz'"


def test_a_prompt_that_is_not_made_says_what_to_do(file: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="is not rendered yet; run"):
        open_pack(file, tmp_path).media("bye")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello: {text: a, source: b, ours: true}", "'Hello': an id holds"),
        ("hello: {text: a, source: b}", "hello: a prompt has exactly"),
        ("hello: {text: '', source: b, ours: true}", "hello: the text is empty"),
        ("- hello", "a catalogue is a mapping"),
        ("hello: [", "cannot be read as YAML"),
    ],
)
def test_a_wrong_catalogue_says_where(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "wrong.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"wrong\.yaml") as caught:
        read_catalogue(tmp_path / "wrong.yaml", site="x")
    assert said in caught.value.message


def test_an_unknown_language_names_the_known() -> None:
    with pytest.raises(ConfigError, match="there is one for en, zh-CN"):
        catalogue("de", site="x")


def test_a_broken_manifest_says_what_to_do(file: Path, tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "manifest.json").write_text('{"prompts": {"hello": 1}}')
    with pytest.raises(ConfigError, match="remove the folder and render again"):
        open_pack(file, tmp_path)


def studio(folder: Path, *, seconds: float, rate: int = 44100) -> Path:
    path = folder / "studio.wav"
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", ""))
        out.writeframes(np.full(round(seconds * rate), 1000, "<i2").tobytes())
    return path
