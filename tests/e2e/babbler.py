"""A worker of the voice that babbles instead of speaking: each text in a sound of its own, a second and a half long."""

import sys
import zlib

import numpy as np

from app.robot_voice import babble
from speech.port import Utterance
from speech.worker import serve

RATE = 8000


class Babbler:
    """Says anything, at once."""

    settings_key = "babble"

    def speak(self, text: str) -> Utterance:
        seed = zlib.crc32(text.encode())
        sound = babble(1.5, 120 + seed % 150, seed).astype(np.float32) / 32768
        return Utterance(sound, RATE, ((text, 0.0, 1.5),))


if __name__ == "__main__":
    serve(Babbler(), sys.stdin, sys.stdout)
