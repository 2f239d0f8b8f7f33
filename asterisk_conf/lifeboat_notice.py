"""What the lifeboat says: the file that the service keeps current and the AGI program reads when nobody answers.

`lifeboat.json` = {"apology": [media…], "notices": [{"media": [media…], "until": time}], "goodbye": [media…]};
a medium is the absolute path of a sound file without its extension, a time is ISO 8601 with offset.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.errors import BadInput

FILE_NAME = "lifeboat.json"


@dataclass(frozen=True, slots=True)
class Notice:
    """One announcement of the day; after `until` (aware) it is left out."""

    media: tuple[Path, ...]
    until: datetime


def write_lifeboat(
    directory: Path, *, apology: Sequence[Path], notices: Sequence[Notice], goodbye: Sequence[Path]
) -> None:
    """Replace `directory`/lifeboat.json in one step, mode 0600, so that a call reads the old or the new one whole.

    Raises BadInput for a path that is not absolute or cannot be sent to Asterisk, or a time without offset.
    """
    content = {
        "apology": _checked(apology),
        "notices": [{"media": _checked(notice.media), "until": _moment(notice.until)} for notice in notices],
        "goodbye": _checked(goodbye),
    }
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = directory / f".{FILE_NAME}.{os.getpid()}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(directory / FILE_NAME)


def _checked(media: Sequence[Path]) -> list[str]:
    for path in media:
        text = str(path)
        if not path.is_absolute() or '"' in text or "\\" in text or not text.isprintable():
            raise BadInput(f"{text!r} is no medium for the lifeboat: use an absolute path without quotes")
    return [str(path) for path in media]


def _moment(until: datetime) -> str:
    if until.tzinfo is None:
        raise BadInput(f"a notice ends at {until.isoformat()} of no time zone: give the time its offset")
    return until.isoformat()
