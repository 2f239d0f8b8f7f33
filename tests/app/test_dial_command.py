"""`hotline dial` as a person or a script types it, against the real Asterisk."""

import asyncio
import json
import sys
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from app.dial_command import demo_address, dial
from core.config import Settings, Storage
from cti.ua import tone_power, write_wav
from speech.g711 import Pcm, encode
from tests.pbx import Pbx, started_pbx

pytestmark = [pytest.mark.integration, pytest.mark.sound]

RATE = 8000


def sentence(seed: int, seconds: float) -> Pcm:
    """Noise in syllables, with 0.3 s of silence on both sides: no two alike."""
    dice = np.random.default_rng(seed)
    length = round(seconds * RATE)
    envelope = np.abs(np.sin(np.arange(length) / RATE * np.pi * 4))
    sound = np.concatenate([np.zeros(2400), dice.normal(size=length) * 3000 * envelope, np.zeros(2400)])
    return sound.astype(np.int16)


def make_pack(folder: Path) -> Path:
    folder.mkdir()
    texts = {"welcome": "您好，欢迎您。", "menu": "人工服务请按零。"}
    for seed, name in enumerate(texts):
        (folder / f"{name}.alaw").write_bytes(encode(sentence(seed, 1.0 + seed)))
    manifest = {"voice": "test", "prompts": {name: {"text": text} for name, text in texts.items()}}
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
    return folder


@dataclass
class Line:
    """A PBX with a few numbers, and the command pointed at it."""

    pbx: Pbx
    pack: Path

    async def dial(self, *words: str) -> tuple[int, str, str]:
        """Run the command as its own process; exit status, output, errors."""
        to = f"{self.pbx.sip[0]}:{self.pbx.sip[1]}"
        command = [sys.executable, "-m", "app", "dial", *words, "--prompts", str(self.pack), "--to", to]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        output, errors = await asyncio.wait_for(process.communicate(), 40)
        return process.returncode or 0, output.decode(), errors.decode()


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    pack = make_pack(tmp_path / "pack")
    dialplan = f"""
[from-trunk](+)
exten => 4001,1,Answer(,i)
 same => n,Playback({pack}/welcome&{pack}/menu)
 same => n,Hangup()
exten => 4002,1,Hangup(17)
exten => 4003,1,Ringing()
 same => n,Wait(30)
exten => 4004,1,Answer(,i)
 same => n,Read(KEYS,{pack}/menu,2)
 same => n,Playback({pack}/welcome)
 same => n,Echo()
"""
    async with started_pbx(dialplan=dialplan) as pbx:
        await pbx.asterisk.command("module load app_read.so")
        yield Line(pbx, pack)


async def test_what_is_heard_is_told_as_json(line: Line, tmp_path: Path) -> None:
    wav = tmp_path / "heard.wav"
    status, output, errors = await line.dial("4001", "--from", "13800000001", "--json", "--record", str(wav))
    assert (status, errors) == (0, "")
    told: dict[str, Any] = json.loads(output)
    assert [(h["prompt"], h["text"]) for h in told["heard"]] == [
        ("welcome", "您好，欢迎您。"),
        ("menu", "人工服务请按零。"),
    ]
    welcome, menu = told["heard"]
    assert 0 <= told["answered_at"] < 1
    assert told["answered_at"] <= welcome["at"] + 0.1 < 1
    assert welcome["until"] - welcome["at"] == pytest.approx(1.6, abs=0.3)
    assert menu["at"] == pytest.approx(welcome["until"], abs=0.1)
    assert menu["until"] - menu["at"] == pytest.approx(2.6, abs=0.3)
    assert (told["ended"]["by"], told["ended"]["code"]) == ("hotline", 200)
    with wave.open(str(wav)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        assert file.getnframes() / RATE == pytest.approx(menu["until"], abs=0.3)


async def test_keys_cut_a_prompt_and_a_file_is_spoken(line: Line, tmp_path: Path) -> None:
    spoken, heard = tmp_path / "spoken.wav", tmp_path / "heard.wav"
    write_wav(spoken, (8000 * np.sin(2 * np.pi * 600 / RATE * np.arange(6 * RATE))).astype(np.int16))
    words = ("--digits", "w1.2,1,w0.3,2", "--play", str(spoken), "--record", str(heard), "--seconds", "6")
    status, output, errors = await line.dial("4004", "--from", "13800000001", "--json", *words)
    assert (status, errors) == (0, "")
    told = json.loads(output)
    assert [(h["prompt"], h["complete"]) for h in told["heard"]] == [("menu", False), ("welcome", True)]
    assert told["heard"][0]["until"] < 2.0
    assert (told["ended"]["by"], told["ended"]["code"]) == ("caller", 200)
    assert told["ended"]["at"] == pytest.approx(6, abs=0.3)
    with wave.open(str(heard)) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert tone_power(pcm[-RATE:], 600) > -20, "the echo brings back what was spoken"


async def test_people_read_lines(line: Line) -> None:
    status, output, _ = await line.dial("4001", "--from", "13800000001")
    assert status == 0
    assert [text.split()[2] for text in output.splitlines()] == ["answered", "welcome", "menu", "ended"]


@pytest.mark.parametrize(
    ("number", "more", "says"),
    [("4002", (), "busy"), ("4003", ("--seconds", "1"), "not answered within"), ("4999", (), "no such number")],
)
async def test_a_call_that_is_not_answered_fails(line: Line, number: str, more: tuple[str, ...], says: str) -> None:
    status, output, errors = await line.dial(number, "--from", "13800000001", "--json", *more)
    assert status == 1
    assert says in errors
    assert len(errors.splitlines()) == 1
    assert json.loads(output)["answered_at"] is None


def test_where_nobody_listens_it_says_so() -> None:
    result = CliRunner().invoke(dial, ["95598", "--from", "1", "--to", "127.0.0.1:9", "--json"], obj=Settings())
    assert result.exit_code == 1
    assert "nobody answers SIP at 127.0.0.1:9" in result.stderr
    ended = json.loads(result.stdout)["ended"]
    assert (ended["by"], ended["code"]) == ("nobody", 408)
    assert 4 <= ended["at"] < 5


@pytest.mark.parametrize(
    "words",
    [
        ["95598"],
        ["95598", "--from", "1 2"],
        ["95598;x", "--from", "1"],
        ["95598", "--from", "1", "--digits", "1,x"],
        ["95598", "--from", "1", "--to", "127.0.0.1:sip"],
        ["95598", "--from", "1", "--play", "no-such-file.wav"],
        ["95598", "--from", "1", "--play", __file__],
        ["95598", "--from", "1", "--record", "no-such-folder/x.wav"],
        ["95598", "--from", "1", "--seconds", "0"],
    ],
)
def test_wrong_use_is_two(words: list[str]) -> None:
    result = CliRunner().invoke(dial, words, obj=Settings())
    assert result.exit_code == 2, result.output
    assert "Error" in result.stderr


def test_the_running_demo_is_called_by_itself(tmp_path: Path) -> None:
    settings = Settings(storage=Storage(dir=tmp_path))
    assert demo_address(settings) == ("127.0.0.1", 5060)
    (tmp_path / "demo.json").write_text('{"sip": "127.0.0.1:5099"}')
    assert demo_address(settings) == ("127.0.0.1", 5099)
