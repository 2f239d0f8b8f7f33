"""`hotline prompts …` as a person types it: list, render out of the cache, replace by a recording."""

import fcntl
import wave
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from app.prompts_command import prompts_group
from app.setup import prepare_voice
from core.config import Settings, load
from speech.kokoro import Kokoro, settings_key
from speech.prompts import PromptPack, catalogue
from speech.render import user_cache

pytestmark = pytest.mark.integration


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(None, {"HOTLINE_STORAGE__DIR": str(tmp_path / "var")})


def prompts(settings: Settings, *words: str) -> Result:
    return CliRunner().invoke(prompts_group, words, obj=settings)


def rows(listed: Result) -> dict[str, list[str]]:
    assert listed.exit_code == 0, listed.exception
    return {row[0]: row[1:] for row in (line.split("\t") for line in listed.stdout.splitlines())}


def write_wav(file: Path, seconds: float, rate: int = 16000) -> Path:
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.sin(np.arange(round(seconds * rate)) / 9) * 9000).astype(np.int16).tobytes())
    return file


def in_cache(which: Iterable[str], settings: Settings) -> None:
    """See to it that the user's cache holds these prompts, by the voice itself where it does not."""
    files = prepare_voice(user_cache(), lambda line: None)
    known = catalogue(site=settings.site.name)
    pack = PromptPack(
        settings.var / "warm", known, settings_key=settings_key(files.name), cache=user_cache() / "prompts"
    )
    pack.render(which, Kokoro(files))


def test_list_render_and_list_again(settings: Settings) -> None:
    before = rows(prompts(settings, "list"))
    assert before["goodbye"][0] == "missing"
    assert before["greeting_day"][2].startswith("您好，供电服务热线")
    in_cache(["goodbye", "thanks"], settings)
    made = prompts(settings, "render", "goodbye", "thanks")
    assert made.stdout == "2 were missing and are there now\n", made.exception
    after = rows(prompts(settings, "list"))
    assert (after["goodbye"][0], after["thanks"][0], after["menu"][0]) == ("rendered", "rendered", "missing")
    assert 0.3 < float(after["goodbye"][1]) < 10
    assert prompts(settings, "render", "goodbye").stdout == "nothing was missing\n"


def test_a_recording_takes_the_place_of_a_prompt(settings: Settings, tmp_path: Path) -> None:
    done = prompts(settings, "record", "goodbye", str(write_wav(tmp_path / "bye.wav", 1.5)))
    assert done.stdout == "goodbye is now bye.wav (1.5 s)\n", done.exception
    assert rows(prompts(settings, "list"))["goodbye"][:2] == ["recorded", "1.5"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["record", "godbye", "x.wav"], "there is no prompt 'godbye'; did you mean goodbye"),
        (["record", "goodbye", "none.wav"], "none.wav"),
        (["record", "goodbye", "short.wav"], "a prompt lasts 0.2 to 120 s"),
        (["render", "godbye"], "there is no prompt 'godbye'; did you mean goodbye"),
    ],
)
def test_what_is_wrong_is_told(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_wav(tmp_path / "short.wav", 0.05)
    result = prompts(settings, *words)
    assert result.exit_code == 1
    assert says in str(result.exception)


def test_a_running_service_is_not_disturbed(settings: Settings, tmp_path: Path) -> None:
    settings.var.mkdir()
    with (settings.var / "hotline.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = prompts(settings, "record", "goodbye", str(write_wav(tmp_path / "bye.wav", 1)))
    assert "another service is running" in str(result.exception)
