"""The worker process of the voice: one JSON line of work in, one JSON line out.

It ends when its standard input closes, so nothing is left behind when the service dies. Texts come by
standard input and are never logged: they hold callers' own numbers.
"""

import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from core.errors import HotlineError
from speech.install import VoiceFiles
from speech.kokoro import Kokoro, KokoroSettings
from speech.making import Cut, Work, make
from speech.port import Speaker


def serve(speaker: Speaker, orders: TextIO, answers: TextIO) -> None:
    """Say what comes in until `orders` ends; the first answer, {"ready": true}, tells that the voice is loaded."""
    _answer(answers, ready=True)
    for line in orders:
        try:
            seconds = make(speaker, _work(json.loads(line)))
        except (HotlineError, OSError) as error:
            _answer(answers, error=type(error).__name__, message=str(error))
        else:
            _answer(answers, seconds=round(seconds, 2))


def spec(files: VoiceFiles, settings: KokoroSettings) -> str:
    """Return what a worker must know to load a voice, as its one argument."""
    return json.dumps({"files": {k: str(v) for k, v in asdict(files).items()}, "settings": asdict(settings)})


def main(argument: str) -> None:
    """Load the voice of `argument` (see `spec`) and serve standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    data: dict[str, Any] = json.loads(argument)
    files = data["files"]
    paths = {part: Path(files[part]) for part in ("model", "style", "vocabulary")}
    voice = Kokoro(VoiceFiles(name=files["name"], **paths), KokoroSettings(**data["settings"]))
    voice.load()
    serve(voice, sys.stdin, answers)


def _work(data: dict[str, Any]) -> Work:
    return Work(data["text"], data["stem"], tuple(Cut(**cut) for cut in data["cuts"]), data["mode"], data["spoken"])


def _answer(answers: TextIO, **fields: Any) -> None:
    answers.write(json.dumps(fields) + "\n")
    answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
