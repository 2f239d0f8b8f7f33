"""The AGI program that Asterisk runs when no controller answers: an apology, the notices of the day, or a goodbye.

    lifeboat.py notices|goodbye DIRECTORY

It uses nothing of Hotline but the file `lifeboat.json` in DIRECTORY, so that it works when all else is broken. Exit
status 0: the caller heard something or hung up; 1: nothing could be played, and the dialplan takes its last resort.
"""

import io
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asterisk.agi import AGI, AGIAppError, AGIException, AGIHangup

_SOUNDS = (".alaw", ".ulaw", ".wav", ".sln", ".sln16", ".wav16")
_UP = 6
"""AGI's channel status for a line that is up."""


def main(arguments: list[str]) -> int:
    """Say what `arguments` (stage, directory) ask for on the channel at standard input and output."""
    stage, directory = arguments
    # pyst2 writes everything it hears, the caller's number too, to its stderr: that goes nowhere
    agi = AGI(stdin=sys.stdin, stdout=sys.stdout, stderr=io.StringIO())
    heard = False
    try:
        for medium in media_of(stage, directory, datetime.now(UTC)):
            heard = play(agi, medium) or heard
    except (AGIHangup, OSError, ValueError):
        return 0  # ValueError: pyst2 reads the line HANGUP as a reply without a code
    return 0 if heard else 1


def media_of(stage: str, directory: str, now: datetime) -> Iterator[str]:
    """The media of a stage in their order; nothing when the file is missing or cannot be used."""
    try:
        content = json.loads((Path(directory) / "lifeboat.json").read_text("utf-8"))
    except (OSError, ValueError):
        return
    if not isinstance(content, dict):
        return
    if stage == "goodbye":
        yield from _playable(content.get("goodbye"))
        return
    yield from _playable(content.get("apology"))
    notices = content.get("notices")
    for notice in notices if isinstance(notices, list) else ():
        if isinstance(notice, dict) and _is_current(notice.get("until"), now):
            yield from _playable(notice.get("media"))


def play(agi: Any, medium: str) -> bool:
    """Play one file to its end; False when Asterisk cannot play it. Raises AGIHangup when the caller is gone."""
    try:
        agi.stream_file(f'"{medium}"')
    except AGIHangup:
        raise
    except AGIAppError:
        # the same answer for a file that does not play and a caller who hung up
        if not _is_up(agi):
            raise AGIHangup("the caller is gone") from None
        return False
    except AGIException:
        return False
    return True


def _is_up(agi: Any) -> bool:
    try:
        return bool(agi.channel_status() == _UP)
    except AGIException:
        return False


def _is_current(until: object, now: datetime) -> bool:
    try:
        return datetime.fromisoformat(str(until)) > now
    except (ValueError, TypeError):
        return False  # no time, or one without an offset: nobody knows whether it is still true


def _playable(media: object) -> Iterator[str]:
    for medium in media if isinstance(media, list) else ():
        usable = isinstance(medium, str) and medium.startswith("/") and medium.isprintable() and '"' not in medium
        if usable and any(Path(medium + kind).is_file() for kind in _SOUNDS):
            yield medium


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
