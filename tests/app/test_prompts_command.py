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


def test_a_folder_of_recordings_is_taken_whole_or_not_at_all(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "studio"
    folder.mkdir()
    for name, seconds in (("goodbye", 1.5), ("thanks", 1.0), ("godbye", 1.0), ("menu", 0.05)):
        write_wav(folder / f"{name}.wav", seconds)
    refused = prompts(settings, "import", str(folder))
    assert refused.exit_code == 1
    assert "there is no prompt 'godbye'; did you mean goodbye" in str(refused.exception)
    assert "menu.wav: a prompt lasts 0.2 to 120 s" in str(refused.exception)
    assert rows(prompts(settings, "list"))["goodbye"][0] == "missing", "none is taken"
    assert f"{folder / 'godbye.wav'}: there is no prompt" in str(refused.exception)
    (folder / "goodbye.wav").write_bytes(b"RIFF")
    assert "goodbye.wav: not a WAV file that can be read: it is cut off" in str(
        prompts(settings, "import", str(folder)).exception
    )
    assert str(prompts(settings, "import", str(tmp_path / "none")).exception).endswith("none: there is no such folder")
    missing = prompts(settings, "record", "menu", str(tmp_path / "none.wav"))
    assert str(missing.exception).endswith("none.wav: cannot be read: No such file or directory")
    write_wav(folder / "goodbye.wav", 2.0)
    (folder / "godbye.wav").unlink()
    (folder / "menu.wav").unlink()
    assert prompts(settings, "import", str(folder)).exit_code == 0
    after = rows(prompts(settings, "list"))
    assert (after["goodbye"][0], after["thanks"][0]) == ("recorded", "recorded")


def test_check_tells_what_is_missing_changed_too_quiet_torn_or_too_short(settings: Settings, tmp_path: Path) -> None:
    in_cache(["goodbye", "faint"], settings)
    prompts(settings, "render", "goodbye", "faint")
    found = faults(prompts(settings, "check"))
    assert found["menu"] == "has no sound yet; hotline prompts render menu"
    assert "goodbye" not in found, "what the voice says is fine"
    (settings.var / "prompts" / "faint.alaw").unlink()
    (settings.var / "prompts" / "faint.alaw").write_bytes(b"changed")
    write_wav(tmp_path / "tone.wav", 0.4)
    prompts(settings, "record", "goodbye", str(tmp_path / "tone.wav"))
    for name, level in (("thanks", 40), ("queue_leave", 60000)):
        loud(tmp_path / "level.wav", level)
        prompts(settings, "record", name, str(tmp_path / "level.wav"))
    found = faults(prompts(settings, "check"))
    assert "is not the one that was made" in found["faint"]
    assert "lasts 0.4 s for 8 syllables" in found["goodbye"]
    assert "too quiet" in found["thanks"]
    assert "torn" in found["queue_leave"]


def faults(checked: Result) -> dict[str, str]:
    assert checked.exit_code == 1, checked.exception
    return dict(line.split(": ", 1) for line in checked.stdout.splitlines())


def loud(file: Path, level: float) -> None:
    write_wav(file, 2.0)
    with wave.open(str(file)) as source:
        parameters, data = source.getparams(), np.frombuffer(source.readframes(source.getnframes()), np.int16)
    with wave.open(str(file), "wb") as out:
        out.setparams(parameters)
        out.writeframes(np.clip(data / 9000 * level, -32768, 32767).astype(np.int16).tobytes())


def test_an_independent_recogniser_understands_a_prompt_and_not_a_tone(settings: Settings, tmp_path: Path) -> None:
    in_cache(["faint", "goodbye"], settings)
    prompts(settings, "render", "faint", "goodbye")
    fine = prompts(settings, "listen", "faint", "goodbye")
    assert fine.exit_code == 0, fine.stdout
    assert len(fine.stdout.splitlines()) == 2
    prompts(settings, "record", "goodbye", str(write_wav(tmp_path / "tone.wav", 1.5)))
    assert prompts(settings, "listen", "goodbye").exit_code == 1


def test_an_english_prompt_is_made_and_understood_by_command(settings: Settings, tmp_path: Path) -> None:
    english = ("--language", "en")
    made = prompts(settings, "render", *english, "goodbye")
    assert made.exit_code == 0, made.exception
    fine = prompts(settings, "listen", *english, "goodbye")
    assert (fine.exit_code, len(fine.stdout.splitlines())) == (0, 1), fine.stdout
    write_wav(tmp_path / "tone.wav", 1.5)
    prompts(settings, "record", *english, "goodbye", str(tmp_path / "tone.wav"))
    assert prompts(settings, "listen", *english, "goodbye").exit_code == 1


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


def test_english_is_recorded_and_how_it_stands_is_told(settings: Settings, tmp_path: Path) -> None:
    of = len(catalogue("en", site="x"))
    listed = prompts(settings, "list", "--language", "en")
    assert rows(listed)["en_menu"][0] == "missing"
    assert f"English: 0 of {of} prompts there" in listed.stderr
    take = write_wav(tmp_path / "take.wav", 1.0)
    assert prompts(settings, "record", "en_menu", str(take), "--language", "en").exit_code == 0
    listed = prompts(settings, "list")
    assert "en_menu" not in rows(listed)
    assert f"English: 1 of {of} prompts there" in listed.stderr
    assert "until all are there, key 8 leads to a person" in listed.stderr
    (tmp_path / "all").mkdir()
    for prompt in catalogue("en", site="x"):
        write_wav(tmp_path / "all" / f"{prompt}.wav", 1.0)
    assert prompts(settings, "import", str(tmp_path / "all"), "--language", "en").exit_code == 0
    assert f"English: {of} of {of} prompts there" in prompts(settings, "list").stderr
