"""What the tests of the foundation share: the lines that Hotline logs."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from core.log import JsonLines


class Lines(logging.Handler):
    """Keeps every line of the log as the object that its JSON holds."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLines())
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))

    def actions(self) -> list[str]:
        """Return the `action` of every line, in order."""
        return [line["action"] for line in self.lines]


@pytest.fixture
def logged() -> Iterator[Lines]:
    """What Hotline logs during the test."""
    root, lines = logging.getLogger("hotline"), Lines()
    before = root.level
    root.addHandler(lines)
    root.setLevel("INFO")
    yield lines
    root.removeHandler(lines)
    root.setLevel(before)
