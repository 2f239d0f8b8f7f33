"""A worker of the voice that hums instead of speaking: the true protocol and files, an engine that a test can steer.

A text with 死 ends the process, one with 拒 cannot be said, one with 等 waits until the gate file is there.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np

from core.errors import BadInput
from speech.port import Utterance
from speech.worker import serve

RATE = 24000
SECONDS = 0.1
"""Length of a character."""


class Humming:
    """Says every character as a tone of its own; punctuation is silent."""

    settings_key = "humming"

    def __init__(self, gate: Path | None = None) -> None:
        self._gate = gate

    def speak(self, text: str) -> Utterance:
        if "死" in text:
            os._exit(1)
        if "拒" in text:
            raise BadInput("this cannot be said")
        while "等" in text and self._gate is not None and not self._gate.exists():
            time.sleep(0.005)
        times = np.arange(round(SECONDS * RATE)) / RATE
        tones = [0.4 * np.sin(2 * np.pi * (300 + ord(char) % 20 * 100) * times) * char.isalnum() for char in text]
        marks = tuple((char, at * SECONDS, (at + 1) * SECONDS) for at, char in enumerate(text))
        return Utterance(np.concatenate(tones).astype(np.float32), RATE, marks)


if __name__ == "__main__":
    serve(Humming(Path(sys.argv[1])), sys.stdin, sys.stdout)
