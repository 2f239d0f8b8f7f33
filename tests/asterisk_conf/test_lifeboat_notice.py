"""The lifeboat's file: written whole, read with care, and never trusted."""

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from asterisk_conf.agi.lifeboat import media_of
from asterisk_conf.lifeboat_notice import FILE_NAME, Notice, write_lifeboat
from core.errors import BadInput

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def sound(directory: Path, name: str) -> Path:
    (directory / f"{name}.alaw").touch()
    return directory / name


def test_notices_are_said_after_the_apology_until_their_end(tmp_path: Path) -> None:
    a, b, c, d = (sound(tmp_path, name) for name in "abcd")
    notices = [Notice((b,), NOW + timedelta(seconds=1)), Notice((c,), NOW)]
    write_lifeboat(tmp_path, apology=[a], notices=notices, goodbye=[d])
    assert list(media_of("notices", str(tmp_path), NOW)) == [str(a), str(b)]
    assert list(media_of("notices", str(tmp_path), NOW + timedelta(seconds=1))) == [str(a)]
    assert list(media_of("goodbye", str(tmp_path), NOW)) == [str(d)]
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"apology": "a", "notices": {}, "goodbye": 3}',
        '{"apology": [1, null, "relative", "/no/such/sound"], "notices": [[], null, {"media": [], "until": 5}]}',
        '{"notices": [{"media": ["SOUND"], "until": "2026-11-22T09:00:00"}]}',
        '{"notices": [{"media": ["SOUND"], "until": "never"}]}',
        '{"notices": [{"media": ["SOUND"]}]}',
        '{"apology": ["SOUND\\" \\"x"]}',
        '{"apology": ["SOUND\\nHANGUP"]}',
    ],
)
def test_what_cannot_be_used_is_left_out(tmp_path: Path, text: str) -> None:
    text = text.replace("SOUND", str(sound(tmp_path, "a")))
    (tmp_path / FILE_NAME).write_text(text, "utf-8")
    assert list(media_of("notices", str(tmp_path), NOW)) == []
    assert list(media_of("goodbye", str(tmp_path), NOW)) == []


def test_a_missing_file_says_nothing(tmp_path: Path) -> None:
    assert list(media_of("notices", str(tmp_path), NOW)) == []


@pytest.mark.parametrize("bad", ["relative/path", '/with"quote', "/with\nline", "/with\\back"])
def test_a_medium_that_asterisk_cannot_take_is_refused(tmp_path: Path, bad: str) -> None:
    with pytest.raises(BadInput, match="no medium for the lifeboat"):
        write_lifeboat(tmp_path, apology=[Path(bad)], notices=[], goodbye=[])
    assert not (tmp_path / FILE_NAME).exists()


def test_a_time_without_offset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="offset"):
        write_lifeboat(tmp_path, apology=[], notices=[Notice((), NOW.replace(tzinfo=None))], goodbye=[])


def test_a_reader_sees_the_old_or_the_new_file_whole(tmp_path: Path) -> None:
    long, short = [tmp_path / ("x" * 100)] * 500, [tmp_path / "y"]
    write_lifeboat(tmp_path, apology=long, notices=[], goodbye=[])
    done = threading.Event()
    seen: set[int] = set()

    def read() -> None:
        while not done.is_set():
            seen.add(len(json.loads((tmp_path / FILE_NAME).read_text("utf-8"))["apology"]))

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(100):
        write_lifeboat(tmp_path, apology=short if turn % 2 else long, notices=[], goodbye=[])
    done.set()
    reader.join(10)
    assert seen <= {1, 500}
    assert seen
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
